// What providers of speech-to-text say is from the network: each message is understood, ignored or malformed, and none throws.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseFluxEvent } from '../../src/stt/fluxEvent.ts';
import { parseListenEvent } from '../../src/stt/listenEvent.ts';
import { parseRealtimeEvent } from '../../src/stt/realtimeEvent.ts';

const TYPES = [
  'session.updated',
  'input_audio_buffer.speech_started',
  'input_audio_buffer.speech_stopped',
  'input_audio_buffer.committed',
  'conversation.item.input_audio_transcription.delta',
  'conversation.item.input_audio_transcription.completed',
  'conversation.item.input_audio_transcription.failed',
  'error',
  'Connected',
  'TurnInfo',
  'Error',
  'Results',
  'Metadata',
  'UtteranceEnd',
  'SpeechStarted',
];
const FIELDS = [
  'item_id',
  'delta',
  'transcript',
  'session',
  'error',
  'event',
  'turn_index',
  'audio_window_end',
  'words',
  'code',
  'description',
  'channel',
  'alternatives',
  'is_final',
  'speech_final',
  'from_finalize',
  'start',
  'duration',
  'trigger',
  '__proto__',
];
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom('Update', 'StartOfTurn', 'EndOfTurn', 'EagerEndOfTurn', 1e308, -1, null),
  fc.array(
    fc.dictionary(
      fc.constantFrom('transcript', 'words', 'word', 'start', 'end', 'alternatives', 'confidence'),
      fc.jsonValue(),
    ),
  ),
);
const message = fc
  .tuple(fc.constantFrom(...TYPES), fc.dictionary(fc.constantFrom(...FIELDS), value))
  .map(([type, fields]) => JSON.stringify({ ...fields, type }));

for (const [name, parse] of [
  ['realtime', parseRealtimeEvent],
  ['listen', parseListenEvent],
  ['flux', parseFluxEvent],
] as const) {
  test(`${name}: whatever a server says is an event of a kind that is known`, () => {
    fc.assert(
      fc.property(fc.oneof(message, fc.json(), fc.string({ unit: 'binary' })), (text) => {
        assert.equal(typeof parse(text).kind, 'string');
      }),
      { numRuns: 1_500 },
    );
  });
}
