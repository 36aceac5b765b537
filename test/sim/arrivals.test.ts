import assert from 'node:assert/strict';
import test from 'node:test';
import { LEAD_MS, MESSAGE_MS } from '../../src/playout/playout.ts';
import { punctuality, underruns } from '../../src/sim/arrivals.ts';
import type { Arrival } from '../../src/sim/carrierLine.ts';

const BURST = LEAD_MS / MESSAGE_MS;
const AHEAD_MS = LEAD_MS - MESSAGE_MS;

/** A run as the playout writes it: a burst that fills the lead, then a message whenever one has been played. */
function onTime(count: number, begunAtMs = 0): Arrival[] {
  return Array.from({ length: count }, (_unused, n) => ({
    atMs: begunAtMs + Math.max(0, (n - BURST + 1) * MESSAGE_MS),
    audioMs: MESSAGE_MS,
    bufferedMs: n < BURST ? n * MESSAGE_MS : AHEAD_MS,
  }));
}

test('nothing is late of a run that came on time', () => {
  const { lateMs, sparedMs } = punctuality(onTime(20));
  assert.equal(lateMs.length, 19);
  assert.ok(lateMs.every((late) => late === 0));
  assert.equal(Math.min(...sparedMs), MESSAGE_MS);
});

test('a message is late by as much as it came after its time, and those after it are not', () => {
  const arrivals = onTime(20).map((arrival, n) =>
    n === 10 ? { ...arrival, atMs: arrival.atMs + 15, bufferedMs: AHEAD_MS - 15 } : arrival,
  );
  const { lateMs } = punctuality(arrivals);
  assert.deepEqual(
    lateMs.filter((late) => late > 0),
    [15],
  );
});

test('the next reply has a time of its own', () => {
  const { lateMs } = punctuality([...onTime(10), ...onTime(10, 5_000)]);
  assert.equal(lateMs.length, 18);
  assert.ok(lateMs.every((late) => late === 0));
});

test('of no arrivals there is nothing to say', () => {
  assert.deepEqual(punctuality([]), { lateMs: [], sparedMs: [] });
});

test('silence inside a reply is an underrun, unless the caller spoke over it or it was announced', () => {
  const turns = [
    { overAgent: false, startOfSpeechAtMs: 0, endOfSpeechAtMs: 900 },
    { overAgent: true, startOfSpeechAtMs: 5_000, endOfSpeechAtMs: 6_000 },
  ];
  const gap = (startMs: number, kind: 'unexpected' | 'marked' | 'cleared' = 'unexpected') => ({
    startMs,
    durationMs: 40,
    kind,
  });
  const gaps = [gap(500), gap(4_990), gap(5_100), gap(6_900), gap(7_100), gap(8_000, 'marked')];
  assert.deepEqual(
    underruns(gaps, turns).map(({ startMs }) => startMs),
    [500, 4_990, 7_100],
  );
});
