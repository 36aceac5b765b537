// A gateway of a few lines for the carrier's tests: answers webhooks with what the test sets, and keeps
// what came over the media sockets.
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { validateRequest } from 'twilio/lib/webhooks/webhooks.js';
import type { WebSocket } from 'ws';
import { isRecord, parseJson, type JsonRecord } from '../../src/base/json.ts';
import { SimServer } from '../../src/sim/server.ts';
import { until } from './until.ts';

export const PUBLIC_URL = 'https://voice.example.com';
export const ACCOUNT_SID = `AC${'0'.repeat(32)}`;
export const AUTH_TOKEN = '12345';

export interface Webhook {
  readonly path: string;
  readonly form: Readonly<Record<string, string>>;
  /** The signature is the account's over the public address. */
  readonly signed: boolean;
}

export interface WebhookAnswer {
  readonly status?: number;
  readonly contentType?: string;
  readonly body: string;
}

export class MediaSession {
  readonly socket: WebSocket;
  readonly signed: boolean;
  readonly messages: JsonRecord[] = [];
  closeCode: number | undefined;

  constructor(
    socket: WebSocket,
    signed: boolean,
    onMessage: (session: MediaSession, message: JsonRecord) => void,
  ) {
    this.socket = socket;
    this.signed = signed;
    socket.on('message', (data) => {
      assert.ok(Buffer.isBuffer(data));
      const message = parseJson(data.toString('utf8'));
      assert.ok(isRecord(message), 'the carrier sends objects');
      this.messages.push(message);
      onMessage(this, message);
    });
    socket.on('close', (code) => {
      this.closeCode = code;
    });
  }

  get streamSid(): string {
    return String(this.messages.find(({ event }) => event === 'start')?.['streamSid']);
  }

  of(event: string): JsonRecord[] {
    return this.messages.filter((message) => message['event'] === event);
  }

  send(message: JsonRecord): void {
    this.socket.send(JSON.stringify({ streamSid: this.streamSid, ...message }));
  }

  media(mulaw: Uint8Array): void {
    this.send({ event: 'media', media: { payload: Buffer.from(mulaw).toString('base64') } });
  }

  mark(name: string): void {
    this.send({ event: 'mark', mark: { name } });
  }

  /** Names of the marks that came back, in order. */
  get echoes(): string[] {
    return this.of('mark').map(({ mark }) => (isRecord(mark) ? String(mark['name']) : ''));
  }
}

/** TwiML that connects the call with the stand-in's media socket. */
export function connectTwiml({ action = '/twilio/stream-ended', after = '' } = {}): string {
  const connect = action === '' ? '<Connect>' : `<Connect action="${action}">`;
  const stream =
    '<Stream url="wss://voice.example.com/twilio/media"><Parameter name="token" value="a&amp;b"/></Stream>';
  return `<?xml version="1.0" encoding="UTF-8"?><Response>${connect}${stream}</Connect>${after}</Response>`;
}

export class StandInGateway {
  readonly webhooks: Webhook[] = [];
  readonly sessions: MediaSession[] = [];
  /** By path; asked anew for each request. */
  readonly answers = new Map<string, () => WebhookAnswer>();
  onMessage: (session: MediaSession, message: JsonRecord) => void = () => undefined;
  readonly #server = new SimServer();

  constructor() {
    this.#server.httpMatching('POST', /^\/twilio\//, (request, response, body) => {
      const form = Object.fromEntries(new URLSearchParams(body.toString('utf8')));
      const path = request.url ?? '';
      this.webhooks.push({ path, form, signed: signedOver(`${PUBLIC_URL}${path}`, request, form) });
      const answer = this.answers.get(path)?.() ?? { body: '<Response/>' };
      const { status = 200, contentType = 'text/xml; charset=utf-8' } = answer;
      response.writeHead(status, { 'content-type': contentType }).end(answer.body);
    });
    this.#server.webSocket('/twilio/media', (socket, request) => {
      const signed = signedOver('wss://voice.example.com/twilio/media', request, {});
      this.sessions.push(
        new MediaSession(socket, signed, (session, message) => this.onMessage(session, message)),
      );
    });
  }

  listen(): Promise<string> {
    return this.#server.listen();
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  answer(path: string, body: string): void {
    this.answers.set(path, () => ({ body }));
  }

  forms(path: string): Readonly<Record<string, string>>[] {
    return this.webhooks.filter((webhook) => webhook.path === path).map(({ form }) => form);
  }

  /** The nth media socket, as soon as its stream has started. */
  async session(index = 0): Promise<MediaSession> {
    await until(() => (this.sessions[index]?.of('start').length ?? 0) > 0, `stream ${index} starts`);
    const session = this.sessions[index];
    assert.ok(session);
    return session;
  }
}

function signedOver(url: string, request: IncomingMessage, form: Readonly<Record<string, string>>): boolean {
  return validateRequest(AUTH_TOKEN, String(request.headers['x-twilio-signature']), url, form);
}
