// A complaint as a test: a tape of a real call, and what has to be true of it whenever it is told again.
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { replay } from '../../src/tape/player.ts';
import { readTape } from '../../src/tape/reel.ts';
import { report } from '../../src/tape/report.ts';
import { talkOn } from '../../src/tape/talk.ts';

const file = path.resolve(import.meta.dirname, '../fixtures/eventful-call.jsonl.gz');
/** The tape was made on a machine that had other work to do. */
const SLOWER_MS_MAX = 150;

test('the caller who coughs, cuts in, asks for the weather and meets a broken model is served as well as then', async () => {
  const reel = await readTape(file);
  const { talk, ...replayed } = await replay(reel);
  const told = report(reel, { talk, ...replayed }).join('\n');
  const turns = [...talk.turns.values()];
  assert.deepEqual(
    turns.map(({ callerText, source, interrupted }) => [callerText, source, interrupted]),
    [
      ['', 'cached', false],
      ['What are your hours?', 'generated', true],
      ['Wait, what is the weather in Lisbon?', 'generated', false],
      ['Tell me number one.', 'fallback', false],
      ['Thank you, goodbye.', 'generated', false],
    ],
    told,
  );
  assert.equal(turns[2]?.heardText, 'Let me look. The answer is sunny.');
  for (const [index, then] of talkOn(reel).turns) {
    const now = talk.turns.get(index)?.timings.response ?? 0;
    assert.ok(now <= (then.timings.response ?? 0) + SLOWER_MS_MAX, told);
  }
});

test('the tape in the tree is small', async () => {
  assert.ok((await stat(file)).size < 300_000);
});
