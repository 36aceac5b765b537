// The gateway's live events, as anybody who watches gets them.
import { WebSocket } from 'ws';
import { isRecord, parseJson } from '../base/json.ts';
import type { LiveEvent } from '../events/event.ts';

export interface EventFeed {
  close(): void;
}

/** Connects to a gateway's `/v1/events`; resolves when the connection stands. */
export async function watchEvents(url: string, onEvent: (event: LiveEvent) => void): Promise<EventFeed> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/events`, { perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('message', (data: Buffer) => {
    const event = parseJson(data.toString());
    // Our own gateway at the other end: the shape is its contract.
    if (isRecord(event) && typeof event['type'] === 'string') onEvent(event as unknown as LiveEvent);
  });
  return { close: () => socket.terminate() };
}
