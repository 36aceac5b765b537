import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { seededRandom } from '../../src/base/random.ts';
import { openVoice, toSampleRate, trimSilence, type Spoken, type Voice } from '../../src/sim/voice.ts';
import { mixNoise, noiseAt, speechLevelDbfs } from '../../src/sim/voiceNoise.ts';
import { wordTimes, writtenWords } from '../../src/sim/voiceWords.ts';

let opening: Promise<Voice> | undefined;
const voiceOnce = (): Promise<Voice> => (opening ??= openVoice());

function durationMsOf({ samples, sampleRateHz }: Spoken): number {
  return (samples.length / sampleRateHz) * 1_000;
}

/** Mean power of a stretch in dB below full scale. */
function levelDb({ samples, sampleRateHz }: Spoken, startMs: number, endMs: number): number {
  const part = samples.subarray((startMs / 1_000) * sampleRateHz, (endMs / 1_000) * sampleRateHz);
  const power = part.reduce((sum, sample) => sum + sample * sample, 0) / part.length;
  return 10 * Math.log10(power / 32_768 ** 2 + 1e-10);
}

function assertTimes(spoken: Spoken, words: readonly string[]): void {
  assert.deepEqual(
    spoken.words.map(({ word }) => word),
    words,
  );
  let beforeMs = 0;
  for (const { word, startMs, endMs } of spoken.words) {
    assert.ok(startMs >= beforeMs && endMs >= startMs, `'${word}' at ${startMs}-${endMs} after ${beforeMs}`);
    beforeMs = endMs;
  }
  assert.ok(beforeMs <= durationMsOf(spoken) + 1e-6, 'the last word ends before the sound does');
}

const sentences: readonly (readonly [string, readonly string[]])[] = [
  ['I need 2 at 10:30, please.', ['I', 'need', '2', 'at', '10:30,', 'please.']],
  ['call 555-0123 or +14155550123', ['call', '555-0123', 'or', '+14155550123']],
  ['It is $12.50 — really?', ['It', 'is', '$12.50', 'really?']],
  [
    'out of the blue of the in the U.S.A. e-mail',
    ['out', 'of', 'the', 'blue', 'of', 'the', 'in', 'the', 'U.S.A.', 'e-mail'],
  ],
  ["-- I'm   here\n& there 😀 now", ["I'm", 'here', '&', 'there', '😀', 'now']],
  ['<b>not</b> [[a]] tag &amp; bob@example.com', ['<b>not</b>', '[[a]]', 'tag', '&amp;', 'bob@example.com']],
  ['café naïve straße', ['café', 'naïve', 'straße']],
];
for (const [text, words] of sentences) {
  test(`each written word of '${text.replaceAll('\n', ' ')}' has its time`, async () => {
    const spoken = await (await voiceOnce()).say(text);
    assert.equal(spoken.sampleRateHz, 22_050);
    assertTimes(spoken, words);
    for (const { word, startMs, endMs } of spoken.words) {
      assert.ok(endMs > startMs, `'${word}' takes time`);
      assert.ok(levelDb(spoken, startMs, endMs) > -40, `'${word}' is heard from ${startMs} to ${endMs} ms`);
    }
  });
}

test('any text has one time for each of its words, in order', async () => {
  const voice = await voiceOnce();
  const token = fc.oneof(
    fc.constantFrom(
      'the',
      'of',
      'to',
      "don't",
      '3rd',
      '1999',
      '7:05',
      '$3',
      '--',
      '...',
      '&',
      '50%',
      'U.S.',
      '(yes)',
      '"so"',
      'a/b',
    ),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(token, { maxLength: 8 }), async (tokens) => {
      const text = tokens.join(' ');
      assertTimes(await voice.say(text), writtenWords(text));
    }),
    { numRuns: 60 },
  );
});

test('the pause between two sentences belongs to no word', async () => {
  const spoken = await (await voiceOnce()).say('Hello there. Good bye.');
  const [, there, good] = spoken.words;
  assert.ok(there && good);
  assert.ok(good.startMs - there.endMs > 150, `${there.endMs} to ${good.startMs} ms`);
  assert.ok(levelDb(spoken, there.endMs + 40, good.startMs - 20) < -50);
});

test('the same words said the same way are the same samples, and another way others', async () => {
  const voice = await voiceOnce();
  const text = 'once upon a time';
  const [first, again, faster, other] = await Promise.all([
    voice.say(text),
    voice.say(text),
    voice.say(text, { rate: 300 }),
    voice.say(text, { voice: 'en+f3', pitch: 80 }),
  ]);
  assert.equal(first, again);
  assert.ok(durationMsOf(faster) < durationMsOf(first) * 0.8);
  assert.notDeepEqual(other.samples, first.samples);
});

