// Whatever way a turn takes, the metrics tell of it once: an answer of the model, a line of the agent's file, an answer that
// was given before, an apology; cut, taken back, by keys, outgoing, connected again.
import assert from 'node:assert/strict';
import test from 'node:test';
import { intentsOf } from '../../src/agent/intentPlan.ts';
import { measuredEars, measuredModel, measuredVoice } from '../../src/call/measured.ts';
import type { CallInfo } from '../../src/call/port.ts';
import { ResponseCache } from '../../src/llm/responseCache.ts';
import { openMetrics, type Metrics } from '../../src/metrics/metrics.ts';
import { parseMetrics, total, type Sample } from '../../src/sim/metricText.ts';
import { CallRig, INFO, type Answer } from '../helpers/callRig.ts';
import { settlePromises, VirtualClock } from '../helpers/virtualClock.ts';

const AGENT = `
name: test-agent
greeting: Hello there.
repeatable: true
prompt: You are Robin.
providers:
  stt: [{ provider: openai, model: fake }]
  llm: [{ provider: openai, model: fake }]
  tts: [{ provider: openai, model: fake, voice: fake }]
lines: { sorry: Sorry about that., reconnected: We were cut off. }
limits: { idle: [] }
intents:
  confirm_yes: { say: "Lovely, it is settled then." }
`;
/** Says next to nothing: many calls of it are quick. */
const BRIEF_AGENT = AGENT.replace('Hello there.', 'Hi.')
  .replace('Lovely, it is settled then.', 'Fine.')
  .replace('Sorry about that.', 'Oh.');
const STAGES = [
  'endpoint',
  'stt_final',
  'llm_first_token',
  'llm_first_sentence',
  'tts_first_audio',
  'first_frame',
] as const;
const OWN_STAGES = STAGES.filter((stage) => !stage.startsWith('llm_'));

class PathRig {
  readonly rig: CallRig;
  readonly metrics: Metrics = openMetrics({
    callsActive: () => this.rig.calls.activeCount,
    pendingWrites: () => 0,
  });

  constructor(
    answer: (text: string) => Answer = () => ['We sell bells. ', 'Shall I go on?'],
    agentYaml = AGENT,
  ) {
    const clock = new VirtualClock(settlePromises);
    // Made of one that is never called: its providers are those of the rig.
    const parts = new CallRig({ clock, agentYaml });
    const { metrics } = this;
    this.rig = new CallRig({
      clock,
      agentYaml,
      answer: (messages) => answer(messages.at(-1)?.content ?? ''),
      world: {
        metrics,
        intents: intentsOf(parts.agent),
        responses: new ResponseCache({
          clock,
          observe: (result) => metrics.cacheLookup('response', result),
        }),
      },
    });
    const { world } = this.rig;
    Object.assign(world, {
      ears: world.ears.map((ears) => measuredEars(ears, 'fake', metrics, clock)),
      model: measuredModel(world.model, metrics, clock),
      voice: measuredVoice(world.voice, 'fake', metrics, clock),
    });
  }

  async greeted(info: CallInfo = INFO): Promise<void> {
    this.rig.open(info);
    await this.rig.agentSpeaks();
    await this.rig.agentFinishes();
  }

  async says(text: string): Promise<void> {
    await this.rig.says(text);
    await this.#answered();
  }

  async presses(keys: string): Promise<void> {
    await this.rig.presses(keys);
    await this.#answered();
  }

  /** The caller says it over the agent. */
  async cutsIn(text: string, afterMs = 700): Promise<void> {
    await this.rig.run(afterMs);
    await this.rig.says(text);
  }

  async over(): Promise<readonly Sample[]> {
    this.rig.hangsUp();
    await this.rig.run(1_000);
    assert.deepEqual(this.rig.bugs, []);
    return this.samples();
  }

  async samples(): Promise<readonly Sample[]> {
    return parseMetrics((await this.metrics.render(undefined)).body);
  }

  async #answered(): Promise<void> {
    await this.rig.agentSpeaks();
    await this.rig.agentFinishes();
  }
}

function count(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  return total(samples, `turnpike_${name}`, labels);
}

