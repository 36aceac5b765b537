import assert from 'node:assert/strict';
import test from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { isBack, secondHalf, type SoakReading } from '../../src/sim/soak.ts';

const QUIET = { descriptors: 40, sockets: 12, timers: 5, resources: 15 };

/** One reading a minute for two hours. */
function readings(memoryOf: (minute: number) => number): readonly SoakReading[] {
  return Array.from({ length: 120 }, (_unused, minute) => ({
    ...QUIET,
    atMs: minute * 60_000,
    calls: 50,
    memoryMb: memoryOf(minute),
    rssMb: 200,
  }));
}

test('a leak is told from the noise round it', () => {
  const random = seededRandom(5);
  const noise = (): number => (random.next() - 0.5) * 10;
  const flat = secondHalf(
    readings(() => 80 + noise()),
    'memoryMb',
  );
  assert.ok(Math.abs(flat.growthMb) < 2, `${flat.growthMb} MB without a leak`);
  const leaking = secondHalf(
    readings((minute) => 80 + minute / 12 + noise()),
    'memoryMb',
  );
  assert.ok(Math.abs(leaking.growthMb - 5) < 2, `${leaking.growthMb} MB of a leak of 5`);
});

test('what grows until half time and then stays has not grown', () => {
  const { growthMb, middleMb, endMb } = secondHalf(
    readings((minute) => 40 + Math.min(30, minute)),
    'memoryMb',
  );
  assert.deepEqual([growthMb, middleMb, endMb], [0, 70, 70]);
});

test('one more of anything is not back', () => {
  assert.ok(isBack({ ...QUIET, sockets: 3 }, QUIET));
  for (const what of ['descriptors', 'sockets', 'timers', 'resources'] as const)
    assert.ok(!isBack({ ...QUIET, [what]: QUIET[what] + 1 }, QUIET), what);
});
