import assert from 'node:assert/strict';
import test from 'node:test';
import { parseAgentFile } from '../../src/agent/file.ts';
import type { AgentFile } from '../../src/agent/schema.ts';
import { Breaker } from '../../src/base/breaker.ts';
import { ProviderError } from '../../src/base/errors.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { SpeechToText } from '../../src/stt/port.ts';
import { agentOf } from '../../src/tape/header.ts';
import { replay, type Replayed } from '../../src/tape/player.ts';
import type { Reel, TapeLine } from '../../src/tape/reel.ts';
import { compare, report } from '../../src/tape/report.ts';
import { INFO, steppedTape } from '../helpers/steppedTape.ts';
import { settlePromises, VirtualClock } from '../helpers/virtualClock.ts';

const AGENT = `
name: test-agent
greeting: Hello, this is Robin.
prompt: You are Robin.
turnTaking: { minWaitMs: 200, maxWaitMs: 1200 }
providers:
  stt: [{ provider: openai, model: sim }]
  llm: [{ provider: openai, model: sim }]
  tts: [{ provider: openai, model: sim, voice: sim }]
lines: { sorry: Sorry about that., fillers: [] }
tools:
  - name: get_weather
    description: The weather in a city.
    url: https://weather.example.com/now
    filler: Let me look.
    parameters: { type: object, properties: { city: { type: string } }, required: [city] }
`;
const LONG_ANSWER =
  'We are open from eight to six on every working day, and on Saturday mornings from nine until one.';

/** A question, a cough over the answer, an interruption of it, a tool, a model that fails, and goodbye. */
const reel = await steppedTape(
  {
    agentYaml: AGENT,
    answer: (messages) => {
      const last = messages.at(-1);
      if (last?.role === 'tool') return [`The answer is ${last.content}.`];
      const words = messages.findLast(({ role }) => role === 'user')?.content ?? '';
      if (words.includes('hours')) return [LONG_ANSWER];
      if (words.includes('weather'))
        return [
          {
            kind: 'toolCall',
            call: { id: 'call_1', name: 'get_weather', argumentsText: '{"city":"Lisbon"}' },
          },
        ];
      if (words.includes('number one'))
        return [new ProviderError('server', 'it is broken', { stage: 'llm', provider: 'fake', status: 500 })];
      return ['Have a lovely day.'];
    },
    world: { fetch: () => Promise.resolve(new Response('sunny')) },
  },
  async (caller) => {
    await caller.agentFinishes();
    await caller.says('What are your hours?');
    await caller.pass(1_500);
    await caller.coughs(200);
    await caller.pass(1_000);
    await caller.says('Wait, what is the weather in Lisbon?');
    await caller.pass(5_000);
    await caller.says('Tell me number one.');
    await caller.agentFinishes();
    await caller.says('Thank you, goodbye.');
    await caller.agentFinishes();
    await caller.hangsUp();
  },
);
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
  assert.ok(at >= 0);
  const lines = reel.lines.flatMap((line, index) => (index === at ? change(line) : [line]));
  return { ...reel, lines };
}

function turnOf({ talk }: Replayed, index: number) {
  const turn = talk.turns.get(index);
  assert.ok(turn !== undefined, `there is a turn ${index}`);
  return turn;
}

test('a call with a cough, an interruption, a tool and a model that fails comes out the same, bit for bit', async () => {
  const replayed = await replay(reel);
  assert.ok(compare(reel, replayed).isExact, report(reel, replayed).join('\n'));
  assert.deepEqual([replayed.departure, replayed.remarks], [undefined, []]);
  assert.deepEqual(
    [...replayed.talk.turns.values()].map(({ callerText, source, interrupted }) => [
      callerText,
      source,
      interrupted,
    ]),
    [
      ['', 'cached', false],
      ['What are your hours?', 'generated', true],
      ['Wait, what is the weather in Lisbon?', 'generated', false],
      ['Tell me number one.', 'fallback', false],
      ['Thank you, goodbye.', 'generated', false],
    ],
  );
  assert.equal(turnOf(replayed, 2).heardText, 'Let me look. The answer is sunny.');
  const text = report(reel, replayed).join('\n');
  assert.match(text, /^the same: \d+ messages, bit for bit and at the same times$/m);
  assert.match(text, /^1 +What are your hours\? +We are open/m);
});

