// What one call of the evaluation showed, by what the carrier saw. Pure. The definitions are those of the issue and of
// tau-voice: an agent yields when it is silent within 2 s of real overlap; it is selective when it neither yields to
// what was no interruption within 1 s nor answers it within 2 s.
import type { CallerTurn } from './callerTurn.ts';
import { plain } from './recogniser.ts';
import type { TurnCase } from './turnCases.ts';
import type { CallEvidence, Run, SpokenWord } from './turnEvidence.ts';
import { writtenWords } from './voiceWords.ts';

const YIELD_MS_MAX = 2_000;
const SELECTIVE_YIELD_MS = 1_000;
const SELECTIVE_ANSWER_MS = 2_000;
/** An agent that is silent for this long has not paused to listen: it has given way. */
const HOLD_MS_MAX = 1_000;
/** A run without a recognised word that begins so soon after the caller's last sound can't be an answer yet. */
const TOO_SOON_MS = 300;
/** Half of the time between two messages: where in it the writing stopped is not to be seen. */
const MESSAGE_HALF_MS = 20;
/** Replies differ within their first characters. */
const SAME_CHARS = 20;
/** Played up to so close to the end of the call, the agent was cut by that. */
const CALL_END_MS = 100;

/** Absent: not measured in this case. All times in ms. */
export interface TurnScore {
  readonly id: string;
  readonly kind: TurnCase['kind'];
  /** Why the case says nothing: the agent was not speaking, say. */
  readonly spoilt?: string;
  readonly failures: readonly string[];
  /** End of speech to first audible media of the reply. */
  readonly responseMs?: number;
  /** End of speech to the decision. */
  readonly decidedMs?: number;
  readonly cutOff?: boolean;
  readonly missed?: boolean;
  /** The caller's first frame to the end of the last audible frame of what the agent was saying. */
  readonly stopMs?: number;
  readonly holdMs?: number;
  readonly yielded?: boolean;
  readonly selective?: boolean;
  /** Speech went on after a break that the caller's sound had made, and how long the longest such break was. */
  readonly resumed?: boolean;
  readonly pausedMs?: number;
  /** Words stored as heard beyond those played, of the reply that was cut. */
  readonly heardError?: number;
  /** What the gateway took down as the caller's words, turn by turn. */
  readonly callerTexts: readonly string[];
}

export function scoreOf(scene: TurnCase, evidence: CallEvidence): TurnScore {
  const callerTexts = evidence.turns.map(({ callerText }) => callerText).filter((text) => text !== '');
  const base = { id: scene.id, kind: scene.kind, callerTexts, failures: [] };
  switch (scene.probe.kind) {
    case 'turn':
      return explained(scene, { ...base, ...scoreTurn(evidence) });
    case 'interrupt':
      return explained(scene, { ...base, ...scoreInterruption(scene, evidence) });
    case 'listen':
      return { ...base, ...scoreEcho(scene, evidence) };
    case 'backchannel':
    case 'sound':
    case 'sideTalk':
      return { ...base, ...scoreIgnorable(scene, evidence) };
    default:
      return scene.probe satisfies never;
  }
}

/** A turn of which the simulated speech-to-text had not a word, as in loud noise, is another matter than one ignored. */
function explained({ probe }: TurnCase, score: TurnScore): TurnScore {
  const said =
    probe.kind === 'turn' ? probe.parts.map(({ text }) => text) : 'text' in probe ? [probe.text] : [];
  const heard = bare(score.callerTexts.join(' ')).split(' ');
  const known = bare(said.join(' '))
    .split(' ')
    .some((word) => heard.includes(word));
  if (known) return score;
  const failures = score.failures.map((why) => (why === 'missed' ? 'missed (no word heard)' : why));
  return { ...score, failures };
}

type Scored = Partial<Omit<TurnScore, 'id' | 'kind' | 'callerTexts'>>;

function scoreTurn({ report, turns }: CallEvidence): Scored {
  const turn = report.turns.findLast(({ kind }) => kind === 'say');
  if (turn?.endOfSpeechAtMs === undefined) return { spoilt: 'the call ended before the turn did' };
  const cutOff = turn.cutInAtMs !== undefined;
  const missed = turn.missed && !cutOff;
  const failures = [...(cutOff ? ['cut off'] : []), ...(missed ? ['missed'] : [])];
  if (cutOff || turn.firstReplyFrameAtMs === undefined) return { cutOff, missed, failures };
  const responseMs = turn.firstReplyFrameAtMs - turn.endOfSpeechAtMs;
  const { endpoint, response } = turns.findLast(({ callerText }) => callerText !== '')?.timings ?? {};
  // The gateway's clock starts where its detector heard the end; the carrier's where it was.
  const decided =
    endpoint === undefined || response === undefined ? {} : { decidedMs: responseMs - (response - endpoint) };
  return { cutOff, missed, failures, responseMs, ...decided };
}