/** Each turn that was answered tells of each of these once, and its wait is explained by them. */
function assertTold(
  samples: readonly Sample[],
  sources: Readonly<Record<string, number>>,
  stages: Readonly<Record<string, number>>,
): void {
  let turns = 0;
  for (const source of ['generated', 'cached', 'intent', 'fallback']) {
    const wanted = sources[source] ?? 0;
    turns += wanted;
    assert.equal(count(samples, 'turn_response_seconds_count', { source }), wanted, source);
    assert.equal(count(samples, 'turn_heard_seconds_count', { source }), wanted, `heard ${source}`);
  }
  for (const [stage, wanted] of Object.entries(stages))
    assert.equal(count(samples, 'stage_seconds_count', { stage }), wanted, stage);
  assert.equal(count(samples, 'turn_unaccounted_seconds_count'), turns);
  assert.ok(count(samples, 'turn_unaccounted_seconds_sum') < 1e-6);
}

const each = (stages: readonly string[], times: number, greetings = 1): Record<string, number> =>
  Object.fromEntries(
    stages.map((stage) => [
      stage,
      // The greeting has no question, and sounds all the same.
      times + (stage === 'tts_first_audio' || stage === 'first_frame' ? greetings : 0),
    ]),
  );

test('an answer of the model', async () => {
  const path = new PathRig();
  await path.greeted();
  await path.says('What do you sell?');
  const samples = await path.over();
  assertTold(samples, { generated: 1 }, each(STAGES, 1));
  assert.equal(count(samples, 'turns_total', { outcome: 'answered' }), 1);
  assert.equal(count(samples, 'speculation_total', { outcome: 'used' }), 1);
  assert.equal(count(samples, 'calls_total', { direction: 'inbound', outcome: 'completed' }), 1);
  for (const stage of ['stt', 'llm', 'tts'])
    assert.ok(
      count(samples, 'provider_requests_total', { stage, provider: 'fake', outcome: 'ok' }) > 0,
      stage,
    );
  assert.equal(count(samples, 'cache_lookups_total', { cache: 'response', result: 'miss' }), 1);
  assert.ok(count(samples, 'playout_late_seconds_count') > 0);
  assert.equal(count(samples, 'playout_underrun_seconds_total'), 0);
  assert.equal(count(samples, 'calls_active'), 0);
});

test('a line of the agent’s file', async () => {
  const path = new PathRig();
  await path.greeted();
  await path.says('Yes, please.');
  const samples = await path.over();
  assertTold(samples, { intent: 1 }, { ...each(OWN_STAGES, 1), llm_first_token: 0, llm_first_sentence: 0 });
});

test('an answer that was given before', async () => {
  const path = new PathRig();
  for (const end of ['1', '2']) {
    await path.greeted({ ...INFO, callSid: INFO.callSid.slice(0, -1) + end });
    await path.says('What do you sell?');
    await path.over();
  }
  const samples = await path.samples();
  assertTold(
    samples,
    { generated: 1, cached: 1 },
    { ...each(OWN_STAGES, 2, 2), llm_first_token: 1, llm_first_sentence: 1 },
  );
  assert.equal(count(samples, 'cache_lookups_total', { cache: 'response', result: 'hit' }), 1);
});

test('an apology for a model that fails', async () => {
  const path = new PathRig(() => [new Error('the model is broken')]);
  await path.greeted();
  await path.says('What do you sell?');
  const samples = await path.over();
  assertTold(samples, { fallback: 1 }, { ...each(OWN_STAGES, 1), llm_first_token: 0, llm_first_sentence: 0 });
  assert.equal(count(samples, 'turns_total', { outcome: 'apologized' }), 1);
  assert.ok(count(samples, 'provider_requests_total', { stage: 'llm', outcome: 'error' }) > 0);
});

test('an answer that is cut, and the one to what cut it', async () => {
  const path = new PathRig();
  await path.greeted();
  await path.rig.says('What do you sell?');
  await path.rig.agentSpeaks();
  await path.cutsIn('No, wait, I want something else.');
  await path.rig.agentSpeaks();
  await path.rig.agentFinishes();
  const samples = await path.over();
  assertTold(samples, { generated: 2 }, each(STAGES, 2));
  assert.equal(count(samples, 'barge_in_seconds_count', { outcome: 'interrupted' }), 1);
});

test('an answer that a nod does not cut', async () => {
  const path = new PathRig();
  await path.greeted();
  await path.rig.says('What do you sell?');
  await path.rig.agentSpeaks();
  await path.rig.run(500);
  await path.rig.voice();
  path.rig.words('uh-huh');
  await path.rig.silence();
  await path.rig.run(300);
  await path.rig.agentFinishes();
  const samples = await path.over();
  assertTold(samples, { generated: 1 }, each(STAGES, 1));
  assert.equal(count(samples, 'barge_in_seconds_count', { outcome: 'resumed' }), 1);
});