test('a call that another instance had begun goes on from what that one has left, then and now', async () => {
  const taken = await steppedTape(
    { agentYaml: AGENT, answer: (messages) => [`You have said ${messages.length} things.`] },
    async (caller) => {
      await caller.agentFinishes();
      await caller.says('And who are you?');
      await caller.agentFinishes();
      await caller.hangsUp();
    },
    {
      snapshot: {
        info: INFO,
        agent: 'test-agent',
        startedAtMs: 1_699_999_990_000,
        turn: 4,
        parts: 1,
        state: undefined,
        omittedItems: 0,
        items: [
          { kind: 'caller', text: 'Are you open?' },
          { kind: 'agent', text: 'We are.', cut: false },
        ],
        ending: undefined,
        handedOver: false,
        traceparent: undefined,
      },
    },
  );
  const replayed = await replay(taken);
  assert.ok(compare(taken, replayed).isExact, report(taken, replayed).join('\n'));
  assert.deepEqual(replayed.remarks, []);
  assert.equal(turnOf(replayed, 6).callerText, 'And who are you?');
  // The model was told of what was said at the other instance.
  assert.match(turnOf(replayed, 6).heardText, /^You have said [5-9] things\.$/);
});

test('a machine that was known for one before the stream was there is left the message, then and now', async () => {
  const taken = await steppedTape(
    { agentYaml: `${AGENT}voicemail: { say: Please call us back. }\n` },
    async (caller) => caller.pass(10_000),
    { answeredBy: 'machine_end_beep' },
  );
  const replayed = await replay(taken);
  assert.ok(compare(taken, replayed).isExact, report(taken, replayed).join('\n'));
  assert.deepEqual([replayed.departure, replayed.remarks], [undefined, []]);
  assert.match([...replayed.talk.turns.values()].at(-1)?.heardText ?? '', /Please call us back\.$/);
});

test('a call whose ears are limited and deaf asks then and now the same of them, and comes out the same', async () => {
  const clock = new VirtualClock(settlePromises);
  const opened: string[] = [];
  const ears = (provider: string, retryAfterMs?: number): SpeechToText => ({
    provider,
    capabilities: { liveWords: true, commitsItself: false },
    open: (_options, listener) => {
      opened.push(provider);
      const details = {
        stage: 'stt',
        provider,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      } as const;
      const refused = new ProviderError('rate_limit', '429', details);
      clock.after(20, () =>
        listener(retryAfterMs === undefined ? { kind: 'ready' } : { kind: 'failed', error: refused }),
      );
      let commits = 0;
      return { push: () => undefined, commit: () => commits++, close: () => undefined };
    },
  });
  const earBreakers = [1, 2].map((seed) => new Breaker({ clock, random: seededRandom(seed) }));
  const taken = await steppedTape(
    { clock, agentYaml: AGENT, world: { ears: [ears('limited', 5_000), ears('deaf')], earBreakers } },
    async (caller) => {
      await caller.agentFinishes();
      await caller.coughs(9_000);
      await caller.pass(8_000);
      await caller.coughs(9_000);
      await caller.pass(3_000);
      await caller.hangsUp();
    },
  );
  assert.ok(opened.filter((provider) => provider === 'deaf').length > 1, opened.join(' '));
  assert.ok(opened.filter((provider) => provider === 'limited').length > 1, opened.join(' '));
  const replayed = await replay(taken);
  assert.ok(compare(taken, replayed).isExact, report(taken, replayed).join('\n'));
  assert.deepEqual([replayed.departure, replayed.remarks], [undefined, []]);
});

test('it comes out the same as often as it is told', async () => {
  const first = await replay(reel);
  assert.deepEqual(await replay(reel), first);
  assert.deepEqual(await replay(reel), first);
});

test('a longer wait for the end of a turn is named at the first turn that it delays', async () => {
  const patient = { ...agent, turnTaking: { ...agent.turnTaking, minWaitMs: 1_000 } };
  const { replayed, isSame, differences } = await withAgent(patient);
  const text = report(reel, replayed).join('\n');
  assert.equal(isSame, false);
  assert.deepEqual(
    differences.slice(0, 2),
    [
      [0, undefined],
      [1, 'time'],
    ],
    text,
  );
  assert.ok((turnOf(replayed, 1).timings.response ?? 0) > 900);
  assert.match(text, /^different, first in turn 1: the same, from message 1 on at other times/m);
  assert.match(text, /^ {2}now: {2}asks to be woken in \d+\.\d+ ms/m);
});

