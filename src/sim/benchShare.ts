// The gateway's own share of a turn, by the clock of the simulators round it, so with the loopback's: final sent to
// request come, piece complete to request come, first audio sent to first frame come.
//
// The first of the three has to be the gateway's work and not a wait that was chosen. So words come with the final alone,
// nothing is prepared and the wait for the turn's end is the shortest: the final is what is waited for, in every turn.
// That is no setting for real calls. How much of what is measured is the machine's, the loopback's and the simulators' own is
// told by the same calls through the shortest gateway there can be (`bareGateway.ts`), first. The ears notice only that somebody speaks, and number the questions: what recognises
// words in a hundred calls takes more than a core, and would be measured instead of the gateway.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sleep, systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import { shown, type BenchReport } from './benchReport.ts';
import { numberedAnswer, numberedBrain, withoutNumbers } from './benchTalk.ts';
import { startPostgres } from './postgres.ts';
import { ReplyWatch } from './replyWatch.ts';
import { AGENT_FILE, hold, Stage, storedTurns, type HeldCall, type House } from './stage.ts';
import { spread } from './statistics.ts';
import { TurnTally } from './turnTally.ts';

/** What is wanted at the median and at p99. */
const TARGET_MS = 5;
const TARGET_P99_MS = 20;
const CONDITIONS = [
  { calls: 1, turns: 20 },
  { calls: 50, turns: 4 },
  { calls: 100, turns: 3 },
] as const;
/** Through the bare gateway. */
const BARE_CONDITIONS = CONDITIONS.slice(0, 2);
const STAGGER_MS = 150;
/**
 * Said in one breath, since a pause would make two utterances of them, and in little more than a second: ears without a word
 * for longer are taken for deaf, and others are asked beside them.
 */
const BREATHS: readonly string[] = [
  'Where can I park?',
  'Is it far away?',
  'When do you open?',
  'How much is that?',
  'Who will be there?',
  'Can I come today?',
  'Do you take cards?',
  'Should I be early?',
];
/** Later than any final. */
const NO_LIVE_WORDS_MS = 10_000;
/** The shortest that an agent's file may ask for. */
const SHORT_WAIT = '\nturnTaking: { minWaitMs: 100, maxWaitMs: 200 }\n';

/** Seen by the providers, in the order of time. */
interface Seen {
  readonly finals: { readonly atMs: number; readonly text: string }[];
  readonly replies: ReplyWatch;
  readonly voiceAsked: Map<string, number>;
  readonly voiceByte: Map<string, number>;
}

export interface TurnShare {
  readonly sttToLlmMs: number;
  readonly pieceToTtsMs: number;
  readonly byteToFrameMs: number;
}

export async function benchShare(): Promise<BenchReport> {
  // As a fleet runs it: the embedded database is half a core more at a hundred calls.
  const server = await startPostgres();
  if ('missing' in server) return shareOn(undefined);
  try {
    return await shareOn(await server.newDatabase());
  } finally {
    await server.remove();
  }
}

async function shareOn(databaseUrl: string | undefined): Promise<BenchReport> {
  const seen: Seen = {
    finals: [],
    replies: new ReplyWatch(),
    voiceAsked: new Map(),
    voiceByte: new Map(),
  };
  let questions = 0;
  const stage = await Stage.open({
    clock: systemClock,
    random: seededRandom(12),
    timings: { ...SEED_TIMINGS, sttWordsMs: NO_LIVE_WORDS_MS },
    brain: numberedBrain(),
    pronounced: withoutNumbers,
    openEar: () =>
      new TurnTally(() => {
        questions += 1;
        return `Question ${spelt(questions)}?`;
      }),
    watch: {
      onFinal: (atMs, text) => seen.finals.push({ atMs, text }),
      onModelAsked: (atMs, body) => seen.replies.asked(atMs, body),
      onToken: (atMs, body, text) => seen.replies.token(atMs, body, text),
      onVoiceAsked: (atMs, text) => seen.voiceAsked.set(text, atMs),
      onVoiceByte: (atMs, text) => seen.voiceByte.set(text, atMs),
    },
  });
  try {
    const agentFile = path.join(stage.temporaryFolder(), 'front-desk.yaml');
    writeFileSync(agentFile, readFileSync(AGENT_FILE, 'utf8') + SHORT_WAIT);
    await stage.rehearse([numberedAnswer(1)]);
    const results: Result[] = [];
    let tickLateMsMax = 0;
    const measure = async (what: string, house: House, conditions: readonly Condition[]): Promise<void> => {
      for (const { calls, turns } of conditions) {
        const held = await holdAll(stage, house, calls, turns);
        const shares = (await Promise.all(held.map((call) => sharesOf(call, house, seen)))).flat();
        results.push({ what, calls, shares, turnsHeld: calls * turns });
      }
      tickLateMsMax = Math.max(tickLateMsMax, house.carrier.tickLateMsMax);
    };
    const bare = await stage.openHouse({ program: 'sim/bareGateway' });
    await measure('bare', bare, BARE_CONDITIONS);
    await bare.gateway.stop();
    const house = await stage.openHouse({
      env: {
        AGENT: agentFile,
        DISABLE: 'speculation',
        ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
      },
    });
    await measure('Turnpike', house, CONDITIONS);
    return report(results, tickLateMsMax);
  } finally {
    await stage.close();
  }
}

