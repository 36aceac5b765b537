// Live events from one instance to the watchers of all others. A call says what happened and goes on at once, whatever
// Redis does: what waits for it is bounded, one message is under way at a time, and none is sent twice.
import type { Clock } from '../base/clock.ts';
import { isRecord, parseJson } from '../base/json.ts';
import type { LiveEvent, LiveEventType } from '../events/event.ts';
import type { RelayedEvent } from '../events/bus.ts';
import type { Link } from './redisLink.ts';

/** Some seconds' worth of a busy instance; in memory a megabyte at most. */
export const WAITING_EVENTS_MAX = 2_048;
export const WAITING_CHARS_MAX = 1024 * 1024;
/** Of a message: so that reading it takes another instance no more than a millisecond. */
const MESSAGE_EVENTS_MAX = 64;
const MESSAGE_CHARS_MAX = 128 * 1024;
/** The longest is a turn with three texts of 32,768 characters, some of them escaped. */
export const EVENT_CHARS_MAX = 256 * 1024;
const CHANNEL = 'events';

export interface EventRelayOptions {
  readonly link: Link;
  /** Who we are. */
  readonly instance: string;
  readonly clock: Clock;
  /** An event of another instance, for those who watch here. */
  readonly onEvent: (event: RelayedEvent) => void;
}

export class EventRelay {
  readonly #options: EventRelayOptions;
  /** Events as JSON, oldest first. */
  #waiting: string[] = [];
  #waitingChars = 0;
  #sending = false;
  #lostEvents = 0;

  constructor(options: EventRelayOptions) {
    this.#options = options;
  }

  /** Events that other instances were not told of, because Redis was away or slow. */
  get lostEvents(): number {
    return this.#lostEvents;
  }

  /** Never throws and never waits. */
  publish(event: LiveEvent): void {
    const text = this.#options.link.up ? JSON.stringify(event) : '';
    if (text === '' || text.length > EVENT_CHARS_MAX) {
      this.#lostEvents += 1;
      return;
    }
    this.#waiting.push(text);
    this.#waitingChars += text.length;
    if (this.#waiting.length > WAITING_EVENTS_MAX || this.#waitingChars > WAITING_CHARS_MAX)
      this.#dropOldest();
    if (this.#sending) return;
    this.#sending = true;
    // Not within the call's own work, and with whatever else it tells in the same breath. Never rejects.
    this.#options.clock.after(0, () => void this.#sendAll());
  }

  /** Whether anybody watches here: without, the events of others are not even asked for. */
  watched(watched: boolean): void {
    const { link } = this.#options;
    if (watched) link.subscribe(CHANNEL, (message) => this.#onMessage(message));
    else link.unsubscribe(CHANNEL);
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#nextBatch();
      try {
        await this.#options.link.publish(CHANNEL, [this.#options.instance, ...batch].join('\n'));
      } catch {
        // The link tells of it. Sent again it might arrive twice; and what has waited meanwhile is old news.
        this.#lostEvents += batch.length + this.#waiting.length;
        this.#waiting = [];
        this.#waitingChars = 0;
      }
    }
    this.#sending = false;
  }

  /** At least one, and as many as a message takes. JSON has no line ends of its own. */
  #nextBatch(): readonly string[] {
    let chars = 0;
    let count = 0;
    for (const text of this.#waiting) {
      if (count > 0 && (count >= MESSAGE_EVENTS_MAX || chars + text.length > MESSAGE_CHARS_MAX)) break;
      chars += text.length;
      count += 1;
    }
    this.#waitingChars -= chars;
    return this.#waiting.splice(0, count);
  }

  #dropOldest(): void {
    const oldest = this.#waiting.shift();
    this.#waitingChars -= oldest?.length ?? 0;
    this.#lostEvents += 1;
  }

  #onMessage(message: string): void {
    const [from, ...texts] = message.split('\n');
    // Whoever watches here has had our own from us.
    if (from === this.#options.instance) return;
    for (const text of texts.slice(0, MESSAGE_EVENTS_MAX)) {
      const event = parseJson(text);
      if (!isRecord(event)) continue;
      const { type, callSid } = event;
      if (typeof type !== 'string' || typeof callSid !== 'string') continue;
      // A newer instance may tell of what this one does not know: it is for the watcher to read.
      this.#options.onEvent({ type: type as LiveEventType, callSid, text });
    }
  }
}
