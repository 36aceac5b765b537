import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { endingOf, waitMs, type Ending } from '../../src/turn/endpoint.ts';
import { expectationOf, NOTHING_ASKED } from '../../src/turn/expectation.ts';
import { turnLanguage } from '../../src/turn/language/language.ts';
import { NO_PAUSES, pausedFor, wasCutOff } from '../../src/turn/pauses.ts';
import { readLabelled, scoreOf } from '../helpers/labelled.ts';

const english = turnLanguage('en-US');
const ENDINGS: readonly Ending[] = ['complete', 'likely', 'unsure', 'collecting', 'open'];

function judged(text: string, agent = ''): Ending {
  return endingOf(text, expectationOf(agent, english), english);
}

for (const { half, least } of [
  { half: 'tuning', least: 1 },
  { half: 'heldout', least: 0.85 },
]) {
  const rows = readLabelled(import.meta.dirname, `endings.${half}.txt`);

  test(`the ${half} half: each ending is right when it is given`, (t) => {
    assert.ok(rows.length >= 100);
    const { precision, wrong } = scoreOf(rows, ({ text, agent }) => judged(text, agent));
    for (const ending of ENDINGS) {
      const share = precision.get(ending) ?? 0;
      t.diagnostic(`${half}: ${ending} ${(share * 100).toFixed(0)} %`);
      assert.ok(share >= least, `${ending}: ${share}\n${wrong.join('\n')}`);
    }
    t.diagnostic(`${half}: ${rows.length - wrong.length} of ${rows.length}`);
  });

  test(`the ${half} half: nobody who wants to go on is taken to have finished, and no whole answer waits long`, () => {
    const soon: readonly string[] = ['complete', 'likely'];
    const late: readonly string[] = ['collecting', 'open'];
    const all = rows.map((row) => ({ ...row, ending: judged(row.text, row.agent) }));
    const cutOff = all.filter((row) => late.includes(row.label) && soon.includes(row.ending));
    const keptWaiting = all.filter((row) => row.label === 'complete' && late.includes(row.ending));
    const unfinished = all.filter((row) => late.includes(row.label)).length;
    assert.ok(cutOff.length <= unfinished * 0.05, JSON.stringify(cutOff, undefined, 1));
    assert.ok(keptWaiting.length <= all.length * 0.03, JSON.stringify(keptWaiting, undefined, 1));
  });
}

test('the same words end differently by what was asked', () => {
  assert.equal(judged('five five five', "What's your phone number?"), 'collecting');
  assert.equal(judged('five', 'How many people is it for?'), 'complete');
  assert.equal(judged('four four one nine', 'What are the last four digits?'), 'complete');
  assert.equal(judged('four four one nine', "What's your phone number?"), 'collecting');
  assert.equal(judged('tuesday', 'What day works for you?'), 'complete');
  assert.equal(judged('tuesday', 'How can I help you?'), 'unsure');
});

test('a number with the country in front needs one digit more', () => {
  const asked = "What's your phone number?";
  assert.equal(judged('1 800 555 019', asked), 'collecting');
  assert.equal(judged('1 800 555 0199', asked), 'complete');
  assert.equal(judged('one eight hundred five five five oh one nine nine', asked), 'complete');
});

test('digits are counted as they are said', () => {
  const asked = 'What are the last four digits of your card?';
  for (const whole of [
    'double seven two one',
    'twenty three forty five',
    '77 21',
    'seven, seven, uh, two one',
    'triple nine one',
  ])
    assert.equal(judged(whole, asked), 'complete', whole);
  for (const part of ['double', 'twenty three', 'seven seven double', 'seven seven uh'])
    assert.notEqual(judged(part, asked), 'complete', part);
});

test('a word that is spelt after it was said is done when its letters are all there', () => {
  const asked = 'Can you spell your last name for me?';
  assert.equal(judged('Smith, S M I T', asked), 'collecting');
  assert.equal(judged('Smith, S M I T H', asked), 'complete');
  assert.equal(judged('S-M-I', asked), 'collecting');
  assert.equal(judged('k as in', asked), 'collecting');
});