function scoreInterruption(scene: TurnCase, evidence: CallEvidence): Scored {
  const turn = evidence.report.interruptions[0];
  const overlap = overlapOf(scene, turn, evidence);
  if ('spoilt' in overlap) return overlap;
  const { startMs, old } = overlap;
  const stopMs = (old.at(-1)?.loudEndMs ?? startMs) - startMs;
  const yielded = stopMs <= YIELD_MS_MAX;
  const resumed = old.length > 1;
  const missed = turn?.missed === true;
  const failures = [
    ...(yielded ? [] : ['did not yield']),
    ...(missed ? ['missed'] : []),
    ...(resumed ? ['resumed'] : []),
  ];
  return {
    failures,
    yielded,
    missed,
    resumed,
    ...(yielded ? { stopMs } : {}),
    ...(yielded ? holdOf(startMs, old[0], evidence) : {}),
    ...heardErrorOf(scene, evidence),
  };
}

/** A backchannel, a noise, somebody else. */
function scoreIgnorable(scene: TurnCase, evidence: CallEvidence): Scored {
  const turn = evidence.report.interruptions[0];
  const overlap = overlapOf(scene, turn, evidence);
  if ('spoilt' in overlap) return overlap;
  const { startMs, endMs, old, others } = overlap;
  const answered = others.some((run) => run.startMs >= startMs && run.startMs <= endMs + SELECTIVE_ANSWER_MS);
  const yielded = gaveWay(scene, old, endMs + SELECTIVE_YIELD_MS, evidence);
  const pausedMs = longestBreak(old);
  const failures = [...(yielded ? ['yielded'] : []), ...(answered ? ['answered'] : [])];
  const selective = !yielded && !answered;
  return { failures, selective, resumed: old.length > 1, ...(selective ? { pausedMs } : {}) };
}

/** The whole of the reply was played over its own echo. */
function scoreEcho(scene: TurnCase, evidence: CallEvidence): Scored {
  const heardAtMs = evidence.report.turns.findLast(({ kind }) => kind === 'say')?.firstReplyHeardAtMs;
  if (heardAtMs === undefined) return { spoilt: 'the agent did not reply' };
  const runs = evidence.runs.filter(({ endMs }) => endMs > heardAtMs);
  const old = runs.filter((run) => isOf(scene.reply, run) !== 'another');
  if (old.length === 0) return { spoilt: 'the agent said something else' };
  const answered = evidence.turns.filter(({ callerText }) => callerText !== '').length > 1;
  const yielded = gaveWay(scene, old, Infinity, evidence);
  const failures = [...(yielded ? ['yielded'] : []), ...(answered ? ['answered'] : [])];
  const selective = !yielded && !answered;
  return {
    failures,
    selective,
    resumed: old.length > 1,
    ...(selective ? { pausedMs: longestBreak(old) } : {}),
  };
}

interface Overlap {
  readonly startMs: number;
  readonly endMs: number;
  /** What the agent was saying: the run that the caller began in, and what followed of it. */
  readonly old: readonly Run[];
  /** What it said instead. */
  readonly others: readonly Run[];
}

function overlapOf(
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

function isOf(reply: string, { words }: Run): 'the reply' | 'another' | 'unknown' {
  if (words.length === 0) return 'unknown';
  const own = words.filter((word) => isIn(reply, word)).length;
  return own * 2 >= words.length ? 'the reply' : 'another';
}

function isIn(reply: string, { phraseText }: SpokenWord): boolean {
  return bare(reply).includes(bare(phraseText));
}

function bare(text: string): string {
  return writtenWords(text).map(plain).join(' ');
}

/** The reply broke off at or before `untilMs` and didn't go on, or only after a long while. */
function gaveWay(
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

function longestBreak(old: readonly Run[]): number {
  return old.reduce((most, run, index) => {
    const next = old[index + 1];
    return next === undefined ? most : Math.max(most, next.startMs - run.endMs);
  }, 0);
}

/** When writing stopped: half a message after the last one of the run that the caller broke. */
function holdOf(
  startMs: number,
  first: Run | undefined,
  { arrivalsMs }: CallEvidence,
): { readonly holdMs?: number } {
  const last = arrivalsMs.findLast((atMs) => atMs <= (first?.endMs ?? startMs));
  return last === undefined ? {} : { holdMs: Math.max(0, last + MESSAGE_HALF_MS - startMs) };
}

function heardErrorOf(scene: TurnCase, { turns, runs }: CallEvidence): { readonly heardError?: number } {
  const beginning = bare(scene.reply).slice(0, SAME_CHARS);
  const row = turns.find(
    ({ interrupted, agentText }) => interrupted && bare(agentText).startsWith(beginning),
  );
  if (row === undefined) return {};
  const played = runs.flatMap(({ words }) => words).filter((word) => isIn(scene.reply, word)).length;
  return { heardError: writtenWords(row.heardText).length - played };
}
