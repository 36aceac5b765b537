import assert from 'node:assert/strict';
import test from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { numberedBrain, QUESTIONS, questionsOf, talkOf, withoutNumbers } from '../../src/sim/benchTalk.ts';

test('no two questions are the same, and a caller repeats none', () => {
  assert.equal(new Set(QUESTIONS).size, QUESTIONS.length);
  assert.equal(new Set(questionsOf(3, QUESTIONS.length)).size, QUESTIONS.length);
});

test('fifty callers say fifty different things at the same time', () => {
  for (const turn of [0, 1, 5]) {
    const said = Array.from({ length: 50 }, (_unused, caller) => questionsOf(caller, 6)[turn]);
    assert.equal(new Set(said).size, 50);
  }
});

test('a seed gives the same talk, in which some interrupt and nobody begins with it', () => {
  const talk = talkOf(1, 12, seededRandom(1));
  assert.deepEqual(talk, talkOf(1, 12, seededRandom(1)));
  assert.ok(talk.some((step) => 'interrupt' in step));
  for (let caller = 0; caller < 8; caller += 1) {
    assert.ok('say' in (talkOf(caller, 2, seededRandom(1))[0] ?? {}));
  }
});

test('answers differ in their number alone, so all sound alike', async () => {
  const brain = numberedBrain();
  const [one, two] = [await brain([], []), await brain([], [])];
  assert.notEqual(one.text, two.text);
  assert.equal(withoutNumbers(one.text ?? ''), withoutNumbers(two.text ?? ''));
});
