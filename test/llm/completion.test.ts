import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { parseCompletion, type CompletionChunk, type CompletionNews } from '../../src/llm/completion.ts';

const nothing: CompletionChunk = {
  kind: 'chunk',
  text: '',
  toolCallParts: [],
  finish: undefined,
  usage: undefined,
};

function delta(fields: object, finish: unknown = null): string {
  return JSON.stringify({ choices: [{ delta: fields, finish_reason: finish }] });
}

const cases: readonly (readonly [what: string, text: string, news: CompletionNews])[] = [
  ['the end', '[DONE]', { kind: 'done' }],
  ['no JSON', '{"a":', { kind: 'bad' }],
  ['a list', '[]', { kind: 'bad' }],
  ['an object of another kind', '{"type":"ping"}', nothing],
  ['a word', delta({ content: 'Hel' }), { ...nothing, text: 'Hel' }],
  ['a refusal in words', delta({ content: null, refusal: 'I cannot' }), { ...nothing, text: 'I cannot' }],
  [
    'a list of parts',
    delta({ content: [{ type: 'text', text: 'a' }, { type: 'image' }, 5] }),
    { ...nothing, text: 'a' },
  ],
  ['thoughts', delta({ reasoning: 'hm', reasoning_content: 'hm' }), nothing],
  ['an end by length', delta({}, 'max_tokens'), { ...nothing, finish: 'length' }],
  ['an end by another name', delta({}, 'eos'), { ...nothing, finish: 'stop' }],
  ['an end by an old name', delta({}, 'function_call'), { ...nothing, finish: 'tool_calls' }],
  ['an end by a filter', delta({}, 'content_filter'), { ...nothing, finish: 'content_filter' }],
  ['an end that is none', delta({}, ''), nothing],
  [
    'an end that is an error',
    delta({}, 'error'),
    { kind: 'error', code: 'server', message: 'the model ended with an error', status: undefined },
  ],
  [
    'arguments that are an object',
    delta({ tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }, null] }),
    { ...nothing, toolCallParts: [{ index: undefined, id: undefined, name: 'f', argumentsText: '{"a":1}' }] },
  ],
  [
    'usage without details',
    '{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":"x"}}',
    { ...nothing, usage: { promptTokens: 5, completionTokens: 0, cachedTokens: 0 } },
  ],
  [
    'an error with a status',
    '{"error":{"message":"m","code":429}}',
    { kind: 'error', code: 'rate_limit', message: 'm', status: 429 },
  ],
  [
    'an error with a name',
    '{"error":{"message":"m","type":"insufficient_quota"}}',
    { kind: 'error', code: 'rate_limit', message: 'm', status: undefined },
  ],
  [
    'an error of ours',
    '{"error":{"message":"m","type":"invalid_request_error"}}',
    { kind: 'error', code: 'bad_request', message: 'm', status: undefined },
  ],
  [
    'an error in words',
    '{"error":"out of memory"}',
    { kind: 'error', code: 'server', message: 'out of memory', status: undefined },
  ],
  [
    'an error that is the object',
    '{"object":"error","message":"m","code":400}',
    { kind: 'error', code: 'bad_request', message: 'm', status: 400 },
  ],
  ['no error', '{"error":null,"choices":[{"delta":{"content":"a"}}]}', { ...nothing, text: 'a' }],
];

for (const [what, text, news] of cases) {
  test(`reads ${what}`, () => assert.deepEqual(parseCompletion(text), news));
}

test('never throws, whatever comes', () => {
  const known = fc.constantFrom(
    'choices',
    'delta',
    'message',
    'content',
    'tool_calls',
    'function',
    'usage',
    'error',
    'code',
  );
  const value = fc.letrec((tie) => ({
    node: fc.oneof({ maxDepth: 5 }, fc.jsonValue(), fc.array(tie('node')), fc.dictionary(known, tie('node'))),
  })).node;
  fc.assert(fc.property(value, (said) => assert.ok(parseCompletion(JSON.stringify(said)).kind !== 'done')));
  fc.assert(fc.property(fc.string(), (text) => assert.ok(typeof parseCompletion(text).kind === 'string')));
});

test('an error whose words are no texts is an error all the same', () => {
  const said = '{"error":{"message":{},"code":{"toString":{}},"type":[]}}';
  assert.deepEqual(parseCompletion(said), {
    kind: 'error',
    code: 'server',
    message: 'the server reported an error',
    status: undefined,
  });
});
