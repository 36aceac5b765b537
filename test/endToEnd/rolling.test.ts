// A deploy over real processes, sockets and PostgreSQL: every instance is replaced under calls.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import { SEED_TIMINGS } from '../../src/sim/behaviour.ts';
import { rollOver } from '../../src/sim/benchRolling.ts';
import { answeringBrain } from '../../src/sim/benchTalk.ts';
import { Fleet } from '../../src/sim/fleet.ts';
import { Stage } from '../../src/sim/stage.ts';
import { startPostgres } from '../../src/sim/postgres.ts';

const server = await startPostgres();
const skip = 'missing' in server ? server.missing : false;
let stage: Stage;

before(async () => {
  stage = await Stage.open({
    clock: systemClock,
    random: seededRandom(3),
    timings: SEED_TIMINGS,
    brain: answeringBrain(['Certainly, that can be done for you.', 'I would have to look that up first.']),
  });
});
after(async () => {
  await stage.close();
  if (!('missing' in server)) await server.remove();
});

test('every instance is replaced under calls, and no call is dropped', { skip }, async () => {
  assert.ok(!('missing' in server));
  const env = { DRAIN_SECONDS: '0', DISABLE: 'warmup', DATABASE_URL: await server.newDatabase() };
  const fleet = await Fleet.open({ stage, clock: systemClock, size: 2, env });
  const { held, restarts, handedOver, dropped } = await rollOver(stage, fleet, {
    calls: 4,
    size: 2,
    restarts: 2,
    turns: 12,
  });
  assert.equal(dropped, 0, JSON.stringify(held.map(({ call }) => [call.end, call.errors])));
  assert.deepEqual(
    restarts.map(({ exitCode }) => exitCode),
    [0, 0],
  );
  // Whoever was on the first one as well as those on the second.
  assert.ok(handedOver >= 4, `${handedOver} were handed over`);
  for (const { report } of held)
    assert.ok(report.turns.some(({ kind, missed }) => kind === 'say' && !missed));
  for (const { log } of restarts) {
    const lines = log.join('\n');
    for (const said of ['draining', 'handing calls over', 'closed'])
      assert.ok(lines.includes(`"msg":"${said}"`), said);
    assert.doesNotMatch(lines, /"level":"error"|calls are cut/);
  }
});
