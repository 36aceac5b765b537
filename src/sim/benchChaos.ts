// Everything that may befall a provider, at every stage, at random moments of whole calls: whether a call is lost, how much
// longer its caller waits when another provider stands behind, and what they hear when none does. And the database's part.
import { systemClock } from '../base/clock.ts';
import { isRecord } from '../base/json.ts';
import { seededRandom, type Random } from '../base/random.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import { benchDatabase } from './benchDatabase.ts';
import { shown, type BenchReport, type BenchTable } from './benchReport.ts';
import { numberedBrain, withoutNumbers } from './benchTalk.ts';
import { ChaosLane, STAGES, type ChaosStage, type Trial } from './chaosLane.ts';
import { startPostgres, type Postgres } from './postgres.ts';
import { Stage } from './stage.ts';
import { quantile } from './statistics.ts';
import { FAULT_NAMES, type FaultName } from './struckProvider.ts';
import { plain } from './recogniser.ts';

export interface ChaosOptions {
  readonly seed: number;
  /** Calls for each fault, stage and kind of agent. */
  readonly trials: number;
  /** Of FAULT_NAMES; all when empty. */
  readonly faults: readonly string[];
  /** Of CHAOS_STAGES; all when empty. */
  readonly stages: readonly string[];
}

/** Where providers are struck, and what is none. */
export const CHAOS_STAGES: readonly string[] = [...STAGES, 'database'];
/** For each stage, with and without a second provider. */
const LANES = 2;
const CUT_UTTERANCES = 40;
const TARGETS = { addedP95Ms: 800, sentenceMs: 3_000, wholeShare: 0.95 } as const;
const UTTERANCES: readonly string[] = [
  'I would like to move my appointment from Monday morning to Thursday afternoon at half past three.',
  'My daughter has lost a filling on Friday evening and now her tooth hurts whenever she drinks something cold.',
  'Could you please tell me whether the hygienist has a free hour in the second week of March?',
  'We have moved to the harbour last summer so I need to give you our new address and telephone number.',
];

export async function benchChaos(options: ChaosOptions, tell: (line: string) => void): Promise<BenchReport> {
  const wanted = (name: string): boolean => options.stages.length === 0 || options.stages.includes(name);
  const providers = STAGES.some(wanted) ? await strikeProviders(options, tell) : undefined;
  const database = strikesDatabase(options) ? await benchDatabase(options, tell) : undefined;
  const reports = [providers, database].filter((report) => report !== undefined);
  return {
    title: reports.map(({ title }) => title).join('; '),
    tables: reports.flatMap(({ tables }) => tables),
    notes: reports.flatMap(({ notes }) => notes),
    figures: { providers: providers?.figures, database: database?.figures },
  };
}

/** It is no provider, and none of their faults is its: whoever asks for one of those asks for it by name, or not at all. */
export function strikesDatabase({ faults, stages }: Pick<ChaosOptions, 'faults' | 'stages'>): boolean {
  return stages.length === 0 ? faults.length === 0 : stages.includes('database');
}

async function strikeProviders(options: ChaosOptions, tell: (line: string) => void): Promise<BenchReport> {
  const server = await startPostgres();
  try {
    return await strikeOn('missing' in server ? undefined : server, options, tell);
  } finally {
    if (!('missing' in server)) await server.remove();
  }
}