/**
 * A letter for each digit: 120 is "bca". So that everything that follows from a question can be told from every other call's;
 * with numbers from turn to turn it would look like a number that is dictated, and be taken out.
 */
function spelt(number: number): string {
  return Array.from(String(number), (digit) => String.fromCharCode('a'.charCodeAt(0) + Number(digit))).join(
    '',
  );
}

async function holdAll(stage: Stage, house: House, calls: number, turns: number): Promise<HeldCall[]> {
  const callers = [];
  for (let number = 0; number < calls; number += 1) {
    const says = Array.from({ length: turns }, (_unused, turn) => ({
      say: BREATHS[(number * 7 + turn) % BREATHS.length] ?? '',
    }));
    callers.push(await stage.prepare([...says, { listen: true as const }]));
  }
  const held: Promise<HeldCall>[] = [];
  for (const caller of callers) {
    held.push(hold(house, caller));
    await sleep(systemClock, STAGGER_MS);
  }
  return Promise.all(held);
}

/** The turns of a call; one that was asked in two utterances, or answered anew, is left out. */
async function sharesOf({ call }: HeldCall, { gateway }: House, seen: Seen): Promise<TurnShare[]> {
  const turns = await storedTurns(gateway.url, call.callSid, systemClock);
  return turns.flatMap(({ callerText }) => {
    const replies = seen.replies.replies().filter(({ question }) => question === callerText);
    const finals = seen.finals.filter(({ text }) => text === callerText);
    const [reply] = replies;
    const [final] = finals;
    if (reply === undefined || final === undefined || replies.length > 1 || finals.length > 1) return [];
    const { piece, pieceAtMs } = reply;
    if (piece === undefined || pieceAtMs === undefined) return [];
    const askedAtMs = seen.voiceAsked.get(piece);
    const byteAtMs = seen.voiceByte.get(piece);
    if (askedAtMs === undefined || byteAtMs === undefined) return [];
    const frame = call.arrivals.find(({ atMs }) => atMs >= byteAtMs);
    if (frame === undefined) return [];
    return [
      {
        sttToLlmMs: reply.askedAtMs - final.atMs,
        pieceToTtsMs: askedAtMs - pieceAtMs,
        byteToFrameMs: frame.atMs - byteAtMs,
      },
    ];
  });
}

interface Condition {
  readonly calls: number;
  readonly turns: number;
}

interface Result {
  readonly what: string;
  readonly calls: number;
  readonly turnsHeld: number;
  readonly shares: readonly TurnShare[];
}

function report(results: readonly Result[], tickLateMsMax: number): BenchReport {
  const figures = results.map(({ what, calls, turnsHeld, shares }) => ({
    what,
    calls,
    turnsHeld,
    sum: spread(shares.map((turn) => turn.sttToLlmMs + turn.pieceToTtsMs + turn.byteToFrameMs)),
    sttToLlm: spread(shares.map((turn) => turn.sttToLlmMs)),
    pieceToTts: spread(shares.map((turn) => turn.pieceToTtsMs)),
    byteToFrame: spread(shares.map((turn) => turn.byteToFrameMs)),
    shares,
  }));
  return {
    title: "The gateway's own share of a turn, ms: medians, and the 95th of a hundred",
    tables: [
      {
        heading: [
          'gateway',
          'calls',
          'turns',
          'final to model',
          'piece to voice',
          'audio to frame',
          'sum',
          'wanted',
          'p95',
          'p99',
          'wanted',
        ],
        rows: figures.map(({ what, calls, sum, sttToLlm, pieceToTts, byteToFrame }) => [
          what,
          String(calls),
          String(sum.count),
          ...[sttToLlm, pieceToTts, byteToFrame].map(
            ({ median, p95 }) => `${shown(median, 1)} (${shown(p95, 1)})`,
          ),
          shown(sum.median, 1),
          `at most ${TARGET_MS}`,
          shown(sum.p95, 1),
          shown(sum.p99, 1),
          `at most ${TARGET_P99_MS}`,
        ]),
      },
    ],
    notes: [
      `Turns that were asked in two utterances are left out: ${results.map(({ turnsHeld, shares }) => turnsHeld - shares.length).join(', ')}.`,
      `The simulators' own clock was late by up to ${shown(tickLateMsMax, 1)} ms; it is part of what is measured.`,
    ],
    figures: { tickLateMsMax, conditions: figures },
  };
}
