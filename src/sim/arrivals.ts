// How late the gateway's audio came, by the carrier's evidence alone: against when the playout means to write it, and
// against when it was needed.
import { LEAD_MS, MESSAGE_MS } from '../playout/playout.ts';
import type { Arrival } from './carrierLine.ts';

/** A message is to be written when the lead has room for it. */
const AHEAD_MS = LEAD_MS - MESSAGE_MS;

export interface Punctuality {
  /** Of each message but those that began a run: how long after its time it came. */
  readonly lateMs: readonly number[];
  /** Of the same: how much audio the carrier still had, to the frame. */
  readonly sparedMs: readonly number[];
}

/** A run begins whenever the carrier has nothing more to play: its first message sets the time for all others. */
export function punctuality(arrivals: readonly Arrival[]): Punctuality {
  const lateMs: number[] = [];
  const sparedMs: number[] = [];
  let begunAtMs = 0;
  let sentMs = 0;
  for (const { atMs, audioMs, bufferedMs } of arrivals) {
    if (bufferedMs === 0) {
      begunAtMs = atMs;
      sentMs = 0;
    } else {
      lateMs.push(Math.max(0, atMs - begunAtMs - Math.max(0, sentMs - AHEAD_MS)));
      sparedMs.push(bufferedMs);
    }
    sentMs += audioMs;
  }
  return { lateMs, sparedMs };
}
