// The connection to Redis, which nobody needs: whoever uses it goes on without when it is slow, away or restarted. Nothing
// waits in here for it to come back, and nothing is sent twice. Knows nothing of what is sent. Alone imports ioredis.
import { Redis } from 'ioredis';
import type { Clock, Timer } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { within } from '../base/within.ts';

/** A Redis in reach answers in a millisecond. */
const ANSWER_MS_MAX = 2_000;
const PING_EVERY_MS = 1_000;
const CONNECT_MS_MAX = 2_000;
const RECONNECT_MS_FIRST = 50;
const RECONNECT_MS_MAX = 1_000;
/** Larger than whatever is published here: it is not ours, and is passed over. */
export const MESSAGE_CHARS_MAX = 1024 * 1024;

export interface RedisLinkOptions {
  /** redis:// or rediss://, with user, password and number of the database as there are. */
  readonly url: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type MessageListener = (message: string) => void;

/** What the rest of the fleet's code needs of Redis. */
export type Link = Pick<RedisLink, 'up' | 'publish' | 'subscribe' | 'unsubscribe' | 'run' | 'key' | 'onUp'>;

export class RedisLink {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #prefix: string;
  readonly #commands: Redis;
  /** A connection that subscribes can do nothing else. */
  readonly #subscriber: Redis;
  readonly #listeners = new Map<string, MessageListener>();
  readonly #whenUp = new Set<() => void>();
  #up = false;
  #everUp = false;
  #toldDown = false;
  #failure: string | undefined;
  #pinging: Timer;
  #closed = false;

  /** Connects in the background, for as long as it takes. */
  constructor({ url, clock, logger }: RedisLinkOptions) {
    this.#clock = clock;
    this.#logger = logger;
    this.#commands = this.#open(url);
    this.#subscriber = this.#open(url);
    // Channels know no databases: two fleets on one Redis would hear each other.
    this.#prefix = `turnpike:${this.#commands.options.db ?? 0}:`;
    this.#subscriber.on('message', (channel, message) => this.#onMessage(channel, message));
    for (const connection of [this.#commands, this.#subscriber]) {
      connection.on('ready', () => this.#ask());
      connection.on('close', () => this.#learned(false));
      connection.connect().catch((error: unknown) => this.#noteFailure(error));
    }
    this.#pinging = clock.after(PING_EVERY_MS, () => this.#ping());
  }

  /** Whether both connections stand and answer, as far as is known. */
  get up(): boolean {
    return this.#up;
  }

  /** The name of a key or a channel of this fleet. */
  key(name: string): string {
    return this.#prefix + name;
  }

  /** Rings each time that it is up again. */
  onUp(listener: () => void): void {
    this.#whenUp.add(listener);
  }

  /** Answers how many instances it went to. Rejects when it is away or does not answer; nothing is sent again. */
  async publish(channel: string, message: string): Promise<number> {
    return this.#answered(() => this.#commands.publish(this.key(channel), message));
  }

  /** The messages of a channel, from the moment when it is up on; one listener each. Never throws. */
  subscribe(channel: string, listener: MessageListener): void {
    this.#listeners.set(this.key(channel), listener);
    if (this.#subscriber.status === 'ready') this.#follow(this.#subscriber.subscribe(this.key(channel)));
  }

  unsubscribe(channel: string): void {
    this.#listeners.delete(this.key(channel));
    if (this.#subscriber.status === 'ready') this.#follow(this.#subscriber.unsubscribe(this.key(channel)));
  }

  /** Runs a script in one step. Rejects like `publish`. */
  async run(script: string, keys: readonly string[], values: readonly string[]): Promise<unknown> {
    return this.#answered(() => this.#commands.eval(script, keys.length, ...keys, ...values));
  }

  /** Idempotent. What is under way is given up. */
  close(): void {
    this.#closed = true;
    this.#up = false;
    this.#pinging.cancel();
    this.#listeners.clear();
    this.#commands.disconnect();
    this.#subscriber.disconnect();
  }

  #open(url: string): Redis {
    const connection = new Redis(url, {
      lazyConnect: true,
      connectTimeout: CONNECT_MS_MAX,
      connectionName: 'turnpike',
      // Nothing is kept for later, and what may have arrived is not sent again.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      // Subscriptions are ours to make: see #ask.
      autoResubscribe: false,
      retryStrategy: (times) => Math.min(RECONNECT_MS_FIRST * 2 ** Math.min(times, 10), RECONNECT_MS_MAX),
    });
    connection.on('error', (error) => this.#noteFailure(error));
    return connection;
  }

  async #answered<T>(ask: () => Promise<T>): Promise<T> {
    if (!this.#up) throw new Error('Redis is away');
    try {
      return await within(this.#clock, ANSWER_MS_MAX, ask());
    } catch (error) {
      // Whoever comes next doesn't wait for it.
      this.#noteFailure(error);
      this.#learned(false);
      throw error;
    }
  }

  #ping(): void {
    this.#pinging = this.#clock.after(PING_EVERY_MS, () => this.#ping());
    this.#ask();
  }

  /** Both connections, and whether what is to be heard is subscribed to: repeating that costs nothing. */
  #ask(): void {
    if (this.#closed) return;
    if (this.#commands.status !== 'ready' || this.#subscriber.status !== 'ready') return;
    const channels = [...this.#listeners.keys()];
    const heard = channels.length === 0 ? this.#subscriber.ping() : this.#subscriber.subscribe(...channels);
    within(this.#clock, ANSWER_MS_MAX, Promise.all([this.#commands.ping(), heard])).then(
      () => this.#learned(true),
      (error: unknown) => {
        this.#noteFailure(error);
        this.#learned(false);
        this.#reconnect();
      },
    );
  }

  /** One that answers nothing may never do so again, and what was sent on it would wait for ever. */
  #reconnect(): void {
    for (const connection of [this.#commands, this.#subscriber]) {
      if (connection.status === 'ready' && !this.#closed) connection.disconnect(true);
    }
  }

  #learned(up: boolean): void {
    if (this.#closed) return;
    if (!up && !this.#toldDown && (this.#everUp || this.#failure !== undefined)) {
      this.#toldDown = true;
      const failure = this.#failure ?? 'the connection was closed';
      this.#logger.error({ failure }, 'Redis does not answer: instances are on their own');
    }
    if (up === this.#up) return;
    this.#up = up;
    if (!up) return;
    if (this.#toldDown) this.#logger.info({}, 'Redis answers again');
    else this.#logger.info({}, 'instances share by Redis');
    this.#everUp = true;
    this.#toldDown = false;
    this.#failure = undefined;
    for (const listener of this.#whenUp) listener();
  }

  /** Connections fail one after another while it is away: the first is told. */
  #noteFailure(error: unknown): void {
    this.#failure = errorText(error);
  }

  /** Subscriptions that fail now are made when it is up again. */
  #follow(subscribed: Promise<unknown>): void {
    subscribed.catch((error: unknown) => this.#noteFailure(error));
  }

  #onMessage(channel: string, message: string): void {
    if (message.length > MESSAGE_CHARS_MAX) return;
    this.#listeners.get(channel)?.(message);
  }
}
