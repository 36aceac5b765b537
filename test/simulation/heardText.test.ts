import assert from 'node:assert/strict';
import test from 'node:test';
import { openVoice } from '../../src/sim/voice.ts';
import { CONDITIONS, interruptions, type Interruption } from '../helpers/heardCalls.ts';

/** Of each condition: together 200. */
const COUNT = 25;
const SEED = Number(process.env['HEARD_SEED'] ?? 1);

function errorsOf(found: readonly Interruption[]): readonly number[] {
  return found.map(({ stored, played }) => stored.length - played.length);
}

function shown(errors: readonly number[]): string {
  const mean = errors.reduce((sum, error) => sum + error, 0) / Math.max(1, errors.length);
  const exact = errors.filter((error) => error === 0).length;
  const within = errors.filter((error) => Math.abs(error) <= 1).length;
  const worst = Math.max(0, ...errors.map(Math.abs));
  return `of ${errors.length}: ${exact} exact, ${within} within one word, mean ${mean.toFixed(2)}, worst ${worst}`;
}

test('what is stored as heard is within a word of what the carrier played, whatever becomes of the marks', async (t) => {
  const voice = await openVoice();
  const all: Interruption[] = [];
  for (const condition of CONDITIONS) {
    const found = await interruptions(condition, COUNT, SEED, voice);
    all.push(...found);
    t.diagnostic(`seed ${SEED}, ${condition}: ${shown(errorsOf(found))}`);
  }
  for (const { reply, stored, condition } of all) {
    const words = reply.split(/\s+/).length;
    assert.ok(stored.length <= words, `${condition}: more was heard than said of '${reply}'`);
  }
  const timed = errorsOf(all.filter(({ wordTimes }) => wordTimes));
  const untimed = errorsOf(all.filter(({ wordTimes }) => !wordTimes));
  t.diagnostic(`with the times of words ${shown(timed)}`);
  t.diagnostic(`without them ${shown(untimed)}`);
  assert.ok(timed.length > COUNT && untimed.length > COUNT, 'both kinds of voices speak');
  assert.ok(
    timed.filter((error) => error === 0).length >= 0.95 * timed.length,
    `with the times of words: ${shown(timed)}`,
  );
  const errors = errorsOf(all);
  assert.ok(
    errors.filter((error) => Math.abs(error) <= 1).length >= 0.99 * errors.length,
    `seed ${SEED}: ${shown(errors)}`,
  );
});
