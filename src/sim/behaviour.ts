// How a simulated provider behaves: how long it takes, and what goes wrong.
import type { Random } from '../base/random.ts';

export interface SimTimings {
  /** From the moment a word has been spoken (its last audio arrived) to its appearance in the live words. */
  readonly sttWordsMs: number;
  /** From a commit to the final. */
  readonly sttFinalMs: number;
  readonly llmFirstTokenMs: number;
  /** Instead of `llmFirstTokenMs` and its jitter: one of these for each request, drawn evenly. */
  readonly llmFirstTokensMs?: readonly number[];
  /** What the very first completion takes longer: of a model that nobody has asked yet. */
  readonly llmColdMs?: number;
  readonly llmTokenMs: number;
  readonly ttsFirstByteMs: number;
  /** How many times faster than it is spoken a sentence arrives after its first byte. */
  readonly ttsSpeed: number;
  /** Each delay is drawn from 1 +- this share, evenly. */
  readonly jitter: number;
}

/** The delays that the product's latency figures are stated for. */
export const SEED_TIMINGS: SimTimings = {
  sttWordsMs: 200,
  sttFinalMs: 150,
  llmFirstTokenMs: 500,
  llmTokenMs: 20,
  ttsFirstByteMs: 200,
  ttsSpeed: 4,
  jitter: 0,
};

export type SimFault =
  /** An HTTP status instead of an answer (an upgrade is refused with it). */
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Accepted, then not a byte. */
  | { readonly kind: 'hang' }
  /** The connection is cut after so many items (tokens, audio pieces, words). */
  | { readonly kind: 'cut'; readonly afterItems: number }
  /** Nothing more comes after so many items; the connection stays. */
  | { readonly kind: 'stall'; readonly afterItems: number }
  /** Bytes that are no answer at all, with a status of 200. */
  | { readonly kind: 'garbage' }
  /** A status of 200, and then an error in JSON where something else was asked for (binary messages instead of text). */
  | { readonly kind: 'wrongType' }
  /** So many items, and then the end, as if that had been all. */
  | { readonly kind: 'half'; readonly afterItems: number }
  /** The whole ceremony, and nothing in it. */
  | { readonly kind: 'empty' }
  /** Everything comes so much later. */
  | { readonly kind: 'late'; readonly delayMs: number };

/** Asked once a request (or session): what goes wrong with this one, if anything. */
export type FaultSource = () => SimFault | undefined;

export const noFaults: FaultSource = () => undefined;

/** So many of them go wrong (0-1), each in a way of its own. */
export function someFaults(share: number, random: Random): FaultSource {
  return () => {
    if (random.next() >= share) return undefined;
    const afterItems = 1 + Math.floor(random.next() * 6);
    const faults: readonly SimFault[] = [
      { kind: 'status', status: 500 },
      { kind: 'status', status: 429, headers: { 'retry-after-ms': '500' } },
      { kind: 'hang' },
      { kind: 'cut', afterItems },
      { kind: 'stall', afterItems },
      { kind: 'garbage' },
    ];
    return faults[Math.floor(random.next() * faults.length)];
  };
}

/** `delayMs` drawn from its range. */
export function jittered(delayMs: number, timings: SimTimings, random: Random): number {
  return delayMs * (1 + timings.jitter * (random.next() * 2 - 1));
}

/** How long this request waits for its first token. */
export function drawnFirstTokenMs(timings: SimTimings, random: Random): number {
  const set = timings.llmFirstTokensMs;
  const drawn = set?.[Math.floor(random.next() * set.length)];
  return drawn ?? jittered(timings.llmFirstTokenMs, timings, random);
}
