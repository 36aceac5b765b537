// Whether what is stored as heard is what was played, with callers who interrupt at random moments: of a reply that was
// cut, the words that lie in as much of it as the carrier played; of one that was not, the words recognised in the
// carrier's recording. Both are held against the words of `heardText`.
import { sleep, systemClock } from '../base/clock.ts';
import { seededRandom, type Random } from '../base/random.ts';
import type { TurnRow } from '../store/port.ts';
import { FRAME_MS } from '../audio/mulaw.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import { shown, type BenchReport } from './benchReport.ts';
import { questionsOf } from './benchTalk.ts';
import { frontDeskBrain } from './brain.ts';
import type { Caller, CallerStep } from './caller.ts';
import type { CallerTurn } from './callerTurn.ts';
import type { MarkFault } from './carrierStream.ts';
import { PlacedWords } from './placedWords.ts';
import { PlayedWords } from './played.ts';
import { plain } from './recogniser.ts';
import { AGENT_NUMBER, CALLER_NUMBER, Stage, storedTurns, type HeldCall, type House } from './stage.ts';
import { tally } from './statistics.ts';
import { makeSound } from './turnSounds.ts';
import { writtenWords } from './voiceWords.ts';

/** What is wrong with the carrier's marks or the line, or happens before each interruption. */
const CONDITIONS = [
  'nothing wrong',
  'every third mark lost',
  'all marks lost',
  'marks 50-800 ms late',
  'marks doubled',
  'messages up to 80 ms late',
  'a cough before it',
] as const;
type Condition = (typeof CONDITIONS)[number];

const CALLS_A_CONDITION = 4;
const CALLS = CALLS_A_CONDITION * CONDITIONS.length;
const INTERRUPTIONS = 8;
const WHOLE_REPLIES = 1;
/** More make the simulated carrier late, which then plays less than was due. */
const AT_ONCE = 7;
/** Calls begin so far apart. */
const STAGGER_MS = 150;
const LATE_MARK_MS = [50, 800] as const;
const JITTER_MS = 80;
/** From the beginning of the reply to the cough, and from there to the interruption: a hold is over by then. */
const COUGH_AFTER_MS = [300, 1_500] as const;
const AFTER_COUGH_MS = [1_500, 4_500] as const;
/** When he cuts in, from when he began to hear the reply. */
const CUT_AFTER_MS = [300, 6_000] as const;

/** A reply begins at most so long before it is audible; what was said before it is over for longer. */
const SOFT_BEGINNING_MS = 300;
/** A carrier later than this measures itself. */
const LATE_MS_MAX = 60;
const INTERRUPTIONS_WANTED = 200;
const WITHIN_ONE_SHARE = 0.99;

/** One reply: what the carrier played of it, and what the gateway believes. */
export interface HeardReply {
  readonly condition: Condition;
  readonly interrupted: boolean;
  readonly played: readonly string[];
  readonly stored: readonly string[];
}

/** With when the carrier played each 20 ms of the agent, and when it was told to stop. */
interface WatchedCall extends HeldCall {
  readonly framesAtMs: readonly number[];
  readonly clearsAtMs: readonly number[];
}

export async function benchHeard(): Promise<BenchReport> {
  const random = seededRandom(13);
  const played = new PlayedWords();
  const placed = new PlacedWords();
  const stage = await Stage.open({
    clock: systemClock,
    random,
    timings: SEED_TIMINGS,
    brain: frontDeskBrain(),
    onSpoken: (spoken) => {
      played.learn(spoken);
      placed.learn(spoken);
    },
  });
  try {
    const house = await stage.openHouse();
    const callers = [];
    for (let number = 0; number < CALLS; number += 1) {
      callers.push(await stage.prepare(scriptOf(number, conditionOf(number), random)));
    }
    const held: WatchedCall[] = [];
    const waiting = callers.entries();
    const work = async (worker: number): Promise<void> => {
      await sleep(systemClock, worker * STAGGER_MS);
      for (const [number, caller] of waiting) {
        held[number] = await holdOne(house, caller, conditionOf(number), random);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, (_unused, worker) => work(worker)));
    const replies: HeardReply[] = [];
    let unmatched = 0;
    for (const [number, one] of held.entries()) {
      const turns = await storedTurns(house.gateway.url, one.call.callSid, systemClock);
      const found = repliesOf(one, conditionOf(number), turns, { played, placed });
      replies.push(...found.replies);
      unmatched += found.unmatched;
    }
    return report(replies, unmatched, house.carrier.tickLateMsMax);
  } finally {
    await stage.close();
  }
}

