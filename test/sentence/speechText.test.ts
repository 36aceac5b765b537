import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { SpeechText } from '../../src/sentence/speechText.ts';

function clean(deltas: readonly string[]): string {
  const text = new SpeechText({ language: 'en-US' });
  const said = deltas.map((delta) => text.push(delta)).join('') + text.end();
  // A line break is white space that only the splitter tells from a space.
  return said.replaceAll('\n', ' ');
}

const cases: readonly (readonly [written: string, said: string])[] = [
  // Emphasis
  ['This is **very** important.', 'This is very important.'],
  ['This is ***very important*** text.', 'This is very important text.'],
  ['___Totally___ critical, _really_.', 'Totally critical, really.'],
  ['That is *really* good.', 'That is really good.'],
  ['Un**believ**able ~~price~~ deal.', 'Unbelievable price deal.'],
  ['Call `book_visit` with snake_case.', 'Call book_visit with snake_case.'],
  ['Write to john_doe@example.com today.', 'Write to john_doe@example.com today.'],
  ['2 * 3 is 6, and 4*5 is 20.', '2 * 3 is 6, and 4*5 is 20.'],
  [
    '*This asterisk is never closed, but it is a long sentence with many words in it.',
    'This asterisk is never closed, but it is a long sentence with many words in it.',
  ],
  ['*Open and\nclosed* here', 'Open and closed here'],
  // Headings, lists, rules, quotes
  ['# Opening hours\nWe open at nine.', 'Opening hours. We open at nine.'],
  ['## Hours ##\n- Monday', 'Hours. Monday'],
  ['We have:\n- a cleaning\n- a check-up\nWhich one?', 'We have: a cleaning. a check-up. Which one?'],
  ['* one\n* two\n', 'one. two. '],
  ['+ one\n• two\n‣ three', 'one. two. three'],
  ['Options\n1. Monday at nine\n2) Tuesday at ten\n', 'Options. 1. Monday at nine. 2. Tuesday at ten. '],
  ['1️⃣ Monday\n2️⃣ Tuesday', '1 Monday. 2 Tuesday'],
  ['Before\n---\nAfter', 'Before. After'],
  ['Title\n=====\nText', 'Title. Text'],
  ['> Quoted text\n> goes on', 'Quoted text goes on'],
  ['We are number #1, dial #5.', 'We are number #1, dial #5.'],
  ['It is -5 degrees.', 'It is -5 degrees.'],
  ['3.5 percent\n2024 was good', '3.5 percent. 2024 was good'],
  // Tables
  [
    '| Day | Hours |\n|-----|:-----:|\n| Monday | 9 to 5 |\n| Friday | closed |',
    'Day, Hours. Monday, 9 to 5. Friday, closed',
  ],
  ['Monday | nine\nTuesday | ten\n', 'Monday, nine. Tuesday, ten. '],
  // Code
  ['```python\nprint(1)\n```\nDone.', 'print(1). Done.'],
  ['Press `Enter` now.', 'Press Enter now.'],
  // Links
  ['See [our site](https://example.com/a_(b)?c=d) for more.', 'See our site for more.'],
  ['See [our **new** site][1] for more [1].', 'See our new site for more.'],
  ['![a tooth](tooth.png) Hello!', 'a tooth Hello!'],
  ['Visit <https://example.com/a> or <me@example.com>.', 'Visit https://example.com/a or me@example.com.'],
  ['It was [sic] good [and a bracket that never ends', 'It was sic good and a bracket that never ends'],
  // Emoji
  ['Great! 🎉 See you then 😊.', 'Great! See you then.'],
  ['Hi 👨‍👩‍👧‍👦 family 🇩🇪 and 👍🏽 you', 'Hi family and you'],
  ['✅ Booked\n❌ Cancelled', 'Booked. Cancelled'],
  ['Nine → five ★ now', 'Nine five now'],
  ['Good☺️bye', 'Good bye'],
  // Tags and entities
  ['<p>Hello <b>there</b></p><p>Bye</p>', 'Hello there. Bye'],
  ['One<br/>two &amp; three&nbsp;four &#39;x&#39; AT&T', "One two & three four 'x' AT&T"],
  ['<think>The caller wants <b>x</b>.</think>Sure.', 'Sure.'],
  ['5 < 6 and <3 you', '5 < 6 and <3 you'],
  ['<speak>Hi<break time="1s"/> you</speak><|im_end|>', 'Hi you'],
  ['A <b left open', 'A '],
  // Labels
  ['Agent: Hello there.', 'Hello there.'],
  ['Agent: Agent: Hello.', 'Hello.'],
  ['**Assistant:** Hello.\nAI Assistant: Again.', 'Hello. Again.'],
  ['[Agent]: Hello.', 'Hello.'],
  ['**Agent**: Hello.', 'Hello.'],
  ['**Agent:** **Agent:** Hello.', 'Hello.'],
  ['AGENT: agent :  Agent:Hello.', 'Hello.'],
  ['Agent: Caller: Agent: Hello.', 'Hello.'],
  ['Agent:: Hello.', 'Hello.'],
  ['Agent:\n\nHello.', 'Hello.'],
  ['- Agent: Hello.', 'Hello.'],
  ['<b>Agent:</b> Hello.', 'Hello.'],
  ['Hello.\nSales Agent: Sales Agent: How are you?', 'Hello. How are you?'],
  ['Agents are busy. Agent: no', 'Agents are busy. Agent: no'],
  ['Note: we close at five.', 'Note: we close at five.'],
  ['Ai', 'Ai'],
  // Stage directions
  ['*laughs* That is funny.', 'That is funny.'],
  ['Sure! *types on the keyboard* Let me see.', 'Sure! Let me see.'],
  ['Well *chuckles* I think so.', 'Well I think so.'],
  ['*Clears throat*Hello.', 'Hello.'],
  ['[laughs] Right.', 'Right.'],
  ['*We are closed on Monday.* Sorry.', 'We are closed on Monday. Sorry.'],
  // White space
  ['  Hello \t  there \r\n\r\n you  ', 'Hello there. you'],
  ['Hello there\nHow are you', 'Hello there. How are you'],
  ['a soft wrap\ngoes on', 'a soft wrap goes on'],
  ['Wait -- no. That—yes. Word--word', 'Wait — no. That—yes. Word — word'],
  ["zero\u200bwidth\ufeff and it\\'s", "zero width and it's"],
  ['你好\n世界', '你好。 世界'],
];

