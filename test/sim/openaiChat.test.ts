import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { HttpPool } from '../../src/base/httpPool.ts';
import { seededRandom } from '../../src/base/random.ts';
import { SEED_TIMINGS, type SimFault, type SimTimings } from '../../src/sim/behaviour.ts';
import { tokensOf, type ChatQuirks } from '../../src/sim/chatWire.ts';
import { simulatedChat, type SimulatedChat } from '../../src/sim/openaiChat.ts';
import type { Brain } from '../../src/sim/brain.ts';
import { SimServer } from '../../src/sim/server.ts';
import { until } from '../helpers/until.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

interface Rig {
  readonly clock: VirtualClock;
  readonly chat: SimulatedChat;
  readonly asked: readonly number[];
  readonly post: (body: unknown, headers?: Record<string, string>, signal?: AbortSignal) => Promise<Response>;
  readonly get: (headers?: Record<string, string>) => Promise<Response>;
}

const key = { authorization: 'Bearer key' };
const hello = [{ role: 'user', content: 'Hello' }];

async function withChat(
  setting: { brain?: Brain; fault?: SimFault; quirks?: ChatQuirks; timings?: Partial<SimTimings> },
  run: (rig: Rig) => Promise<void>,
): Promise<void> {
  const clock = new VirtualClock();
  const server = new SimServer();
  const asked: number[] = [];
  const chat = simulatedChat(server, {
    brain: setting.brain ?? (() => ({ text: 'one two three' })),
    timings: () => ({ ...SEED_TIMINGS, ...setting.timings }),
    random: seededRandom(7),
    clock,
    faults: () => setting.fault,
    quirks: () => setting.quirks ?? {},
    onRequest: (atMs) => asked.push(atMs),
  });
  const origin = await server.listen();
  const http = new HttpPool();
  const post: Rig['post'] = (body, headers = key, signal) =>
    http.fetch(`${origin}/v1/chat/completions`, {
      method: 'POST',
      headers,
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...(signal !== undefined && { signal }),
    });
  const get: Rig['get'] = (headers = key) => http.fetch(`${origin}/v1/models`, { headers });
  try {
    await run({ clock, chat, asked, post, get });
  } finally {
    await http.close();
    await server.close();
  }
}

/** Reads along, so that a test can look at what has arrived so far. */
function readAlong(response: Response): { text: string; ended: boolean } {
  const seen = { text: '', ended: false };
  const decoder = new TextDecoder();
  const read = async (): Promise<void> => {
    const reader = response.body?.getReader();
    for (;;) {
      const result = await reader?.read();
      if (result === undefined || result.done) break;
      seen.text += decoder.decode(result.value, { stream: true });
    }
    seen.ended = true;
  };
  read().catch(() => (seen.ended = true));
  return seen;
}

test('writes the wire of the protocol, usage and [DONE] last', async () => {
  await withChat({ timings: { llmFirstTokenMs: 0, llmTokenMs: 0 } }, async ({ post, chat }) => {
    const response = await post({
      model: 'm',
      messages: hello,
      stream: true,
      stream_options: { include_usage: true },
    });
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
    const lines = (await response.text()).split('\n\n');
    assert.equal(lines.pop(), '');
    assert.equal(lines.pop(), 'data: [DONE]');
    const chunks = lines.map((line) => JSON.parse(line.slice('data: '.length)));
    const usage = chunks.pop();
    assert.deepEqual(usage.choices, []);
    assert.equal(usage.usage.completion_tokens, 3);
    assert.equal(usage.usage.total_tokens, usage.usage.prompt_tokens + 3);
    assert.deepEqual(
      chunks.map((chunk) => [chunk.choices[0].delta, chunk.choices[0].finish_reason]),
      [
        [{ role: 'assistant', content: '', refusal: null }, null],
        [{ content: 'one' }, null],
        [{ content: ' two' }, null],
        [{ content: ' three' }, null],
        [{}, 'stop'],
      ],
    );
    assert.equal(chat.requests[0]?.outcome, 'answered');
    assert.equal(chat.requests[0]?.tokensSent, 3);
  });
});

test('the first token comes after its time and the others at theirs, from the request on', async () => {
  await withChat({}, async ({ post, clock, chat, asked }) => {
    await clock.advance(1_000);
    const asking = post({ model: 'm', messages: hello, stream: true });
    await until(() => chat.requests.length === 1, 'the request arrives');
    assert.deepEqual(asked, [1_000]);
    const seen = readAlong(await asking);
    const sent = (): number | undefined => chat.requests[0]?.tokensSent;
    for (const [afterMs, tokens] of [
      [499, 0],
      [1, 1],
      [19, 1],
      [1, 2],
      [20, 3],
    ] as const) {
      await clock.advance(afterMs);
      assert.equal(sent(), tokens);
    }
    await until(() => seen.ended, 'the answer is over');
    assert.ok(!seen.text.includes('usage"'));
    assert.equal(clock.pendingTimers, 0);
  });
});

