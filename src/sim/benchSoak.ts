// An hour of calls that come and go, at providers that fail now and then: whether the gateway still holds at the end
// what it held in the middle.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { sleep, systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { SEED_TIMINGS, someFaults } from './behaviour.ts';
import { benchAgent } from './benchAgent.ts';
import { warmUp } from './benchLoad.ts';
import { shown, type BenchReport } from './benchReport.ts';
import { numberedAnswer, QUESTIONS, withoutNumbers } from './benchTalk.ts';
import type { Brain } from './brain.ts';
import { Inspector, INSPECTED } from './inspector.ts';
import { startPostgres } from './postgres.ts';
import {
  callAgainAndAgain,
  isBack,
  readSoak,
  secondHalf,
  type SoakCounts,
  type SoakReading,
} from './soak.ts';
import { AGENT_NUMBER, CALLER_NUMBER, Stage, type House } from './stage.ts';

export interface SoakOptions {
  readonly minutes: number;
  readonly calls: number;
}

const GROWTH_MB_MAX = 2;
/** Of requests to each first provider; the second ones never fail. */
const FAULT_SHARE = 0.03;
const READINGS = 120;
const READ_EVERY_MS_MIN = 2_000;
const STAGGER_MS = 10_000;
/** Connections are kept for up to 75 s after their last use. */
const SETTLE_MS_MAX = 120_000;
const ROWS_SHOWN = 12;
/** As many sentences as are kept in memory. Kept ones are growth that ends: it is had before the clock starts. */
const KEPT_SENTENCES = 2_000;
const FILL = { calls: 40, sentences: 60, msMax: 240_000 } as const;

export async function benchSoak(options: SoakOptions, tell: (line: string) => void): Promise<BenchReport> {
  const random = seededRandom(47);
  const faults = { on: false };
  const some = someFaults(FAULT_SHARE, random);
  const source = (): ReturnType<typeof some> => (faults.on ? some() : undefined);
  const talk = new NumberedTalk();
  const server = await startPostgres();
  let sentences = 0;
  const stage = await Stage.open({
    clock: systemClock,
    random,
    timings: SEED_TIMINGS,
    brain: talk.brain,
    pronounced: withoutNumbers,
    faults: { stt: source, llm: source, tts: source },
    onSpoken: () => (sentences += 1),
    callsKept: 2 * options.calls,
  });
  try {
    await stage.rehearse([numberedAnswer(1), fillSentence(1)]);
    const second = await stage.openProviders();
    const house = await stage.openHouse({
      env: {
        AGENT: writeAgent(stage, second.baseUrl),
        BACKUP_KEY: 'simulated',
        CALLS_MAX: '1000',
        ...('missing' in server ? {} : { DATABASE_URL: await server.newDatabase() }),
      },
      nodeArgs: INSPECTED,
    });
    const inspector = await Inspector.of(house.gateway);
    await warmUp(stage, house);
    const baseline = await settled(house, inspector);
    talk.long = true;
    await fillCaches(stage, house, () => sentences >= KEPT_SENTENCES);
    talk.long = false;
    tell(`${sentences} sentences are kept before it begins`);
    tell(HEADING.join('  '));
    faults.on = true;
    const { readings, counts } = await soak(stage, house, inspector, options, tell);
    faults.on = false;
    const after = await settled(house, inspector, baseline);
    inspector.close();
    return report({
      options,
      readings,
      counts,
      baseline,
      after,
      sentences,
      embedded: 'missing' in server,
    });
  } finally {
    await stage.close();
    if (!('missing' in server)) await server.remove();
  }
}

/** Answers that differ from each other, so that none is at hand; long ones while it is asked for. */
class NumberedTalk {
  long = false;
  #given = 0;

