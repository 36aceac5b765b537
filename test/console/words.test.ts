import assert from 'node:assert/strict';
import test from 'node:test';
import { NO_WORDS, withEvent, withStoredTurns, type Words } from '../../src/console/softphone/words.ts';
import type { LiveEvent } from '../../src/events/event.ts';

type Told = LiveEvent extends infer Event
  ? Event extends LiveEvent
    ? Omit<Event, 'callSid' | 'at'>
    : never
  : never;

/** What stands on the page after these events; `~` before what may still change. */
function shown(...events: readonly Told[]): readonly string[] {
  let words: Words = NO_WORDS;
  for (const [at, event] of events.entries()) {
    words = withEvent(words, { ...event, callSid: 'SP1', at });
  }
  return words.lines.map(({ who, text, live, cut }) => `${live ? '~' : ''}${who}: ${text}${cut ? ' /' : ''}`);
}

const finished = (turn: number, callerText: string, heardText: string, interrupted = false): Told => ({
  type: 'turn.finished',
  turn,
  callerText,
  agentText: heardText,
  heardText,
  interrupted,
  source: 'generated',
  speculated: false,
  intents: [],
  timings: {},
});

const HELLO: Told = { type: 'transcript.final', turn: 1, text: 'Hello there.' };
const STARTED: Told = { type: 'turn.started', turn: 1, callerText: 'Hello there. How are you?' };

test('words come, settle, and go on behind those that have settled', () => {
  const partial = (text: string): Told => ({ type: 'transcript.partial', turn: 1, text });
  assert.deepEqual(shown(partial('Hello')), ['~caller: Hello']);
  assert.deepEqual(shown(partial('Hello'), partial('Hello there')), ['~caller: Hello there']);
  assert.deepEqual(shown(partial('Hello'), HELLO, partial('How')), ['~caller: Hello there. How']);
  assert.deepEqual(shown(HELLO, partial('How'), STARTED), ['caller: Hello there. How are you?']);
});

test('the agent stands in sentences while it speaks, and as it was heard when it has spoken', () => {
  const said = (text: string): Told => ({ type: 'agent.said', turn: 1, text });
  assert.deepEqual(shown(STARTED, said('Fine.'), said('And you?')).slice(1), [
    '~agent: Fine.',
    '~agent: And you?',
  ]);
  assert.deepEqual(
    shown(STARTED, said('Fine.'), said('And you?'), finished(1, '', 'Fine. And you?')).slice(1),
    ['agent: Fine. And you?'],
  );
  const cut: Told = { type: 'agent.interrupted', turn: 1, heardText: 'Fine. And', callerText: 'no' };
  assert.deepEqual(shown(STARTED, said('Fine.'), said('And you?'), cut).slice(1), ['agent: Fine. And /']);
});

test('an answer of which nothing was heard is taken back, and the question goes on', () => {
  const withdrawn: Told = { type: 'turn.withdrawn', turn: 1, callerText: 'Hello there.' };
  const more: Told = { type: 'transcript.partial', turn: 1, text: 'And one more thing' };
  assert.deepEqual(shown(HELLO, STARTED, { type: 'agent.said', turn: 1, text: 'Fine.' }, withdrawn, more), [
    '~caller: Hello there. And one more thing',
  ]);
});

test('a turn does not touch the one before it', () => {
  const first = [STARTED, { type: 'agent.said', turn: 1, text: 'Fine.' }, finished(1, '', 'Fine.')] as const;
  const second: Told = { type: 'transcript.partial', turn: 2, text: 'Good' };
  assert.deepEqual(shown(...first, second, { type: 'agent.said', turn: 2, text: 'Yes.' }), [
    'caller: Hello there. How are you?',
    'agent: Fine.',
    '~caller: Good',
    '~agent: Yes.',
  ]);
});

test('what the caller says while an answer is under way stands behind it', () => {
  const more: Told = { type: 'transcript.partial', turn: 2, text: 'And' };
  const said: Told = { type: 'agent.said', turn: 1, text: 'Fine.' };
  assert.deepEqual(shown(STARTED, more, said, finished(1, '', 'Fine.')).slice(1), [
    'agent: Fine.',
    '~caller: And',
  ]);
});

test('words that turn out final after their turn has begun change nothing of what was asked', () => {
  const late: Told = { type: 'transcript.final', turn: 1, text: 'How are you?' };
  assert.deepEqual(shown(HELLO, STARTED, late), ['caller: Hello there. How are you?']);
  const next: Told = { type: 'transcript.final', turn: 2, text: 'How are you?' };
  assert.deepEqual(shown(HELLO, STARTED, late, next), [
    'caller: Hello there. How are you?',
    '~caller: How are you?',
  ]);
});

test('words that were told under the next turn belong to the one that begins again', () => {
  const more: Told = { type: 'transcript.partial', turn: 2, text: 'And' };
  const withdrawn: Told = { type: 'turn.withdrawn', turn: 1, callerText: 'Hello there.' };
  assert.deepEqual(shown(HELLO, STARTED, more, withdrawn), ['~caller: Hello there.']);
  assert.deepEqual(shown(HELLO, STARTED, more, withdrawn, more, STARTED), [
    'caller: Hello there. How are you?',
  ]);
});

test('turns of which no event came are told by the store, in their places', () => {
  let words: Words = NO_WORDS;
  const said: Told = { type: 'agent.said', turn: 0, text: 'Hello.' };
  const late: Told = { type: 'transcript.partial', turn: 3, text: 'And' };
  for (const event of [said, late]) words = withEvent(words, { ...event, callSid: 'SP1', at: 0 });
  words = withStoredTurns(words, [
    { index: 0, callerText: '', heardText: 'Hello.', interrupted: false },
    { index: 1, callerText: 'Is it open?', heardText: 'It is.', interrupted: false },
    { index: 2, callerText: 'Until when?', heardText: 'Until', interrupted: true },
  ]);
  assert.deepEqual(
    words.lines.map(({ who, text, live, cut }) => [who, text, live, cut]),
    [
      ['agent', 'Hello.', false, false],
      ['caller', 'Is it open?', false, false],
      ['agent', 'It is.', false, false],
      ['caller', 'Until when?', false, false],
      ['agent', 'Until', false, true],
      ['caller', 'And', true, false],
    ],
  );
});

test('what had settled of a turn whose beginning was missed is not the next one\u2019s', () => {
  const next: Told = { type: 'transcript.partial', turn: 2, text: 'And' };
  assert.deepEqual(shown(HELLO, next), ['~caller: Hello there.', '~caller: And']);
});

test('events that tell no words change nothing', () => {
  const before = withEvent(NO_WORDS, { ...HELLO, callSid: 'SP1', at: 0 });
  assert.equal(
    withEvent(before, { type: 'call.ended', callSid: 'SP1', at: 1, outcome: 'completed', durationMs: 1 }),
    before,
  );
});
