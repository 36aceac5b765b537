// A provider that can be struck by a fault at any moment, for a while: simulated providers behind a wire that can be spoilt.
import { systemClock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { FaultSource, SimFault } from './behaviour.ts';
import { SpoiltWire, type WireFault } from './spoiltWire.ts';
import type { Stage } from './stage.ts';

/** Longer than anybody waits for a first word. */
const LATE_MS = 6_000;
const ITEMS_MAX = 4;

type Named =
  | { readonly wire: WireFault }
  /** Drawn each time that it strikes. */
  | { readonly provider: (random: Random) => SimFault };

const inTheMiddle = (kind: 'stall' | 'half'): Named => ({
  provider: (random) => ({ kind, afterItems: 1 + Math.floor(random.next() * ITEMS_MAX) }),
});
const alike = (fault: SimFault): Named => ({ provider: () => fault });

/** What may befall a provider. */
export const FAULTS = {
  refused: { wire: 'refused' },
  'sent away': { wire: 'reset' },
  'silent wire': { wire: 'silent' },
  'slow drip': { wire: 'slow' },
  cut: { wire: 'cut' },
  'corrupt bytes': { wire: 'corrupt' },
  'status 500': alike({ kind: 'status', status: 500 }),
  'status 429': alike({ kind: 'status', status: 429, headers: { 'retry-after-ms': '2000' } }),
  hangs: alike({ kind: 'hang' }),
  'stalls in the middle': inTheMiddle('stall'),
  garbage: alike({ kind: 'garbage' }),
  'wrong type': alike({ kind: 'wrongType' }),
  'half, then the end': inTheMiddle('half'),
  'nothing in it': alike({ kind: 'empty' }),
  late: alike({ kind: 'late', delayMs: LATE_MS }),
} as const satisfies Readonly<Record<string, Named>>;
export type FaultName = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];

export class StruckProvider {
  readonly #wire: SpoiltWire;
  readonly #random: Random;
  readonly #setFault: (fault: SimFault | undefined) => void;

  private constructor(wire: SpoiltWire, random: Random, setFault: (fault: SimFault | undefined) => void) {
    this.#wire = wire;
    this.#random = random;
    this.#setFault = setFault;
  }

  /** All three stages of it. The stage owns the providers; `close` is for the wire. */
  static async open(stage: Stage, random: Random): Promise<StruckProvider> {
    let fault: SimFault | undefined;
    const source: FaultSource = () => fault;
    const providers = await stage.openProviders({ stt: source, sttLive: source, llm: source, tts: source });
    const port = Number(new URL(providers.baseUrl).port);
    const wire = await SpoiltWire.open({ clock: systemClock, random, port });
    return new StruckProvider(wire, random, (next) => {
      fault = next;
    });
  }

  get baseUrl(): string {
    return `${this.#wire.origin}/v1`;
  }

  async strike(name: FaultName): Promise<void> {
    const named: Named = FAULTS[name];
    if ('wire' in named) {
      await this.#wire.spoil(named.wire);
      return;
    }
    const fault = named.provider(this.#random);
    this.#setFault(fault);
    // A server that has lost its mind has lost its connections; of requests none is under way for longer.
    if (fault.kind === 'status') this.#wire.cut();
  }

  async heal(): Promise<void> {
    this.#setFault(undefined);
    await this.#wire.spoil(undefined);
  }

  /** Every connection breaks, once; the next ones stand. */
  cut(): void {
    this.#wire.cut();
  }

  close(): Promise<void> {
    return this.#wire.close();
  }
}
