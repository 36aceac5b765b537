// PostgreSQL that is killed and shut down under calls, over real sockets: the calls notice nothing, and all of their turns are there.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import { SEED_TIMINGS } from '../../src/sim/behaviour.ts';
import { openStruck, strikeDatabase } from '../../src/sim/benchDatabase.ts';
import { numberedAnswer, numberedBrain, withoutNumbers } from '../../src/sim/benchTalk.ts';
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
    brain: numberedBrain(),
    pronounced: withoutNumbers,
  });
  await stage.rehearse([numberedAnswer(1)]);
});
after(async () => {
  await stage.close();
  if (!('missing' in server)) await server.remove();
});

test(
  'while PostgreSQL is killed or shut down every call is answered, and afterwards it has each finished turn once',
  { skip },
  async () => {
    assert.ok(!('missing' in server));
    const result = await strikeDatabase(await openStruck(stage, server), {
      calls: 2,
      blows: [
        { how: 'killed', ms: 0, turns: 3 },
        { how: 'shut down', ms: 0, turns: 3 },
      ],
      between: { ms: 0, turns: 2 },
    });
    const { calls, lostCalls, missedTurns, toldTurns, blows, lostTurns, doubledTurns } = result;
    assert.deepEqual(
      [calls, lostCalls, missedTurns],
      [4, 0, 0],
      'two were there, and two came while it was away',
    );
    for (const { how, toldTurns: meanwhile, waitingRows } of blows) {
      assert.ok(meanwhile >= 3, `${how}: ${meanwhile} turns were finished meanwhile`);
      assert.ok(waitingRows > 0, `${how}: nothing had to wait`);
    }
    assert.ok(toldTurns >= 12, `${toldTurns} turns`);
    assert.deepEqual(lostTurns, []);
    assert.deepEqual(doubledTurns, []);
  },
);