/** Calls are kept on `server`, or without one as an instance keeps them by itself. */
async function strikeOn(
  server: Postgres | undefined,
  options: ChaosOptions,
  tell: (line: string) => void,
): Promise<BenchReport> {
  const random = seededRandom(options.seed);
  const stage = await Stage.open({
    clock: systemClock,
    random,
    timings: SEED_TIMINGS,
    brain: numberedBrain(answer),
    pronounced: withoutNumbers,
  });
  const lanes: ChaosLane[] = [];
  try {
    await stage.rehearse([answer(1)]);
    const stages = STAGES.filter((name) => options.stages.length === 0 || options.stages.includes(name));
    const faults = FAULT_NAMES.filter((name) => options.faults.length === 0 || options.faults.includes(name));
    const kinds = stages.flatMap((name) => [
      { stage: name, second: true },
      { stage: name, second: false },
    ]);
    for (let lane = 0; lane < LANES; lane += 1) {
      for (const kind of kinds) {
        const databaseUrl = await server?.newDatabase();
        const from = { number: lane, random: branch(random), databaseUrl };
        lanes.push(await ChaosLane.open(stage, { ...kind, ...from }));
      }
    }
    tell(`${lanes.length} gateways are ready`);
    const usual = await Promise.all(lanes.map((lane) => lane.control()));
    tell(
      `turns without a fault take ${usual.map((of) => of.map((ms) => shown(ms)).join('/')).join(', ')} ms`,
    );
    const perLane = Math.ceil(options.trials / LANES);
    const trials = (await Promise.all(lanes.map((lane) => strikeAll(lane, faults, perLane, tell)))).flat();
    const hearing = lanes.filter((lane) => lane.options.stage === 'stt');
    const whole = (
      await Promise.all(
        hearing.map((lane, place) => cutAll(stage, lane, place, CUT_UTTERANCES / hearing.length)),
      )
    ).flat();
    return report(options, faults, trials, whole);
  } finally {
    for (const lane of lanes) await lane.close();
    await stage.close();
  }
}

function branch(random: Random): Random {
  return seededRandom(Math.floor(random.next() * 2 ** 32));
}

function answer(number: number): string {
  return `This is case ${number}, as far as I know. Shall I look for number ${number} in the book of last year?`;
}

async function strikeAll(
  lane: ChaosLane,
  faults: readonly FaultName[],
  each: number,
  tell: (line: string) => void,
): Promise<readonly Trial[]> {
  const trials: Trial[] = [];
  for (const fault of faults) {
    for (let trial = 0; trial < each; trial += 1) {
      const found = await lane.trial(fault);
      trials.push(found);
      const { stage, second, struck, lost } = found;
      const turns = struck.map(
        ({ addedMs, sentenceAfterMs }) => `${shown(addedMs ?? NaN)} (${shown(sentenceAfterMs ?? NaN)})`,
      );
      tell(
        `${stage}${second ? ' with a second' : ' alone'}, ${fault}: ${turns.join(', ')}${lost ? ' LOST' : ''}`,
      );
    }
  }
  return trials;
}

interface CutUtterance {
  readonly second: boolean;
  readonly share: number;
  readonly said: string;
  /** What the model was told of it. */
  readonly told: string;
  readonly whole: boolean;
}

/** The ears' connection breaks somewhere in a sentence, again and again. */
async function cutAll(
  stage: Stage,
  lane: ChaosLane,
  place: number,
  count: number,
): Promise<readonly CutUtterance[]> {
  const said = UTTERANCES[place % UTTERANCES.length] ?? '';
  const { random, second } = lane.options;
  const found: CutUtterance[] = [];
  for (let done = 0; done < count; done += 1) {
    const share = random.next();
    const fromMs = systemClock.nowMs();
    await lane.cutWithin(said, share);
    // Lanes talk at the same time, each of something else.
    const first = plain(said).slice(0, 12);
    const told =
      stage.providers.chat.requests
        .filter(({ atMs }) => atMs >= fromMs)
        .map(({ body }) => lastWordsOf(body))
        .filter((text) => plain(said).startsWith(plain(text).slice(0, 12)) || plain(text).includes(first))
        .at(-1) ?? '';
    found.push({ second, share, said, told, whole: plain(told) === plain(said) });
  }
  return found;
}

function lastWordsOf(body: Readonly<Record<string, unknown>>): string {
  const messages = Array.isArray(body['messages']) ? body['messages'].filter(isRecord) : [];
  const last = messages.findLast((message) => message['role'] === 'user');
  return typeof last?.['content'] === 'string' ? last['content'] : '';
}