test('other words are named where they are said, and the rest of the call goes its way', async () => {
  const { replayed, isSame, differences } = await withAgent({
    ...agent,
    lines: { ...agent.lines, sorry: 'Oh, sorry for that.' },
  });
  assert.equal(isSame, false);
  assert.deepEqual(differences.slice(0, 4), [
    [0, undefined],
    [1, undefined],
    [2, undefined],
    [3, 'content'],
  ]);
  assert.equal(replayed.departure?.now?.[0], 'speak');
  assert.equal(turnOf(replayed, 3).agentText, 'Oh, sorry for that.');
  assert.equal(turnOf(replayed, 4).heardText, 'Have a lovely day.');
  assert.match(replayed.remarks.join('\n'), /not on the tape, and is silent: “Oh, sorry for that\.”/);
});

test('an agent that cannot be interrupted says all that it had to say, and the interruption is missed', async () => {
  const { replayed, differences } = await withAgent({
    ...agent,
    interruption: { ...agent.interruption, enabled: false },
  });
  assert.deepEqual(differences[0], [0, undefined]);
  // It does not falter at the cough either.
  assert.notEqual(differences[1]?.[1], undefined);
  assert.equal(turnOf(replayed, 1).interrupted, false);
  assert.equal(turnOf(replayed, 1).heardText, LONG_ANSWER);
});

test('another prompt changes nothing on the tape, and is told', async () => {
  const { replayed, isSame } = await withAgent({ ...agent, prompt: 'You are somebody else.' });
  assert.equal(isSame, true);
  assert.deepEqual(replayed.remarks, [
    'the model is asked something else than then; it answers what it answered then',
  ]);
});

test('what goes another way comes to the same messages when nothing else is changed', async () => {
  // As if a timer had been added since: from here on the call is on its own clock, and asks the providers anew.
  const at = reel.lines.findIndex((line) => line.kind === 'doing' && line.doing[0] === 'wake');
  const before = changedAt(at, () => []);
  const replayed = await replay(before);
  const text = report(before, replayed).join('\n');
  const { isSame, isExact } = compare(before, replayed);
  assert.deepEqual([isSame, isExact], [true, false], text);
  assert.match(text, /^the same: \d+ messages, though the call came to them another way$/m);
});

test('a message that was another on the tape is named: its turn, its place and what it is', async () => {
  const at = reel.lines.findLastIndex((line) => line.kind === 'doing' && line.doing[0] === 'sound');
  const other = changedAt(at, (line) => {
    const doing = ['sound', 320, 'another'] as const;
    return [{ kind: 'doing', atUs: line.atUs, doing, text: JSON.stringify(doing) }];
  });
  const { replayed, differences } = await withAgent(agent, other);
  assert.deepEqual(differences, [
    [0, undefined],
    [1, undefined],
    [2, undefined],
    [3, undefined],
    [4, 'content'],
  ]);
  assert.match(
    report(other, replayed).join('\n'),
    /first in turn 4: message \d+ was 320 bytes of sound \(another\)/,
  );
});

test('a call that does more, or less, than on the tape is different', async () => {
  const at = reel.lines.findIndex((line) => line.kind === 'doing' && line.doing[0] === 'sound');
  const less = await withAgent(
    agent,
    changedAt(at, () => []),
  );
  assert.deepEqual([less.isSame, less.differences[0]?.[0]], [false, 0]);
  const more = await withAgent(
    agent,
    changedAt(at, (line) => [line, line]),
  );
  assert.deepEqual([more.isSame, more.differences[0]?.[0]], [false, 0]);
});

test('a tape that was stopped is compared as far as it goes', async () => {
  const end = reel.lines.findIndex((line) => line.kind === 'doing' && line.doing[0] === 'began');
  const cut: Reel = { ...reel, lines: reel.lines.slice(0, end + 1), isWhole: false };
  const replayed = await replay(cut);
  assert.ok(compare(cut, replayed).turns.length > 0);
  assert.match(report(cut, replayed).join('\n'), /the tape ends before the call did/);
});

test('the agent on a tape is the one that its file makes', () => {
  const parsed = parseAgentFile(AGENT, 'test.yaml');
  assert.ok(parsed.ok);
  assert.deepEqual(agent, parsed.agent);
});
