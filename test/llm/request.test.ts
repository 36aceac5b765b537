import assert from 'node:assert/strict';
import test from 'node:test';
import { dialectAfterRefusal, dialectOf, requestBody } from '../../src/llm/request.ts';

const request = { messages: [{ role: 'user', content: 'Hi' }], tools: [] } as const;

test('sends nothing that nobody set', () => {
  const body = requestBody({ model: 'm', streaming: false }, request, dialectOf('http://localhost:1/v1'));
  assert.deepEqual(body, { model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: false });
});

test('sends what was set, the request before the options, the extra fields last', () => {
  const body = requestBody(
    {
      model: 'm',
      streaming: true,
      temperature: 0.2,
      replyTokensMax: 50,
      reasoningEffort: 'none',
      serviceTier: 'priority',
      extra: { prompt_cache_key: 'k', stream_options: { include_usage: false } },
    },
    { ...request, temperature: 0.9 },
    dialectOf('https://api.openai.com/v1'),
  );
  assert.deepEqual(body, {
    model: 'm',
    messages: [{ role: 'user', content: 'Hi' }],
    temperature: 0.9,
    max_completion_tokens: 50,
    reasoning_effort: 'none',
    service_tier: 'priority',
    stream_options: { include_usage: false },
    prompt_cache_key: 'k',
    stream: true,
  });
});

test('the key of what begins alike goes to the vendor alone, until it refuses it, and the file has the last word', () => {
  const keyed = { model: 'm', streaming: false, promptCacheKey: 'front-desk-0123abcd' };
  const openai = dialectOf('https://api.openai.com/v1');
  assert.equal(requestBody(keyed, request, openai).prompt_cache_key, 'front-desk-0123abcd');
  assert.ok(!('prompt_cache_key' in requestBody(keyed, request, dialectOf('http://localhost:1/v1'))));
  const own = { ...keyed, extra: { prompt_cache_key: 'k' } };
  assert.equal(requestBody(own, request, openai).prompt_cache_key, 'k');
  const refused = dialectAfterRefusal(openai, "Unrecognized request argument: 'prompt_cache_key'");
  assert.ok(refused !== undefined && !('prompt_cache_key' in requestBody(keyed, request, refused)));
});

test('puts tool calls and their answers into the words of the protocol', () => {
  const body = requestBody(
    { model: 'm', streaming: true },
    {
      messages: [
        { role: 'assistant', content: 'Hello' },
        { role: 'assistant', content: '', toolCalls: [{ id: 'c', name: 'f', argumentsText: '{}' }] },
        { role: 'tool', toolCallId: 'c', content: 'done' },
      ],
      tools: [{ name: 'f', description: 'd', parameters: { type: 'object' } }],
    },
    dialectOf('http://localhost:1/v1'),
  );
  assert.deepEqual(body.messages, [
    { role: 'assistant', content: 'Hello' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'c', content: 'done' },
  ]);
  assert.deepEqual(body.tools, [
    { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' } } },
  ]);
  assert.deepEqual(body.stream_options, { include_usage: true });
});

test('the vendor is spoken to in its own dialect, others in the older one', () => {
  assert.equal(dialectOf('https://api.openai.com/v1').tokensField, 'max_completion_tokens');
  assert.equal(dialectOf('https://api.openai.com.evil.test/v1').tokensField, 'max_tokens');
  assert.equal(dialectOf('no address').tokensField, 'max_tokens');
});

test('learns from a refusal that names a field of ours, and from no other', () => {
  const dialect = dialectOf('http://localhost/v1');
  assert.equal(dialectAfterRefusal(dialect, 'unknown field stream_options')?.takesStreamOptions, false);
  assert.equal(
    dialectAfterRefusal(dialect, "'max_tokens' is not supported, use 'max_completion_tokens'")?.tokensField,
    'max_completion_tokens',
  );
  assert.equal(dialectAfterRefusal(dialect, 'temperature must be 1'), undefined);
  assert.equal(dialectAfterRefusal(dialect, ''), undefined);
});
