// Live events over a WebSocket that is opened again whenever it breaks. It says what it is worth: what the page shows may be
// old while it does not stand, and a line that is dead without having broken is found out by asking.
import { systemClock, type Clock, type Timer } from '../base/clock.ts';
import { isRecord, parseJson } from '../base/json.ts';
import type { LiveEvent } from '../events/event.ts';
import { addressOf, ApiFailure, tell } from './api.ts';
import { access, logIn } from './session.ts';

export type FeedState =
  | { readonly kind: 'none' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** What is shown is as it was then, ms since 1970. */
  | { readonly kind: 'lost'; readonly sinceMs: number };

const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 8_000;
const OPEN_MS_MAX = 10_000;
const CHECK_EVERY_MS = 8_000;
const CHECK_MS_MAX = 5_000;

export interface FeedOptions {
  /** Only this call's events. */
  readonly callSid?: string;
  readonly onEvent: (event: LiveEvent) => void;
  /** The connection stands, for the first time or again: what happened before has to be asked for. */
  readonly onOpen: () => void;
  /** What it is worth from now on. */
  readonly onState?: (state: FeedState) => void;
  readonly clock?: Clock;
}

/** Answers what ends it. */
export function openFeed({ callSid, onEvent, onOpen, ...options }: FeedOptions): () => void {
  const { onState, clock = systemClock } = options;
  let socket: WebSocket | undefined;
  let timer: Timer | undefined;
  let failures = 0;
  let attempts = 0;
  let closed = false;
  let lost = false;

  const lose = (): void => {
    if (closed) return;
    socket = undefined;
    timer?.cancel();
    // What is under way comes to nothing.
    attempts += 1;
    timer = clock.after(retryMs(failures), () => void connect());
    failures += 1;
    if (lost) return;
    lost = true;
    onState?.({ kind: 'lost', sinceMs: clock.wallMs() });
  };

  const drop = (): void => {
    const dead = socket;
    lose();
    dead?.close();
  };

  const check = async (): Promise<void> => {
    const asked = socket;
    const alive = await answers();
    if (closed || asked !== socket) return;
    if (!alive) drop();
    else timer = clock.after(CHECK_EVERY_MS, () => void check());
  };

  const connect = async (): Promise<void> => {
    const own = (attempts += 1);
    const protocols = await ticket().catch((error: unknown) => {
      // A token that is no longer taken: the door asks for another.
      if (error instanceof ApiFailure && error.status === 403) void logIn();
      return undefined;
    });
    // The line may have come back meanwhile, and another attempt have been made.
    if (closed || own !== attempts) return;
    if (protocols === undefined) return lose();
    const address = addressOf(
      `/v1/events${callSid === undefined ? '' : `?callSid=${encodeURIComponent(callSid)}`}`,
    );
    address.protocol = address.protocol.replace('http', 'ws');
    const opening = new WebSocket(address, [...protocols]);
    socket = opening;
    timer?.cancel();
    timer = clock.after(OPEN_MS_MAX, drop);
    opening.addEventListener('open', () => {
      if (closed || socket !== opening) return opening.close();
      failures = 0;
      timer?.cancel();
      lost = false;
      onState?.({ kind: 'live' });
      timer = clock.after(CHECK_EVERY_MS, () => void check());
      onOpen();
    });
    opening.addEventListener('message', ({ data }: MessageEvent<string>) => {
      const event = parseJson(data);
      // Our own gateway's: the shape is its contract.
      if (!closed && socket === opening && isRecord(event) && typeof event['type'] === 'string')
        onEvent(event as unknown as LiveEvent);
    });
    opening.addEventListener('close', () => {
      if (socket === opening) lose();
    });
  };

  const onOnline = (): void => {
    if (!lost) return;
    timer?.cancel();
    failures = 0;
    void connect();
  };

  addEventListener('online', onOnline);
  addEventListener('offline', drop);
  onState?.({ kind: 'connecting' });
  void connect();
  return () => {
    closed = true;
    timer?.cancel();
    socket?.close();
    removeEventListener('online', onOnline);
    removeEventListener('offline', drop);
    onState?.({ kind: 'none' });
  };
}

/** Longer each time, and never all consoles at once. */
function retryMs(failures: number): number {
  const [chance = 0] = crypto.getRandomValues(new Uint8Array(1));
  return Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** failures) * (0.75 + chance / 512);
}

async function ticket(): Promise<readonly string[]> {
  if (access.get().kind !== 'granted') throw new Error('nobody is logged in');
  const { ticket: secret } = await tell<{ readonly ticket: string }>('POST', '/v1/events/ticket');
  return ['turnpike.events', `turnpike.ticket.${secret}`];
}

async function answers(): Promise<boolean> {
  try {
    return (await fetch(addressOf('/healthz'), { signal: AbortSignal.timeout(CHECK_MS_MAX) })).ok;
  } catch {
    return false;
  }
}