test('a full stop after an open word is the recogniser’s', () => {
  for (const text of ['I want to book a.', 'I was going to.', 'Because.', 'My name is.']) {
    assert.equal(judged(text), 'open', text);
  }
});

test('a question may end with a preposition', () => {
  assert.equal(judged('What is it about?'), 'complete');
  assert.equal(judged("that's what I'm looking for"), 'likely');
  assert.equal(judged("I'm looking for"), 'likely');
});

test('an unknown language is judged by punctuation and figures alone', () => {
  const other = turnLanguage('xx');
  const judge = (text: string): Ending => endingOf(text, NOTHING_ASKED, other);
  assert.equal(judge('Ich möchte einen Termin.'), 'complete');
  assert.equal(judge('Haben Sie morgen auf?'), 'complete');
  assert.equal(judge('Ich möchte,'), 'open');
  assert.equal(judge('ich möchte'), 'unsure');
  assert.equal(judge('0171 555 12'), 'collecting');
});

test('nothing said is no ending', () => {
  assert.equal(judged(''), 'unsure');
  assert.equal(judged('...'), 'unsure');
});

test('any text has an ending, the same each time', () => {
  const agents = fc.constantFrom(
    '',
    "What's your phone number?",
    'Can you spell it?',
    'Is that right?',
    'Your email?',
    'What is your address?',
    'What is your name?',
    'When were you born?',
    'Tea or coffee?',
  );
  const bits = fc.constantFrom(
    'five',
    'double',
    'a',
    'S',
    'as',
    'in',
    'the',
    '555-12',
    'uh',
    'yes',
    'I',
    'want',
    'Tuesday',
    '3:30',
    '@',
    '.',
    ',',
    '?',
    '…',
    '—',
    'march',
    'hundred',
  );
  fc.assert(
    fc.property(
      agents,
      fc.oneof(
        fc.string({ maxLength: 80 }),
        fc.array(bits, { maxLength: 12 }).map((all) => all.join(' ')),
      ),
      (agent, text) => {
        const ending = judged(text, agent);
        assert.ok(ENDINGS.includes(ending));
        assert.equal(judged(text, agent), ending);
      },
    ),
    { numRuns: 3_000 },
  );
});

test('the wait grows from the least to the longest with what the words leave open', () => {
  const settings = { minWaitMs: 300, maxWaitMs: 1_500 };
  const waits = ENDINGS.map((ending) => waitMs(ending, settings, NO_PAUSES));
  assert.equal(waits[0], 300);
  assert.equal(waits.at(-1), 1_500);
  assert.deepEqual(
    waits,
    [...waits].sort((a, b) => a - b),
  );
  assert.equal(new Set(waits).size, ENDINGS.length);
});

test('a caller’s own pauses move the middle waits, a cut-off all of them, and none leaves its bounds', () => {
  const settings = { minWaitMs: 300, maxWaitMs: 1_500 };
  let slow = NO_PAUSES;
  let brisk = NO_PAUSES;
  for (let turn = 0; turn < 6; turn += 1) {
    slow = pausedFor(slow, 1_200);
    brisk = pausedFor(brisk, 300);
  }
  for (const ending of ['likely', 'unsure', 'collecting'] as const) {
    assert.ok(waitMs(ending, settings, slow) > waitMs(ending, settings, NO_PAUSES), ending);
    assert.ok(waitMs(ending, settings, brisk) < waitMs(ending, settings, NO_PAUSES), ending);
  }
  assert.equal(waitMs('complete', settings, slow), 300);
  assert.ok(waitMs('complete', settings, wasCutOff(NO_PAUSES)) > 300);
  fc.assert(
    fc.property(
      fc.constantFrom(...ENDINGS),
      fc.array(fc.integer({ min: -100, max: 20_000 }), { maxLength: 20 }),
      fc.nat(5),
      (ending, pausesMs, cutOffs) => {
        let pauses = NO_PAUSES;
        for (const pauseMs of pausesMs) pauses = pausedFor(pauses, pauseMs);
        for (let cut = 0; cut < cutOffs; cut += 1) pauses = wasCutOff(pauses);
        const wait = waitMs(ending, settings, pauses);
        assert.ok(wait >= 300 && wait <= 1_500);
      },
    ),
  );
});
