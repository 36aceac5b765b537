// Whether what is stored as heard is what was played: words recognised in the carrier's own recording of each reply,
// held against the words of `heardText`, with callers who interrupt at random moments.
import { systemClock } from '../base/clock.ts';
import { seededRandom, type Random } from '../base/random.ts';
import type { TurnRow } from '../store/port.ts';
import { FRAME_MS } from '../audio/mulaw.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import { shown, type BenchReport } from './benchReport.ts';
import { questionsOf } from './benchTalk.ts';
import { frontDeskBrain } from './brain.ts';
import type { CallerStep } from './caller.ts';
import type { CallerTurn } from './callerTurn.ts';
import { PlayedWords } from './played.ts';
import { plain } from './recogniser.ts';
import { hold, Stage, storedTurns, type HeldCall } from './stage.ts';
import { tally } from './statistics.ts';
import { writtenWords } from './voiceWords.ts';

const CALLS = 6;
const INTERRUPTIONS = 7;
const WHOLE_REPLIES = 2;
/** When he cuts in, from when he began to hear the reply. */
const CUT_AFTER_MS = [300, 6_000] as const;

/** One reply: what the carrier played of it, and what the gateway believes. */
export interface HeardReply {
  readonly interrupted: boolean;
  readonly played: readonly string[];
  readonly stored: readonly string[];
}

export async function benchHeard(): Promise<BenchReport> {
  const random = seededRandom(13);
  const played = new PlayedWords();
  const stage = await Stage.open({
    clock: systemClock,
    random,
    timings: SEED_TIMINGS,
    brain: frontDeskBrain(),
    onSpoken: played.learn,
  });
  try {
    const house = await stage.openHouse();
    const callers = [];
    for (let number = 0; number < CALLS; number += 1) {
      callers.push(await stage.prepare(scriptOf(number, random)));
    }
    const held = await Promise.all(callers.map((caller) => hold(house, caller)));
    const replies: HeardReply[] = [];
    let unmatched = 0;
    for (const one of held) {
      const turns = await storedTurns(house.gateway.url, one.call.callSid, systemClock);
      const found = repliesOf(one, turns, played);
      replies.push(...found.replies);
      unmatched += found.unmatched;
    }
    return report(replies, unmatched);
  } finally {
    await stage.close();
  }
}

function scriptOf(number: number, random: Random): readonly CallerStep[] {
  const questions = questionsOf(number, 1 + INTERRUPTIONS + WHOLE_REPLIES);
  const [first, last] = CUT_AFTER_MS;
  const steps = questions.map((question, index): CallerStep => {
    const interrupts = index > 0 && index <= INTERRUPTIONS;
    if (!interrupts) return { say: question };
    return { interrupt: question, afterAgentMs: first + random.next() * (last - first) };
  });
  return [...steps, { listen: true }];
}

/** The replies of a call whose stored turns are the caller's turns, word for word; others can't be told apart. */
function repliesOf(
  { call, report }: HeldCall,
  turns: readonly TurnRow[],
  played: PlayedWords,
): { readonly replies: readonly HeardReply[]; readonly unmatched: number } {
  const answeredAtMs = call.answeredAtMs ?? 0;
  const words = played.wordsIn(call.playedMulaw());
  const replies = report.turns.flatMap((turn, index): HeardReply[] => {
    const row = turns.find((stored) => stored.index === index);
    if (row === undefined || !isSame(row, turn) || turn.firstReplyHeardAtMs === undefined) return [];
    const fromMs = turn.firstReplyHeardAtMs - answeredAtMs - FRAME_MS;
    const nextHeardAtMs = report.turns[index + 1]?.firstReplyHeardAtMs;
    const toMs = nextHeardAtMs === undefined ? Infinity : nextHeardAtMs - answeredAtMs - FRAME_MS;
    const heard = words.filter(({ startMs, endMs }) => {
      const middleMs = (startMs + endMs) / 2;
      return middleMs >= fromMs && middleMs < toMs;
    });
    return [
      {
        interrupted: row.interrupted,
        played: heard.map(({ word }) => plain(word)),
        stored: writtenWords(row.heardText).map(plain),
      },
    ];
  });
  return { replies, unmatched: report.turns.length - replies.length };
}

function isSame(row: TurnRow, turn: CallerTurn): boolean {
  const said = turn.kind === 'greeting' ? '' : turn.said;
  return writtenWords(row.callerText).map(plain).join(' ') === writtenWords(said).map(plain).join(' ');
}

function report(replies: readonly HeardReply[], unmatched: number): BenchReport {
  const cut = replies.filter(({ interrupted }) => interrupted);
  const whole = replies.filter(({ interrupted }) => !interrupted);
  const differences = cut.map(({ played, stored }) => stored.length - played.length);
  const within = differences.filter((words) => Math.abs(words) <= 1).length;
  const equal = whole.filter(({ played, stored }) => played.join(' ') === stored.join(' ')).length;
  return {
    title: `Stored as heard against really played: ${CALLS} calls, interrupted at random moments`,
    tables: [
      {
        heading: ['words stored beyond those played', 'interrupted replies'],
        rows: tally(differences).map(([words, times]) => [
          words > 0 ? `+${words}` : String(words),
          String(times),
        ]),
      },
      {
        heading: ['', 'replies', 'right', 'share'],
        rows: [
          row('interrupted: within one word', cut.length, within),
          row('to the end: equal words', whole.length, equal),
        ],
      },
    ],
    notes: [`Replies that could not be matched with a stored turn: ${unmatched}.`],
    figures: {
      unmatched,
      interrupted: cut.length,
      withinOneWord: within,
      whole: whole.length,
      equal,
      replies,
    },
  };
}

function row(name: string, count: number, right: number): readonly string[] {
  return [name, String(count), String(right), `${shown((100 * right) / Math.max(1, count), 1)} %`];
}
