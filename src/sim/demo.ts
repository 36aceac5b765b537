// One call from end to end, as a person would like to see it: a simulated caller, carrier and providers on real
// sockets, and the real gateway between them as its own process.
import path from 'node:path';
import { rmSync } from 'node:fs';
import { systemClock } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import { seededRandom } from '../base/random.ts';
import type { LiveEvent } from '../events/event.ts';
import type { TurnRow } from '../store/port.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import { frontDeskBrain } from './brain.ts';
import type { CallerReport, CallerStep } from './caller.ts';
import type { CarrierCall } from './carrierCall.ts';
import { watchEvents } from './eventFeed.ts';
import { PlayedWords } from './played.ts';
import { AGENT_NUMBER, CALLER_NUMBER, hold, Stage, storedTurns, type House } from './stage.ts';
import { milliseconds, painter, table, waterfall } from './waterfall.ts';
import { waitOf } from './callerTurn.ts';

const CALLER: readonly CallerStep[] = [
  { say: "Hi, I'd like to book an appointment, please." },
  { say: 'Tuesday at nine thirty sounds good. What does a check-up cost?' },
  { interrupt: 'Sorry, wait. Do you take my insurance?', afterAgentMs: 2_600 },
  { say: 'And when are you open on Saturdays?' },
  { say: "Great, thank you, that's all. Goodbye." },
  { waitForHangUp: 15_000 },
];

const clock = systemClock;
const paint = painter(process.stdout.isTTY && process.env['NO_COLOR'] === undefined);

function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

async function run(keep: boolean): Promise<void> {
  print(paint('bold', 'Turnpike: one call, from the caller\u2019s voice to the agent\u2019s'));
  print(
    paint(
      'dim',
      'Everything is on this machine: the voices, the carrier and the three providers are simulated, the gateway is real.',
    ),
  );
  print(
    paint(
      'dim',
      `Providers: words ${SEED_TIMINGS.sttWordsMs} ms after they are spoken, final ${SEED_TIMINGS.sttFinalMs} ms after a commit, ` +
        `first token ${SEED_TIMINGS.llmFirstTokenMs} ms, ${SEED_TIMINGS.llmTokenMs} ms a token, first audio ${SEED_TIMINGS.ttsFirstByteMs} ms.`,
    ),
  );
  const played = new PlayedWords();
  const stage = await Stage.open({
    clock,
    random: seededRandom(7),
    timings: SEED_TIMINGS,
    brain: frontDeskBrain(),
    onSpoken: played.learn,
  });
  const dataDir = path.resolve('data', 'demo');
  rmSync(dataDir, { recursive: true, force: true });
  let house: House | undefined;
  try {
    print(paint('dim', '\nStarting the gateway ...'));
    house = await stage.openHouse({ dataDir });
    const { url } = house.gateway;
    const feed = await watchEvents(url, show);
    const caller = await stage.prepare(CALLER);
    print(`${paint('bold', 'Calling')} ${AGENT_NUMBER} from ${CALLER_NUMBER}\n`);
    const { call, report } = await hold(house, caller);
    await house.carrier.idle();
    const turns = await storedTurns(url, call.callSid, clock);
    summarise(call, report, turns, played);
    print(
      `\nRecording (caller left, agent right): ${path.join(dataDir, 'recordings', `${call.callSid}.wav`)}`,
    );
    feed.close();
    if (keep) await keepRunning(url);
    check(call, report, turns);
  } catch (error) {
    for (const line of house?.gateway.log.slice(-15) ?? []) print(paint('dim', line));
    throw error;
  } finally {
    await stage.close();
  }
}

/** Tells what happens, as it happens. */
function show(event: LiveEvent): void {
  switch (event.type) {
    case 'transcript.final':
      print(`${paint('green', 'caller')}  ${event.text}`);
      break;
    case 'agent.said':
      print(`${paint('blue', 'agent ')}  ${event.text}`);
      break;
    case 'agent.interrupted':
      print(`${paint('yellow', 'cut in')}  heard until then: \u201c${event.heardText}\u201d`);
      break;
    case 'turn.finished':
      for (const line of waterfall(event.timings, paint)) print(`        ${line}`);
      if (event.timings['response'] !== undefined) {
        const how = event.speculated
          ? ', prepared while it was being decided that the caller had finished'
          : '';
        print(
          `        ${paint('bold', `${Math.round(event.timings['response'])} ms`)} from the end of speech to the first frame${how}`,
        );
      }
      print();
      break;
    case 'call.ended':
      print(`${paint('bold', 'Call ended')}: ${event.outcome}, ${(event.durationMs / 1_000).toFixed(1)} s\n`);
      break;
    default:
      break;
  }
}

function summarise(
  call: CarrierCall,
  report: CallerReport,
  turns: readonly TurnRow[],
  played: PlayedWords,
): void {
  print(paint('bold', 'What was stored, and what the carrier measured at its own socket'));
  const waits = report.turns.filter((turn) => turn.kind !== 'greeting');
  const rows = turns.map((turn) => {
    const wait = waits[turn.index - 1];
    const waited = wait === undefined ? undefined : waitOf(wait);
    return [
      String(turn.index),
      excerpt(turn.callerText),
      excerpt(turn.heardText),
      turn.interrupted ? 'cut' : '',
      turn.source,
      milliseconds(turn.timings.response).trim(),
      milliseconds(waited).trim(),
      milliseconds(turn.timings.heard).trim(),
    ];
  });
  for (const line of table(
    ['turn', 'caller', 'heard of the agent', '', 'source', 'gateway', 'carrier', 'heard'],
    rows,
  ))
    print(line);
  const words = played.wordsIn(call.playedMulaw());
  const stored = turns.flatMap((turn) => turn.heardText.split(/\s+/).filter((word) => word !== ''));
  print(
    `\nWords played, recognised in the carrier's own recording: ${words.length}; words stored as heard: ${stored.length}`,
  );
  print(
    `Messages that the carrier refused: ${call.warnings.length}; silence inside a reply: ${call.gaps.length}; missed turns: ${report.missedTurns}`,
  );
}

function excerpt(text: string): string {
  return text.length > 44 ? `${text.slice(0, 43)}\u2026` : text;
}

/** The demo is a promise: it fails when it is broken. */
function check(call: CarrierCall, report: CallerReport, turns: readonly TurnRow[]): void {
  const problems = [
    ...(turns.length < 5 ? [`only ${turns.length} turns were stored`] : []),
    ...(turns.some((turn) => turn.interrupted) ? [] : ['no turn was interrupted']),
    ...(report.missedTurns > 0 ? [`${report.missedTurns} turns were missed`] : []),
    ...call.warnings.map((warning) => `the carrier refused a message: ${warning.code}`),
  ];
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

async function keepRunning(url: string): Promise<void> {
  print(
    `\nThe gateway goes on running: console ${url}/console/, API ${url}/v1/calls, metrics ${url}/metrics. Ctrl-C ends it.`,
  );
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}

run(process.argv.includes('--keep')).catch((error: unknown) => {
  process.stderr.write(`demo: ${errorText(error)}\n`);
  process.exitCode = 1;
});
