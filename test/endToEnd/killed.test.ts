// Processes that are killed under calls, over real sockets and PostgreSQL: the calls go on with what was said.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import { SEED_TIMINGS } from '../../src/sim/behaviour.ts';
import { killUnderCalls } from '../../src/sim/benchKill.ts';
import { answeringBrain } from '../../src/sim/benchTalk.ts';
import { Fleet } from '../../src/sim/fleet.ts';
import { startPostgres } from '../../src/sim/postgres.ts';
import { Stage } from '../../src/sim/stage.ts';

const SEED = 11;
const server = await startPostgres();
const skip = 'missing' in server ? server.missing : false;
let stage: Stage;

before(async () => {
  stage = await Stage.open({
    clock: systemClock,
    random: seededRandom(SEED),
    timings: SEED_TIMINGS,
    brain: answeringBrain(['Certainly, that can be done for you.', 'I would have to look that up first.']),
  });
});
after(async () => {
  await stage.close();
  if (!('missing' in server)) await server.remove();
});

test(
  'calls whose process is killed go on at another one, and no finished turn is lost',
  { skip },
  async () => {
    assert.ok(!('missing' in server));
    const env = { DISABLE: 'warmup', DATABASE_URL: await server.newDatabase() };
    const fleet = await Fleet.open({ stage, clock: systemClock, size: 2, env });
    const random = seededRandom(SEED);
    const result = await killUnderCalls(stage, fleet, { calls: 3, kills: 2, random });
    assert.ok(result.struck >= 2, `seed ${SEED}: ${result.struck} calls were struck`);
    assert.equal(result.gapsMs.length, result.struck, `seed ${SEED}: every call goes on`);
    assert.equal(result.dropped, 0, `seed ${SEED}`);
    assert.ok(result.toldTurns > 0);
    assert.deepEqual(result.lostTurns, [], `seed ${SEED}`);
  },
);