test('a voice that there is not is refused, and the next is said', async () => {
  const voice = await voiceOnce();
  const failed = voice.say('hello', { voice: 'nobody' });
  const next = voice.say('hello');
  await assert.rejects(failed, /no voice 'nobody'/);
  assert.ok((await next).samples.length > 0);
  await assert.rejects(voice.say('x'.repeat(5_000)), /too long/);
});

test('at another rate it lasts as long and the words stay where they are', async () => {
  const spoken = await (await voiceOnce()).say('one two three');
  for (const rateHz of [8_000, 24_000]) {
    const changed = toSampleRate(spoken, rateHz);
    assert.equal(changed.samples.length, Math.ceil((spoken.samples.length * rateHz) / 22_050));
    assert.equal(changed.sampleRateHz, rateHz);
    assert.deepEqual(changed.words, spoken.words);
    assert.equal(toSampleRate(changed, rateHz), changed);
  }
});

test('silence round speech is cut to the margin, and the times follow', () => {
  const samples = new Int16Array(8_000);
  samples.fill(5_000, 2_000, 6_000);
  const spoken: Spoken = {
    text: 'a b',
    samples,
    sampleRateHz: 8_000,
    words: [
      { word: 'a', startMs: 240, endMs: 500 },
      { word: 'b', startMs: 500, endMs: 900 },
    ],
  };
  const tight = trimSilence(spoken, 0);
  assert.equal(tight.samples.length, 4_000);
  assert.deepEqual(tight.words, [
    { word: 'a', startMs: 0, endMs: 250 },
    { word: 'b', startMs: 250, endMs: 500 },
  ]);
  const margin = trimSilence(spoken, 100);
  assert.equal(margin.samples.length, 5_600);
  assert.equal(margin.words[0]?.startMs, 90);
  assert.equal(trimSilence(spoken, 10_000).samples.length, 8_000, 'no more silence than there was');
  const silent = trimSilence({ ...spoken, samples: new Int16Array(100) }, 50);
  assert.equal(silent.samples.length, 0);
  assert.deepEqual(silent.words[1], { word: 'b', startMs: 0, endMs: 0 });
});

for (const kind of ['white', 'pink'] as const) {
  test(`${kind} noise is mixed in at the ratio that was asked for`, async () => {
    const { samples } = toSampleRate(await (await voiceOnce()).say('twenty quick brown foxes'), 8_000);
    const mixed = mixNoise(samples, { kind, snrDb: 10, random: seededRandom(3) });
    const noise = mixed.map((sample, index) => sample - (samples[index] ?? 0));
    const powerDb =
      10 * Math.log10(noise.reduce((sum, each) => sum + each ** 2, 0) / noise.length / 32_768 ** 2);
    assert.ok(Math.abs(speechLevelDbfs(samples) - powerDb - 10) < 0.5, `${powerDb} dB of noise`);
  });
}

/** The power of the differences between neighbours against the power: high for high frequencies. */
function brightness(samples: Int16Array): number {
  let difference = 0;
  let power = 0;
  for (let i = 1; i < samples.length; i += 1) {
    difference += ((samples[i] ?? 0) - (samples[i - 1] ?? 0)) ** 2;
    power += (samples[i] ?? 0) ** 2;
  }
  return difference / power;
}

test('pink noise has more below than above, white has not', () => {
  const white = brightness(noiseAt(-20, 16_000, 'white', seededRandom(4)));
  const pink = brightness(noiseAt(-20, 16_000, 'pink', seededRandom(4)));
  assert.ok(Math.abs(white - 2) < 0.1, `white ${white}`);
  assert.ok(pink < 1, `pink ${pink}`);
});

test('noise on silence is silence', () => {
  const silent = new Int16Array(100);
  assert.deepEqual(mixNoise(silent, { kind: 'white', snrDb: 0, random: seededRandom(1) }), silent);
  assert.equal(speechLevelDbfs(silent), -100);
});

test('words that the engine runs together share the time by their sounds', () => {
  const phonemes = [0, 60, 120, 180].map((atMs) => ({ kind: 'phoneme' as const, offset: 0, atMs }));
  const events = [{ kind: 'word' as const, offset: 0, atMs: 0 }, ...phonemes];
  const counts = new Map([
    ['on', 1],
    ['the', 3],
  ]);
  assert.deepEqual(
    wordTimes('on the', events, 240, (word) => counts.get(word) ?? 0),
    [
      { word: 'on', startMs: 0, endMs: 60 },
      { word: 'the', startMs: 60, endMs: 240 },
    ],
  );
  assert.deepEqual(
    wordTimes('a b', [], 100, () => 1),
    [
      { word: 'a', startMs: 0, endMs: 50 },
      { word: 'b', startMs: 50, endMs: 100 },
    ],
  );
  assert.deepEqual(
    wordTimes('...', events, 100, () => 1),
    [],
  );
});
