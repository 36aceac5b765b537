// Two ends of a real socket: Twilio's, held by the test, and ours, owned by a MediaStream.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';
import { MediaStream, type MediaStreamListener } from '../../src/twilio/mediaStream.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

export const STREAM = `MZ${'0a'.repeat(16)}`;

export const START = JSON.stringify({
  event: 'start',
  sequenceNumber: '1',
  start: {
    accountSid: 'AC1',
    streamSid: STREAM,
    callSid: 'CA1',
    tracks: ['inbound'],
    mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
    customParameters: { token: 'abc' },
  },
  streamSid: STREAM,
});

export function mediaText(chunk: number, mulaw: Uint8Array, track = 'inbound'): string {
  const payload = Buffer.from(mulaw).toString('base64');
  const media = { track, chunk: String(chunk), timestamp: String(chunk * 20), payload };
  return JSON.stringify({ event: 'media', sequenceNumber: String(chunk + 1), media, streamSid: STREAM });
}

export interface MediaPair {
  readonly twilio: WebSocket;
  readonly stream: MediaStream;
  readonly clock: VirtualClock;
  /** What our side sent. */
  readonly received: string[];
  /** The code with which our side closed, once it has. */
  readonly closed: Promise<number>;
  close(): Promise<void>;
}

export async function openPair(bufferedBytesMax = 1024 * 1024): Promise<MediaPair> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: 64 * 1024 });
  await once(server, 'listening');
  const clock = new VirtualClock();
  const accepted = new Promise<MediaStream>((resolve) => {
    server.once('connection', (socket) => {
      resolve(new MediaStream(socket, { startWithinMs: 10_000, bufferedBytesMax }, clock));
    });
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const twilio = new WebSocket(`ws://127.0.0.1:${address.port}`);
  const received: string[] = [];
  twilio.on('message', (data) => received.push(Buffer.isBuffer(data) ? data.toString() : 'no text'));
  const closed = new Promise<number>((resolve) => twilio.once('close', resolve));
  await once(twilio, 'open');
  return {
    twilio,
    stream: await accepted,
    clock,
    received,
    closed,
    async close() {
      twilio.terminate();
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Writes down what a listener is told. */
export function scribe(): { readonly listener: MediaStreamListener; readonly told: string[] } {
  const told: string[] = [];
  return {
    told,
    listener: {
      onMedia: (mulaw, timestampMs) => told.push(`media ${mulaw.length} at ${timestampMs}`),
      onMark: (name) => told.push(`mark ${name}`),
      onDtmf: (digit) => told.push(`dtmf ${digit}`),
      onEnded: (reason) => told.push(`ended ${reason}`),
      onRefused: (failure) => told.push(`refused ${failure}`),
    },
  };
}
