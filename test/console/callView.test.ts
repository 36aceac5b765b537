import assert from 'node:assert/strict';
import test from 'node:test';
import { emptyCall, heardParts, reduceCall, withStored, type CallView } from '../../src/console/callView.ts';
import { reduceLive, withoutEnded, withStoredCalls, type LiveList } from '../../src/console/liveCalls.ts';
import type { CallAnswer } from '../../src/console/wire.ts';
import type { LiveEvent } from '../../src/events/event.ts';

const BASE = { callSid: 'CA1', at: 1_000 };

type Told = LiveEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, 'callSid' | 'at'>
    : never
  : never;

function after(view: CallView, ...events: readonly Told[]): CallView {
  return events.reduce((before, event) => reduceCall(before, { ...BASE, ...event }), view);
}

const finished = {
  type: 'turn.finished',
  turn: 1,
  callerText: 'Is it open?',
  agentText: 'It is. Until nine.',
  heardText: 'It is.',
  interrupted: true,
  source: 'generated',
  speculated: true,
  intents: [],
  timings: { response: 800 },
} as const;

const STORED: CallAnswer = {
  callSid: 'CA1',
  direction: 'inbound',
  agent: 'desk',
  from: '+15550100123',
  to: '+15550100456',
  leadId: null,
  startedAt: '2026-01-02T03:04:05.000Z',
  endedAt: null,
  outcome: null,
  recording: null,
  turnCount: 1,
  transcript: '',
  turns: [
    {
      callSid: 'CA1',
      part: 0,
      index: 0,
      callerText: '',
      agentText: 'Hello.',
      heardText: 'Hello.',
      interrupted: false,
      source: 'cached',
      speculated: false,
      startedAt: '2026-01-02T03:04:05.000Z',
      timings: {},
    },
  ],
};

test('words that may change are replaced in place, and final ones are added to one another', () => {
  let view = after(emptyCall('CA1'), { type: 'transcript.partial', turn: 1, text: 'is' });
  view = after(view, { type: 'transcript.partial', turn: 1, text: 'is it' });
  assert.deepEqual([view.turns[0]?.callerText, view.turns[0]?.partialText], ['', 'is it']);
  view = after(view, { type: 'transcript.final', turn: 1, text: 'Is it' });
  view = after(view, { type: 'transcript.partial', turn: 1, text: 'open' });
  assert.deepEqual([view.turns[0]?.callerText, view.turns[0]?.partialText], ['Is it', 'open']);
  view = after(view, { type: 'turn.started', turn: 1, callerText: 'Is it open?' });
  assert.deepEqual([view.turns[0]?.callerText, view.turns[0]?.partialText], ['Is it open?', '']);
});

test('what was heard grows within what was said, also in the second speech of a turn', () => {
  const view = after(
    emptyCall('CA1'),
    { type: 'agent.said', turn: 1, text: 'One moment.' },
    { type: 'agent.heard', turn: 1, heardText: 'One moment.' },
    { type: 'agent.said', turn: 1, text: 'We open at eight.' },
    { type: 'agent.heard', turn: 1, heardText: 'We open' },
    { type: 'agent.heard', turn: 1, heardText: 'We' },
  );
  const [turn] = view.turns;
  assert.ok(turn !== undefined);
  assert.equal(turn.heardText, 'One moment. We open', 'late news takes nothing back');
  assert.deepEqual(heardParts(turn), { heard: 'One moment. We open', unheard: ' at eight.' });
});

test('a turn that was taken back starts again without what was made for it', () => {
  const view = after(
    emptyCall('CA1'),
    { type: 'turn.started', turn: 1, callerText: 'Is it' },
    { type: 'agent.said', turn: 1, text: 'It is.' },
    { type: 'turn.withdrawn', turn: 1, callerText: 'Is it' },
  );
  assert.deepEqual([view.turns[0]?.agentText, view.turns[0]?.withdrawn], ['', 1]);
});

test('words that were told under the next turn belong to the one that begins again', () => {
  const view = after(
    emptyCall('CA1'),
    { type: 'turn.started', turn: 2, callerText: 'Wait.' },
    { type: 'transcript.partial', turn: 3, text: 'please' },
    { type: 'turn.withdrawn', turn: 2, callerText: 'Wait.' },
    { type: 'transcript.final', turn: 3, text: 'Please look.' },
    { type: 'turn.started', turn: 2, callerText: 'Wait. Please look.' },
  );
  assert.deepEqual(
    view.turns.map(({ index, callerText }) => [index, callerText]),
    [[2, 'Wait. Please look.']],
  );
});

