// Each kind of fault at each stage, at moments from a seed, in whole talks on the virtual clock: no call is lost, another
// provider that stands behind costs the caller little, and without one they still hear something soon.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { STAGES } from '../../src/sim/chaosLane.ts';
import { quantile } from '../../src/sim/statistics.ts';
import { FAULT_NAMES } from '../../src/sim/struckProvider.ts';
import { QUESTIONS, StruckTalk, type Talked, type TalkOptions } from '../helpers/struckTalk.ts';

/** For more: STRUCK_TALKS=20. To look at one seed alone: STRUCK_FROM=<seed> STRUCK_TALKS=1. */
const TALKS = Number(process.env['STRUCK_TALKS'] ?? 1);
const FIRST_SEED = Number(process.env['STRUCK_FROM'] ?? 1);
const ADDED_P95_MS_MAX = 800;
const SOUND_MS_MAX = 3_000;

interface Struck {
  readonly addedMs: number;
  readonly soundAfterMs: number;
}

/** The turns that the fault fell into, over the same ones when nothing happens. */
function struckTurns(talk: Talked, usual: Talked, fromMs: number, toMs: number): readonly Struck[] {
  return talk.turns.flatMap(({ beganAtMs, overAtMs, waitMs, soundAfterMs }, place) =>
    beganAtMs > toMs || overAtMs < fromMs
      ? []
      : [
          {
            addedMs: (waitMs ?? Infinity) - (usual.turns[place]?.waitMs ?? 0),
            soundAfterMs: soundAfterMs ?? Infinity,
          },
        ],
  );
}

/** Every fault at this stage, `TALKS` times each. */
async function strikeAll(stage: TalkOptions['stage'], second: boolean): Promise<readonly Struck[]> {
  const usual = await new StruckTalk({ seed: 1, stage, second, fault: undefined }).hold();
  assert.deepEqual(usual.asked, QUESTIONS, 'the talk goes as it should when nothing happens');
  const struck: Struck[] = [];
  for (const name of FAULT_NAMES) {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + TALKS; seed += 1) {
      const random = seededRandom(seed * 7_919 + name.length);
      const fromMs = 1_000 + random.next() * 12_000;
      const toMs = fromMs + 2_000 + random.next() * 6_000;
      const talk = await new StruckTalk({ seed, stage, second, fault: { name, fromMs, toMs } }).hold();
      assert.ok(!talk.lost, `${name}, seed ${seed}: the call is lost`);
      struck.push(...struckTurns(talk, usual, fromMs, toMs));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return struck;
}

suite('providers that are struck, on the virtual clock', () => {
  for (const stage of STAGES) {
    test(`${stage}: with another one behind it, the caller hardly waits longer`, async () => {
      const added = (await strikeAll(stage, true)).map(({ addedMs }) => addedMs);
      assert.ok(added.length >= FAULT_NAMES.length, `${added.length} turns`);
      const p95Ms = quantile(added, 0.95);
      assert.ok(p95Ms <= ADDED_P95_MS_MAX, `${p95Ms} ms; ${added.join(' ')}`);
    });

    test(`${stage}: alone, the caller hears something within 3 s`, async () => {
      const sounds = (await strikeAll(stage, false)).map(({ soundAfterMs }) => soundAfterMs);
      assert.ok(Math.max(...sounds) <= SOUND_MS_MAX, sounds.join(' '));
    });
  }

  test('ears that break off anywhere in a sentence have it whole all the same', async () => {
    for (const second of [true, false]) {
      for (let fromMs = 1_400; fromMs < 5_000; fromMs += 600) {
        const fault = { name: 'cut', fromMs, toMs: fromMs + 20 } as const;
        const { asked } = await new StruckTalk({ seed: 1, stage: 'stt', second, fault }).hold();
        for (const question of QUESTIONS)
          assert.ok(asked.includes(question), `${fromMs}: ${asked.join(' | ')}`);
      }
    }
  });
});
