import assert from 'node:assert/strict';
import test from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import type { ProviderError } from '../../src/base/errors.ts';
import { withFallback } from '../../src/llm/fallback.ts';
import { openaiLanguageModel } from '../../src/llm/openai.ts';
import type { LlmEvent } from '../../src/llm/port.ts';
import type { ChatQuirks } from '../../src/sim/chatWire.ts';
import { openHttpServer } from '../helpers/httpServer.ts';
import { collect, failsWith, llmContract, request, REPLY_TEXT, textOf } from '../helpers/llmContract.ts';
import { openLlmRig, RIG_DEADLINES } from '../helpers/llmRig.ts';
import { until } from '../helpers/until.ts';

const never = new AbortController().signal;

llmContract('openai, streamed', openLlmRig, {
  streaming: true,
  firstMs: RIG_DEADLINES.firstTokenMs,
  idleMs: RIG_DEADLINES.idleMs,
});

llmContract('openai, whole', (setting) => openLlmRig({ ...setting, options: { streaming: false } }), {
  streaming: false,
  firstMs: 30_000,
  idleMs: RIG_DEADLINES.idleMs,
});

llmContract(
  'openai behind a fallback',
  async (setting) => {
    const rig = await openLlmRig(setting);
    return { ...rig, model: withFallback([rig.model], { clock: rig.clock }) };
  },
  { streaming: true, firstMs: RIG_DEADLINES.firstTokenMs, idleMs: RIG_DEADLINES.idleMs, goesOn: true },
);

const calls = [
  { name: 'book', arguments: '{"day":"Tuesday","note":"früh"}' },
  { name: 'text_caller', arguments: '{}' },
];

const quirky: readonly (ChatQuirks & { readonly what: string })[] = [
  { what: 'bytes one by one', oneByteWrites: true },
  { what: 'no [DONE]', noDone: true },
  { what: 'no usage', noUsage: true },
  { what: 'chunks without id and model', bare: true },
  { what: 'lines that end with \\r\\n', crlf: true },
  { what: 'lines that end with \\r\\n, byte by byte', crlf: true, oneByteWrites: true },
  { what: 'comment lines', comments: true },
  { what: 'the role and nulls in each chunk', nulls: true },
  { what: 'tool calls whole in one chunk', wholeToolCalls: true },
  { what: 'whole tool calls without an index', wholeToolCalls: true, noToolIndex: true },
  { what: 'whole tool calls without index and id', wholeToolCalls: true, noToolIndex: true, noToolId: true },
  { what: 'tool calls without an index', noToolIndex: true },
  { what: 'tool calls without index and id', noToolIndex: true, noToolId: true },
  { what: 'the id again in each piece', repeatsToolId: true },
  { what: 'stop as the reason after a tool call', saysStop: true },
  { what: 'thoughts before the words', reasoning: 'The user says hello, so I should greet.' },
  {
    what: 'everything at once',
    oneByteWrites: true,
    noDone: true,
    noUsage: true,
    bare: true,
    crlf: true,
    comments: true,
    nulls: true,
    wholeToolCalls: true,
    noToolIndex: true,
    noToolId: true,
    saysStop: true,
    reasoning: 'Hm.',
  },
];

for (const quirks of quirky) {
  test(`understands a server with ${quirks.what}`, async () => {
    const rig = await openLlmRig({ reply: { text: REPLY_TEXT, toolCalls: calls }, quirks });
    try {
      const events = await collect(rig.model.complete(request, never));
      assert.equal(textOf(events), REPLY_TEXT);
      const got = events.flatMap((event) => (event.kind === 'toolCall' ? [event.call] : []));
      assert.deepEqual(
        got.map(({ name, argumentsText }) => ({ name, arguments: argumentsText })),
        calls,
      );
      assert.equal(new Set(got.map(({ id }) => id)).size, 2);
      const last = events.at(-1);
      assert.ok(last?.kind === 'finished' && last.reason === 'tool_calls');
      assert.equal(last.usage === undefined, quirks.noUsage === true);
    } finally {
      await rig.close();
    }
  });
}

test('a server that keeps the body open holds back neither the end nor the next request', async () => {
  const rig = await openLlmRig({ reply: { text: REPLY_TEXT }, quirks: { keepsOpen: true } });
  const events = await collect(rig.model.complete(request, never));
  assert.equal(events.at(-1)?.kind, 'finished');
  assert.equal(rig.clock.pendingTimers, 1, 'the drain, which the clock ends');
  await rig.clock.advance(100);
  assert.equal(textOf(await collect(rig.model.complete(request, never))), REPLY_TEXT);
  await rig.close();
});

test('after the finish reason a missing usage is not waited for', async () => {
  const rig = await openLlmRig({
    reply: { text: REPLY_TEXT },
    quirks: { keepsOpen: true, noUsage: true, noDone: true },
  });
  const collecting = collect(rig.model.complete(request, never));
  await until(() => rig.outcomes()[0] === 'answered', 'all is sent');
  await until(() => rig.clock.pendingTimers === 2, 'it waits for the usage');
  await rig.clock.advance(150);
  assert.deepEqual((await collecting).at(-1), { kind: 'finished', reason: 'stop' });
  await rig.clock.advance(100);
  assert.equal(rig.clock.pendingTimers, 0);
  await rig.close();
});

test('a cut behind the finish reason takes nothing but the usage', async () => {
  const rig = await openLlmRig({ reply: { text: REPLY_TEXT }, quirks: { cutsAfterFinish: true } });
  const events = await collect(rig.model.complete(request, never));
  assert.equal(textOf(events), REPLY_TEXT);
  assert.deepEqual(events.at(-1), { kind: 'finished', reason: 'stop' });
  assert.equal(rig.clock.pendingTimers, 0);
  await rig.close();
});

