// Faults over real sockets, one at each stage, in a call of its own: nobody is cut off, and everybody is answered.
import assert from 'node:assert/strict';
import test from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import { numberedAnswer, numberedBrain, withoutNumbers } from '../../src/sim/benchTalk.ts';
import { ChaosLane, type LaneOptions } from '../../src/sim/chaosLane.ts';
import { startPostgres } from '../../src/sim/postgres.ts';
import { Stage } from '../../src/sim/stage.ts';
import { SEED_TIMINGS } from '../../src/sim/behaviour.ts';
import type { FaultName } from '../../src/sim/struckProvider.ts';

const SEED = 11;
const CELLS: readonly (Pick<LaneOptions, 'stage' | 'second'> & { readonly fault: FaultName })[] = [
  { stage: 'stt', second: true, fault: 'silent wire' },
  { stage: 'llm', second: false, fault: 'cut' },
  { stage: 'tts', second: true, fault: 'status 429' },
];
const server = await startPostgres();
const skip = 'missing' in server ? server.missing : false;

test(
  `a fault at each stage loses no call and leaves no turn without an answer (seed ${SEED})`,
  { skip },
  async () => {
    assert.ok(!('missing' in server));
    const stage = await Stage.open({
      clock: systemClock,
      random: seededRandom(SEED),
      timings: SEED_TIMINGS,
      brain: numberedBrain(),
      pronounced: withoutNumbers,
    });
    const lanes: ChaosLane[] = [];
    try {
      await stage.rehearse([numberedAnswer(1)]);
      for (const [number, cell] of CELLS.entries()) {
        const random = seededRandom(SEED + number);
        const databaseUrl = await server.newDatabase();
        lanes.push(await ChaosLane.open(stage, { ...cell, number, random, databaseUrl }));
      }
      const trials = await Promise.all(lanes.map((lane, place) => lane.trial(CELLS[place]?.fault ?? 'cut')));
      for (const { stage: at, fault, lost, missed } of trials) {
        assert.ok(!lost, `${at}, ${fault}: the call is lost`);
        assert.equal(missed, 0, `${at}, ${fault}: turns without an answer`);
      }
    } finally {
      for (const lane of lanes) await lane.close();
      await stage.close();
      await server.remove();
    }
  },
);
