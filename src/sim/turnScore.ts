// What one call of the evaluation showed, by what the carrier saw. Pure. The definitions are those of the issue and of
// tau-voice: an agent yields when it is silent within 2 s of real overlap; it is selective when it neither yields to
// what was no interruption within 1 s nor answers it within 2 s.
import type { TurnCase } from './turnCases.ts';
import type { CallEvidence, Run } from './turnEvidence.ts';
import { bare, gaveWay, isOf, longestBreak, overlapOf } from './turnOverlap.ts';

/** Missed, with the speech-to-text to blame. */
export const UNHEARD = 'missed (no word heard)';
const YIELD_MS_MAX = 2_000;
const SELECTIVE_YIELD_MS = 1_000;
const SELECTIVE_ANSWER_MS = 2_000;
/** Half of the time between two messages: where in it the writing stopped is not to be seen. */
const MESSAGE_HALF_MS = 20;
/** Replies differ within their first characters. */
const SAME_CHARS = 20;

/** Absent: not measured in this case. All times in ms. */
export interface TurnScore {
  readonly id: string;
  readonly kind: TurnCase['kind'];
  /** Speech over noise in the room; undefined where there was none. */
  readonly snrDb: number | undefined;
  /** Why the case says nothing: the agent was not speaking, say. */
  readonly spoilt?: string;
  readonly failures: readonly string[];
  /** End of speech to first audible media of the reply. */
  readonly responseMs?: number;
  /** End of speech to the decision. */
  readonly decidedMs?: number;
  /** Of that, what the gateway waited after its detector had heard the end. */
  readonly endpointMs?: number;
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
  const { id, kind, noise } = scene;
  const base = { id, kind, snrDb: noise?.snrDb, callerTexts, failures: [] };
  switch (scene.probe.kind) {
    case 'turn':
      return explained(scene, { ...base, ...scoreTurn(evidence) });
    case 'interrupt':
      return explained(scene, { ...base, ...scoreInterruption(scene, evidence) });
    case 'closingAnswer':
      return explained(scene, { ...base, ...scoreClosingAnswer(scene, evidence) });
    case 'idleSound':
      return { ...base, ...scoreIdleSound(evidence) };
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
  const failures = score.failures.map((why) => (why === 'missed' ? UNHEARD : why));
  return { ...score, failures };
}

type Scored = Partial<Omit<TurnScore, 'id' | 'kind' | 'snrDb' | 'callerTexts'>>;

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
    endpoint === undefined || response === undefined
      ? {}
      : { decidedMs: responseMs - (response - endpoint), endpointMs: endpoint };
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
    ...heardErrorOf(scene, old, evidence),
  };
}

/** "Yes" over the last words of the question that it answers: no backchannel. Its stop is the question's own end. */
function scoreClosingAnswer(scene: TurnCase, evidence: CallEvidence): Scored {
  const overlap = overlapOf(scene, evidence.report.interruptions[0], evidence);
  if ('spoilt' in overlap) return overlap;
  const { startMs, old, others } = overlap;
  const silent = (old.at(-1)?.loudEndMs ?? startMs) - startMs <= YIELD_MS_MAX;
  const missed = others.length === 0;
  const failures = [...(silent ? [] : ['did not yield']), ...(missed ? ['missed'] : [])];
  return { failures, yielded: silent && !missed, missed };
}

/** A noise while nobody speaks: nothing comes of it, not even a request to the model. */
function scoreIdleSound({ report, runs, turns, prepared }: CallEvidence): Scored {
  const { startOfSpeechAtMs: startMs, endOfSpeechAtMs: endMs } = report.interruptions[0] ?? {};
  if (startMs === undefined || endMs === undefined) return { spoilt: 'the call ended before' };
  if (runs.some((run) => run.startMs <= startMs && run.endMs > startMs)) {
    return { spoilt: 'the agent was speaking' };
  }
  const answered = runs.some((run) => run.startMs > startMs);
  const heard = turns.some(({ callerText }) => callerText !== '');
  const failures = [
    ...(answered ? ['answered'] : []),
    ...(prepared > 0 ? ['asked the model'] : []),
    ...(heard ? ['taken for words'] : []),
  ];
  return { failures, selective: failures.length === 0 };
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

/** When writing stopped: half a message after the last one of the run that the caller broke. */
function holdOf(
  startMs: number,
  first: Run | undefined,
  { arrivalsMs }: CallEvidence,
): { readonly holdMs?: number } {
  const last = arrivalsMs.findLast((atMs) => atMs <= (first?.endMs ?? startMs));
  return last === undefined ? {} : { holdMs: Math.max(0, last + MESSAGE_HALF_MS - startMs) };
}

/** By the places of the words in as much of the reply as the carrier played. */
function heardErrorOf(
  scene: TurnCase,
  old: readonly Run[],
  { turns, runs, wordsWithin }: CallEvidence,
): { readonly heardError?: number } {
  const beginning = bare(scene.reply).slice(0, SAME_CHARS);
  const row = turns.find(
    ({ interrupted, agentText }) => interrupted && bare(agentText).startsWith(beginning),
  );
  if (row === undefined) return {};
  const own = runs.filter((run) => old.includes(run) || isOf(scene.reply, run) === 'the reply');
  const playedMs = own.reduce((sum, run) => sum + run.playedMs, 0);
  const played = wordsWithin(row.agentText, playedMs);
  return played === undefined ? {} : { heardError: wordsOf(scene.reply, row.heardText) - played.length };
}

/** How many words of the reply stand at the beginning of `heardText`; what the agent said in the turn besides comes after. */
function wordsOf(reply: string, heardText: string): number {
  const own = bare(reply).split(' ');
  const heard = bare(heardText).split(' ');
  const other = heard.findIndex((word, place) => word !== own[place]);
  if (heardText.trim() === '') return 0;
  return other === -1 ? heard.length : other;
}