  readonly brain: Brain = (messages) => {
    if (/goodbye/i.test(messages.at(-1)?.content ?? ''))
      return { toolCalls: [{ name: 'end_call', arguments: '{}' }] };
    if (!this.long) return { text: numberedAnswer(this.#next()) };
    return { text: Array.from({ length: FILL.sentences }, () => fillSentence(this.#next())).join(' ') };
  };

  #next(): number {
    this.#given += 1;
    return this.#given;
  }
}

function fillSentence(number: number): string {
  return `And this is case ${number}.`;
}

/** Everybody has a second one behind the first. */
function writeAgent(stage: Stage, secondUrl: string): string {
  const file = path.join(stage.temporaryFolder(), 'soak.yaml');
  const second = { provider: 'openai', baseUrl: secondUrl, apiKeyEnv: 'BACKUP_KEY' };
  const model = { provider: 'openai', model: 'sim', replyTokensMax: 8_192 };
  const voice = { provider: 'openai', model: 'sim', voice: 'sim' };
  const ears = { provider: 'openai', model: 'gpt-live-transcribe' };
  writeFileSync(
    file,
    benchAgent({
      name: 'soak',
      callerNumber: AGENT_NUMBER,
      greeting: 'Hello there.',
      prompt: 'Be brief.',
      providers: {
        stt: [ears, { ...ears, ...second }],
        llm: [model, { ...model, ...second, model: 'sim-2' }],
        tts: [voice, { ...voice, ...second, model: 'sim-2' }],
      },
      tools: [{ builtin: 'end_call' }],
    }),
  );
  return file;
}

/** Some calls get answers of minutes, which are made much faster than they are spoken. */
async function fillCaches(stage: Stage, { carrier }: House, full: () => boolean): Promise<void> {
  stage.providers.setTimings({ ...SEED_TIMINGS, llmTokenMs: 1, ttsFirstByteMs: 1, ttsSpeed: 200 });
  const calls = await Promise.all(
    Array.from({ length: FILL.calls }, async (_unused, number) => {
      const caller = await stage.prepare([
        { say: QUESTIONS[number % QUESTIONS.length] ?? '' },
        { listen: true },
      ]);
      const call = carrier.placeCall({ from: CALLER_NUMBER, to: AGENT_NUMBER });
      return { call, held: caller.take(call) };
    }),
  );
  const untilMs = systemClock.nowMs() + FILL.msMax;
  while (!full() && systemClock.nowMs() < untilMs) await sleep(systemClock, 200);
  for (const { call } of calls) call.hangUp();
  await Promise.all(calls.map(({ held }) => held));
  stage.providers.setTimings(SEED_TIMINGS);
}

interface Soaked {
  readonly readings: readonly SoakReading[];
  readonly counts: SoakCounts;
}

/** Reads at set times from the moment on when everybody has rung up. */
async function soak(
  stage: Stage,
  house: House,
  inspector: Inspector,
  { minutes, calls }: SoakOptions,
  tell: (line: string) => void,
): Promise<Soaked> {
  const durationMs = minutes * 60_000;
  const counts: SoakCounts = { calls: 0, turns: 0, missedTurns: 0, interruptions: 0, lost: [] };
  const everyMs = Math.max(READ_EVERY_MS_MIN, durationMs / READINGS);
  const readUntilMs = systemClock.nowMs() + STAGGER_MS + durationMs;
  // The last reading is one of calls that are up, however long it takes.
  const endsAtMs = readUntilMs + READ_EVERY_MS_MIN;
  const lines: Promise<void>[] = [];
  for (let line = 0; line < calls; line += 1) {
    // Its own chance, so that one line's luck does not depend on how fast another one is.
    lines.push(callAgainAndAgain(stage, house, { random: seededRandom(1_000 + line), endsAtMs, counts }));
    await sleep(systemClock, STAGGER_MS / calls);
  }
  const readings: SoakReading[] = [];
  for (let dueMs = systemClock.nowMs(); dueMs < readUntilMs; dueMs += everyMs) {
    await sleep(systemClock, Math.max(0, dueMs - systemClock.nowMs()));
    if (systemClock.nowMs() >= readUntilMs) break;
    const reading = await readSoak(house.gateway, inspector);
    readings.push(reading);
    if (readings.length % 10 === 1) tell(cells(reading, readings[0]?.atMs ?? 0).join('  '));
  }
  await Promise.all(lines);
  return { readings, counts };
}

/** As little as is ever held when nobody calls: watched until it is no more than `wanted`, or for as long as things are kept. */
async function settled({ gateway }: House, inspector: Inspector, wanted?: SoakReading): Promise<SoakReading> {
  const untilMs = systemClock.nowMs() + (wanted === undefined ? 5_000 : SETTLE_MS_MAX);
  for (;;) {
    await sleep(systemClock, 1_000);
    const now = await readSoak(gateway, inspector);
    if (systemClock.nowMs() >= untilMs || (wanted !== undefined && isBack(now, wanted))) return now;
  }
}

function cells(reading: SoakReading, fromMs: number): readonly string[] {
  const { atMs, calls, memoryMb, rssMb, descriptors, sockets, timers, resources } = reading;
  return [
    shown((atMs - fromMs) / 60_000, 1),
    shown(calls),
    shown(memoryMb, 1),
    shown(rssMb, 1),
    ...[descriptors, sockets, timers, resources].map((count) => shown(count)),
  ];
}

const HEADING = ['minute', 'calls', 'memory, MB', 'rss, MB', 'descriptors', 'sockets', 'timers', 'resources'];

interface Found extends Soaked {
  readonly options: SoakOptions;
  readonly baseline: SoakReading;
  readonly after: SoakReading;
  readonly sentences: number;
  readonly embedded: boolean;
}

function report(found: Found): BenchReport {
  const { options, readings, counts, baseline, after, sentences, embedded } = found;
  const memory = secondHalf(readings, 'memoryMb');
  const rss = secondHalf(readings, 'rssMb');
  const flat = memory.growthMb <= GROWTH_MB_MAX;
  const back = isBack(after, baseline);
  const every = Math.max(1, Math.ceil(readings.length / ROWS_SHOWN));
  const firstMs = readings[0]?.atMs ?? 0;
  const kept = (is: boolean): string => (is ? 'kept' : 'BROKEN');
  return {
    title: `Calls that come and go for ${options.minutes} min, ${options.calls} at a time, one request in ${Math.round(1 / FAULT_SHARE)} failing`,
    tables: [
      {
        heading: HEADING,
        rows: [
          ['before', ...cells(baseline, firstMs).slice(1)],
          ...readings.filter((_reading, place) => place % every === 0).map((one) => cells(one, firstMs)),
          ['after', ...cells(after, firstMs).slice(1)],
        ],
      },
      {
        heading: ['', 'measured', 'wanted', ''],
        rows: [
          ['calls', shown(counts.calls), '', ''],
          ['turns', shown(counts.turns), '', ''],
          ['turns missed', shown(counts.missedTurns), '', ''],
          ['interruptions, nods', shown(counts.interruptions), '', ''],
          ['sentences made', shown(sentences), '', ''],
          ['calls lost', shown(counts.lost.length), '0', kept(counts.lost.length === 0)],
          ['memory at half time, MB', shown(memory.middleMb, 2), '', ''],
          ['memory at the end, MB', shown(memory.endMb, 2), '', ''],
          [
            'memory grows in the second half by, MB',
            shown(memory.growthMb, 2),
            `at most ${GROWTH_MB_MAX}`,
            kept(flat),
          ],
          ['rss grows in the second half by, MB', shown(rss.growthMb, 2), '', ''],
          ['handles when all is over', back ? 'as before' : 'more', 'as before', kept(back)],
        ],
      },
    ],
    notes: [
      'Memory is what the main thread holds after a collection, buffers outside its heap included; its growth is the trend (the median slope of all pairs of readings) of the second half.',
      embedded
        ? 'PostgreSQL is not installed: the embedded database is part of the resident size.'
        : 'On a PostgreSQL of its own.',
    ],
    figures: { ...found, memory, rss, flat, back },
  };
}
