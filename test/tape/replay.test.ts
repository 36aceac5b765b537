import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { parseAgentFile } from '../../src/agent/file.ts';
import type { AgentFile } from '../../src/agent/schema.ts';
import { agentOf } from '../../src/tape/header.ts';
import { replay } from '../../src/tape/player.ts';
import { readTape, type Reel, type TapeLine } from '../../src/tape/reel.ts';
import { compare, report } from '../../src/tape/report.ts';

const reel = await readTape(path.resolve(import.meta.dirname, '../fixtures/eventful-call.jsonl.gz'));
const agent = agentOf(reel.header);

/** What came out otherwise than on the tape, with another agent. */
async function withAgent(changed: AgentFile, tape = reel) {
  const replayed = await replay(tape, changed);
  const { turns, isSame } = compare(tape, replayed);
  return {
    replayed,
    isSame,
    differences: turns.map(({ turn, difference }) => [turn, difference?.kind] as const),
  };
}

/** The tape, as if one line of it had been another. */
function changedAt(at: number, change: (line: TapeLine) => readonly TapeLine[]): Reel {
  const lines = reel.lines.flatMap((line, index) => (index === at ? change(line) : [line]));
  return { ...reel, lines };
}

function turnOf(replayed: Awaited<ReturnType<typeof replay>>, index: number) {
  const turn = replayed.talk.turns.get(index);
  assert.ok(turn !== undefined, `there is a turn ${index}`);
  return turn;
}

test('the call of the fixture has a cough, an interruption, a tool and a model that fails, and comes out the same', async () => {
  const replayed = await replay(reel);
  assert.ok(compare(reel, replayed).isSame, report(reel, replayed).join('\n'));
  assert.deepEqual([replayed.departure, replayed.remarks], [undefined, []]);
  const told = [...replayed.talk.turns.values()];
  assert.deepEqual(
    told.map(({ callerText, source, interrupted }) => [callerText, source, interrupted]),
    [
      ['', 'cached', false],
      ['What are your hours?', 'generated', true],
      ['Wait, what is the weather in Lisbon?', 'generated', false],
      ['Tell me number one.', 'fallback', false],
      ['Thank you, goodbye.', 'generated', false],
    ],
  );
  assert.equal(told[2]?.heardText, 'Let me look. The answer is sunny.');
  assert.match(
    report(reel, replayed).join('\n'),
    /the same: \d+ messages, bit for bit and at the same times/,
  );
});

test('it comes out the same as often as it is told', async () => {
  const first = await replay(reel);
  for (let times = 0; times < 3; times += 1) assert.deepEqual(await replay(reel), first);
});

test('a longer wait for the end of a turn is named at the first turn that it delays', async () => {
  const patient = { ...agent, turnTaking: { ...agent.turnTaking, minWaitMs: 700 } };
  const { replayed, isSame, differences } = await withAgent(patient);
  assert.equal(isSame, false);
  assert.deepEqual(differences[0], [0, undefined], 'the greeting is as it was');
  assert.deepEqual(differences[1], [1, 'time'], report(reel, replayed).join('\n'));
  assert.ok((turnOf(replayed, 1).timings.response ?? 0) > 600);
  const text = report(reel, replayed).join('\n');
  assert.match(text, /different, first in turn 1: the same, from message 1 on at other times/);
  assert.match(text, /now: {2}asks to be woken in \d+\.\d+ ms/);
});

test('other words are named where they are said, and the rest of the call goes its way', async () => {
  const { replayed, isSame, differences } = await withAgent({
    ...agent,
    lines: { ...agent.lines, sorry: 'I beg your pardon.' },
  });
  assert.equal(isSame, false);
  assert.deepEqual(differences, [
    [0, undefined],
    [1, undefined],
    [2, undefined],
    [3, 'content'],
    [4, undefined],
  ]);
  assert.deepEqual(replayed.departure?.now?.slice(0, 1), ['speak']);
  assert.equal(turnOf(replayed, 3).agentText, 'I beg your pardon.');
  assert.equal(turnOf(replayed, 4).heardText, 'Have a lovely day.');
  assert.match(replayed.remarks.join('\n'), /not on the tape, and is silent: “I beg your pardon\.”/);
});

test('an agent that cannot be interrupted is named where it was interrupted, and says all that it had to say', async () => {
  const { replayed, differences } = await withAgent({
    ...agent,
    interruption: { ...agent.interruption, enabled: false },
  });
  // It does not falter at the cough either.
  assert.deepEqual(differences[0], [0, undefined]);
  assert.notEqual(differences[1]?.[1], undefined);
  assert.equal(turnOf(replayed, 1).interrupted, false);
  assert.match(turnOf(replayed, 1).heardText, /one in the afternoon\.$/);
});

test('another prompt changes nothing on the tape, and is told', async () => {
  const { replayed, isSame } = await withAgent({ ...agent, prompt: 'You are somebody else.' });
  assert.equal(isSame, true);
  assert.deepEqual(replayed.remarks, [
    'the model is asked something else than then; it answers what it answered then',
  ]);
});

test('a message that was another on the tape is named: its turn, its place and what it is', async () => {
  const at = reel.lines.findLastIndex((line) => line.kind === 'doing' && line.doing[0] === 'sound');
  const other = changedAt(at, (line) => {
    assert.equal(line.kind, 'doing');
    const doing = ['sound', 320, 'another'] as const;
    return [{ kind: 'doing', atUs: line.atUs, doing, text: JSON.stringify(doing) }];
  });
  const { isSame, differences } = await withAgent(agent, other);
  assert.equal(isSame, false);
  assert.deepEqual(differences.at(-1), [4, 'content']);
  assert.deepEqual(
    differences.slice(0, -1).map(([, kind]) => kind),
    [undefined, undefined, undefined, undefined],
  );
});

test('a call that does more, or less, than on the tape is different', async () => {
  const at = reel.lines.findIndex((line) => line.kind === 'doing' && line.doing[0] === 'sound');
  const less = await withAgent(
    agent,
    changedAt(at, () => []),
  );
  assert.equal(less.isSame, false);
  assert.equal(less.differences[0]?.[0], 0);
  const more = await withAgent(
    agent,
    changedAt(at, (line) => [line, line]),
  );
  assert.equal(more.isSame, false);
  assert.equal(more.differences[0]?.[0], 0);
});

test('a tape that was stopped is compared as far as it goes', async () => {
  const cut: Reel = { ...reel, lines: reel.lines.slice(0, 900), isWhole: false };
  while (cut.lines.at(-1)?.kind === 'happening') (cut.lines as TapeLine[]).pop();
  const replayed = await replay(cut);
  assert.ok(compare(cut, replayed).isSame, report(cut, replayed).join('\n'));
  assert.match(report(cut, replayed).at(-1) ?? '', /the tape ends before the call did/);
});

test('the agent on a tape is the one that its file makes', () => {
  const { version: _version, ...rest } = agent;
  const again = parseAgentFile(JSON.stringify(rest), 'again');
  assert.ok(again.ok);
  assert.deepEqual({ ...again.agent, version: agent.version }, agent);
});
