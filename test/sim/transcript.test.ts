import assert from 'node:assert/strict';
import test from 'node:test';
import { ServerVad } from '../../src/sim/serverVad.ts';
import { transcript, written } from '../../src/sim/transcript.ts';
import type { HeardWord } from '../../src/sim/recogniser.ts';
import { joined, quiet } from '../helpers/phrases.ts';

function heard(phraseText: string, words: readonly string[], only = words.map((_word, i) => i)): HeardWord[] {
  return only.map((index) => ({
    word: words[index] ?? '',
    phraseText,
    index,
    phraseWords: words.length,
    startMs: index * 100,
    endMs: index * 100 + 100,
  }));
}

const text = 'Well, Peter - call me at 7:30!';
const words = ['well', 'Peter', 'call', 'me', 'at', '7', '30'];

test('a phrase that was heard as a whole is written as it stands in the book', () => {
  assert.equal(transcript(heard(text, words)), text);
  assert.equal(
    transcript([...heard('Yes.', ['yes']), ...heard(text, words), ...heard('Yes.', ['yes'])]),
    `Yes. ${text} Yes.`,
  );
});

test('a part of a phrase is its words as they are written, where they can be told', () => {
  assert.equal(transcript(heard('Hello, my dear.', ['Hello', 'my', 'dear'], [0, 2])), 'Hello, dear.');
  assert.equal(transcript(heard(text, words, [4, 5, 6])), 'at 7 30');
  assert.equal(transcript(heard('Hello, my dear.', ['Hello', 'my', 'dear'], [1, 2, 0])), 'my dear. Hello,');
  assert.equal(transcript([]), '');
});

test('a word that its phrase does not have at that place stays as it was said', () => {
  const [word] = heard('One two.', ['uno', 'dos'], [0]);
  assert.ok(word);
  assert.equal(written(word), 'uno');
});

test('the server hears speech begin and, after the silence it was told, stop', () => {
  const vad = new ServerVad(300);
  const tone = (durationMs: number): Int16Array =>
    Int16Array.from({ length: durationMs * 8 }, (_unused, i) => 3_000 * Math.sin(i / 3));
  assert.deepEqual(vad.push(joined(quiet(100), tone(20), quiet(500))), [], 'a click is none');
  assert.deepEqual(vad.push(joined(tone(200), quiet(200), tone(100), quiet(280))), [
    { kind: 'started', atMs: 620 },
  ]);
  assert.ok(vad.talking);
  assert.deepEqual(vad.push(quiet(20)), [{ kind: 'stopped', atMs: 1_120 }]);
  vad.push(tone(100));
  vad.reset();
  assert.equal(vad.talking, false);
});
