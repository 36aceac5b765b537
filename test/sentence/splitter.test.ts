import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { SENTENCE_CHARS_MAX, SentenceSplitter } from '../../src/sentence/splitter.ts';

function split(deltas: readonly string[], earlyClause = false, language = 'en-US'): string[] {
  const splitter = new SentenceSplitter({ language, earlyClause });
  return [...deltas.flatMap((delta) => splitter.push(delta)), ...splitter.end()];
}

/** `|` marks where a cut is expected; it is no part of the text. */
function checkCuts(marked: string, earlyClause: boolean, language?: string): void {
  const expected = marked.split('|').map((piece) => piece.trim());
  const text = marked.replaceAll('|', '');
  assert.deepEqual(split([text], earlyClause, language), expected, 'in one piece');
  assert.deepEqual(split(text.split(''), earlyClause, language), expected, 'character by character');
  assert.deepEqual(split(text.match(/.{1,4}/gsu) ?? [], earlyClause, language), expected, 'in tokens');
}

const sentences: readonly string[] = [
  // Plain
  'We open at nine. |We close at five. |Anything else I can do?',
  'Sure. |I can help you with that.',
  'Of course! |What day works for you?',
  'hello there. |how are you today?',
  'Really?! |That is wonderful news!!! |Let us celebrate it.',
  'Really ? |Yes, that is what he said.',
  // Titles and abbreviations
  'Dr. Johnson has an appointment. |He comes at nine.',
  'Mr. and Mrs. Smith met Prof. Lee vs. Ms. Kim in court. |They won the case.',
  'Bring something, e.g. a book, i.e. a real one. |Then we can talk.',
  'Acme Inc. announced it. |I was at Acme Inc. |The offices are in town.',
  'It works for Acme Corp. |We like it there.',
  'The U.S. economy grew. |He lives in the U.S. |We do not.',
  'We ship to the U.K. Germany and Spain are next.',
  'She has a Ph.D. in biology. |He has none of that.',
  'Your room is No. 12 on the left. |Oh, and no. |It is not on the right.',
  'Dial ext. 204 for the desk. |Or dial zero for help.',
  'We meet on Fri. Jan. 5 at noon. |Please be there.',
  'The office is on Main St. |We are next to the bank.',
  'The office is at 12 St. James Ave. in Boston. |Come and see us.',
  'Apples, pears, etc. are fine. |Bring apples, pears, etc. |That is all we need.',
  'Mix approx. 30 grams of it. |Then stir it well.',
  'Sammy Davis Jr. sang it. |It was great fun.',
  // Initials and single letters
  'J. R. R. Tolkien wrote it. |It is long enough.',
  'J.R.R. Tolkien wrote it. |It is long enough.',
  'Choose plan B. |The first one is sold out.',
  'Your letter is I. |What is the next one?',
  // Numbers
  'The temperature is 98.6 degrees. |That is normal for you.',
  'It costs $3.50 for small and $1,250.99 for large. |Which one is it?',
  'The CPU is at 3.50 GHz now. |Memory usage is fine.',
  'It costs 50. |That is cheap for us.',
  'Your total is $45. |Would you like to pay now?',
  'We were founded in 1999. |Since then we grew.',
  'Version v1.2.3 is installed. |Everything looks good.',
  'The version is 1.2.3. |Everything looks good.',
  'The address is 192.168.1.1 and it works. |Or is it 10.0.0.1. |Try them both.',
  'Half of .5 is .25 of course. |That is all right.',
  'Our number is 555.123.4567 today. |Call us any time.',
  // Times
  'Dinner is at 6 p.m. today. |See you then, sir.',
  'We open at 9 a.m. |We close at 5 p.m. |Does that work?',
  'Come at 3.30 p.m. or at 4:15 pm. |Either is fine with us.',
  'We are open from 9 a.m. to 5 p.m. Monday through Friday. |We rest on Sunday.',
  // Addresses
  'Go to https://www.example.com/a.b?c=d.e#f. |Then click on the link.',
  'Visit example.com today. |It is new and shiny.',
  'Write to john.Smith@Mail.Example.com now. |We answer in a day.',
  'Is it https://example.com/? |Yes, it is that one.',
  'We use Node.js and ASP.NET here. |Both are fine tools.',
  'Open C:\\Files.Old\\A.txt now. |It has all the data.',
  // Ellipses
  'The sky is... blue today. |I like it very much.',
  'Let me see... |Yes, we have Monday.',
  'Hmm… |Let me check that for you.',
  // Quotes and brackets
  '"Really?" he asked. |"Yes!" She left at once.',
  'He said "Come in." |Then he sat down there.',
  'We are closed (on Sunday.) |Come on Monday then.',
  'I paid (a lot!) for it. |It broke at once.',
  '“Hello there.” |“How are you?”',
  // Missing spaces
  'Hello there.|How are you?|I am fine.',
  'That is great!|What day works?',
  // Lists
  '1. Monday at nine. |2. Tuesday at ten. |3. Wednesday at noon.',
  'Bob ate three things: 1. a pizza, 2. a pie and 3. a cookie. |That was all.',
  'a) Monday at nine. |b) Tuesday at ten.',
  // Short ones are joined to what follows, but never the first
  'Yes. |Okay. Let me look at that for you. |Done. Anything else today?',
  'Great. |I see.',
  // Other marks
  'We have it — the blue one. |It is 5 dollars & up.',
  '...',
  'No stop at all',
];

