import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { BYTES_PER_MS } from '../../src/audio/mulaw.ts';
import { heardText } from '../../src/playout/heard.ts';
import { Speech, type Sentence, type WordTime } from '../../src/playout/speech.ts';
import { LETTER_MS, spokenAudio } from '../helpers/callRig.ts';

const MS = BYTES_PER_MS;

/** Sentences with audio in which every letter takes LETTER_MS; the last may be cut short of its whole. */
function spoken(
  texts: readonly string[],
  lastMs?: number,
  wordTimes: readonly WordTime[] = [],
): readonly Sentence[] {
  const speech = new Speech(1);
  for (const [index, text] of texts.entries()) {
    const writer = speech.add(text);
    const audio = spokenAudio(text);
    const last = index === texts.length - 1;
    writer.write(last && lastMs !== undefined ? audio.subarray(0, lastMs * MS) : audio, wordTimes);
    if (!last || lastMs === undefined) writer.end();
  }
  return speech.sentences;
}

test('nothing played is nothing heard, all played is all heard', () => {
  const sentences = spoken(['Hello there.', 'How are you?']);
  const bytes = sentences.reduce((sum, sentence) => sum + sentence.audioBytes, 0);
  assert.equal(heardText(sentences, 0), '');
  assert.equal(heardText(sentences, bytes), 'Hello there. How are you?');
});

test('a cut inside a sentence keeps the words of which half was played', () => {
  const sentences = spoken(['one two three four']);
  assert.equal(heardText(sentences, 3 * LETTER_MS * MS), 'one');
  assert.equal(heardText(sentences, 7.5 * LETTER_MS * MS), 'one two');
  assert.equal(heardText(sentences, 11 * LETTER_MS * MS), 'one two three');
});

test('sentences before the cut are whole', () => {
  const sentences = spoken(['Hello there.', 'one two three four']);
  assert.equal(heardText(sentences, (12 + 3) * LETTER_MS * MS), 'Hello there. one');
});

test('where the provider tells the times of words, they decide', () => {
  const times = [
    { word: 'one', startMs: 0, endMs: 500 },
    { word: 'two', startMs: 500, endMs: 600 },
    { word: 'three', startMs: 600, endMs: 700 },
  ];
  const sentences = spoken(['one two three'], undefined, times);
  assert.equal(heardText(sentences, 300 * MS), 'one');
  assert.equal(heardText(sentences, 580 * MS), 'one two');
});

test("the provider's words may be cut otherwise than the text's", () => {
  const text = 'At 10:30 the ice-cream van - as ever - comes';
  const heardOf = (said: readonly string[]): string => {
    const times = said.map((word, i) => ({ word, startMs: 100 * i, endMs: 100 * i + 100 }));
    return heardText(spoken([text], undefined, times), 100 * said.length * MS);
  };
  assert.equal(heardOf(['At', '10', ':', '30']), 'At 10:30');
  assert.equal(heardOf(['At', '10:30', 'the', 'ice', 'cream', 'van']), 'At 10:30 the ice-cream van -');
  assert.equal(
    heardOf(['At', '10:30', 'the', 'ice', 'cream', 'van', 'as']),
    'At 10:30 the ice-cream van - as',
  );
});

test('a sentence that could not be spoken was not heard', () => {
  const speech = new Speech(1);
  for (const [text, audio] of [
    ['One.', spokenAudio('One.')],
    ['Two.', new Uint8Array(0)],
    ['Three.', spokenAudio('Three.')],
  ] as const) {
    const writer = speech.add(text);
    writer.write(audio);
    writer.end();
  }
  assert.equal(heardText(speech.sentences, 10 * LETTER_MS * MS), 'One. Three.');
});

test('a sentence that was still being made is measured by the pace of those before it', () => {
  const sentences = spoken(
    ['the first sentence goes on for a while', 'one two three four five six'],
    8 * LETTER_MS,
  );
  const first = sentences[0]?.audioBytes ?? 0;
  assert.equal(
    heardText(sentences, first + 8 * LETTER_MS * MS),
    'the first sentence goes on for a while one two',
  );
});

test('wherever it is cut, what was heard is within a word of what was played', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { minLength: 2, maxLength: 25 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (words, share) => {
        const text = words.join(' ');
        const sentences = spoken([text]);
        const bytes = Math.floor((sentences[0]?.audioBytes ?? 0) * share);
        const letters = bytes / MS / LETTER_MS;
        let end = 0;
        const said = words.filter((word) => {
          end += word.length + 1;
          return end - 1 - word.length / 2 <= letters;
        }).length;
        const heard = heardText(sentences, bytes);
        const count = heard === '' ? 0 : heard.split(' ').length;
        assert.ok(text.startsWith(heard));
        assert.ok(Math.abs(count - said) <= 1, `${count} against ${said} of "${text}" at ${letters} letters`);
      },
    ),
    { numRuns: 300 },
  );
});
