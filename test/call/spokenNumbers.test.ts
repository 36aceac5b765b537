// When a number was said that nobody else is to hear, in the light of how its words became known.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Privacy } from '../../src/call/privacy.ts';
import { SpokenNumbers, type SaidNumber } from '../../src/call/spokenNumbers.ts';
import type { TurnEvent } from '../../src/turn/state.ts';
import { CallRig } from '../helpers/callRig.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

const { agent } = new CallRig({ clock: new VirtualClock() });

/** A caller's utterance, told as it becomes known: the times are those of the clock. */
function listen() {
  const heard: SaidNumber[] = [];
  const privacy = new Privacy(agent, () => undefined);
  let nowMs = 0;
  const numbers = new SpokenNumbers(privacy, () => nowMs, {
    lateMs: () => 0,
    onNumber: (number) => void heard.push(number),
  });
  const saw = (atMs: number, event: TurnEvent): void => {
    nowMs = atMs;
    numbers.saw(event);
  };
  return {
    heard,
    voice: (atMs: number) => saw(atMs, { kind: 'voiceStarted', atMs, voiceAtMs: atMs }),
    silence: (atMs: number) => saw(atMs, { kind: 'voiceStopped', atMs, silenceAtMs: atMs }),
    words: (atMs: number, text: string, final = false, utterance = 0) => {
      if (final) privacy.ofWords(text, final);
      saw(atMs, { kind: 'words', atMs, utterance, text, final });
    },
    commits: (atMs: number) => saw(atMs, { kind: 'committed', utterance: 0 }),
    hangsUp: (atMs: number) => {
      nowMs = atMs;
      numbers.close();
    },
  };
}

/** The last news of the only number there is. */
function only(heard: readonly SaidNumber[]): SaidNumber {
  const number = heard.at(-1);
  assert.ok(number !== undefined, 'it was found');
  return number;
}

/** Words that come at 0.4, 0.8, ... s; the texts grow by them. */
function tellsWords(call: ReturnType<typeof listen>, text: string): void {
  const words = text.split(' ');
  for (const place of words.keys()) call.words((place + 1) * 400, words.slice(0, place + 1).join(' '));
}

const PLAIN = 'my card number is 4111 1111 1111 1111';

test('live words that stop in mid-number say nothing of its end', () => {
  const call = listen();
  call.voice(0);
  tellsWords(call, 'my card number is 4111');
  call.silence(8_000);
  call.commits(8_300);
  call.words(8_600, PLAIN, true);
  assert.ok(only(call.heard).toMs >= 8_000, `until ${only(call.heard).toMs}`);
});

test('nor do words that stop shortly before the last ones', () => {
  const call = listen();
  call.voice(0);
  tellsWords(call, 'my card number is 4111 1111');
  call.silence(3_600);
  call.commits(3_900);
  call.words(4_200, PLAIN, true);
  assert.ok(only(call.heard).toMs >= 3_600, `until ${only(call.heard).toMs}`);
});

test('digits that grow within one word are silent to the last of them', () => {
  const call = listen();
  call.voice(0);
  tellsWords(call, 'my card number is');
  for (let digits = 1; digits <= 16; digits += 1)
    call.words(1_600 + digits * 400, `my card number is ${'4111111111111111'.slice(0, digits)}`);
  call.words(8_400, 'my card number is 4111111111111111 thanks');
  call.silence(8_400);
  call.commits(8_700);
  call.words(9_000, 'my card number is 4111111111111111 thanks', true);
  assert.ok(only(call.heard).toMs >= 8_000, `until ${only(call.heard).toMs}`);
});

test('a number that is written anew with fewer words is silent to its end', () => {
  const call = listen();
  call.voice(0);
  const digits = 'four one one one one one one one one one one one one one one one'.split(' ');
  tellsWords(call, ['my', 'card', 'is', ...digits.slice(0, 4)].join(' '));
  // From here on there are never more words than there were.
  call.words(3_200, 'my card is 4111');
  call.words(4_800, 'my card is 4111 1111');
  call.words(6_400, 'my card is 4111 1111 1111');
  call.words(8_000, 'my card is 4111 1111 1111 1111');
  call.silence(8_000);
  call.commits(8_300);
  call.words(8_600, 'my card is 4111 1111 1111 1111', true);
  assert.ok(only(call.heard).toMs >= 8_000, `until ${only(call.heard).toMs}`);
});