test('an answer that is taken back before a word of it was heard is told of once, as what it became', async () => {
  const path = new PathRig();
  await path.greeted();
  await path.rig.says('Can I come on Monday?');
  await path.rig.agentSpeaks();
  await path.rig.run(60);
  await path.says('Or on Tuesday?');
  const samples = await path.over();
  assert.equal(path.rig.eventsOf('turn.withdrawn').length, 1);
  assertTold(samples, { generated: 1 }, each(STAGES, 1));
  assert.equal(count(samples, 'speculation_total', { outcome: 'discarded' }), 1);
  assert.equal(count(samples, 'turns_total'), 1);
});

test('keys', async () => {
  const path = new PathRig();
  await path.greeted();
  await path.presses('417#');
  const samples = await path.over();
  // Nothing was said, so no last word was waited for.
  const { stt_final: _none, ...stages } = each(STAGES, 1);
  assertTold(samples, { generated: 1 }, stages);
});

test('an outgoing call, and one that nobody took', async () => {
  const path = new PathRig();
  await path.greeted({ ...INFO, direction: 'outbound' });
  await path.says('What do you sell?');
  await path.over();
  const other = { ...INFO, callSid: `${INFO.callSid.slice(0, -1)}9`, direction: 'outbound' } as const;
  path.rig.calls.prepare(other);
  path.rig.calls.neverStarted(other, 'busy');
  const samples = await path.samples();
  assertTold(samples, { generated: 1 }, each(STAGES, 1));
  assert.equal(count(samples, 'calls_total', { direction: 'outbound', outcome: 'completed' }), 1);
  assert.equal(count(samples, 'calls_total', { direction: 'outbound', outcome: 'busy' }), 1);
});

test('a call that is connected again', async () => {
  const path = new PathRig();
  await path.greeted();
  await path.says('What do you sell?');
  path.rig.breaksOff();
  await path.rig.run(200);
  await path.greeted();
  await path.says('And on Saturday?');
  const samples = await path.over();
  assertTold(samples, { generated: 2 }, each(STAGES, 2, 2));
  assert.equal(count(samples, 'calls_resumed_total', { how: 'stream' }), 1);
  assert.equal(count(samples, 'calls_total'), 1);
});

test('what nobody has answered', async () => {
  const path = new PathRig();
  await path.greeted();
  await path.rig.says('Is anybody');
  const samples = await path.over();
  assertTold(samples, {}, each(['endpoint', 'llm_first_token'], 0));
  assert.equal(count(samples, 'turns_total', { outcome: 'unanswered' }), 1);
});

test('two hundred calls have no more series than twenty', async () => {
  const path = new PathRig(
    (text) => (text.includes('Broken') ? [new Error('broken')] : ['Bells.']),
    BRIEF_AGENT,
  );
  const series = async (): Promise<readonly string[]> =>
    (await path.samples())
      // Node's own come and go with what it does.
      .filter(({ name }) => !/^turnpike_(?:nodejs|process)_/.test(name))
      .map(({ name, labels }) => `${name}${JSON.stringify(labels)}`)
      .toSorted();
  const talk = ['Sell?', 'Yes.', 'Broken?'];
  let after20: readonly string[] = [];
  for (let call = 1; call <= 200; call += 1) {
    const callSid = `CA${String(call).padStart(32, '0')}`;
    const direction = call % 2 === 0 ? 'inbound' : 'outbound';
    await path.greeted({ ...INFO, callSid, direction, from: `+1555${String(call).padStart(7, '0')}` });
    await path.says(`${talk[call % 3]}`);
    path.rig.hangsUp();
    await path.rig.run(20);
    if (call === 20) after20 = await series();
  }
  const after200 = await series();
  const samples = await path.samples();
  assert.equal(count(samples, 'calls_total'), 200);
  assert.deepEqual(after200, after20);
  const sources = ['generated', 'intent', 'fallback', 'cached'].map((source) =>
    count(samples, 'turn_response_seconds_count', { source }),
  );
  assert.ok(
    sources.every((turns) => turns > 0),
    `turns of every kind: ${sources.join()}`,
  );
  assert.ok(after200.length > 100);
});

test('the turns that metrics tell of are named beside them', async () => {
  const path = new PathRig();
  await path.greeted();
  await path.says('What do you sell?');
  await path.over();
  const { body } = await path.metrics.render('application/openmetrics-text; version=1.0.0');
  for (const name of ['turn_response', 'turn_heard', 'turn_unaccounted', 'stage']) {
    const named = new RegExp(
      `^turnpike_${name}_seconds_bucket.* # \\{call="${INFO.callSid}",turn="1"\\} `,
      'm',
    );
    assert.match(body, named);
  }
});