for (const [written, said] of cases) {
  test(`says ${JSON.stringify(said)} for ${JSON.stringify(written)}`, () => {
    assert.equal(clean([written]).trim(), said.trim());
    assert.equal(clean(written.split('')).trim(), said.trim(), 'cut into code units');
    for (const size of [2, 3, 5, 7]) {
      const deltas = Array.from({ length: Math.ceil(written.length / size) }, (_unused, i) =>
        written.slice(i * size, (i + 1) * size),
      );
      assert.equal(clean(deltas).trim(), said.trim(), `cut into pieces of ${size}`);
    }
  });
}

const marks = fc.constantFrom(
  '*',
  '**',
  '_',
  '`',
  '```',
  '#',
  '- ',
  '\n',
  '[',
  ']',
  '(',
  ')',
  '<',
  '>',
  '|',
  '&',
  '!',
  '.',
  ' ',
  '1.',
  ':',
  'Agent:',
  '😀',
  '👨‍👩‍👧',
  '—',
  '--',
  '=',
  '~',
  'Word',
  'and',
  '5',
  '\\',
  '<think>',
  '</think>',
  '。',
);
const messy = fc
  .array(fc.oneof(marks, fc.string({ maxLength: 5, unit: 'binary' })), { maxLength: 60 })
  .map((parts) => parts.join(''));

test('the result does not depend on how the text is cut into deltas', () => {
  fc.assert(
    fc.property(messy, fc.array(fc.nat({ max: 12 }), { maxLength: 40 }), (text, sizes) => {
      const deltas: string[] = [];
      let at = 0;
      for (const size of sizes) {
        deltas.push(text.slice(at, at + size));
        at += size;
      }
      deltas.push(text.slice(at));
      assert.equal(clean(deltas), clean([text]));
    }),
    { numRuns: 1_000 },
  );
});

test('neither a picture, a run of marks nor a run of white space reaches the voice', () => {
  fc.assert(
    fc.property(messy, (text) => {
      const said = clean([text]);
      assert.doesNotMatch(
        said,
        /\s\s|[\n\t]|\*\*|```|[\u{1f000}-\u{1faff}]|<\/?(?:think|b|p)>/u,
        JSON.stringify({ text, said }),
      );
    }),
    { numRuns: 1_000 },
  );
});

test('plain prose is left as it is', () => {
  const word = fc.stringMatching(/^[a-zA-Z0-9',.?;]{1,9}$/);
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), (words) => {
      const text = words.join(' ');
      assert.equal(clean([text]).trim(), text);
    }),
  );
});

test('holds nothing of a plain sentence back but what may still be a label', () => {
  const text = new SpeechText({ language: 'en' });
  assert.equal(text.push('We'), 'We');
  assert.equal(text.push(' open'), ' open');
  assert.equal(text.push('.'), '.');
  assert.equal(text.push(' '), ' ', 'the space that proves the full stop');
  const label = new SpeechText({ language: 'en' });
  assert.equal(label.push('A'), '');
  assert.equal(label.push('l'), 'Al');
});

test('what is held is bounded: a bracket, a tag, an asterisk and an address that never end are spoken or passed', () => {
  for (const opening of ['[', '<b', ' *', '&', 'x [a](']) {
    const text = new SpeechText({ language: 'en' });
    text.push(`Hi ${opening}`);
    const said = Array.from({ length: 3_000 }, () => text.push('ab ')).join('');
    assert.ok(said.length > 800, `${opening} swallowed the text`);
  }
});
