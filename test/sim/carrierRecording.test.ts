import assert from 'node:assert/strict';
import test from 'node:test';
import { MULAW_SILENCE } from '../../src/audio/mulaw.ts';
import { CarrierRecording } from '../../src/sim/carrierRecording.ts';

const frame = (code: number): Uint8Array => new Uint8Array(160).fill(code);

test('each side lies where it was heard, with silence between, and both are as long', () => {
  const recording = new CarrierRecording(1_000);
  recording.write('agent', 1_040, frame(5));
  recording.write('caller', 61_000, frame(3));
  recording.write('caller', 990, frame(7));
  assert.equal(recording.startMs, 1_000);
  const agent = recording.mulaw('agent');
  const caller = recording.mulaw('caller');
  assert.equal(agent.length, 60_020 * 8);
  assert.equal(caller.length, agent.length);
  assert.deepEqual([agent[319], agent[320], agent[479], agent[480]], [MULAW_SILENCE, 5, 5, MULAW_SILENCE]);
  assert.equal(caller[0], 7, 'what began before the answer begins with it');
  assert.equal(caller.lastIndexOf(3), caller.length - 1);
});

test('what comes after half an hour is counted, not kept', () => {
  const recording = new CarrierRecording(0);
  recording.write('agent', 30 * 60_000, frame(5));
  assert.equal(recording.mulaw('agent').length, 0);
  assert.equal(recording.unrecordedBytes, 160);
});
