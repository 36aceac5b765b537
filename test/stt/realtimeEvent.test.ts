import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseRealtimeEvent } from '../../src/stt/realtimeEvent.ts';

const T = 'conversation.item.input_audio_transcription';
const cases: readonly (readonly [string, object])[] = [
  ['{"type":"session.updated"}', { kind: 'sessionUpdated', inputFormat: undefined }],
  [
    '{"type":"session.updated","session":{"audio":{"input":{"format":{"type":"audio/pcmu"}}}}}',
    { kind: 'sessionUpdated', inputFormat: 'audio/pcmu' },
  ],
  ['{"type":"input_audio_buffer.speech_started","item_id":"a"}', { kind: 'speechStarted', itemId: 'a' }],
  ['{"type":"input_audio_buffer.speech_stopped","item_id":"a"}', { kind: 'speechStopped', itemId: 'a' }],
  ['{"type":"input_audio_buffer.committed","item_id":"a"}', { kind: 'committed', itemId: 'a' }],
  [`{"type":"${T}.delta","item_id":"a"}`, { kind: 'delta', itemId: 'a', text: '' }],
  [`{"type":"${T}.completed","item_id":"a","transcript":""}`, { kind: 'completed', itemId: 'a', text: '' }],
  [`{"type":"${T}.failed","item_id":"a","error":{}}`, { kind: 'itemFailed', itemId: 'a' }],
  [
    '{"type":"error","error":{"type":"t","code":null,"message":"m","param":"p","event_id":"e"}}',
    { kind: 'error', complaint: { type: 't', code: '', message: 'm', param: 'p', eventId: 'e' } },
  ],
  ['{"type":"conversation.item.added","item":{}}', { kind: 'ignored', type: 'conversation.item.added' }],
  ['{"type":"toString"}', { kind: 'ignored', type: 'toString' }],
  [`{"type":"${T}.completed","item_id":"a"}`, { kind: 'malformed' }],
  [`{"type":"${T}.failed"}`, { kind: 'malformed' }],
  ['{"type":"input_audio_buffer.speech_started","item_id":1}', { kind: 'malformed' }],
  ['{"type":"input_audio_buffer.speech_stopped"}', { kind: 'malformed' }],
  ['{"type":"input_audio_buffer.committed","item_id":null}', { kind: 'malformed' }],
  ['[{"type":"error"}]', { kind: 'malformed' }],
  ['{', { kind: 'malformed' }],
];

for (const [text, event] of cases) {
  test(`reads ${text}`, () => assert.deepEqual(parseRealtimeEvent(text), event));
}

test('never throws, whatever comes', () => {
  const types = [...cases.map(([text]) => text), 'x'];
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string(), fc.constantFrom(...types)), fc.nat(80), (text, cut) => {
      parseRealtimeEvent(text);
      parseRealtimeEvent(text.slice(0, cut));
    }),
  );
});
