import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { openIntents, wrongWithPhrase } from '../../src/agent/intents.ts';
import { INTENT_NAMES } from '../../src/agent/language/language.ts';
import { parsePhrase } from '../../src/agent/phrase.ts';
import { english } from '../../src/agent/language/english.ts';
import { TEXT_WORDS_MAX, wordsOf } from '../../src/agent/words.ts';
import { readIntentPhrases } from '../../src/sim/intentPhrases.ts';
import { scoreIntents } from '../../src/sim/intentScore.ts';

const matcher = openIntents('en-US');
const phrases = readIntentPhrases();

function found(text: string, of = matcher): readonly string[] {
  return of.find(text).map(({ intent }) => intent);
}

test('the labelled set is large, has both halves of every intent, and phrases that mean none', () => {
  assert.ok(phrases.length >= 400, String(phrases.length));
  assert.equal(new Set(phrases.map(({ text }) => text)).size, phrases.length, 'each once');
  for (const half of ['tuning', 'heldOut'] as const) {
    const own = phrases.filter((phrase) => phrase.half === half);
    assert.ok(own.length >= phrases.length * 0.4);
    assert.ok(own.filter(({ intents }) => intents.length === 0).length >= 50);
    for (const name of INTENT_NAMES) {
      assert.ok(own.filter(({ intents }) => intents.includes(name)).length >= 10, `${name} ${half}`);
    }
  }
  const labels: readonly string[] = INTENT_NAMES;
  for (const { text, intents } of phrases) {
    for (const intent of intents) assert.ok(labels.includes(intent), `${intent}: ${text}`);
  }
});

for (const half of ['tuning', 'heldOut'] as const) {
  test(`of the ${half} half, precision is at least 0.95 and recall at least 0.90 in the mean of the intents`, () => {
    const { each, macro } = scoreIntents(
      INTENT_NAMES,
      phrases.filter((phrase) => phrase.half === half),
      found,
    );
    const shown = JSON.stringify(each);
    assert.ok(macro.precision >= 0.95, shown);
    assert.ok(macro.recall >= 0.9, shown);
  });
}

test('a denied intent is none, or its opposite where denying says so', () => {
  assert.deepEqual(found("It's a bad time."), ['no_time']);
  assert.deepEqual(found('Not a bad time.'), ['permission_yes']);
  assert.deepEqual(found("It's not such a bad time"), ['permission_yes']);
  assert.deepEqual(found("I'm not busy"), ['permission_yes']);
  assert.deepEqual(found("It's not a good time"), ['no_time']);
  assert.deepEqual(found("That isn't interesting"), []);
  assert.deepEqual(found("It's not that I'm busy"), []);
  assert.deepEqual(found("I don't mind, go ahead"), ['permission_yes'], 'denied is minding, not going ahead');
  assert.deepEqual(found('No, I am busy'), ['no_time'], 'an answer is no denial of what follows');
});

test('a word is a word and no part of one', () => {
  assert.deepEqual(found('The businessman is here'), []);
  assert.deepEqual(found('She is shooting on Sundays'), []);
  assert.deepEqual(found('Passing by, are you'), []);
});

test('a bare yes or no counts alone; before an answer it does not', () => {
  assert.deepEqual(found('Um, yes, thank you.'), ['confirm_yes']);
  assert.deepEqual(found('Yes, but only on paper.'), []);
  assert.deepEqual(found('no'), ['permission_no']);
  assert.deepEqual(found('No, about five.'), []);
});

test('what was found is told with its place and its strength', () => {
  const [busy, ahead, ...more] = matcher.find(
    "I'm really busy but go ahead, it is fine with all of us here.",
  );
  assert.deepEqual(more, []);
  assert.deepEqual([busy?.intent, busy?.from, busy?.to], ['no_time', 0, 4]);
  assert.deepEqual([ahead?.intent, ahead?.from, ahead?.to], ['permission_yes', 5, 7]);
  assert.ok((busy?.strength ?? 1) < (ahead?.strength ?? 0), 'what stands before "but" is taken back');
  assert.equal(matcher.find('Not interested.')[0]?.strength, 1);
});

test('a pattern does not reach over the end of a sentence, and does over a sentence of one word', () => {
  assert.deepEqual(found('I can do that. Hear the music there?'), []);
  assert.deepEqual(found('Hello? Hello?'), ['technical_problem']);
});

