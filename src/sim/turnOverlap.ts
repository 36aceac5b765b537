// Who said what when both spoke at once: the runs of the agent's audio, told apart by the words in them. Pure.
import type { CallerTurn } from './callerTurn.ts';
import { plain } from './recogniser.ts';
import type { TurnCase } from './turnCases.ts';
import type { CallEvidence, Run, SpokenWord } from './turnEvidence.ts';
import { writtenWords } from './voiceWords.ts';

/** An agent that is silent for this long has not paused to listen: it has given way. */
const HOLD_MS_MAX = 1_000;
/** A run without a recognised word that begins so soon after the caller's last sound can't be an answer yet. */
const TOO_SOON_MS = 300;
/** Played up to so close to the end of the call, the agent was cut by that. */
const CALL_END_MS = 100;

export interface Overlap {
  readonly startMs: number;
  readonly endMs: number;
  /** What the agent was saying: the run that the caller began in, and what followed of it. */
  readonly old: readonly Run[];
  /** What it said instead. */
  readonly others: readonly Run[];
}

export function overlapOf(
  scene: TurnCase,
  turn: CallerTurn | undefined,
  { runs }: CallEvidence,
): Overlap | { readonly spoilt: string } {
  const startMs = turn?.startOfSpeechAtMs;
  const endMs = turn?.endOfSpeechAtMs;
  if (startMs === undefined || endMs === undefined) return { spoilt: 'the call ended before' };
  const first = runs.find((run) => run.startMs <= startMs && run.endMs > startMs);
  if (first === undefined) return { spoilt: 'the agent was not speaking' };
  if (isOf(scene.reply, first) === 'another') return { spoilt: 'the agent said something else' };
  const later = runs.filter((run) => run.startMs > first.startMs);
  const isOld = (run: Run): boolean => {
    const of = isOf(scene.reply, run);
    return of === 'unknown' ? run.startMs < endMs + TOO_SOON_MS : of === 'the reply';
  };
  return { startMs, endMs, old: [first, ...later.filter(isOld)], others: later.filter((run) => !isOld(run)) };
}

export function isOf(reply: string, { words }: Run): 'the reply' | 'another' | 'unknown' {
  if (words.length === 0) return 'unknown';
  const own = words.filter((word) => isIn(reply, word)).length;
  return own * 2 >= words.length ? 'the reply' : 'another';
}

export function isIn(reply: string, { phraseText }: SpokenWord): boolean {
  return bare(reply).includes(bare(phraseText));
}

export function bare(text: string): string {
  return writtenWords(text).map(plain).join(' ');
}

/** The reply broke off at or before `untilMs` and didn't go on, or only after a long while. */
export function gaveWay(
  scene: TurnCase,
  old: readonly Run[],
  untilMs: number,
  { endedAtMs }: CallEvidence,
): boolean {
  return old.some((run, index) => {
    if (run.endMs > untilMs || run.endMs > endedAtMs - CALL_END_MS) return false;
    const next = old[index + 1];
    if (next !== undefined) return next.startMs - run.endMs >= HOLD_MS_MAX;
    return !saidLastWord(scene.reply, run);
  });
}

function saidLastWord(reply: string, run: Run): boolean {
  const last = plain(writtenWords(reply).at(-1) ?? '');
  return run.words.slice(-2).some(({ word }) => plain(word) === last);
}

export function longestBreak(old: readonly Run[]): number {
  return old.reduce((most, run, index) => {
    const next = old[index + 1];
    return next === undefined ? most : Math.max(most, next.startMs - run.endMs);
  }, 0);
}