function conditionOf(call: number): Condition {
  return CONDITIONS[call % CONDITIONS.length] ?? 'nothing wrong';
}

function scriptOf(number: number, condition: Condition, random: Random): readonly CallerStep[] {
  const questions = questionsOf(number, 1 + INTERRUPTIONS + WHOLE_REPLIES);
  const steps = questions.flatMap((question, index): readonly CallerStep[] => {
    const interrupts = index > 0 && index <= INTERRUPTIONS;
    if (!interrupts) return [{ say: question }];
    if (condition !== 'a cough before it') {
      return [{ interrupt: question, afterAgentMs: between(random, CUT_AFTER_MS) }];
    }
    const coughMs = between(random, COUGH_AFTER_MS);
    return [
      { sound: 'cough', samples: makeSound('cough', random), afterAgentMs: coughMs },
      { interrupt: question, afterAgentMs: coughMs + between(random, AFTER_COUGH_MS) },
    ];
  });
  return [...steps, { listen: true }];
}

async function holdOne(
  { carrier }: House,
  caller: Caller,
  condition: Condition,
  random: Random,
): Promise<WatchedCall> {
  const framesAtMs: number[] = [];
  const clearsAtMs: number[] = [];
  const call = carrier.placeCall({ from: CALLER_NUMBER, to: AGENT_NUMBER });
  call.listen({
    onAgentFrame: (atMs) => void framesAtMs.push(atMs),
    onClear: (atMs) => void clearsAtMs.push(atMs),
    onStreamStarted: () => {
      if (condition === 'messages up to 80 ms late') call.jitter(JITTER_MS);
    },
    // Told before the mark goes back: what is wrong with it is decided here.
    onMark: () => {
      const fault = markFault(condition, random);
      if (fault !== undefined) call.faultMarks(fault);
    },
  });
  return { call, report: await caller.take(call), framesAtMs, clearsAtMs };
}

function markFault(condition: Condition, random: Random): MarkFault | undefined {
  switch (condition) {
    case 'every third mark lost':
      return random.next() < 1 / 3 ? { kind: 'lose', count: 1 } : undefined;
    case 'all marks lost':
      return { kind: 'lose', count: 1 };
    case 'marks 50-800 ms late':
      return { kind: 'delay', count: 1, delayMs: between(random, LATE_MARK_MS) };
    case 'marks doubled':
      return { kind: 'duplicate', count: 1 };
    default:
      return undefined;
  }
}

function between(random: Random, [least, most]: readonly [number, number]): number {
  return least + random.next() * (most - least);
}

/** The replies of a call whose stored turns are the caller's turns, word for word; others can't be told apart. */
function repliesOf(
  watched: WatchedCall,
  condition: Condition,
  turns: readonly TurnRow[],
  { played, placed }: { readonly played: PlayedWords; readonly placed: PlacedWords },
): { readonly replies: readonly HeardReply[]; readonly unmatched: number } {
  const { call, report } = watched;
  const answeredAtMs = call.answeredAtMs ?? 0;
  const words = played.wordsIn(call.playedMulaw());
  const replies = report.turns.flatMap((turn, index): HeardReply[] => {
    const row = turns.find((stored) => stored.index === index);
    if (row === undefined || !isSame(row, turn) || turn.firstReplyHeardAtMs === undefined) return [];
    const fromMs = turn.firstReplyHeardAtMs - answeredAtMs - FRAME_MS;
    const nextHeardAtMs = report.turns[index + 1]?.firstReplyHeardAtMs;
    const toMs = nextHeardAtMs === undefined ? Infinity : nextHeardAtMs - answeredAtMs - FRAME_MS;
    const recognised = words.filter(({ startMs, endMs }) => {
      const middleMs = (startMs + endMs) / 2;
      return middleMs >= fromMs && middleMs < toMs;
    });
    const heard = row.interrupted
      ? placed.within(row.agentText, playedMsOf(watched, turn.firstReplyHeardAtMs))
      : recognised.map(({ word }) => word);
    if (heard === undefined) return [];
    const stored = writtenWords(row.heardText).map(plain);
    return [{ condition, interrupted: row.interrupted, played: heard.map(plain), stored }];
  });
  return { replies, unmatched: report.turns.length - replies.length };
}

