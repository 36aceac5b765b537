// What Deepgram says, as the sessions understand it: on the wire, and as utterances.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseFluxEvent } from '../../src/stt/fluxEvent.ts';
import { FLUX } from '../../src/stt/fluxTranscription.ts';
import { parseListenEvent } from '../../src/stt/listenEvent.ts';
import { LISTEN } from '../../src/stt/listenTranscription.ts';
import type { SttEvent } from '../../src/stt/port.ts';
import type { Dialect } from '../../src/stt/transcription.ts';

function turnInfo(event: string, transcript: string, more: object = {}): string {
  return JSON.stringify({ type: 'TurnInfo', event, turn_index: 0, audio_window_end: 1, transcript, ...more });
}

function results(from: number, to: number, transcript: string, more: object = {}): string {
  const channel = { alternatives: [{ transcript }] };
  return JSON.stringify({ type: 'Results', start: from, duration: to - from, channel, ...more });
}

/** What a transcription reports, in short. */
function told(dialect: Dialect) {
  const lines: string[] = [];
  const transcription = dialect.open((event: SttEvent) => {
    if (event.kind === 'words') lines.push(`${event.utterance} ${event.text}`);
    else if (event.kind === 'final') lines.push(`${event.utterance}! ${event.text}`);
    else if (event.kind === 'turnJudged') lines.push(`${event.utterance} ${event.judgement}`);
  });
  return {
    transcription,
    lines,
    hear: (...texts: readonly string[]) => {
      for (const text of texts) transcription.hear(text);
      return lines.splice(0);
    },
  };
}

test('the events of Flux have their words, their turn and how sure it is', () => {
  const text = turnInfo('EndOfTurn', 'Hi.', {
    turn_index: 3,
    end_of_turn_confidence: 0.9,
    trigger: 'manual',
  });
  assert.deepEqual(parseFluxEvent(text), {
    kind: 'turn',
    event: 'ended',
    turn: 3,
    transcript: 'Hi.',
    audioMs: 1_000,
    confidence: 0.9,
    forced: true,
  });
  assert.deepEqual(parseFluxEvent('{"type":"Connected"}'), { kind: 'connected' });
  assert.deepEqual(parseFluxEvent(turnInfo('NewThing', '')), { kind: 'ignored', type: 'TurnInfo NewThing' });
  assert.deepEqual(parseFluxEvent('{"type":"ConfigureSuccess"}'), {
    kind: 'ignored',
    type: 'ConfigureSuccess',
  });
  assert.deepEqual(parseFluxEvent('{"type":"Error"}'), { kind: 'error', code: '', description: '' });
  for (const turn of [-1, 1.5, '1', null]) {
    assert.equal(parseFluxEvent(turnInfo('Update', '', { turn_index: turn })).kind, 'malformed');
  }
  assert.equal(parseFluxEvent(turnInfo('toString', '')).kind, 'ignored');
});

test('the results of Nova have their stretch of the audio', () => {
  assert.deepEqual(parseListenEvent(results(1, 2.5, 'Hi', { is_final: true, from_finalize: true })), {
    kind: 'results',
    fromMs: 1_000,
    toMs: 2_500,
    transcript: 'Hi',
    isFinal: true,
    speechFinal: false,
    fromFinalize: true,
  });
  assert.deepEqual(parseListenEvent('{"type":"Error","variant":"V","message":"M"}'), {
    kind: 'error',
    code: 'V',
    description: 'M',
  });
  assert.equal(parseListenEvent('{"type":"Metadata"}').kind, 'ignored');
  assert.equal(parseListenEvent('{"type":"Results","start":1,"duration":1,"channel":{}}').kind, 'malformed');
});

test('nothing that comes from the network makes the parsers or the utterances throw', () => {
  const types = fc.constantFrom('TurnInfo', 'Results', 'Error', 'Connected', 'Metadata', 'other');
  const value = fc.oneof(fc.jsonValue(), fc.double(), fc.integer(), fc.string());
  const record = fc.record(
    {
      type: types,
      event: fc.oneof(
        fc.constantFrom('Update', 'StartOfTurn', 'EagerEndOfTurn', 'TurnResumed', 'EndOfTurn'),
        value,
      ),
      turn_index: fc.oneof(fc.nat(5), value),
      transcript: fc.oneof(fc.string(), value),
      audio_window_end: value,
      start: value,
      duration: value,
      is_final: fc.boolean(),
      from_finalize: fc.boolean(),
      channel: fc.oneof(value, fc.record({ alternatives: fc.array(fc.record({ transcript: value })) })),
    },
    { requiredKeys: ['type'] },
  );
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    record.map((message) => JSON.stringify(message)),
  );
  const step = fc.oneof(text, fc.constantFrom('end', 'settle'));
  fc.assert(
    fc.property(fc.constantFrom(FLUX, LISTEN), fc.array(step, { maxLength: 30 }), (dialect, steps) => {
      const { transcription, lines } = told(dialect);
      const numbers: number[] = [];
      for (const [at, one] of steps.entries()) {
        if (one === 'end') {
          const number = transcription.end();
          numbers.push(number);
          transcription.asked(number, at * 100);
        } else if (one === 'settle') transcription.settle(numbers[0] ?? 0);
        else transcription.hear(one);
      }
      for (const number of numbers) transcription.settle(number);
      const finals = lines.flatMap((line) => /^(\d+)!/.exec(line)?.[1] ?? []).map(Number);
      assert.deepEqual(
        finals,
        finals.map((_number, at) => at),
        'each utterance has one final, in order',
      );
      for (const number of numbers) assert.ok(finals.includes(number), `${number} has its final`);
    }),
  );
});

