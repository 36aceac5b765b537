// The dashboards and the alerts as a real Prometheus understands them, over a real gateway under simulated calls.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sleep, systemClock } from '../../src/base/clock.ts';
import { Proof } from '../../src/sim/proof.ts';
import { findProgram } from '../helpers/program.ts';

const program = findProgram('prometheus');
const skip = program === undefined ? 'prometheus is not installed' : false;
/** The alerts' five minutes are ten seconds. */
const PACE = 30;
const ALERT_MS_MAX = 60_000;
/** What an alert compares with. */
const BEFORE_MS = 9_000;
let proof: Proof;

before(async () => {
  if (program === undefined) return;
  proof = await Proof.open({ program, callers: 20, pace: PACE });
  await proof.calls.visit();
  await sleep(systemClock, BEFORE_MS);
});
after(async () => {
  if (program !== undefined) await proof.close();
});

test('a model that takes 300 ms longer is named by the panel and by the alert', { skip }, async () => {
  const { alerted, growth } = await proof.plant('llm_first_token', ALERT_MS_MAX);
  assert.deepEqual(alerted, ['llm_first_token']);
  assert.equal(growth[0]?.stage, 'llm_first_token', JSON.stringify(growth));
});

test('every query of every panel finds something', { skip }, async () => {
  const answers = await proof.panels();
  assert.ok(answers.length > 60, `only ${answers.length} queries`);
  for (const { query, series, failure } of answers) {
    assert.equal(failure, undefined);
    assert.ok(series.length > 0, `${query.dashboard}: ${query.panel} is empty: ${query.expr}`);
  }
});

test('every dot on a line names its call and its turn', { skip }, async () => {
  const answers = await proof.panels();
  const dotted = answers.filter(({ query }) => query.exemplars);
  assert.ok(dotted.length > 0);
  const dots = await proof.prometheus.exemplars('turnpike_turn_response_seconds_bucket', 60);
  assert.ok(dots.length > 0);
  for (const labels of dots)
    assert.ok('trace_id' in labels || ('call' in labels && 'turn' in labels), JSON.stringify(labels));
});

test('the dashboards offer the agent, the instance and the provider', { skip }, async () => {
  const choices = await proof.choices();
  assert.deepEqual(choices.get('agent'), ['proof']);
  assert.equal(choices.get('instance')?.length, 1);
  assert.deepEqual(choices.get('provider'), ['openai']);
});

test('every rule is understood, and asks for series that are there', { skip }, async () => {
  assert.deepEqual(await proof.ruleFaults(), []);
  assert.ok((await proof.prometheus.rules()).length > 10);
});

test('the median wait in Prometheus is the one that the carrier has measured', { skip }, async () => {
  const { histogramMs, carrierMs, bucketMs, turns } = await proof.endAndCompare();
  assert.ok(turns > 40, `only ${turns} turns`);
  const apartMs = Math.abs(histogramMs - carrierMs);
  assert.ok(apartMs <= Math.max(5, bucketMs), `${histogramMs} against ${carrierMs} ms`);
});