test('a whole completion comes when its last token would have', async () => {
  await withChat({}, async ({ post, clock, chat }) => {
    const asking = post({ model: 'm', messages: hello });
    await until(() => chat.requests.length === 1, 'the request arrives');
    await clock.advance(559);
    assert.equal(chat.requests[0]?.outcome, 'answering');
    await clock.advance(1);
    const body: unknown = await (await asking).json();
    assert.deepEqual(Object.keys(body ?? {}), ['id', 'object', 'created', 'model', 'choices', 'usage']);
    assert.equal(chat.requests[0]?.outcome, 'answered');
  });
});

test('a client that leaves is noticed, in a stream and before it', async () => {
  await withChat({}, async ({ post, clock, chat }) => {
    for (const stream of [true, false]) {
      const abort = new AbortController();
      const asking = post({ model: 'm', messages: hello, stream }, key, abort.signal).then(
        readAlong,
        () => undefined,
      );
      const asked = stream ? 1 : 2;
      await until(() => chat.requests.length === asked, 'the request arrives');
      if (stream) await clock.advance(500);
      abort.abort();
      await asking;
      await until(() => chat.requests.at(-1)?.outcome === 'cancelled', 'the server notices');
      assert.equal(clock.pendingTimers, 0);
    }
    assert.equal(chat.requests[0]?.tokensSent, 1);
  });
});

const refusals: readonly (readonly [what: string, body: unknown, status: number])[] = [
  ['no JSON', '{', 400],
  ['no model', { messages: hello }, 400],
  ['no messages', { model: 'm', messages: [] }, 400],
  [
    'a tool call without an answer',
    { model: 'm', messages: [{ role: 'assistant', tool_calls: [{ id: 'c' }] }, ...hello] },
    400,
  ],
  [
    'a tool call without an answer at the end',
    { model: 'm', messages: [...hello, { role: 'assistant', tool_calls: [{ id: 'c' }] }] },
    400,
  ],
  [
    'an answer without a call',
    { model: 'm', messages: [...hello, { role: 'tool', tool_call_id: 'c' }] },
    400,
  ],
];

for (const [what, body, status] of refusals) {
  test(`refuses ${what}`, async () => {
    await withChat({}, async ({ post, chat }) => {
      assert.equal((await post(body)).status, status);
      assert.equal(chat.requests[0]?.outcome, 'refused');
    });
  });
}

test('takes a tool call with its answer', async () => {
  await withChat({ timings: { llmFirstTokenMs: 0, llmTokenMs: 0 } }, async ({ post }) => {
    const messages = [
      ...hello,
      { role: 'assistant', tool_calls: [{ id: 'c' }, { id: 'd' }] },
      { role: 'tool', tool_call_id: 'd', content: '' },
      { role: 'tool', tool_call_id: 'c', content: '' },
    ];
    assert.equal((await post({ model: 'm', messages })).status, 200);
  });
});

test('asks for a key, on both routes', async () => {
  await withChat({}, async ({ post, get }) => {
    assert.equal((await post({ model: 'm', messages: hello }, {})).status, 401);
    assert.equal((await get({})).status, 401);
    assert.equal((await get()).status, 200);
  });
});

test('a brain that throws is a server that fails', async () => {
  await withChat({ brain: () => Promise.reject(new Error('a mistake in the script')) }, async ({ post }) => {
    await assert.rejects(post({ model: 'm', messages: hello }));
  });
});

test('a status comes with its headers', async () => {
  const fault: SimFault = { kind: 'status', status: 429, headers: { 'retry-after-ms': '700' } };
  await withChat({ fault }, async ({ post }) => {
    const response = await post({ model: 'm', messages: hello });
    assert.equal(response.status, 429);
    assert.equal(response.headers.get('retry-after-ms'), '700');
  });
});

test('remembers the last thousand requests', async () => {
  await withChat({ quirks: { refuses: ['model'] } }, async ({ post, chat }) => {
    for (let batch = 0; batch < 11; batch += 1) {
      await Promise.all(
        Array.from({ length: 100 }, async () => (await post({ model: 'm', messages: hello })).text()),
      );
    }
    assert.equal(chat.requests.length, 1_000);
  });
});

test('tokens are the text, in pieces as a model writes them', () => {
  assert.deepEqual(tokensOf('An appointment, please. '), ['An', ' appo', 'intm', 'ent,', ' please.', ' ']);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.equal(tokensOf(text).join(''), text);
    }),
  );
});

test('the very first completion takes longer by the cold start, streamed or whole, and no other does', async () => {
  const timings = { llmFirstTokenMs: 100, llmTokenMs: 0, llmColdMs: 2_000 };
  for (const stream of [true, false]) {
    await withChat({ timings }, async ({ clock, post, chat }) => {
      for (const dueMs of [2_100, 100]) {
        const asked = chat.requests.length;
        const answer = post({ model: 'm', messages: hello, stream });
        await until(() => chat.requests.length > asked, 'it was asked');
        const request = chat.requests.at(-1);
        await clock.advance(dueMs - 1);
        assert.equal(request?.outcome, 'answering');
        await clock.advance(1);
        assert.equal(request?.outcome, 'answered');
        await (await answer).text();
      }
    });
  }
});
