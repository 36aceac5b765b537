// What instances have let pass, told to each other. Nobody asks before letting something pass: each decides by what it
// knows, a moment old at most, so a Redis that is slow or away makes limits looser and nothing else.
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import { parseJson } from '../base/json.ts';
import type { Link } from './redisLink.ts';

const TELL_EVERY_MS = 250;
/** In a flood of addresses those beyond count at this instance alone. */
export const TOLD_KEYS_MAX = 1_000;
const CHANNEL = 'limits';

const message = z.object({
  from: z.string().max(64),
  taken: z
    .array(z.tuple([z.string().max(32), z.string().max(64), z.number().int().min(1).max(1_000_000)]))
    .max(TOLD_KEYS_MAX),
});

interface Taken {
  readonly name: string;
  readonly key: string;
  count: number;
}

export class LimitNews {
  readonly #options: { readonly link: Link; readonly instance: string; readonly clock: Clock };
  readonly #waiting = new Map<string, Taken>();
  #telling = false;

  constructor(options: { readonly link: Link; readonly instance: string; readonly clock: Clock }) {
    this.#options = options;
  }

  /** One was taken here. Never waits, never throws. */
  taken(name: string, key: string): void {
    const known = this.#waiting.get(`${name} ${key}`);
    if (known !== undefined) known.count += 1;
    else if (this.#waiting.size < TOLD_KEYS_MAX) this.#waiting.set(`${name} ${key}`, { name, key, count: 1 });
    if (this.#telling) return;
    this.#telling = true;
    this.#options.clock.after(TELL_EVERY_MS, () => this.#tell());
  }

  listen(onTaken: (name: string, key: string, count: number) => void): void {
    this.#options.link.subscribe(CHANNEL, (text) => {
      const heard = message.safeParse(parseJson(text)).data;
      if (heard === undefined || heard.from === this.#options.instance) return;
      for (const [name, key, count] of heard.taken) onTaken(name, key, count);
    });
  }

  #tell(): void {
    this.#telling = false;
    const taken = [...this.#waiting.values()].map(({ name, key, count }) => [name, key, count]);
    this.#waiting.clear();
    const { link, instance: from } = this.#options;
    // What is not told is not counted elsewhere; the link says that Redis is away.
    link.publish(CHANNEL, JSON.stringify({ from, taken })).catch(() => undefined);
  }
}
