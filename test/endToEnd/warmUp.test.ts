import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { isRecord, parseJson, type JsonRecord } from '../../src/base/json.ts';
import { silentLogger, type LogFields } from '../../src/base/logger.ts';
import { ProviderError } from '../../src/base/errors.ts';
import { openMetrics } from '../../src/metrics/metrics.ts';
import { startWarmUp, whileRinging, type WarmUpDeps } from '../../src/warmUp.ts';
import { CallRig, INFO } from '../helpers/callRig.ts';
import { eventually, GatewayRig, GREETING } from '../helpers/gatewayRig.ts';
import { settle, VirtualClock } from '../helpers/virtualClock.ts';

const NO_DATABASE = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', MIGRATE: 'off' };
const STEPS = ['connections', 'model', 'ears', 'lines', 'codec', 'rehearsal'];

function logged(rig: GatewayRig, message: string): readonly JsonRecord[] {
  return rig.log
    .map((line) => parseJson(line))
    .filter((line) => isRecord(line))
    .filter(({ msg }) => msg === message);
}

suite('a gateway at its start', { concurrency: true }, () => {
  test('says in one line that it is warm and what took how long, and leaves no trace of a call', async () => {
    const rig = await GatewayRig.open({ env: NO_DATABASE });
    after(() => rig.close());
    await eventually(() => logged(rig, 'warm-up completed').length > 0, 'it has warmed up');
    const [line, ...others] = logged(rig, 'warm-up completed');
    assert.ok(line !== undefined && others.length === 0 && isRecord(line['tookMs']));
    assert.deepEqual(Object.keys(line['tookMs']).toSorted(), STEPS.toSorted());
    // On a machine that is too busy a provider is later than the agent's file allows: nothing else may fail.
    const late = logged(rig, 'warming up failed')
      .filter(({ failure }) => /did not begin|late/.test(String(failure)))
      .map(({ step }) => String(step));
    assert.deepEqual(line['failed'], late);
    const metrics = await rig.metrics();
    for (const step of STEPS) {
      const outcome = late.includes(step) ? 'failed' : 'ok';
      const series = `turnpike_warm_up_steps_total{step="${step}",outcome="${outcome}"} 1`;
      assert.ok(metrics.includes(series), series);
    }
    // The model was asked once, shortly, with the prompt that calls will begin with; nothing was a call.
    assert.equal(rig.providers.chat.requests.length, 1);
    const [asked] = rig.providers.chat.requests;
    assert.equal(asked?.body['max_tokens'], 16);
    assert.match(JSON.stringify(asked.body), /You are Robin/);
    assert.equal(rig.providers.sessions.length, 1);
    assert.deepEqual(rig.events, []);
    assert.match(metrics, /^turnpike_calls_active 0$/m);
    assert.match(metrics, /^turnpike_store_pending_writes 0$/m);
    for (const never of [
      'turn_response_seconds',
      'barge_in_seconds',
      'vad_delay_seconds',
      'playout_late_seconds',
    ]) {
      assert.doesNotMatch(metrics, new RegExp(`^turnpike_${never}_count(?:\\{.*\\})? [1-9]`, 'm'), never);
    }
    assert.doesNotMatch(metrics, /^turnpike_(?:calls|speculation|dropped)_total\{.*\} [1-9]/m);
  });

  test('asks nobody for anything before a call when warming up is switched off', async () => {
    const rig = await GatewayRig.open({ env: { ...NO_DATABASE, DISABLE: 'warmup' } });
    after(() => rig.close());
    assert.deepEqual([rig.providers.chat.requests.length, rig.providers.sessions.length], [0, 0]);
    assert.deepEqual(logged(rig, 'warm-up completed'), []);
    const { call } = await rig.hold([{ say: 'Goodbye.' }, { waitForHangUp: 20_000 }]);
    rig.assertHeard(call, `${GREETING} Have a lovely day.`);
    assert.equal(rig.providers.sessions.length, 1);
  });

  test('is ready without its providers, and says and counts what failed', async () => {
    const env = { ...NO_DATABASE, OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' };
    const rig = await GatewayRig.open({ env });
    after(() => rig.close());
    await eventually(() => logged(rig, 'warm-up completed').length > 0, 'it has tried to warm up');
    const failed = logged(rig, 'warm-up completed')[0]?.['failed'];
    // The second voice has another address, and is there.
    assert.ok(Array.isArray(failed));
    assert.deepEqual(new Set(failed), new Set(['connections', 'ears', 'lines', 'model']));
    assert.equal(logged(rig, 'warming up failed').length, 4);
    assert.match(await rig.metrics(), /^turnpike_warm_up_steps_total\{step="model",outcome="failed"\} 1$/m);
  });
});

interface Told {
  readonly fields: LogFields;
  readonly message: string;
}

/** Providers that are there at once, unless `more` says otherwise. */
function depsOn(clock: VirtualClock, told: Told[], more: Partial<WarmUpDeps> = {}): WarmUpDeps {
  const rig = new CallRig();
  const note = (fields: LogFields, message: string): void => void told.push({ fields, message });
  return {
    agent: rig.agent,
    clock,
    logger: { ...silentLogger, info: note, warn: note },
    metrics: openMetrics({ callsActive: () => 0, pendingWrites: () => 0 }),
    model: {
      ...rig.world.model,
      async *complete() {
        yield { kind: 'finished', reason: 'stop' };
      },
    },
    voice: rig.world.voice,
    caches: [],
    ears: [],
    world: rig.world,
    ...more,
  };
}

/** Never answers, and gives up when it is told to. */
function never(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

test('new calls are let in after five seconds although a provider does not answer, and it is given up after fifteen', async () => {
  // The rehearsal goes several rounds of the event loop between two looks at the clock.
  const clock = new VirtualClock(async () => {
    for (let rounds = 0; rounds < 4; rounds += 1) await settle();
  });
  const told: Told[] = [];
  const base = depsOn(clock, told);
  const warmUp = startWarmUp({ ...base, model: { ...base.model, warmUp: never } });
  let ready = false;
  let done = false;
  void warmUp.ready.then(() => (ready = true));
  void warmUp.done.then(() => (done = true));
  await clock.advance(4_999);
  assert.deepEqual([ready, done], [false, false]);
  await clock.advance(1);
  assert.deepEqual([ready, done], [true, false]);
  await clock.advance(10_000);
  await warmUp.done;
  const summary = told.find(({ message }) => message === 'warm-up completed');
  assert.deepEqual(summary?.fields['failed'], ['connections']);
  assert.equal(clock.pendingTimers, 0);
});

test('a warm-up that is stopped in its middle ends at once, rehearsal and all', async () => {
  const clock = new VirtualClock();
  const told: Told[] = [];
  let closed = 0;
  const base = depsOn(clock, told, {
    ears: [
      {
        provider: 'fake',
        capabilities: { liveWords: true, commitsItself: false },
        open: () => ({ push: () => undefined, commit: () => 0, close: () => void (closed += 1) }),
      },
    ],
    caches: [{ prime: (_lines, signal) => never(signal) }],
  });
  const warmUp = startWarmUp({ ...base, model: { ...base.model, warmUp: never } });
  await settle();
  await warmUp.stop();
  assert.equal(closed, 1);
  assert.equal(clock.pendingTimers, 0);
  const failures = told.filter(({ message }) => message === 'warming up failed');
  assert.ok(
    failures.some(({ fields }) => fields['step'] === 'rehearsal' && fields['failure'] === 'the process ends'),
  );
});

suite('while a phone rings', () => {
  test('connections are tried once for all who ring together, and a failure is nobody’s', async () => {
    const clock = new VirtualClock();
    const base = depsOn(clock, []);
    let tried = 0;
    const failing = (): Promise<void> => {
      tried += 1;
      return Promise.reject(new ProviderError('connect', 'nobody', { stage: 'llm', provider: 'fake' }));
    };
    const ringing = whileRinging({ ...base, model: { ...base.model, warmUp: failing } });
    await Promise.all([ringing(INFO), ringing(INFO)]);
    assert.equal(tried, 1);
    await clock.advance(4_000);
    await ringing(INFO);
    assert.equal(tried, 2);
    assert.equal(clock.pendingTimers, 0);
  });

  test('a greeting that names the caller is made, one that is the same for all is not', async () => {
    const clock = new VirtualClock();
    const base = depsOn(clock, []);
    const spoken: string[] = [];
    const voice: WarmUpDeps['voice'] = {
      ...base.voice,
      async *speak(text) {
        spoken.push(text);
        yield { mulaw: new Uint8Array(160) };
      },
    };
    await whileRinging({ ...base, voice })(INFO);
    assert.deepEqual(spoken, []);
    const agent = { ...base.agent, greeting: 'Hello {{name}}.' };
    await whileRinging({ ...base, agent, voice })({ ...INFO, variables: { name: 'Ada' } });
    assert.deepEqual(spoken, ['Hello Ada.']);
  });

  test('what takes too long is given up', async () => {
    const clock = new VirtualClock();
    const base = depsOn(clock, []);
    let over = false;
    void whileRinging({ ...base, model: { ...base.model, warmUp: never } })(INFO).then(() => (over = true));
    await clock.advance(2_999);
    assert.equal(over, false);
    await clock.advance(1);
    assert.equal(over, true);
  });
});
