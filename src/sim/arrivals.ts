// How well the gateway's audio came, by the carrier's evidence: against when the playout means to write it, against
// when it was needed, and where it was missing.
import { LEAD_MS, MESSAGE_MS } from '../playout/playout.ts';
import type { CallerTurn } from './callerTurn.ts';
import type { Arrival } from './carrierLine.ts';
import type { PlayoutGap } from './carrierPlayout.ts';

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

/** The agent falls silent while it is judged whether it is interrupted; the judgement may come so much later. */
const JUDGING_MS_MAX = 1_000;

/**
 * Silences inside the agent's speech that nobody wanted. One that begins while the caller speaks over the agent, or
 * just after, is the agent that was held: the carrier can't tell the two apart, who knows what the caller did can.
 */
export function underruns(
  gaps: readonly PlayoutGap[],
  turns: readonly Pick<CallerTurn, 'overAgent' | 'startOfSpeechAtMs' | 'endOfSpeechAtMs'>[],
): readonly PlayoutGap[] {
  return gaps.filter(
    ({ kind, startMs }) =>
      kind === 'unexpected' &&
      !turns.some(
        ({ overAgent, startOfSpeechAtMs = Infinity, endOfSpeechAtMs = Infinity }) =>
          overAgent && startMs >= startOfSpeechAtMs && startMs <= endOfSpeechAtMs + JUDGING_MS_MAX,
      ),
  );
}
