import assert from 'node:assert/strict';
import test from 'node:test';
import { openMetrics, openMutedMetrics } from '../../src/metrics/metrics.ts';

const exemplar = { callSid: 'CA1', turn: 3 };

/** The value of one sample line, by its start. */
function sample(body: string, start: string): number {
  const line = body.split('\n').find((one) => one.startsWith(`${start} `));
  assert.ok(line !== undefined, `no line ${start}`);
  return Number(line.slice(start.length + 1).split(' ')[0]);
}

test('milliseconds become seconds, in buckets with edges at the objectives', async () => {
  const metrics = openMetrics({ callsActive: () => 2, pendingWrites: () => 5 });
  metrics.turnAnswered(880, 'generated', exemplar);
  metrics.turnAnswered(1_120, 'generated', exemplar);
  const { body, contentType } = await metrics.render(undefined);
  assert.match(contentType, /^text\/plain; version=0\.0\.4/);
  assert.equal(sample(body, 'turnpike_turn_response_seconds_bucket{le="0.885",source="generated"}'), 1);
  assert.equal(sample(body, 'turnpike_turn_response_seconds_bucket{le="1.115",source="generated"}'), 1);
  assert.equal(sample(body, 'turnpike_turn_response_seconds_bucket{le="1.4",source="generated"}'), 2);
  assert.equal(sample(body, 'turnpike_turn_response_seconds_sum{source="generated"}'), 2);
  assert.equal(sample(body, 'turnpike_calls_active'), 2);
  assert.equal(sample(body, 'turnpike_store_pending_writes'), 5);
});

test('OpenMetrics carries the call and turn of a measurement as an exemplar, never as a label', async () => {
  const metrics = openMetrics({ callsActive: () => 0, pendingWrites: () => 0 });
  metrics.stageTook('llm_first_token', 'openai', 510, exemplar);
  const { body, contentType } = await metrics.render('application/openmetrics-text; version=1.0.0');
  assert.match(contentType, /^application\/openmetrics-text/);
  assert.match(
    body,
    /stage_seconds_bucket\{le="0\.6",stage="llm_first_token",provider="openai"\} 1 # \{call="CA1",turn="3"\} 0\.51/,
  );
  assert.ok(body.endsWith('# EOF\n'));
  assert.ok(!/\{[^}]*CA1[^}]*\} \d+$/m.test(body.replaceAll(/ # .*/g, '')));
});

test('what others count themselves is taken over at each scrape, once', async () => {
  let lost = 0;
  const metrics = openMetrics({
    callsActive: () => 0,
    pendingWrites: () => 0,
    droppedSoFar: () => ({ events: lost }),
  });
  lost = 3;
  await metrics.render(undefined);
  lost = 5;
  assert.equal(sample((await metrics.render(undefined)).body, 'turnpike_dropped_total{what="events"}'), 5);
});

test('two scrapes at once each get the form they asked for', async () => {
  const metrics = openMetrics({ callsActive: () => 0, pendingWrites: () => 0 });
  metrics.turnAnswered(500, 'cached', exemplar);
  const [open, text] = await Promise.all([
    metrics.render('application/openmetrics-text'),
    metrics.render('text/plain'),
  ]);
  assert.ok(open.body.endsWith('# EOF\n') && !text.body.includes('# EOF'));
});

test('every series of the contract is there once something was counted', async () => {
  const metrics = openMetrics({ callsActive: () => 0, pendingWrites: () => 0 });
  metrics.turnAnswered(1, 'intent', exemplar);
  metrics.turnHeard(1, 'intent', exemplar);
  metrics.stageTook('endpoint', '', 1);
  metrics.turnUnaccounted(1, exemplar);
  metrics.bargedIn(1, 'resumed');
  metrics.playoutLate(1);
  metrics.playoutUnderrun(1_000);
  metrics.eventLoopLag(1);
  metrics.vadDelayed(1);
  metrics.callEnded('inbound', 'completed');
  metrics.providerRequest('tts', 'openai', 'timeout');
  metrics.speculated('used');
  metrics.cacheLookup('tts_memory', 'hit');
  metrics.rejected('signature');
  metrics.dropped('store_rows', 2);
  metrics.marksLost(1);
  metrics.tokensUsed('openai', 'cached', 7);
  const { body } = await metrics.render(undefined);
  for (const name of [
    'turn_response_seconds_count{source="intent"} 1',
    'turn_heard_seconds_count{source="intent"} 1',
    'stage_seconds_count{stage="endpoint",provider=""} 1',
    'turn_unaccounted_seconds_count 1',
    'barge_in_seconds_count{outcome="resumed"} 1',
    'playout_late_seconds_count 1',
    'playout_underrun_seconds_total 1',
    'event_loop_lag_seconds_count 1',
    'calls_total{direction="inbound",outcome="completed"} 1',
    'provider_requests_total{stage="tts",provider="openai",outcome="timeout"} 1',
    'speculation_total{outcome="used"} 1',
    'cache_lookups_total{cache="tts_memory",result="hit"} 1',
    'rejected_total{what="signature"} 1',
    'dropped_total{what="store_rows"} 2',
    'llm_tokens_total{provider="openai",kind="cached"} 7',
  ]) {
    assert.ok(body.includes(`turnpike_${name}`), name);
  }
});

test('what alerts watch is there at zero before it first happens, so that the first time counts as an increase', async () => {
  const { body } = await openMetrics({ callsActive: () => 0, pendingWrites: () => 0 }).render(undefined);
  for (const name of [
    'dropped_total{what="store_rows"} 0',
    'calls_total{direction="inbound",outcome="failed"} 0',
    'turn_response_seconds_count{source="fallback"} 0',
    'barge_in_seconds_count{outcome="interrupted"} 0',
    'speculation_total{outcome="used"} 0',
  ]) {
    assert.ok(body.includes(`turnpike_${name}\n`), name);
  }
});

test('whether the process drains, and whether it is too slow for more calls, is told as 0 or 1', async () => {
  const now = { drainingMs: 0, overloaded: false };
  const metrics = openMetrics({
    callsActive: () => 0,
    pendingWrites: () => 0,
    drainingMs: () => now.drainingMs,
    overloaded: () => now.overloaded,
  });
  const told = async (): Promise<(string | undefined)[]> => {
    const { body } = await metrics.render(undefined);
    return ['draining', 'draining_seconds', 'overloaded'].map(
      (name) => new RegExp(`^turnpike_${name} (.+)$`, 'm').exec(body)?.[1],
    );
  };
  assert.deepEqual(await told(), ['0', '0', '0']);
  now.drainingMs = 1_500;
  now.overloaded = true;
  assert.deepEqual(await told(), ['1', '1.5', '1']);
});

test('muted, it records nothing, and still tells what is read when it is asked for', async () => {
  const metrics = openMutedMetrics({ callsActive: () => 2, pendingWrites: () => 0 });
  metrics.turnAnswered(500, 'generated', exemplar);
  metrics.turnOver('answered');
  metrics.frames.in += 3;
  const { body } = await metrics.render(undefined);
  assert.equal(sample(body, 'turnpike_calls_active'), 2);
  assert.equal(sample(body, 'turnpike_media_messages_total{direction="in"}'), 3);
  assert.doesNotMatch(body, /^turnpike_turn(?:s_total|_response_seconds_count)\{/m);
});
