import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { noSpan, traceHeaders } from '../../src/base/span.ts';
import { OtlpCollector } from '../../src/sim/otlpCollector.ts';
import { EVENTS_MAX } from '../../src/trace/recordedSpan.ts';
import type { Sampling } from '../../src/trace/sampling.ts';
import { formatTraceparent, parseTraceparent } from '../../src/trace/traceparent.ts';
import { openTracer, type OpenTracer } from '../../src/trace/tracer.ts';

const ALL: Sampling = { sampler: 'parentbased_always_on', ratio: 1 };
const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7';

const collector = new OtlpCollector();
let url = '';

before(async () => {
  url = `${await collector.listen()}/v1/traces`;
});
beforeEach(() => {
  collector.mood = 'take';
  collector.spans.length = 0;
});
after(() => collector.close());

function open(sampling: Sampling = ALL): OpenTracer {
  return openTracer({
    ...sampling,
    url,
    headers: { 'api-key': 'k' },
    serviceName: 'front-desk',
    instanceId: 'one',
    clock: systemClock,
    logger: silentLogger,
  });
}

test('spans arrive with their times, places, attributes, events and failures', async () => {
  const tracer = open();
  const atMs = systemClock.nowMs();
  const wallMs = systemClock.wallMs();
  const call = tracer.begin('call', { kind: 'server', inherited: { call: 'CA1' }, atMs });
  const turn = call.child('turn', {
    attributes: { n: 3, ratio: 0.5, yes: true, list: ['a', 'b'], none: undefined },
  });
  turn.began(atMs + 100);
  turn.event('heard', { part: 1 }, atMs + 150);
  turn.set({ n: 4 });
  turn.end({ atMs: atMs + 250, failure: 'timeout' });
  turn.end({ atMs: atMs + 999 });
  call.end({ atMs: atMs + 500 });
  await tracer.close();
  const [sentTurn, sentCall] = collector.spans;
  assert.ok(sentTurn !== undefined && sentCall !== undefined && collector.spans.length === 2);
  assert.deepEqual([sentCall.name, sentCall.kind, sentCall.parentSpanId], ['call', 2, undefined]);
  assert.deepEqual([sentTurn.parentSpanId, sentTurn.traceId], [sentCall.spanId, sentCall.traceId]);
  assert.deepEqual([call.ids?.spanId, call.ids?.traceId], [sentCall.spanId, sentCall.traceId]);
  assert.deepEqual(sentTurn.attributes, {
    call: 'CA1',
    n: 4,
    ratio: 0.5,
    yes: true,
    list: ['a', 'b'],
    'error.type': 'timeout',
  });
  assert.deepEqual([sentTurn.failed, sentCall.failed], [true, false]);
  const near = (actual: number, expected: number): void =>
    assert.ok(Math.abs(actual - expected) < 0.01, `${actual} is not ${expected}`);
  near(sentTurn.endMs - sentTurn.startMs, 150);
  near(sentTurn.startMs - sentCall.startMs, 100);
  near((sentTurn.events[0]?.atMs ?? 0) - sentCall.startMs, 150);
  assert.ok(Math.abs(sentCall.startMs - wallMs) < 10_000, 'it is now');
  assert.deepEqual(sentCall.resource['service.name'], 'front-desk');
  assert.equal(collector.headers.at(-1)?.['api-key'], 'k');
});

test('a span keeps so many events and counts the others', async () => {
  const tracer = open();
  const span = tracer.begin('call');
  for (let told = 0; told < EVENTS_MAX + 3; told += 1) span.event('again');
  span.end();
  await tracer.close();
  assert.equal(collector.spans[0]?.events.length, EVENTS_MAX);
  assert.match(collector.bodies.at(-1) ?? '', /"droppedEventsCount":3/);
});

test('a part of a call that was begun elsewhere belongs to its trace', async () => {
  const tracer = open();
  const span = tracer.begin('call', {}, `${PARENT}-01`);
  span.end();
  await tracer.close();
  const [sent] = collector.spans;
  assert.deepEqual([sent?.traceId, sent?.parentSpanId], PARENT.split('-').slice(1));
  assert.match(span.traceparent ?? '', /^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01$/);
});