test('words that turn out final after their turn has begun change nothing of what was asked', () => {
  const view = after(
    emptyCall('CA1'),
    { type: 'transcript.final', turn: 1, text: 'Is it' },
    { type: 'transcript.partial', turn: 1, text: 'open?' },
    { type: 'turn.started', turn: 1, callerText: 'Is it open?' },
    { type: 'transcript.final', turn: 1, text: 'open?' },
  );
  assert.deepEqual([view.turns[0]?.callerText, view.turns[0]?.partialText], ['Is it open?', '']);
});

test('a tool is at work, then has taken its time', () => {
  let view = after(emptyCall('CA1'), { type: 'tool.started', turn: 1, tool: 'weather' });
  assert.deepEqual(view.turns[0]?.tools, [{ name: 'weather', durationMs: undefined }]);
  view = after(view, { type: 'tool.finished', turn: 1, tool: 'weather', durationMs: 5 });
  assert.deepEqual(view.turns[0]?.tools, [{ name: 'weather', durationMs: 5 }]);
});

test('a page that was opened late has what is stored, and keeps what events have told since', () => {
  const live = after(emptyCall('CA1'), { type: 'tool.started', turn: 1, tool: 'weather' }, finished);
  const view = withStored(live, STORED);
  assert.deepEqual(
    view.turns.map(({ index, agentText, finished: over }) => [index, agentText, over]),
    [
      [0, 'Hello.', true],
      [1, 'It is. Until nine.', true],
    ],
  );
  assert.equal(view.row?.from, '+15550100123');
  assert.equal(view.turns[1]?.tools.length, 1);
  const ended = after(view, { type: 'call.ended', outcome: 'completed', durationMs: 5 });
  assert.equal(
    withStored(ended, STORED).row?.endedAt,
    ended.row?.endedAt,
    'a row that lags takes no end back',
  );
});

test('events of other calls change nothing', () => {
  const view = emptyCall('CA2');
  assert.equal(after(view, finished), view);
});

const PARTS = [
  { agentText: 'It is open.', heardText: 'It is open.', heard: 'It is open.', unheard: '' },
  { agentText: 'It is open.', heardText: '', heard: '', unheard: 'It is open.' },
  { agentText: 'It is **open** now.', heardText: 'It is open', heard: 'It is open', unheard: ' now.' },
  { agentText: '', heardText: '', heard: '', unheard: '' },
];
for (const { agentText, heardText, heard, unheard } of PARTS) {
  test(`of “${agentText}” with “${heardText}” heard, “${unheard}” was not`, () => {
    assert.deepEqual(heardParts({ agentText, heardText }), { heard, unheard });
  });
}

const STARTED = { type: 'call.started', agent: 'desk', direction: 'inbound', from: '+1', to: '+2' } as const;

function live(...events: readonly (Told & { readonly callSid?: string; readonly at?: number })[]): LiveList {
  return events.reduce<LiveList>((list, event) => reduceLive(list, { ...BASE, ...event }), []);
}

test('a new call is added below, and none moves', () => {
  const list = live(
    STARTED,
    { ...STARTED, callSid: 'CA2', at: 2_000 },
    { type: 'agent.said', turn: 0, text: 'Hello.' },
  );
  assert.deepEqual(
    list.map(({ row, floor, words }) => [row.callSid, floor, words]),
    [
      ['CA1', 'agent', 'Hello.'],
      ['CA2', 'quiet', ''],
    ],
  );
});

test('the floor is not the caller\u2019s because their last words turn out final, and is when their turn is taken back', () => {
  const late: Told = { type: 'transcript.final', turn: 1, text: 'Open?' };
  const asked = [STARTED, { type: 'turn.started', turn: 1, callerText: 'Open?' }] as const;
  const [row] = live(...asked, late);
  assert.deepEqual([row?.floor, row?.turns], ['thinking', 1]);
  const [taken] = live(...asked, { type: 'turn.withdrawn', turn: 1, callerText: 'Open?' }, late);
  assert.deepEqual([taken?.floor, taken?.turns], ['caller', 0]);
});

test('an event of a call that is not in the list makes none, and calls that are stored keep what was told of them', () => {
  assert.deepEqual(live({ type: 'agent.said', turn: 0, text: 'Hello.' }), []);
  const { turns: _turns, transcript: _transcript, ...row } = STORED;
  const list = withStoredCalls(live(STARTED, { type: 'agent.said', turn: 0, text: 'Hello.' }), [
    row,
    { ...row, callSid: 'CA9' },
  ]);
  assert.deepEqual(
    list.map(({ row: { callSid }, words }) => [callSid, words]),
    [
      ['CA1', 'Hello.'],
      ['CA9', ''],
    ],
  );
});

test('a call that has ended stays for a while', () => {
  const list = live(STARTED, { type: 'call.ended', outcome: 'completed', durationMs: 5, at: 5_000 });
  assert.equal(withoutEnded(list, 5_000), list);
  assert.deepEqual(withoutEnded(list, 5_001), []);
});
