import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../src/base/random.ts';
import { Phrasebook, Recogniser, type HeardWord } from '../../src/sim/recogniser.ts';
import { bookOf, joined, quiet, resampled, say, sayAll, spoken, throughMulaw } from '../helpers/phrases.ts';

const phrases = await sayAll([
  'Hello, I would like to book a table for two, please.',
  'Good morning, thanks for calling the dental practice.',
  'Good morning, thanks for calling the flower shop.',
  'Yes.',
  'No, thank you.',
  'My phone number is five five five, one two three four.',
  'Certainly, we have two double rooms and one single room left.',
  'Wait, hold on a second.',
]);
const book = bookOf(phrases);
const [table, dental, flowers, yes, , , rooms] = phrases as [
  (typeof phrases)[0],
  (typeof phrases)[0],
  (typeof phrases)[0],
  (typeof phrases)[0],
  (typeof phrases)[0],
  (typeof phrases)[0],
  (typeof phrases)[0],
];

function hear(samples: Int16Array, chunkSamples = 160, known: Phrasebook = book): readonly HeardWord[] {
  const recogniser = new Recogniser(known);
  for (let at = 0; at < samples.length; at += chunkSamples) {
    recogniser.push(samples.subarray(at, at + chunkSamples));
  }
  return recogniser.words;
}

/** The whole book, said once. */
function everything(alter: (samples: Int16Array) => Int16Array): Int16Array {
  return joined(quiet(300), ...phrases.flatMap(({ samples }) => [alter(samples), quiet(430)]));
}

const all = phrases.map(({ text }) => spoken(text)).join(' ');

const paths: Readonly<Record<string, (samples: Int16Array) => Int16Array>> = {
  'mu-law': throughMulaw,
  'mu-law and then 24 kHz and back': (samples) =>
    resampled(resampled(throughMulaw(samples), 8_000, 24_000), 24_000, 8_000),
  'a delay of a third of a sample': (samples) =>
    throughMulaw(resampled(joined(new Int16Array(1), resampled(samples, 8_000, 24_000)), 24_000, 8_000)),
  'a delay of half a sample': (samples) =>
    throughMulaw(resampled(joined(new Int16Array(1), resampled(samples, 8_000, 16_000)), 16_000, 8_000)),
  'a line at 40 %': (samples) => throughMulaw(samples.map((sample) => sample * 0.4)),
};

