// The gateway's live events in this browser, from now on.
import type { LiveEvent } from '../../events/event.ts';
import { addressOf, tell } from '../api.ts';

/** Answers what ends it. Resolves when the connection stands; rejects with an `ApiFailure` when it may not. */
export async function watchEvents(onEvent: (event: LiveEvent) => void): Promise<() => void> {
  const { ticket } = await tell<{ readonly ticket: string }>('POST', '/v1/events/ticket');
  const address = addressOf('/v1/events');
  address.protocol = address.protocol.replace(/^http/, 'ws');
  const socket = new WebSocket(address, ['turnpike.events', `turnpike.ticket.${ticket}`]);
  socket.addEventListener('message', ({ data }: MessageEvent<string>) => onEvent(JSON.parse(data)));
  await new Promise((resolve) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('close', resolve);
  });
  return () => socket.close();
}