/** Of the reply that was first heard then, up to the clear that ended it. */
function playedMsOf({ framesAtMs, clearsAtMs }: WatchedCall, heardAtMs: number): number {
  const clearedBeforeMs = clearsAtMs.findLast((atMs) => atMs < heardAtMs) ?? -Infinity;
  const fromMs = Math.max(clearedBeforeMs, heardAtMs - SOFT_BEGINNING_MS);
  const toMs = (clearsAtMs.find((atMs) => atMs >= heardAtMs) ?? Infinity) + FRAME_MS;
  return framesAtMs.filter((atMs) => atMs > fromMs && atMs <= toMs).length * FRAME_MS;
}

function isSame(row: TurnRow, turn: CallerTurn): boolean {
  const said = turn.kind === 'greeting' ? '' : turn.said;
  return writtenWords(row.callerText).map(plain).join(' ') === writtenWords(said).map(plain).join(' ');
}

function report(replies: readonly HeardReply[], unmatched: number, tickLateMsMax: number): BenchReport {
  const cut = replies.filter(({ interrupted }) => interrupted);
  const whole = replies.filter(({ interrupted }) => !interrupted);
  const equal = whole.filter(({ played, stored }) => played.join(' ') === stored.join(' ')).length;
  return {
    title: `Stored as heard against really played: ${cut.length} interruptions at random moments in ${CALLS} calls`,
    tables: [
      {
        heading: ['interrupted, and', 'replies', 'exact', 'within one word', 'mean error, words', 'worst'],
        rows: [
          ...CONDITIONS.map((condition) =>
            errorRow(
              condition,
              cut.filter((reply) => reply.condition === condition),
            ),
          ),
          errorRow('all', cut),
        ],
      },
      {
        heading: ['words stored beyond those played', 'interrupted replies'],
        rows: tally(cut.map(errorOf)).map(([words, times]) => [
          words > 0 ? `+${words}` : String(words),
          String(times),
        ]),
      },
    ],
    notes: [
      `Wanted: within one word in ${100 * WITHIN_ONE_SHARE} % of ${INTERRUPTIONS_WANTED} interruptions.`,
      `Replies to their end whose words are equal: ${equal} of ${whole.length}.`,
      `Replies that could not be matched with a stored turn: ${unmatched}.`,
      ...(tickLateMsMax > LATE_MS_MAX
        ? [`SPOILT: the simulated carrier was up to ${shown(tickLateMsMax)} ms late.`]
        : []),
    ],
    figures: {
      unmatched,
      tickLateMsMax,
      interrupted: cut.length,
      withinOneWord: cut.filter((reply) => Math.abs(errorOf(reply)) <= 1).length,
      whole: whole.length,
      equal,
      replies,
    },
  };
}

function errorOf({ played, stored }: HeardReply): number {
  return stored.length - played.length;
}

function errorRow(name: string, replies: readonly HeardReply[]): readonly string[] {
  const errors = replies.map(errorOf);
  const exact = errors.filter((error) => error === 0).length;
  const within = errors.filter((error) => Math.abs(error) <= 1).length;
  const mean = errors.reduce((sum, error) => sum + error, 0) / Math.max(1, errors.length);
  const worst = errors.reduce((most, error) => Math.max(most, Math.abs(error)), 0);
  const share = shown((100 * within) / Math.max(1, errors.length), 1);
  return [
    name,
    String(errors.length),
    String(exact),
    `${within} (${share} %)`,
    mean.toFixed(2),
    String(worst),
  ];
}
