// Live events of this process, and of others as far as they are relayed here, to whoever watches. A call says what
// happened and goes on at once; it never learns who watched, nor how slowly. Knows no socket: what a watcher is made of
// is the server's.
import { sleep, type Clock, type Timer } from '../base/clock.ts';
import type { LiveEvent, LiveEventType } from './event.ts';

export interface Watcher {
  /** Takes one event as JSON. A throw ends the watch. */
  send(text: string): void;
  /** Bytes taken and not yet gone out; while there are too many, nothing more is sent. */
  bufferedBytes(): number;
  /** The bus has ended the watch by itself; told once. */
  onDropped(reason: DropReason): void;
}

export type DropReason = 'slow' | 'failed';

export interface WatchFilter {
  readonly callSid?: string;
  readonly types?: ReadonlySet<LiveEventType>;
}

export interface Watch {
  /** Events that this watcher missed because it was slow. */
  readonly lostEvents: number;
  /** Idempotent; nothing is sent afterwards. */
  close(): void;
}

/** As much of an event as decides who is told. */
type EventSubject = Pick<LiveEvent, 'type' | 'callSid'>;

/** One of another instance, as that has written it. */
export type RelayedEvent = EventSubject & { readonly text: string };

export interface EventBusOptions {
  readonly clock: Clock;
  /** False: delivered within `publish`, on the caller's time. */
  readonly background: boolean;
  /** The first watcher has come, or the last one gone. */
  readonly onWatched?: (watched: boolean) => void;
}

export const WATCHERS_MAX = 100;
/** Some twenty turns' worth: a hiccup of the network loses nothing. */
export const QUEUED_EVENTS_MAX = 256;
/** A watcher that has lost so many without once catching up shows nothing true any more. */
export const LOST_EVENTS_MAX = 1_024;
/** Above the memory that a socket's peer can reasonably be behind by; an event has some 300 bytes. */
export const BUFFERED_BYTES_MAX = 256 * 1_024;
/** Per watcher and round: 64 sends are about a millisecond, so that frames go out in between. */
const ROUND_EVENTS_MAX = 64;
const SLOW_RETRY_MS = 50;
const TAKEN_POLL_MS = 1;

/** One event for all its watchers: its JSON is made when the first of them is sent it. */
class Envelope {
  readonly #write: () => string;
  #text: string | undefined;

  constructor(write: () => string) {
    this.#write = write;
  }

  text(): string {
    return (this.#text ??= this.#write());
  }
}

class Subscription implements Watch {
  readonly filter: WatchFilter;
  readonly watcher: Watcher;
  readonly queue: Envelope[] = [];
  readonly #onClose: (subscription: Subscription) => void;
  lostEvents = 0;
  lostSinceCaughtUp = 0;

  constructor(filter: WatchFilter, watcher: Watcher, onClose: (subscription: Subscription) => void) {
    this.filter = filter;
    this.watcher = watcher;
    this.#onClose = onClose;
  }

  close(): void {
    this.queue.length = 0;
    this.#onClose(this);
  }
}

export class EventBus {
  readonly #clock: Clock;
  readonly #background: boolean;
  readonly #onWatched: (watched: boolean) => void;
  readonly #subscriptions = new Set<Subscription>();
  #round: Timer | undefined;
  /** Apart from the round, so that nobody waits for a slow watcher's next chance. */
  #retry: Timer | undefined;
  #lostEvents = 0;

  constructor(options: EventBusOptions) {
    this.#clock = options.clock;
    this.#background = options.background;
    this.#onWatched = options.onWatched ?? ((): void => undefined);
  }

  get watchers(): number {
    return this.#subscriptions.size;
  }

  /** Events that watchers missed, all watchers together. */
  get lostEvents(): number {
    return this.#lostEvents;
  }

