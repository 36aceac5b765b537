// Where the carrier's requests really go: a public origin stands for one instance, or for several behind a balancer that
// looks after their health as balancers do, every now and then.
import type { Clock } from '../base/clock.ts';

/** How old the balancer's knowledge may be. Until it is asked again it sends calls to an instance that has begun to drain. */
const HEALTH_MS = 500;
const HEALTH_TIMEOUT_MS = 1_000;

interface Health {
  readonly atMs: number;
  readonly ready: Promise<boolean>;
}

export class CarrierRoutes {
  readonly #clock: Clock;
  readonly #origins = new Map<string, readonly string[]>();
  readonly #health = new Map<string, Health>();
  #turn = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `https` and `wss` alike, from now on. */
  set(publicUrl: string, dialUrls: readonly string[]): void {
    const origins = dialUrls.map((url) => new URL(url).origin);
    this.#origins.set(new URL(publicUrl).origin, origins);
    for (const origin of this.#health.keys()) {
      if (![...this.#origins.values()].some((known) => known.includes(origin))) this.#health.delete(origin);
    }
  }

  /** Where a socket of this address is dialled. */
  first(url: string): string {
    const [origin] = this.#originsOf(url);
    return at(url, origin);
  }

  /** Where a request for it goes, and where next when nobody listens there: the ready ones in turn, then the others. */
  async candidates(url: string): Promise<readonly string[]> {
    const origins = this.#originsOf(url);
    if (origins.length < 2) return [at(url, origins[0])];
    const ready = await Promise.all(origins.map((origin) => this.#isReady(origin)));
    this.#turn += 1;
    const inTurn = origins.map((_unused, i) => (i + this.#turn) % origins.length);
    const order = [...inTurn.filter((i) => ready[i] === true), ...inTurn.filter((i) => ready[i] !== true)];
    return order.map((i) => at(url, origins[i]));
  }

  #originsOf(url: string): readonly string[] {
    const [, scheme = '', host = ''] = ADDRESS.exec(url) ?? [];
    return this.#origins.get(`${/s$/i.test(scheme) ? 'https' : 'http'}://${host}`) ?? [];
  }

  #isReady(origin: string): Promise<boolean> {
    const known = this.#health.get(origin);
    if (known !== undefined && this.#clock.nowMs() - known.atMs < HEALTH_MS) return known.ready;
    const ready = fetch(`${origin}/readyz`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.ok;
      },
      () => false,
    );
    this.#health.set(origin, { atMs: this.#clock.nowMs(), ready });
    return ready;
  }
}

const ADDRESS = /^(wss?|https?):\/\/([^/?#]+)(.*)$/is;

function at(url: string, origin: string | undefined): string {
  const [, scheme = '', , rest = ''] = ADDRESS.exec(url) ?? [];
  if (origin === undefined) return url;
  return (/^ws/i.test(scheme) ? origin.replace(/^http/, 'ws') : origin) + rest;
}