function report(
  options: ChaosOptions,
  faults: readonly FaultName[],
  trials: readonly Trial[],
  whole: readonly CutUtterance[],
): BenchReport {
  const added = turnsOf(trials, { second: true }).map(({ addedMs }) => addedMs ?? Infinity);
  const sentences = turnsOf(trials, { second: false }).map(
    ({ sentenceAfterMs }) => sentenceAfterMs ?? Infinity,
  );
  const lost = trials.filter((trial) => trial.lost).length;
  const heard = whole.filter((one) => one.whole).length;
  const late = sentences.filter((ms) => ms > TARGETS.sentenceMs).length;
  const kept = (is: boolean): string => (is ? 'kept' : 'BROKEN');
  return {
    title: `${faults.length} kinds of fault at ${STAGES.length} stages, seed ${options.seed}`,
    tables: [
      cellTable(faults, trials),
      {
        heading: ['', 'measured', 'wanted', ''],
        rows: [
          ['calls', shown(trials.length + whole.length), '', ''],
          ['calls lost', shown(lost), '0', kept(lost === 0)],
          ['turns that met a fault, with a second provider', shown(added.length), '', ''],
          ['... added wait, median, ms', shown(quantile(added, 0.5)), '', ''],
          [
            '... p95, ms',
            shown(quantile(added, 0.95)),
            `at most ${TARGETS.addedP95Ms}`,
            kept(quantile(added, 0.95) <= TARGETS.addedP95Ms),
          ],
          ['... most, ms', shown(Math.max(...added)), '', ''],
          ['turns that met a fault, without one', shown(sentences.length), '', ''],
          ['... without a sentence for 3 s', shown(late), '0', kept(late === 0)],
          ['... longest, ms', shown(Math.max(...sentences)), '', ''],
          [
            'utterances in which the ears were cut, and which reached the model whole',
            `${heard} of ${whole.length}`,
            '19 of 20',
            kept(heard >= TARGETS.wholeShare * whole.length),
          ],
        ],
      },
    ],
    notes: [
      'A turn meets a fault when the fault lasts at any moment between the beginning of its words and the next turn. What is added is over the same turn of the same talk at the same gateway when nothing happens: the wait for the reply and every silence inside it.',
    ],
    figures: { options, trials, whole },
  };
}

function turnsOf(
  trials: readonly Trial[],
  where: { readonly second: boolean; readonly stage?: ChaosStage; readonly fault?: FaultName },
): readonly Trial['struck'][number][] {
  return trials
    .filter(
      ({ second, stage, fault }) =>
        second === where.second &&
        (where.stage === undefined || stage === where.stage) &&
        (where.fault === undefined || fault === where.fault),
    )
    .flatMap(({ struck }) => struck);
}

/** With a second provider: p95 of what is added; without: the longest wait for a sentence. */
function cellTable(faults: readonly FaultName[], trials: readonly Trial[]): BenchTable {
  const cell = (fault: FaultName, stage: ChaosStage, second: boolean): string => {
    const turns = turnsOf(trials, { second, stage, fault });
    if (turns.length === 0) return '-';
    return second
      ? shown(
          quantile(
            turns.map(({ addedMs }) => addedMs ?? Infinity),
            0.95,
          ),
        )
      : shown(Math.max(...turns.map(({ sentenceAfterMs }) => sentenceAfterMs ?? Infinity)));
  };
  return {
    heading: [
      'fault',
      ...STAGES.map((stage) => `${stage}: added p95, ms`),
      ...STAGES.map((stage) => `${stage} alone: a sentence after, ms`),
      'lost',
    ],
    rows: faults.map((fault) => [
      fault,
      ...STAGES.map((stage) => cell(fault, stage, true)),
      ...STAGES.map((stage) => cell(fault, stage, false)),
      shown(trials.filter((trial) => trial.fault === fault && trial.lost).length),
    ]),
  };
}
