import assert from 'node:assert/strict';
import test from 'node:test';
import { Marks } from '../../src/playout/marks.ts';

test('a mark that comes back says what was played, once', () => {
  const marks = new Marks();
  const name = marks.sent(1, 320, 40);
  assert.deepEqual(marks.echoed(name), { name, atByte: 320, expectedAtMs: 40 });
  assert.equal(marks.echoed(name), undefined, 'a duplicate means nothing');
});

test('a mark that is lost is made up for by the next one', () => {
  const marks = new Marks();
  marks.sent(1, 320, 40);
  const second = marks.sent(1, 640, 80);
  assert.equal(marks.echoed(second)?.atByte, 640);
  assert.equal(marks.lost, 1);
});

test('an echo that is overtaken by a later one is old news', () => {
  const marks = new Marks();
  const first = marks.sent(1, 320, 40);
  const second = marks.sent(1, 640, 80);
  marks.echoed(second);
  assert.equal(marks.echoed(first), undefined);
});

test('after a clear an echo means flushed, not played', () => {
  const marks = new Marks();
  const name = marks.sent(1, 320, 40);
  marks.flush();
  assert.equal(marks.echoed(name), undefined);
  assert.equal(marks.lost, 0, 'flushed is not lost');
});

test('a name is never used twice, and a name that nobody sent means nothing', () => {
  const marks = new Marks();
  const names = Array.from({ length: 50 }, (_unused, i) => marks.sent(i % 3, i, i));
  assert.equal(new Set(names).size, 50);
  assert.equal(marks.echoed('somebody else'), undefined);
});

test('a carrier that never echoes costs a bounded list, and the loss is counted', () => {
  const marks = new Marks();
  for (let i = 0; i < 1_000; i += 1) marks.sent(1, i, i);
  assert.ok(marks.pendingCount <= 256);
  assert.equal(marks.lost, 1_000 - marks.pendingCount);
});