test('a word that turns out to have been the first of the number moves its beginning', () => {
  const call = listen();
  call.voice(0);
  call.words(400, 'my');
  call.words(800, 'my card');
  // "is", said until 1.2 s, is missing, and "four", said from there on, is taken for another word.
  call.words(2_300, 'my card for');
  call.words(2_500, 'my card is 4111');
  call.words(2_900, 'my card is 4111 1111');
  call.words(3_300, 'my card is 4111 1111 1111');
  call.words(3_700, 'my card is 4111 1111 1111 1111');
  call.silence(3_700);
  call.commits(4_000);
  call.words(4_300, 'my card is 4111 1111 1111 1111', true);
  assert.ok(only(call.heard).fromMs <= 1_200, `from ${only(call.heard).fromMs}`);
});

test('a word that is long in coming may have been said when the one before it was known', () => {
  const call = listen();
  call.voice(0);
  call.words(400, 'my');
  call.words(800, 'my card');
  // "is" was said until 1.2 s, and the digits from there on.
  call.words(2_200, 'my card is');
  for (const [place, text] of ['4111', '4111 1111', '4111 1111 1111', '4111 1111 1111 1111'].entries())
    call.words(2_500 + place * 400, `my card is ${text}`);
  call.silence(3_700);
  call.commits(4_000);
  call.words(4_300, 'my card is 4111 1111 1111 1111', true);
  assert.ok(only(call.heard).fromMs <= 1_200, `from ${only(call.heard).fromMs}`);
});

test('words that become known as they are said are heard before the number and after it', () => {
  const call = listen();
  call.voice(0);
  tellsWords(call, `${PLAIN} and that is all of it`);
  call.silence(5_600);
  call.commits(5_900);
  call.words(6_200, `${PLAIN} and that is all of it`, true);
  const { fromMs, toMs } = only(call.heard);
  assert.ok(fromMs > 800 && fromMs <= 1_600, `from ${fromMs}`);
  assert.ok(toMs >= 3_200 && toMs <= 3_600, `until ${toMs}`);
});

test('a voice that comes again after a pause counts to its own end', () => {
  const call = listen();
  call.voice(0);
  tellsWords(call, 'my card number is');
  call.silence(1_600);
  call.voice(2_400);
  for (const [place, text] of ['4111', '4111 1111', '4111 1111 1111', '4111 1111 1111 1111'].entries())
    call.words(2_800 + place * 400, `my card number is ${text}`);
  call.hangsUp(4_200);
  assert.ok(only(call.heard).toMs >= 4_200, `until ${only(call.heard).toMs}`);
});

test('what is said on while the last words before it are awaited is silent from its beginning', () => {
  const call = listen();
  call.voice(0);
  // Who judges turns ends an utterance by itself, and says so a little later; the number begins at 3.5 s.
  call.words(4_000, 'I would like to pay now', true);
  call.words(6_000, '4111 1111 1111 1111');
  call.silence(7_000);
  call.words(7_300, '4111 1111 1111 1111', true, 1);
  assert.ok(only(call.heard).fromMs <= 3_500, `from ${only(call.heard).fromMs}`);
});

// --- any growth ---

/** A word is known at least so soon after it was said, where nothing is held up. */
const LAG_MS_MAX = 700;
const BEFORE = ['so', 'my', 'card', 'number', 'is'];
const AFTER = ['and', 'that', 'is', 'all', 'thanks'];
const DIGITS = '4111111111111111'.split('');
const NAMES: Readonly<Record<string, string>> = { 4: 'four', 1: 'one' };

/** How what is known of the digits is written: by words, as one figure, or in groups. */
type Writing = 'words' | 'figure' | 'groups';

function written(digits: readonly string[], how: Writing): string {
  if (how === 'words') return digits.map((digit) => NAMES[digit]).join(' ');
  return how === 'figure' ? digits.join('') : (digits.join('').match(/.{1,4}/gu) ?? []).join(' ');
}

