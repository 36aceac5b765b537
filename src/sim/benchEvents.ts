// How soon a watcher knows: from the moment in which the gateway knew something to the message at the watcher's socket.
import { systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import type { LiveEvent } from '../events/event.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import { shown, type BenchReport } from './benchReport.ts';
import { answeringBrain, ANSWERS, questionsOf } from './benchTalk.ts';
import { watchEvents } from './eventFeed.ts';
import { hold, Stage } from './stage.ts';
import { spread } from './statistics.ts';

const CALLS = 20;
const TURNS = 4;
const STAGGER_MS = 300;
const TARGET_MS = 50;
/** What is said, and what was heard of it. */
const TOLD: readonly LiveEvent['type'][] = [
  'transcript.partial',
  'transcript.final',
  'agent.said',
  'agent.heard',
  'agent.interrupted',
  'turn.finished',
];

export async function benchEvents(): Promise<BenchReport> {
  const delays = new Map<string, number[]>();
  const stage = await Stage.open({
    clock: systemClock,
    random: seededRandom(41),
    timings: SEED_TIMINGS,
    brain: answeringBrain(ANSWERS),
  });
  try {
    await stage.rehearse(ANSWERS);
    const house = await stage.openHouse();
    const feed = await watchEvents(house.gateway.url, ({ type, at }) => {
      const known = delays.get(type) ?? [];
      known.push(systemClock.wallMs() - at);
      delays.set(type, known);
    });
    await Promise.all(
      Array.from({ length: CALLS }, async (_unused, number) => {
        const [first, ...others] = questionsOf(number, TURNS);
        const caller = await stage.prepare([
          { say: first ?? '' },
          ...others.map((question, turn) =>
            turn === 1 ? { interrupt: question, afterAgentMs: 1_200 } : { say: question },
          ),
          { listen: true as const },
        ]);
        await new Promise<void>((resolve) => void systemClock.after(number * STAGGER_MS, resolve));
        await hold(house, caller);
      }),
    );
    feed.close();
  } finally {
    await stage.close();
  }
  const rows = TOLD.map((type) => ({ type, delayMs: spread(delays.get(type) ?? []) }));
  return {
    title: `Events at a watcher's socket after they were known: ${CALLS} calls of ${TURNS} turns at once`,
    tables: [
      {
        heading: ['ms', 'events', 'median', 'p95', 'most', 'wanted'],
        rows: rows.map(({ type, delayMs }) => [
          type,
          String(delayMs.count),
          shown(delayMs.median),
          shown(delayMs.p95),
          shown(delayMs.max),
          `within ${TARGET_MS}`,
        ]),
      },
    ],
    notes: ['By the clock of the machine, in whole milliseconds; simulators and watcher share its cores.'],
    figures: { rows, delays: Object.fromEntries(delays) },
  };
}