  /** Never throws and never waits; without a watcher it costs nothing. */
  publish(event: LiveEvent): void {
    if (this.#subscriptions.size > 0) this.#tell(event, () => JSON.stringify(event));
  }

  /** The same, of what another instance has told. */
  relay(event: RelayedEvent): void {
    this.#tell(event, () => event.text);
  }

  /** Resolves when every watcher has read all that was told, or after `timeoutMs`. */
  async taken(timeoutMs: number): Promise<void> {
    const deadlineMs = this.#clock.nowMs() + timeoutMs;
    while (this.#clock.nowMs() < deadlineMs && [...this.#subscriptions].some(isBehind)) {
      await sleep(this.#clock, TAKEN_POLL_MS);
    }
  }

  /** Undefined: refused, there are `WATCHERS_MAX` already. */
  watch(filter: WatchFilter, watcher: Watcher): Watch | undefined {
    if (this.#subscriptions.size >= WATCHERS_MAX) return undefined;
    const subscription = new Subscription(filter, watcher, (closed) => this.#forget(closed));
    this.#subscriptions.add(subscription);
    if (this.#subscriptions.size === 1) this.#onWatched(true);
    return subscription;
  }

  /** Ends every watch without a word to the watchers. */
  close(): void {
    this.#round?.cancel();
    this.#round = undefined;
    this.#retry?.cancel();
    this.#retry = undefined;
    for (const subscription of this.#subscriptions) subscription.close();
  }

  #tell(about: EventSubject, write: () => string): void {
    let envelope: Envelope | undefined;
    for (const subscription of this.#subscriptions) {
      if (!matches(subscription.filter, about)) continue;
      envelope ??= new Envelope(write);
      this.#queue(subscription, envelope);
    }
    if (envelope === undefined) return;
    if (this.#background) this.#deliverSoon();
    else this.#deliver();
  }

  #forget(subscription: Subscription): void {
    if (this.#subscriptions.delete(subscription) && this.#subscriptions.size === 0) this.#onWatched(false);
  }

  #queue(subscription: Subscription, envelope: Envelope): void {
    subscription.queue.push(envelope);
    if (subscription.queue.length <= QUEUED_EVENTS_MAX) return;
    subscription.queue.shift();
    subscription.lostEvents += 1;
    subscription.lostSinceCaughtUp += 1;
    this.#lostEvents += 1;
  }

  #deliverSoon(): void {
    this.#round ??= this.#clock.after(0, () => {
      this.#round = undefined;
      this.#deliver();
    });
  }

  #retryLater(): void {
    this.#retry ??= this.#clock.after(SLOW_RETRY_MS, () => {
      this.#retry = undefined;
      this.#deliver();
    });
  }

  #deliver(): void {
    for (const subscription of this.#subscriptions) {
      const left = this.#deliverTo(subscription);
      if (left === 'more') this.#deliverSoon();
      else if (left === 'slow') this.#retryLater();
    }
  }

  /** The watcher is code that isn't ours: whatever it throws is its own end and nobody else's. */
  #deliverTo(subscription: Subscription): 'done' | 'more' | 'slow' {
    const { queue, watcher } = subscription;
    try {
      for (let sent = 0; sent < ROUND_EVENTS_MAX; sent += 1) {
        const envelope = queue[0];
        if (envelope === undefined) {
          subscription.lostSinceCaughtUp = 0;
          return 'done';
        }
        if (watcher.bufferedBytes() > BUFFERED_BYTES_MAX) {
          if (subscription.lostSinceCaughtUp < LOST_EVENTS_MAX) return 'slow';
          this.#drop(subscription, 'slow');
          return 'done';
        }
        queue.shift();
        watcher.send(envelope.text());
      }
    } catch {
      this.#drop(subscription, 'failed');
      return 'done';
    }
    return 'more';
  }

  #drop(subscription: Subscription, reason: DropReason): void {
    // It may have closed its watch itself, and then failed.
    if (!this.#subscriptions.has(subscription)) return;
    subscription.close();
    try {
      subscription.watcher.onDropped(reason);
    } catch {
      // It has been told, and is no longer listened to.
    }
  }
}

function isBehind({ queue, watcher }: Subscription): boolean {
  return queue.length > 0 || watcher.bufferedBytes() > 0;
}

function matches(filter: WatchFilter, event: EventSubject): boolean {
  return (
    (filter.callSid === undefined || filter.callSid === event.callSid) &&
    (filter.types === undefined || filter.types.has(event.type))
  );
}
