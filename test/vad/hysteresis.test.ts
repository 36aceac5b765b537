import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import {
  lapse,
  SILENT,
  stepVoice,
  type Leaving,
  type VoiceEvent,
  type VoiceState,
} from '../../src/vad/hysteresis.ts';
import type { VoiceWindow } from '../../src/vad/voiceWindow.ts';

const LEAVING: Leaving = { falterMs: 64, hangoverMs: 192, goesOnProbability: 0.35, smearMs: 0 };

/** The n-th window of a call whose first sample was spoken at 1,000. */
function windowAt(index: number): VoiceWindow {
  return { codes: new Uint8Array(288), endSample: (index + 1) * 256, endMs: 1_000 + (index + 1) * 32 };
}

type Probabilities = readonly (number | undefined)[];
type Bounding = Extract<VoiceEvent, { kind: 'voiceStarted' | 'voiceStopped' }>;

/** What is heard of these probabilities; `undefined` is a window that is missing. */
function allEventsOf(probabilities: Probabilities, leaving = LEAVING): VoiceEvent[] {
  let state: VoiceState = SILENT;
  const events: VoiceEvent[] = [];
  for (const [index, probability] of probabilities.entries()) {
    if (probability === undefined) continue;
    const step = stepVoice(state, windowAt(index), probability, leaving);
    state = step.state;
    if (step.event !== undefined) events.push(step.event);
  }
  return events;
}

/** Where voices begin and end. */
function eventsOf(probabilities: Probabilities, leaving = LEAVING): Bounding[] {
  return allEventsOf(probabilities, leaving).filter(
    (event): event is Bounding => event.kind === 'voiceStarted' || event.kind === 'voiceStopped',
  );
}

const started = (index: number): Bounding => ({ kind: 'voiceStarted', voiceAtMs: 1_000 + index * 32 });
const stopped = (index: number): Bounding => ({ kind: 'voiceStopped', silenceAtMs: 1_000 + index * 32 });
const times = (count: number, probability: number | undefined): (number | undefined)[] =>
  Array.from({ length: count }, () => probability);

const stories: readonly [string, readonly (number | undefined)[], readonly Bounding[]][] = [
  ['speech begins at the first of two voiced windows', [0, 0, 0.5, 0.5], [started(2)]],
  ['one voiced window alone is not speech', [0, 0.9, 0, 0.9, 0], []],
  ['two voiced windows with a missing one between are not speech', [0, 0.9, undefined, 0.9, 0], []],
  ['speech goes on above the lower threshold', [0.9, 0.9, ...times(20, 0.36)], [started(0)]],
  ['speech does not begin between the thresholds', times(20, 0.45), []],
  [
    'six silent windows end speech at its last voiced one',
    [0.9, 0.9, 0.9, ...times(6, 0.1)],
    [started(0), stopped(3)],
  ],
  ['five silent windows do not', [0.9, 0.9, 0.9, ...times(5, 0.1), 0.9], [started(0)]],
  [
    'after a silent window only the upper threshold ends the silence',
    [0.9, 0.9, 0.1, ...times(5, 0.45)],
    [started(0), stopped(2)],
  ],
  [
    'a pause counts anew after each voiced window',
    [0.9, 0.9, ...times(5, 0), 0.9, ...times(5, 0), 0.9],
    [started(0)],
  ],
  ['missing windows count as silence', [0.9, 0.9, ...times(6, undefined), 0], [started(0), stopped(2)]],
  [
    'speech after missing windows is new speech',
    [0.9, 0.9, ...times(6, undefined), 0.9, 0.9],
    [started(0), stopped(2), started(8)],
  ],
  ['a few missing windows do not end speech', [0.9, 0.9, ...times(5, undefined), 0.9], [started(0)]],
  ['a stream that begins in mid-speech has spoken since its first window', [0.9, 0.9, 0.9], [started(0)]],
];

for (const [name, probabilities, events] of stories) {
  test(name, () => assert.deepEqual(eventsOf(probabilities), events));
}

const hangovers: readonly [number, number][] = [
  [0, 1],
  [32, 1],
  [100, 3],
  [200, 6],
  [250, 8],
];

for (const [hangoverMs, windows] of hangovers) {
  test(`a hangover of ${hangoverMs} ms is over after ${windows} silent windows`, () => {
    const leaving = { ...LEAVING, hangoverMs };
    assert.equal(eventsOf([0.9, 0.9, ...times(windows - 1, 0)], leaving).length, 1);
    assert.equal(eventsOf([0.9, 0.9, ...times(windows, 0)], leaving).length, 2);
  });
}

const faltered: VoiceEvent = { kind: 'voiceFaltered' };
const wentOn: VoiceEvent = { kind: 'voiceWentOn' };

test('a voice falters once at two silent windows, and goes on or stops', () => {
  assert.deepEqual(allEventsOf([0.9, 0.9, 0.1, 0.9, 0.9]), [started(0)]);
  assert.deepEqual(allEventsOf([0.9, 0.9, ...times(4, 0.1), 0.9]), [started(0), faltered, wentOn]);
  assert.deepEqual(allEventsOf([0.9, 0.9, ...times(6, 0.1)]), [started(0), faltered, stopped(2)]);
});

test('a voice that falters as late as it stops only stops', () => {
  const leaving = { ...LEAVING, falterMs: 192 };
  assert.deepEqual(allEventsOf([0.9, 0.9, ...times(6, 0.1)], leaving), [started(0), stopped(2)]);
});

test('a lapse ends speech at its last voiced window, and is nothing in silence', () => {
  const first = stepVoice(SILENT, windowAt(0), 1, LEAVING).state;
  const speaking = stepVoice(first, windowAt(1), 1, LEAVING).state;
  assert.deepEqual(lapse(speaking, 0), { state: SILENT, event: stopped(2) });
  assert.deepEqual(lapse(SILENT, 0), { state: SILENT, event: undefined });
});

test('a smeared end is told as early as it was, but never before the voice began', () => {
  const smeared = { ...LEAVING, smearMs: 96 };
  const voiced = times(10, 0.9);
  assert.deepEqual(eventsOf([...voiced, ...times(6, 0)], smeared), [started(0), stopped(7)]);
  assert.deepEqual(eventsOf([0.9, 0.9, ...times(6, 0)], smeared), [started(0), stopped(0)]);
});

test('whatever the windows say, starts and stops take turns and their times never go back', () => {
  const probability = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined });
  fc.assert(
    fc.property(
      fc.array(probability, { maxLength: 200 }),
      fc.integer({ min: 0, max: 600 }),
      fc.integer({ min: 0, max: 200 }),
      (probabilities, hangoverMs, smearMs) => {
        let lastMs = 0;
        for (const [index, event] of eventsOf(probabilities, { ...LEAVING, hangoverMs, smearMs }).entries()) {
          assert.equal(event.kind, index % 2 === 0 ? 'voiceStarted' : 'voiceStopped');
          const atMs = event.kind === 'voiceStarted' ? event.voiceAtMs : event.silenceAtMs;
          assert.ok(atMs >= lastMs);
          lastMs = atMs;
        }
      },
    ),
  );
});