for (const marked of sentences) {
  test(`cuts sentences: ${marked}`, () => {
    checkCuts(marked, false);
  });
}

const early: readonly string[] = [
  'I can help you with that, |let me look at the calendar. |One moment please.',
  'I can help with that—|let me check the calendar.',
  'We have two openings: |Monday at nine and Tuesday at ten.',
  'We are open on Monday; |on Sunday we are closed.',
  'We can do Monday - |or is Tuesday better for you?',
  // Too little before the comma
  'Yes, we do.',
  'Of course, I would love to help you with it.',
  'Sure. |I can help you, let me see.',
  // Too little after it
  'I can help you, sir. |What day works?',
  'You would like Tuesday, right?',
  // Dates and numbers
  'Your visit is on March 3, 2025 at noon, |see you there then.',
  'The total is 1,250 dollars, |and you can pay in cash.',
  // Conjunctions
  'I can book you in for Tuesday morning |and you will get a text message.',
  'The doctor is not here this afternoon |but he is back on Monday.',
  'I will hold that slot for you now |because it is the last one.',
  'We have appointments on Tuesday and Wednesday and Thursday next week.',
  'I like fish and chips.',
  // Abbreviations after the comma
  'Let me check that now, |Dr. Smith is in on Monday.',
  // Only the first piece
  'Let me check that now, |we are open, I think, until five, and then we close.',
];

for (const marked of early) {
  test(`cuts the first clause early: ${marked}`, () => checkCuts(marked, true));
}

test('full stops of Chinese and Japanese end a sentence without a space', () => {
  checkCuts('你好。|请问您今天想预约什么时间？|我可以帮您。', false, 'zh');
  checkCuts('「はい。」|わかりました、少々お待ちください！', false, 'ja-JP');
  checkCuts('我可以帮您预约牙医，|请问您什么时候方便？', true, 'zh-CN');
  checkCuts('好的，我来。', true, 'zh-CN');
});

test('a line break settles a full stop that the next word would have to tell', () => {
  assert.deepEqual(split(['1. Monday 9 a.m.\n2. Tuesday 3 p.m.\nWhich one is it?']), [
    '1. Monday 9 a.m.',
    '2. Tuesday 3 p.m.',
    'Which one is it?',
  ]);
  assert.deepEqual(split(['Hi. Okay.\nLet me see it.']), ['Hi.', 'Okay. Let me see it.']);
});

test('a language without a file is treated with caution', () => {
  checkCuts('Am 1. Januar um 22,1 Grad, |z.B. bei Dr. Müller. |Bis dann alle zusammen!', true, 'de-DE');
  checkCuts('Il fait 22,1 degrés. |Le rendez-vous est à 9 h 30 aujourd’hui.', false, 'fr');
  checkCuts('Hola. |¿Qué tal está usted? |¡Muy bien entonces!', false, 'es-MX');
  checkCuts('It costs 50. |The end is near.', false, '');
});

test('a full stop is believed at the next character, an abbreviation at the next word', () => {
  const splitter = new SentenceSplitter({ language: 'en', earlyClause: false });
  assert.deepEqual(splitter.push('We are open.'), []);
  assert.deepEqual(splitter.push(' '), ['We are open.']);
  assert.deepEqual(splitter.push('It is 9 a.m. W'), []);
  assert.deepEqual(splitter.push('ould '), ['It is 9 a.m.']);
  assert.deepEqual(splitter.end(), ['Would']);
});

test('an early clause goes out at the end of the next word', () => {
  const splitter = new SentenceSplitter({ language: 'en', earlyClause: true });
  assert.deepEqual(splitter.push('I can help you, let'), []);
  assert.deepEqual(splitter.push(' '), ['I can help you,']);
});