describe('the recogniser', () => {
  for (const [name, alter] of Object.entries(paths)) {
    it(`hears every word through ${name}`, () => {
      assert.equal(spoken(hear(everything(alter))), all);
    });
  }

  it('hears the words however the stream is cut', () => {
    const stream = joined(
      quiet(100),
      throughMulaw(table.samples),
      quiet(200),
      throughMulaw(yes.samples),
      quiet(300),
    );
    const expected = hear(stream);
    assert.equal(spoken(expected), `${spoken(table.text)} yes`);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), (chunkSamples) => {
        assert.deepEqual(hear(stream, chunkSamples), expected);
      }),
      { numRuns: 12 },
    );
  });

  it('says when each word was heard, in the time of the stream, and of which phrase it is', () => {
    const words = hear(joined(quiet(1_234), throughMulaw(table.samples), quiet(100)));
    assert.equal(words.length, table.words.length);
    for (const [i, word] of words.entries()) {
      assert.equal(word.phraseText, table.text);
      assert.equal(word.index, i);
      assert.equal(word.phraseWords, table.words.length);
      assert.ok(Math.abs(word.startMs - 1_234 - (table.words[i]?.startMs ?? NaN)) < 5);
      assert.ok(Math.abs(word.endMs - 1_234 - (table.words[i]?.endMs ?? NaN)) < 5);
    }
  });

  it('knows a word by the time it has been said, when it follows others', () => {
    const recogniser = new Recogniser(book);
    const stream = joined(quiet(300), throughMulaw(rooms.samples), quiet(300));
    for (let at = 0; at < stream.length; at += 160) {
      recogniser.push(stream.subarray(at, at + 160));
      const toldMs = (at + 160) / 8;
      const due = rooms.words.filter(({ endMs }) => endMs + 300 + 40 <= toldMs && toldMs > 700).length;
      assert.ok(recogniser.words.length >= due, `${due} words by ${toldMs} ms`);
    }
    assert.ok(recogniser.listenedMs >= stream.length / 8 - 10);
  });

  it('tells two phrases that begin alike by what follows, for the words before it too', () => {
    for (const phrase of [dental, flowers]) {
      const words = hear(joined(quiet(300), throughMulaw(phrase.samples), quiet(300)));
      assert.equal(spoken(words), spoken(phrase.text));
      assert.deepEqual([...new Set(words.map(({ phraseText }) => phraseText))], [phrase.text]);
    }
  });

  it('hears nothing in silence, in noise and in words it does not know', async () => {
    const random = seededRandom(5);
    const noise = Int16Array.from({ length: 24_000 }, () => (random.next() - 0.5) * 12_000);
    assert.deepEqual(hear(quiet(2_000)), []);
    assert.deepEqual(hear(noise), []);
    const stranger = await say('Quarterly revenue exceeded every forecast.');
    assert.deepEqual(hear(joined(quiet(200), throughMulaw(stranger.samples), quiet(200))), []);
    assert.deepEqual(hear(throughMulaw(table.samples), 160, new Phrasebook()), []);
  });

  const damages: Readonly<Record<string, (part: Int16Array, random: () => number) => void>> = {
    silent: (part) => part.fill(0),
    noisy: (part, random) => {
      for (let i = 0; i < part.length; i += 1) part[i] = (random() - 0.5) * 8_000;
    },
    reversed: (part) => part.reverse(),
  };
  for (const [name, damage] of Object.entries(damages)) {
    it(`misses each word that is ${name}, and only that`, () => {
      const random = seededRandom(9);
      for (const { word, startMs, endMs } of rooms.words) {
        const index = rooms.words.findIndex((other) => other.startMs === startMs);
        const samples = throughMulaw(rooms.samples).slice();
        damage(samples.subarray(Math.round(startMs * 8), Math.round(endMs * 8)), () => random.next());
        const heard = hear(joined(quiet(300), samples, quiet(300))).map((other) => other.index);
        const expected = rooms.words.map((_unused, i) => i).filter((i) => i !== index);
        assert.deepEqual(heard, expected, word);
      }
    });
  }

  it('counts a word of which a fifth is missing at most', () => {
    for (const [share, counts] of [
      [0.1, true],
      [0.45, false],
    ] as const) {
      const word = rooms.words.find((other) => other.word.startsWith('single'));
      assert.ok(word);
      const samples = throughMulaw(rooms.samples).slice();
      const fromMs = word.startMs + (word.endMs - word.startMs) * 0.5;
      samples.fill(0, Math.round(fromMs * 8), Math.round((fromMs + (word.endMs - word.startMs) * share) * 8));
      const heard = hear(joined(quiet(300), samples, quiet(300)));
      assert.equal(
        heard.some((other) => other.word.startsWith('single')),
        counts,
        `${share}`,
      );
    }
  });

  it('hears what is left of a phrase that is cut, begins in the middle, pauses or loses a frame', () => {
    const whole = throughMulaw(table.samples);
    for (let cut = 160 * 10; cut < whole.length; cut += 160 * 9) {
      const cutMs = cut / 8;
      const before = table.words.filter(({ endMs }) => endMs <= cutMs).length;
      const after = table.words.filter(({ startMs }) => startMs >= cutMs).length;
      const near = (words: readonly HeardWord[], expected: number): void =>
        assert.ok(Math.abs(words.length - expected) <= 1, `${words.length} of ${expected} at ${cutMs}`);
      near(hear(joined(quiet(200), whole.subarray(0, cut), quiet(300))), before);
      // A stub too short to be found may be lost at the end.
      if (whole.length - cut > 2_400) near(hear(joined(quiet(200), whole.subarray(cut), quiet(300))), after);
      const parts = [whole.subarray(0, cut), quiet(900), whole.subarray(cut), quiet(300)];
      near(hear(joined(quiet(200), ...parts)), table.words.length);
      near(
        hear(joined(quiet(200), whole.subarray(0, cut), whole.subarray(cut + 160), quiet(300))),
        table.words.length,
      );
    }
  });

  it('hears a phrase as often as it is said', () => {
    const stream = joined(...[1, 2, 3].flatMap(() => [throughMulaw(table.samples), quiet(60)]), quiet(200));
    assert.equal(spoken(hear(stream)), [1, 2, 3].map(() => spoken(table.text)).join(' '));
  });

  it('hears nine of ten words under steady noise 10 dB below the voice', () => {
    const random = seededRandom(3);
    const clean = everything((samples) => samples);
    let power = 0;
    let voiced = 0;
    for (const sample of clean) {
      power += sample * sample;
      if (sample !== 0) voiced += 1;
    }
    const level = Math.sqrt(power / voiced) * 10 ** (-10 / 20);
    const gauss = (): number =>
      Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    const heard = hear(throughMulaw(clean.map((sample) => sample + level * gauss())));
    const expected = all.split(' ').length;
    assert.ok(heard.length >= expected * 0.9 && heard.length <= expected, `${heard.length} of ${expected}`);
  });

  it('does not take in the same phrase twice', () => {
    const once = bookOf([yes, yes]);
    assert.equal(once.phrases.length, 1);
  });
});