test('a connection serves one reply after another', async () => {
  const rig = await openLlmRig({ reply: { text: REPLY_TEXT } });
  await rig.model.warmUp(never);
  for (let turn = 0; turn < 5; turn += 1) await collect(rig.model.complete(request, never));
  assert.equal(rig.http.connectedCount, 1);
  await rig.close();
});

test('a stream without a finish reason is truncated, whatever it says of being done', async () => {
  const rig = await openLlmRig({ reply: { text: REPLY_TEXT }, quirks: { noFinish: true } });
  await assert.rejects(collect(rig.model.complete(request, never)), failsWith('truncated'));
  await rig.close();
});

test('an error in the stream is an error, and the words before it stand', async () => {
  const rig = await openLlmRig({ reply: { text: 'one two three four' }, quirks: { errorAfterTokens: 2 } });
  const got: LlmEvent[] = [];
  await assert.rejects(async () => {
    for await (const event of rig.model.complete(request, never)) got.push(event);
  }, failsWith('server'));
  assert.equal(textOf(got), 'one two');
  await rig.close();
});

test('thoughts do not count as the first word', async () => {
  const rig = await openLlmRig({
    reply: { text: REPLY_TEXT },
    quirks: { reasoning: 'Let me think about it.' },
    fault: { kind: 'stall', afterItems: 0 },
  });
  const collecting = assert.rejects(
    collect(rig.model.complete(request, never)),
    failsWith('first_output_timeout'),
  );
  await until(() => rig.outcomes().length === 1, 'the request arrives');
  await rig.clock.advance(RIG_DEADLINES.firstTokenMs);
  await collecting;
  await rig.close();
});

test('what the agent may not say at all costs is cut: a reply has an end', async () => {
  const rig = await openLlmRig({ reply: { text: 'la '.repeat(20_000) } });
  const events = await collect(rig.model.complete(request, never));
  assert.ok(textOf(events).length < 33_000);
  assert.deepEqual(events.at(-1), { kind: 'finished', reason: 'length' });
  await rig.close();
});

test('learns what a server refuses, once, and keeps it', async () => {
  const rig = await openLlmRig({
    reply: { text: REPLY_TEXT },
    quirks: { refuses: ['stream_options', 'max_tokens'], noUsage: true },
    options: { replyTokensMax: 100 },
  });
  assert.equal(textOf(await collect(rig.model.complete(request, never))), REPLY_TEXT);
  assert.deepEqual(rig.outcomes(), ['refused', 'refused', 'answered']);
  await collect(rig.model.complete(request, never));
  assert.deepEqual(rig.outcomes().slice(3), ['answered']);
  const body = rig.requests.at(-1)?.body;
  assert.equal(body?.max_completion_tokens, 100);
  assert.ok(body !== undefined && !('max_tokens' in body) && !('stream_options' in body));
  await rig.close();
});

test('another refusal is not argued with', async () => {
  const rig = await openLlmRig({ quirks: { refuses: ['temperature'] }, options: { temperature: 0.3 } });
  await assert.rejects(collect(rig.model.complete(request, never)), (error: ProviderError) => {
    assert.match(error.message, /temperature/);
    return failsWith('bad_request')(error);
  });
  assert.equal(rig.outcomes().length, 1);
  await rig.close();
});

test('what a server quotes of the request is in no message, of its refusal and of its stream', async (t) => {
  const said = 'my card is 4111 1111 1111 1111';
  for (const status of [422, 200]) {
    const { pool, url } = await openHttpServer(t, (_request, response) => {
      const error = { message: `cannot read [{"content":"${said}"}]`, type: 'server_error' };
      response.writeHead(status, {
        'content-type': status === 200 ? 'text/event-stream' : 'application/json',
      });
      response.end(status === 200 ? `data: ${JSON.stringify({ error })}\n\n` : JSON.stringify({ error }));
    });
    const model = openaiLanguageModel(
      { baseUrl: `${url}/v1`, apiKey: 'key', model: 'sim', ...RIG_DEADLINES, streaming: true },
      { clock: systemClock, http: pool },
    );
    const asked = collect(model.complete({ ...request, messages: [{ role: 'user', content: said }] }, never));
    await assert.rejects(asked, (error: ProviderError) => {
      assert.match(error.message, /quotes the request/u);
      assert.doesNotMatch(error.message, /4111/u);
      return true;
    });
  }
});

test('the reply ends with length when the tokens run out', async () => {
  const rig = await openLlmRig({ reply: { text: 'one two three four' }, options: { replyTokensMax: 2 } });
  const events = await collect(rig.model.complete(request, never));
  assert.equal(textOf(events), 'one two');
  assert.ok(events.at(-1)?.kind === 'finished');
  await rig.close();
});

test('warming up opens a connection, and a server without the route will do', async () => {
  for (const noModels of [false, true]) {
    const rig = await openLlmRig({ quirks: { noModels } });
    await rig.model.warmUp(never);
    assert.equal(rig.http.connectedCount, 1);
    assert.equal(rig.clock.pendingTimers, 0);
    await rig.close();
  }
});

test('warming up stops at an abort with its reason', async () => {
  const rig = await openLlmRig({});
  const reason = new Error('hung up');
  await assert.rejects(rig.model.warmUp(AbortSignal.abort(reason)), reason);
  await rig.close();
});

test('a server without keys is sent none', async () => {
  const rig = await openLlmRig({ withoutKey: true, quirks: { noAuth: true }, reply: { text: 'Hello.' } });
  assert.equal(textOf(await collect(rig.model.complete(request, never))), 'Hello.');
  await rig.close();
});
