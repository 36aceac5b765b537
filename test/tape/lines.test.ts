import assert from 'node:assert/strict';
import test from 'node:test';
import { ProviderError } from '../../src/base/errors.ts';
import { parseJson } from '../../src/base/json.ts';
import { AddressRefusedError } from '../../src/base/publicAddress.ts';
import { happeningLine, parseHappening } from '../../src/tape/lines.ts';
import type { Happening } from '../../src/tape/records.ts';

const failure = new ProviderError('rate_limit', 'too much', {
  stage: 'stt',
  provider: 'openai',
  status: 429,
  retryAfterMs: 2_000,
});

const happenings: readonly Happening[] = [
  ['rang', true],
  ['opened', { streamSid: 'MZ1', waiting: ['{}', null], ended: null, snapshot: { version: 1 } }],
  ['message', '{"event":"stop"}'],
  ['message', null],
  ['closed'],
  ['failed', 'ECONNRESET'],
  ['timer', 3],
  ['tick'],
  ['voice', 1, { kind: 'voiceStarted', voiceAtMs: 1.25, levelDbfs: -20 }],
  ['voice', 1, { kind: 'voiceLouder', levelDbfs: -17 }],
  ['voice', 1, { kind: 'voiceStopped', silenceAtMs: 2.5, speechMs: 320 }],
  ['voice', 1, { kind: 'voiceStopped', silenceAtMs: 2.5, speechMs: undefined }],
  ['heard', 2, { kind: 'ready' }],
  ['heard', 2, { kind: 'words', utterance: 0, text: 'one “two”\nthree' }],
  ['heard', 2, { kind: 'final', utterance: 0, text: '' }],
  ['heard', 2, { kind: 'turnJudged', utterance: 0, judgement: 'eager', confidence: 0.5 }],
  ['heard', 2, { kind: 'turnJudged', utterance: 0, judgement: 'ended', confidence: undefined }],
  ['heard', 2, { kind: 'dropped', audioBytes: 160 }],
  ['heard', 2, { kind: 'failed', error: failure }],
  ['wrote', 4, { kind: 'text', text: 'Hello' }],
  ['wrote', 4, { kind: 'toolCall', call: { id: 'call_1', name: 'book', argumentsText: '{"at":1}' } }],
  ['wrote', 4, { kind: 'finished', reason: 'stop' }],
  [
    'wrote',
    4,
    {
      kind: 'finished',
      reason: 'tool_calls',
      usage: { promptTokens: 1, completionTokens: 2, cachedTokens: 0 },
    },
  ],
  ['spoke', 5, { mulaw: new Uint8Array([0, 127, 255]) }],
  ['spoke', 5, { mulaw: new Uint8Array([9]), wordTimes: [{ word: 'hi', startMs: 0, endMs: 90 }] }],
  ['over', 'model', 4],
  ['over', 'speech', 5, failure],
  ['fetched', 6, { status: 200, body: new Uint8Array([1, 2, 3]) }],
  ['unfetched', 6, new Error('unreachable')],
  ['unfetched', 6, new AddressRefusedError()],
  ['judged', 7, { probability: 0.9, silenceAtMs: 3.5 }],
  ['answerable', 8],
  ['say', 'Please hold.'],
  ['transfer', '+15550001111'],
  ['hangUp'],
  ['answeredBy', 'human'],
];

for (const happening of happenings) {
  test(`a line of the tape says what happened: ${happeningLine(0, happening).slice(0, 70)}`, () => {
    const line = happeningLine(1_234, happening);
    assert.ok(!line.includes('\n'));
    assert.deepEqual(parseHappening(parseJson(line)), { sinceUs: 1_234, happening });
  });
}

test('what is nothing of the kind is told apart, whatever it is', () => {
  const lines = [
    '',
    'x',
    '[]',
    '{}',
    '[1]',
    '[-1,"tick"]',
    '[0,"__proto__"]',
    '[0,"timer"]',
    '[0,"timer","a"]',
  ];
  for (const line of [...lines, '[0,"tick",1]', '[0,"voice",1,{"kind":"other"}]', '[0,"spoke",1]'])
    assert.equal(parseHappening(parseJson(line)), undefined, line);
});
