// Which stretches of a recording are silent, in whatever order they become known.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { MARKERS_MAX, type WavMarker } from '../../src/audio/wavMarkers.ts';
import { MutedStretches } from '../../src/store/mutedStretches.ts';

const BYTES_PER_MS = 32;

function cardOfCaller(startMs: number, endMs: number): WavMarker {
  return { startMs, endMs, side: 'caller', kind: 'card' };
}

/** As many as fit: 5 ms of every 100 ms, from 1 s on. */
function full(): MutedStretches {
  const muted = new MutedStretches();
  for (let at = 0; at < MARKERS_MAX; at += 1) muted.add(cardOfCaller(1_000 + at * 100, 1_005 + at * 100));
  return muted;
}

function spansOf({ markers }: MutedStretches): readonly (readonly [number, number])[] {
  return markers.map(({ startMs, endMs }) => [startMs, endMs]);
}

test('when there are too many, a stretch becomes one with the nearest before it', () => {
  const muted = full();
  const before = spansOf(muted);
  const range = muted.add(cardOfCaller(1_250, 1_260));
  assert.deepEqual(range, { from: 1_200 * BYTES_PER_MS, to: 1_260 * BYTES_PER_MS });
  assert.deepEqual(spansOf(muted), before.with(2, [1_200, 1_260]));
});

test('and with the first one when there is none before it', () => {
  const muted = full();
  const before = spansOf(muted);
  muted.add(cardOfCaller(10, 20));
  assert.deepEqual(spansOf(muted), before.with(0, [10, 1_005]));
});

test('when there are too many, what touches another is one with that alone', () => {
  const muted = full();
  const before = spansOf(muted);
  muted.add(cardOfCaller(1_295, 1_302));
  assert.deepEqual(spansOf(muted), before.with(3, [1_295, 1_305]));
});

const markers = fc.record({
  startMs: fc.integer({ min: 0, max: 60_000 }),
  forMs: fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 1, max: 30 }) }, fc.constant(2_000)),
  side: fc.constantFrom<WavMarker['side']>('caller', 'caller', 'caller', 'agent'),
  kind: fc.constantFrom<WavMarker['kind']>('card', 'card', 'card', 'ssn'),
});
const rows = fc.oneof(
  fc.array(markers, { maxLength: 20 }),
  fc.array(markers, { minLength: 2 * MARKERS_MAX, maxLength: 3 * MARKERS_MAX, size: 'max' }),
);

test('in any order, all that was added is covered, and nothing of one side and kind lies over another', () => {
  fc.assert(
    fc.property(rows, (added) => {
      const muted = new MutedStretches();
      for (const { startMs, forMs, side, kind } of added) {
        const { from, to } = muted.add({ startMs, endMs: startMs + forMs, side, kind });
        assert.ok(from <= startMs * BYTES_PER_MS && to >= (startMs + forMs) * BYTES_PER_MS);
      }
      // One more of each other side and kind, where all were of one.
      assert.ok(muted.markers.length <= MARKERS_MAX + 3, `${muted.markers.length} markers`);
      assert.deepEqual(
        muted.markers.map(({ startMs }) => startMs),
        muted.markers.map(({ startMs }) => startMs).toSorted((a, b) => a - b),
      );
      for (const side of ['caller', 'agent'] as const) {
        for (const kind of ['card', 'ssn'] as const) {
          const own = muted.markers.filter((marker) => marker.side === side && marker.kind === kind);
          for (const [place, { startMs }] of own.entries())
            assert.ok(startMs > (own[place - 1]?.endMs ?? -1), `${startMs} begins in the one before it`);
          for (const { startMs, forMs } of added.filter((one) => one.side === side && one.kind === kind))
            assert.ok(own.some((one) => one.startMs <= startMs && one.endMs >= startMs + forMs));
        }
      }
    }),
    { numRuns: 60 },
  );
});