test('a turn that Flux ended late, after its words were given away, adds what is new to the next utterance', () => {
  const { transcription, hear, lines } = told(FLUX);
  hear(turnInfo('StartOfTurn', 'I want'));
  const number = transcription.end();
  transcription.asked(number, 1_100);
  transcription.settle(number);
  assert.deepEqual(lines.splice(0), ['0! I want']);
  assert.deepEqual(hear(turnInfo('Update', 'I want a table')), ['1 a table']);
  assert.deepEqual(hear(turnInfo('EndOfTurn', 'I want a table.')), ['1 a table.', '1! a table.', '1 ended']);
  // The same, with nothing new in it.
  hear(turnInfo('StartOfTurn', 'Hello', { turn_index: 1 }));
  transcription.settle(transcription.end());
  lines.splice(0);
  assert.deepEqual(hear(turnInfo('EndOfTurn', 'Hello', { turn_index: 1 })), ['2 ended']);
});

test('news of a turn that is over fall through, and one whose end was lost counts', () => {
  const { hear } = told(FLUX);
  hear(turnInfo('StartOfTurn', 'one'), turnInfo('EndOfTurn', 'one'));
  assert.deepEqual(hear(turnInfo('Update', 'one two')), []);
  hear(turnInfo('Update', 'two', { turn_index: 1 }));
  assert.deepEqual(hear(turnInfo('StartOfTurn', 'three', { turn_index: 2 })), ['1 two three', '1 started']);
});

test('a turn that Flux ends just before it is asked to is not the answer; silence of later audio is', () => {
  const { transcription, hear } = told(FLUX);
  hear(turnInfo('StartOfTurn', 'one'));
  transcription.asked(transcription.end(), 1_200);
  assert.deepEqual(hear(turnInfo('EndOfTurn', 'one', { audio_window_end: 1.1 })), ['0 ended']);
  assert.deepEqual(hear(turnInfo('Update', '', { turn_index: 1, audio_window_end: 1.15 })), []);
  assert.deepEqual(hear(turnInfo('Update', '', { turn_index: 1, audio_window_end: 1.25 })), ['0! one']);
});

test('words of Nova grow, change and become final; a stretch after the end belongs to the next utterance', async () => {
  const { transcription, hear, lines } = told(LISTEN);
  assert.deepEqual(hear(results(0, 1, 'I want')), ['0 I want']);
  assert.deepEqual(hear(results(0, 2, 'I want a', { is_final: true })), ['0 I want a']);
  transcription.asked(transcription.end(), 3_000);
  assert.deepEqual(hear(results(2, 3, 'table', { is_final: true, from_finalize: true })), [
    '0 I want a table',
    '0! I want a table',
  ]);
  transcription.asked(transcription.end(), 4_000);
  assert.deepEqual(hear(results(4, 5, 'Thanks')), ['1! ', '2 Thanks']);
  // Two were asked for and the first went unanswered.
  transcription.asked(transcription.end(), 5_000);
  transcription.asked(transcription.end(), 6_000);
  assert.deepEqual(hear(results(4, 6, 'Thanks.', { is_final: true, from_finalize: true })), [
    '2! ',
    '3 Thanks.',
    '3! Thanks.',
  ]);
  // The speech was over already: nothing is waited for.
  hear(results(6, 8, 'Bye.', { is_final: true, speech_final: true }));
  transcription.asked(transcription.end(), 8_200);
  assert.deepEqual(lines.splice(0), []);
  await Promise.resolve();
  assert.deepEqual(lines.splice(0), ['4! Bye.']);
  assert.deepEqual(hear(results(6, 8.1, 'Bye bye.', { is_final: true })), [], 'late news of it');
});