const decisions: readonly {
  readonly of: Sampling;
  readonly parent: string | undefined;
  readonly kept: boolean;
}[] = [
  { of: { sampler: 'always_on', ratio: 0 }, parent: undefined, kept: true },
  { of: { sampler: 'always_on', ratio: 0 }, parent: '00', kept: true },
  { of: { sampler: 'always_off', ratio: 1 }, parent: '01', kept: false },
  { of: { sampler: 'traceidratio', ratio: 0 }, parent: '01', kept: false },
  { of: { sampler: 'traceidratio', ratio: 1 }, parent: '00', kept: true },
  { of: { sampler: 'parentbased_always_on', ratio: 0 }, parent: undefined, kept: true },
  { of: { sampler: 'parentbased_always_on', ratio: 0 }, parent: '00', kept: false },
  { of: { sampler: 'parentbased_always_off', ratio: 1 }, parent: undefined, kept: false },
  { of: { sampler: 'parentbased_always_off', ratio: 1 }, parent: '01', kept: true },
  { of: { sampler: 'parentbased_traceidratio', ratio: 0 }, parent: undefined, kept: false },
  { of: { sampler: 'parentbased_traceidratio', ratio: 0 }, parent: '01', kept: true },
];
for (const { of, parent, kept } of decisions) {
  const after =
    parent === undefined ? 'first' : parent === '01' ? 'after a kept one' : 'after one that was not kept';
  test(`${of.sampler} ${of.ratio}, ${after}: ${kept ? 'kept' : 'not kept'}`, async () => {
    const tracer = open(of);
    const span = tracer.begin('call', {}, parent === undefined ? undefined : `${PARENT}-${parent}`);
    const child = span.child('turn');
    child.end();
    span.end();
    await tracer.close();
    assert.equal(collector.spans.length, kept ? 2 : 0);
    assert.equal(child.ids !== undefined, kept);
    // Whoever is asked is told either way.
    assert.match(traceHeaders(child)['traceparent'] ?? '', kept ? /-01$/ : /-00$/);
  });
}

test('of many calls the ratio is kept', () => {
  const tracer = open({ sampler: 'traceidratio', ratio: 0.25 });
  let kept = 0;
  for (let call = 0; call < 2_000; call += 1) if (tracer.begin('call').ids !== undefined) kept += 1;
  // 500 and six standard deviations of chance, which has no seed here.
  assert.ok(Math.abs(kept - 500) < 120, `${kept} of 2000`);
});

test('a collector that refuses or hangs costs the process nothing, and what is lost is counted', async () => {
  for (const mood of ['refuse', 'hang'] as const) {
    collector.mood = mood;
    const tracer = open();
    for (let spans = 0; spans < 300; spans += 1) tracer.begin('call').end();
    await tracer.close();
    assert.ok(tracer.dropped >= 300 - 64, `${mood}: ${tracer.dropped}`);
  }
});

test('no collector at all is no different', async () => {
  const tracer = openTracer({
    ...ALL,
    url: 'http://127.0.0.1:9/v1/traces',
    headers: {},
    serviceName: 's',
    instanceId: 'i',
    clock: systemClock,
    logger: silentLogger,
  });
  for (let spans = 0; spans < 300; spans += 1) tracer.begin('call').end();
  await tracer.close();
  assert.ok(tracer.dropped > 0);
});

test('a traceparent is read as it is written, and nothing else is taken for one', () => {
  const context = parseTraceparent(`${PARENT}-01`);
  assert.ok(context !== undefined);
  assert.equal(formatTraceparent(context), `${PARENT}-01`);
  assert.equal(parseTraceparent(`cc${PARENT.slice(2)}-01-more`)?.spanId, '00f067aa0ba902b7');
  for (const wrong of [
    '',
    'hello',
    PARENT,
    `ff${PARENT.slice(2)}-01`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`,
    `${PARENT.toUpperCase()}-01`,
  ])
    assert.equal(parseTraceparent(wrong), undefined, wrong);
});

test('without traces nothing is sent, kept or made', () => {
  assert.equal(noSpan.child('turn'), noSpan);
  assert.deepEqual(traceHeaders(noSpan), {});
  assert.equal(traceHeaders(undefined), traceHeaders(noSpan));
});
