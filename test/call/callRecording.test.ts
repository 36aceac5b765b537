import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { encodeMulaw } from '../../src/audio/mulaw.ts';
import { readWav } from '../../src/audio/wav.ts';
import { Background } from '../../src/base/background.ts';
import { Privacy } from '../../src/call/privacy.ts';
import { CallRecording } from '../../src/call/callRecording.ts';
import { StereoRecording } from '../../src/store/recording.ts';
import { CallRig } from '../helpers/callRig.ts';

/** The frame of this number: 20 ms of one level. */
function frame(number: number): Uint8Array {
  return encodeMulaw(new Int16Array(160).fill((number + 1) * 1_000));
}

/** The level at the beginning of each 20 ms, in frames' numbers; 0 is silence. */
function numbersOf(samples: Int16Array): readonly number[] {
  return Array.from({ length: Math.floor(samples.length / 160) }, (_unused, at) =>
    Math.round((samples[at * 160 + 80] ?? 0) / 1_000),
  );
}

test('frames that come in a burst after a stall lie where they were said', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'turnpike-test-'));
  const failures: unknown[] = [];
  const background = new Background((error) => failures.push(error));
  const rig = new CallRig();
  const file = path.join(folder, 'call.wav');
  const recording = new CallRecording(
    {
      clock: rig.clock,
      background,
      openRecording: () => ({
        path: 'call.wav',
        recording: new StereoRecording({
          path: file,
          durationMaxMs: 60_000,
          onError: (error) => failures.push(error),
        }),
      }),
    },
    'CA1',
    { parts: 1, privacy: new Privacy(rig.agent, () => undefined) },
  );
  // The first comes 30 ms late, five to fourteen at once.
  const arrivesAtMs = (number: number): number =>
    number === 0 ? 50 : number >= 5 && number < 15 ? 320 : 20 + number * 20;
  for (let number = 0; number < 20; number += 1) {
    recording.caller(arrivesAtMs(number), number * 20, frame(number));
  }
  recording.close();
  await background.idle();
  const wav = readWav(await readFile(file));
  await rm(folder, { recursive: true });
  assert.deepEqual(failures, []);
  assert.ok(wav.ok);
  const numbers = numbersOf(wav.channels[0] ?? new Int16Array(0)).filter((number) => number > 0);
  assert.deepEqual(
    [...new Set(numbers)],
    Array.from({ length: 20 }, (_unused, number) => number + 1),
  );
});