test('case, punctuation and how contractions are written change nothing', () => {
  for (const text of [
    "I can't talk right now",
    'i cannot talk right now',
    'I can\u2019t  talk, right now!',
  ]) {
    assert.deepEqual(found(text), ['no_time'], text);
  }
  assert.deepEqual(wordsOf("We're 24/7, dunno; isn't it?", english), {
    words: ['we', 'are', '#', '#', 'do', 'not', 'know', 'is', 'not', 'it'],
    breaks: ['none', 'none', 'none', 'comma', 'none', 'none', 'sentence', 'none', 'none', 'sentence'],
  });
});

test('phrases of the author make an intent, or add to one of the language', () => {
  const own = openIntents('en', {
    cancel: ['cancel|undo .. order', 'call it off', "can't come", 'option <num>'],
    no_time: ['my soup is boiling'],
  });
  assert.deepEqual(found('Please cancel my last order', own), ['cancel']);
  assert.deepEqual(found('I can not come', own), ['cancel']);
  assert.deepEqual(found('option 3 please', own), ['cancel']);
  assert.deepEqual(found('do not cancel my order', own), [], 'denied');
  assert.deepEqual(found('Sorry, my soup is boiling', own), ['no_time']);
  assert.deepEqual(found('I am busy', own), ['no_time']);
});

test('a language without a file knows the phrases of the author alone', () => {
  const german = openIntents('de-DE', { keine_zeit: ['keine zeit', 'bin .. besch\u00e4ftigt'] });
  assert.deepEqual(found('Ich habe leider keine Zeit.', german), ['keine_zeit']);
  assert.deepEqual(found('Ich bin gerade sehr besch\u00e4ftigt', german), ['keine_zeit']);
  assert.deepEqual(found('no time', german), []);
});

test('a phrase that cannot be read is told', () => {
  assert.equal(wrongWithPhrase('take|put us off?', 'en-US'), undefined);
  for (const [text, mistake] of [
    ['', /1 to 16 words/u],
    ['one '.repeat(17), /1 to 16 words/u],
    ['.. busy', /both sides/u],
    ['busy ..', /both sides/u],
    ['<colour> car', /no kind of word <colour>/u],
    ['a|(b)', /cannot read/u],
    ["we|i'm here", /one word each/u],
    ['go|$ there', /\$ at the end/u],
    ['please?', /at least one word/u],
  ] as const) {
    assert.match(wrongWithPhrase(text, 'en-US') ?? '', mistake, text);
  }
  assert.throws(() => openIntents('en', { a: ['..'] }), /a: \.\./u);
  assert.match(wrongWithPhrase('<day> works', 'de') ?? '', /no kind of word/u);
});

test('a phrase may be bound to the beginning and the end of a clause', () => {
  const own = openIntents('en', { start: ['^ stop'], end: ['the office $'], either: ['call for us|$'] });
  assert.deepEqual(found('Well, stop', own), ['start']);
  assert.deepEqual(found('the last stop', own), []);
  assert.deepEqual(found('I am in the office, with Jim', own), ['end']);
  assert.deepEqual(found('the office door', own), []);
  assert.deepEqual(found('a call for', own), ['either']);
  assert.deepEqual(found('a call for us there', own), ['either']);
  assert.deepEqual(found('a call for them', own), []);
});

test('every pattern of the language can be read', () => {
  const patterns = Object.values(english.intents).flatMap(({ anywhere, alone }) => [anywhere, alone]);
  const all = [...patterns, english.harmless]
    .flatMap((text) => text.split(/[,\n]/u))
    .map((one) => one.trim());
  assert.ok(all.length > 500);
  for (const text of all.filter((one) => one !== '')) {
    const parsed = parsePhrase(text, english);
    assert.ok(parsed.ok, `${text}: ${parsed.ok ? '' : parsed.mistake}`);
  }
});

test('any text is read, however long and whatever is in it, and strengths and places are within bounds', () => {
  const word = fc.constantFrom(
    'not',
    'a',
    'bad',
    'time',
    "i'm",
    'busy',
    'no',
    'but',
    'you',
    'know',
    'call',
    'me',
    '?',
    ',',
    '42',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(word, { maxLength: 300 }).map((all) => all.join(' ')),
      ),
      (text) => {
        for (const { from, to, strength } of matcher.find(text)) {
          assert.ok(0 <= from && from < to && to <= TEXT_WORDS_MAX);
          assert.ok(strength > 0 && strength <= 1);
        }
      },
    ),
    { numRuns: 300 },
  );
  assert.deepEqual(found(`${'word '.repeat(5_000)} I'm busy`), ['no_time'], 'the last words count');
});
