import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { sleep } from '../../src/base/clock.ts';
import { CANCELLED_RESULT, INTERRUPTED_NOTE, UNFINISHED_RESULT } from '../../src/llm/history.ts';
import type { ChatMessage, LlmEvent } from '../../src/llm/port.ts';
import { CallRig, type Answer } from '../helpers/callRig.ts';
import { settlePromises, VirtualClock } from '../helpers/virtualClock.ts';

const AGENT = `
name: test-agent
greeting: Hello, this is Robin.
prompt: You are Robin.
providers:
  stt: [{ provider: openai, model: fake }]
  llm: [{ provider: openai, model: fake }]
  tts: [{ provider: openai, model: fake, voice: fake }]
limits:
  idle: []
tools:
  - { name: book, description: Books., url: "https://tools.example/quick", timeoutMs: 3000, filler: I will book that for you right away. }
  - { name: look_up, description: Looks up., url: "https://tools.example/slow", timeoutMs: 8000, filler: Let me look that up for you. }
`;
const SLOW_MS = 4_000;

let calls = 0;
/** Numbered from 0 in every answer, as some servers do. */
const tool = (name: string, id = 'call_0'): LlmEvent => ({
  kind: 'toolCall',
  call: { id, name, argumentsText: JSON.stringify({ number: (calls += 1) }) },
});

/** A call whose greeting is over; a tool's answer says what it was asked. */
async function greeted(answer: (messages: readonly ChatMessage[]) => Answer): Promise<CallRig> {
  const clock = new VirtualClock(settlePromises);
  const rig = new CallRig({
    clock,
    agentYaml: AGENT,
    answer,
    world: {
      fetch: async (url, init) => {
        if (String(url).endsWith('slow')) await sleep(clock, SLOW_MS, init?.signal ?? undefined);
        return new Response(`done ${JSON.stringify(init?.body)}`);
      },
    },
  });
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  return rig;
}

/** As a chat server checks it: right behind the calls their results, one each. */
function assertWhole(messages: readonly ChatMessage[]): void {
  let open: string[] = [];
  for (const message of messages) {
    if (message.role === 'tool') {
      const place = open.indexOf(message.toolCallId);
      assert.ok(place >= 0, 'a result without its call');
      open.splice(place, 1);
      continue;
    }
    assert.deepEqual(open, [], 'a call without its result');
    open = message.role === 'assistant' ? (message.toolCalls ?? []).map(({ id }) => id) : [];
  }
  assert.deepEqual(open, [], 'a call without its result');
}

function resultsIn(messages: readonly ChatMessage[]): readonly string[] {
  return messages.flatMap((message) => (message.role === 'tool' ? [message.content] : []));
}

test('tools that the caller broke off are told to the model: what was done, what may have been, what was not', async () => {
  let asked = 0;
  const rig = await greeted(() => {
    asked += 1;
    return asked === 1 ? [tool('book', 'a'), tool('look_up', 'b'), tool('book', 'c')] : ['Very well.'];
  });
  await rig.says('Book it, please.');
  await rig.agentSpeaks();
  await rig.run(800);
  await rig.voice();
  rig.words('wait');
  rig.words('stop');
  await rig.run(300);
  await rig.silence();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  const { messages } = rig.requests.at(-1) ?? { messages: [] };
  assertWhole(messages);
  const [done, unfinished, cancelled] = resultsIn(messages);
  assert.match(done ?? '', /^done "/);
  assert.deepEqual([unfinished, cancelled], [UNFINISHED_RESULT, CANCELLED_RESULT]);
  const cut = messages.find(
    ({ role, content }) => role === 'assistant' && content.endsWith(INTERRUPTED_NOTE),
  );
  assert.match(cut?.content ?? '', /^I will book/);
  rig.hangsUp();
  assert.deepEqual(rig.bugs, []);
});

const turns = fc.array(
  fc.record({
    tools: fc.array(fc.constantFrom('book', 'look_up'), { maxLength: 3 }),
    text: fc.constantFrom('', 'One moment. ', 'I can offer you Tuesday at ten or Wednesday at four. '),
    /** When the caller cuts in, if he does. */
    cutAfterMs: fc.option(fc.integer({ min: 20, max: 6_000 })),
  }),
  { minLength: 1, maxLength: 5 },
);

test('whatever is said, called and interrupted, every request is whole and tells what was heard', async () => {
  await fc.assert(
    fc.asyncProperty(turns, async (script) => {
      let turn = 0;
      const used = new Set<number>();
      const rig = await greeted(() => {
        const { text, tools } = script[turn] ?? { text: '', tools: [] };
        if (used.has(turn)) return ['That is done. Is there anything else that I can do for you?'];
        used.add(turn);
        return [
          text,
          ...tools.map((name, place) => tool(name, `call_${place}`)),
          ...(tools.length > 0 ? [] : ['Good.']),
        ];
      });
      for (turn = 0; turn < script.length; turn += 1) {
        const { cutAfterMs } = script[turn] ?? { cutAfterMs: null };
        await rig.says('and what about this one?');
        await rig.agentSpeaks();
        if (cutAfterMs !== null) {
          await rig.run(cutAfterMs);
          await rig.voice();
          rig.words('wait');
          rig.words('stop');
          await rig.run(200);
          await rig.silence();
        }
        await rig.run(8_000);
        await rig.agentFinishes();
      }
      await rig.says('thank you, that is all.');
      await rig.agentSpeaks();
      const { messages } = rig.requests.at(-1) ?? { messages: [] };
      for (const request of rig.requests) assertWhole(request.messages);
      const told = messages.map(({ content }) => content).join('\n');
      for (const { heardText } of rig.eventsOf('agent.interrupted')) {
        assert.ok(told.includes(`${heardText}${INTERRUPTED_NOTE}`), `'${heardText}' is not in\n${told}`);
      }
      rig.hangsUp();
      assert.deepEqual(rig.bugs, []);
    }),
    { numRuns: 6, seed: 5 },
  );
});