test('a text without a full stop is cut at a clause or a space before it gets too long', () => {
  const clauses = 'we go on and on about nothing at all, '.repeat(20);
  for (const piece of split([clauses]).slice(0, -1)) assert.match(piece, /,$/u);
  const words = split(['word '.repeat(200)]);
  for (const piece of words)
    assert.ok(piece.length <= SENTENCE_CHARS_MAX && !/^ord|wor$/u.test(piece), piece);
  const letters = split(['😀'.repeat(400)]);
  assert.equal(letters.join(''), '😀'.repeat(400));
  for (const piece of letters)
    assert.ok(piece.length <= SENTENCE_CHARS_MAX && !/\p{Surrogate}/u.test(piece), piece);
});

const word = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'we',
      'open',
      'The',
      'and',
      'you',
      'Dr.',
      'a.m.',
      'U.S.',
      'Inc.',
      'No.',
      'calendar',
      'J.',
      'I',
      'e.g.',
      '1.',
      '2)',
      '—',
      '...',
      'Hello.How',
      'Yes!No',
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'sure.',
      'fine,',
      'what?',
      'great!',
      'so;',
      'this:',
      '(done.)',
      '"yes."',
      '你好。再见',
      '，',
      'word—word',
    ),
  },
  { weight: 2, arbitrary: fc.string({ minLength: 1, maxLength: 8 }) },
);
const number = fc
  .tuple(fc.nat({ max: 99_999 }), fc.nat({ max: 999 }))
  .map(([whole, part]) => `${whole.toLocaleString('en-US')}.${part}`);
const address = fc
  .oneof(fc.webUrl({ withQueryParameters: true }), fc.emailAddress(), fc.ipV4())
  .filter((text) => text.length < 60);
const whole = fc.oneof(number, address);
const prose = fc
  .array(fc.oneof({ weight: 8, arbitrary: word }, { weight: 1, arbitrary: whole }), { maxLength: 80 })
  .map((words) => words.join(' '));
const bare = (text: string): string => text.replaceAll(/\s+/gu, '');

test('nothing is lost, doubled or moved but white space, and no piece is too long', () => {
  fc.assert(
    fc.property(
      prose,
      fc.boolean(),
      fc.constantFrom('en', 'de', 'zh', 'xx'),
      (text, earlyClause, language) => {
        const pieces = split([text], earlyClause, language);
        assert.equal(bare(pieces.join('')), bare(text));
        for (const piece of pieces) {
          assert.ok(piece.length > 0 && piece.length <= SENTENCE_CHARS_MAX);
          assert.equal(piece, piece.trim());
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

test('the pieces do not depend on how the text is cut into deltas', () => {
  fc.assert(
    fc.property(
      prose,
      fc.boolean(),
      fc.array(fc.nat({ max: 9 }), { maxLength: 60 }),
      (text, earlyClause, sizes) => {
        const deltas: string[] = [];
        let at = 0;
        for (const size of sizes) {
          deltas.push(text.slice(at, at + size));
          at += size;
        }
        deltas.push(text.slice(at));
        assert.deepEqual(split(deltas, earlyClause), split([text], earlyClause));
      },
    ),
    { numRuns: 2_000 },
  );
});

test('a number or an address is never cut', () => {
  const plain = fc.constantFrom('we', 'open', 'The', 'costs', 'at', 'and', 'you', 'fine,');
  fc.assert(
    fc.property(
      fc.array(fc.oneof(plain, whole), { minLength: 1, maxLength: 40 }),
      fc.boolean(),
      (words, earlyClause) => {
        const inPieces = split([words.join(' ')], earlyClause).flatMap((piece) => piece.split(/\s+/u));
        assert.deepEqual(inPieces, words);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('the first piece is never a fragment: at least three words and twelve characters when it is a clause', () => {
  const spoken = fc.constantFrom(
    'we',
    'open',
    'at',
    'and',
    'you',
    'fine,',
    'nine,',
    'but',
    'because',
    'calendar',
    'Monday;',
  );
  fc.assert(
    fc.property(fc.array(spoken, { minLength: 4, maxLength: 30 }), (words) => {
      const [first = '', ...rest] = split([`${words.join(' ')}.`], true);
      if (rest.length === 0) return;
      assert.ok(first.split(' ').length >= 3 && first.length >= 12, first);
      assert.ok(rest.join(' ').split(' ').length >= 2, rest.join(' '));
    }),
    { numRuns: 1_000 },
  );
});
