// One condition of the latency table: a gateway with these improvements and providers, a database, a disk and a watcher
// of its own, and the two conversations held with it, the second beginning while the first goes on.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { sleep, systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { waitOf, type CallerTurn } from './callerTurn.ts';
import { watchEvents } from './eventFeed.ts';
import { keyOf, type Condition } from './latencyConditions.ts';
import {
  evenVoice,
  FIRST_CALL,
  latencyAgent,
  latencyBrain,
  LATENCY_TIMINGS,
  SECOND_CALL,
  serialMs,
  type TalkTurn,
  type TurnKind,
} from './latencyTalk.ts';
import { startPostgres, type Postgres } from './postgres.ts';
import { slowSurroundings } from './slowSurroundings.ts';
import { hold, Stage, storedTurns, type House } from './stage.ts';

/** What a commit waits, what a read of the speech cache waits, and how late a watcher reads. */
export const COMMIT_MS = 20;
export const DISK_MS = 20;
export const WATCHERS_MS = 10;
/** By then what the second call repeats has been answered to its end, however slowly. */
const SECOND_CALL_AFTER_MS = 15_000;

export interface TurnSample {
  readonly kind: TurnKind;
  readonly said: string;
  /** At the carrier's socket; undefined: there was no reply. */
  readonly waitMs: number | undefined;
  /** What the turn waits for when nothing overlaps: decision, whole completion, whole synthesis, commit, watchers. */
  readonly serialMs: number | undefined;
}

/** A database whose every commit takes `COMMIT_MS`; one for each gateway that is measured at the same time. */
export function startSlowPostgres(): Promise<Postgres | { readonly missing: string }> {
  return startPostgres(['fsync=on', `commit_delay=${COMMIT_MS * 1_000}`, 'commit_siblings=0']);
}

/** `database`: without one it is the embedded one, whose commits nothing delays. */
export async function runCondition(
  condition: Condition,
  database: Postgres | undefined,
): Promise<readonly TurnSample[]> {
  const stage = await Stage.open({
    clock: systemClock,
    random: seededRandom(17),
    timings: LATENCY_TIMINGS,
    brain: latencyBrain(),
    agentVoice: evenVoice(),
  });
  try {
    const callers = await Promise.all(
      [FIRST_CALL, SECOND_CALL].map((talk) =>
        stage.prepare([...talk.map(({ say }) => ({ say })), { listen: true as const }]),
      ),
    );
    const agentFile = path.join(stage.temporaryFolder(), 'agent.yaml');
    writeFileSync(agentFile, latencyAgent());
    const house = await stage.openHouse({
      env: {
        AGENT: agentFile,
        DISABLE: keyOf(condition),
        ...(database === undefined ? {} : { DATABASE_URL: await database.newDatabase() }),
      },
      nodeArgs: slowSurroundings({ diskMs: DISK_MS, watchersMs: WATCHERS_MS }),
    });
    const feed = await watchEvents(house.gateway.url, () => undefined);
    const held = await Promise.all(
      [FIRST_CALL, SECOND_CALL].map(async (talk, number) => {
        await sleep(systemClock, number * SECOND_CALL_AFTER_MS);
        const caller = callers[number];
        return caller === undefined
          ? []
          : samplesOf(house, talk, await hold(house, caller), database !== undefined);
      }),
    );
    feed.close();
    return held.flat();
  } finally {
    await stage.close();
  }
}

async function samplesOf(
  house: House,
  talk: readonly TalkTurn[],
  { call, report }: Awaited<ReturnType<typeof hold>>,
  slowCommits: boolean,
): Promise<readonly TurnSample[]> {
  const stored = await storedTurns(house.gateway.url, call.callSid, systemClock);
  const said = report.turns.filter(({ kind }) => kind === 'say');
  return talk.map(({ kind, say }, place): TurnSample => {
    const turn: CallerTurn | undefined = said[place];
    // The greeting is a turn as well.
    const row = stored[place + 1];
    const { completionMs, synthesisMs } = serialMs(row?.agentText ?? '');
    const coldMs = kind === 'first' ? (LATENCY_TIMINGS.llmColdMs ?? 0) : 0;
    const endpointMs = row?.timings.endpoint;
    const beside = (slowCommits ? COMMIT_MS : 0) + WATCHERS_MS;
    return {
      kind,
      said: say,
      waitMs: turn === undefined ? undefined : waitOf(turn),
      serialMs:
        endpointMs === undefined ? undefined : endpointMs + coldMs + completionMs + synthesisMs + beside,
    };
  });
}