const growths = fc.record({
  before: fc.integer({ min: 0, max: BEFORE.length }),
  after: fc.integer({ min: 0, max: AFTER.length }),
  /** Of each word that is said. */
  words: fc.array(
    fc.record({
      pauseMs: fc.oneof({ weight: 40, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 1_500 })),
      saidMs: fc.integer({ min: 100, max: 600 }),
      lagMs: fc.integer({ min: 0, max: LAG_MS_MAX }),
      writing: fc.constantFrom<Writing>('words', 'figure', 'groups'),
      misheard: fc.integer({ min: 0, max: 7 }).map((chance) => chance === 0),
    }),
    { minLength: 26, maxLength: 26 },
  ),
  /** One writing for all, as most providers have it. */
  writing: fc.option(fc.constantFrom<Writing>('words', 'words', 'figure', 'groups')),
  mishears: fc.boolean(),
  /** Nothing becomes known meanwhile, and then all of it at once. */
  stalls: fc.oneof(
    fc.constant([]),
    fc.array(
      fc.record({ fromMs: fc.integer({ min: 0, max: 9_000 }), forMs: fc.integer({ min: 701, max: 3_000 }) }),
      { maxLength: 2 },
    ),
  ),
  /** More words than these never become known before the last news. */
  liveWords: fc.oneof({ weight: 3, arbitrary: fc.constant(26) }, fc.integer({ min: 0, max: 26 })),
  finalMs: fc.integer({ min: 0, max: 2_000 }),
});

test('however its words become known, all of the number is silent', () => {
  fc.assert(
    fc.property(growths, ({ before, after, words, writing, mishears, stalls, liveWords, finalMs }) => {
      const said = [...BEFORE.slice(BEFORE.length - before), ...DIGITS, ...AFTER.slice(0, after)];
      let endMs = 1_000;
      const spoken = said.map((word, place) => {
        const { pauseMs = 0, saidMs = 0, ...how } = words[place] ?? {};
        const fromMs = endMs + (place === 0 ? 0 : pauseMs);
        endMs = fromMs + saidMs;
        return { word, fromMs, toMs: endMs, ...how };
      });
      const text = (count: number, how: Writing): string =>
        [
          ...said.slice(0, Math.min(count, before)),
          written(DIGITS.slice(0, Math.max(0, count - before)), how),
          ...said.slice(before + DIGITS.length, count),
        ]
          .filter((part) => part !== '')
          .join(' ');
      /** At each time the number of words that are known then. */
      const known = new Map<number, number>();
      let knownMs = 0;
      for (const [place, { toMs, lagMs = 0 }] of spoken.slice(0, liveWords).entries()) {
        knownMs = Math.max(knownMs, toMs + lagMs);
        for (const { fromMs, forMs } of stalls.toSorted((a, b) => a.fromMs - b.fromMs))
          if (knownMs >= fromMs && knownMs < fromMs + forMs) knownMs = fromMs + forMs;
        known.set(knownMs, place + 1);
      }
      const call = listen();
      call.voice(1_000);
      const happenings: (readonly [number, () => void])[] = [...known].map(([atMs, count]) => {
        const { writing: own = 'words', misheard = false } = spoken[count - 1] ?? {};
        const right = text(count, writing ?? own);
        const heard = mishears && misheard ? right.replace(/[^ ]+$/u, 'hm') : right;
        return [atMs, () => call.words(atMs, heard)];
      });
      const committedMs = endMs + 500;
      happenings.push([endMs, () => call.silence(endMs)], [committedMs, () => call.commits(committedMs)]);
      for (const [, happens] of happenings.toSorted(([a], [b]) => a - b)) happens();
      const lastMs = Math.max(committedMs, knownMs) + finalMs;
      call.words(lastMs, text(said.length, 'groups'), true);
      const { fromMs, toMs } = only(call.heard);
      const [first, last] = [spoken[before], spoken[before + DIGITS.length - 1]];
      assert.ok(first !== undefined && last !== undefined);
      assert.ok(fromMs <= first.fromMs, `from ${fromMs}, and it was said from ${first.fromMs} on`);
      assert.ok(toMs >= last.toMs, `until ${toMs}, and it was said until ${last.toMs}`);
    }),
    { numRuns: 500 },
  );
});
