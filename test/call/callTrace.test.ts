// Whole calls as traces, on the virtual clock.
import assert from 'node:assert/strict';
import test from 'node:test';
import { sleep } from '../../src/base/clock.ts';
import { ProviderError } from '../../src/base/errors.ts';
import { Hedging } from '../../src/base/hedging.ts';
import { LatencyWindow } from '../../src/base/latencyWindow.ts';
import { measuredModel } from '../../src/call/measured.ts';
import type { CallWorld } from '../../src/call/world.ts';
import { withFallback } from '../../src/llm/fallback.ts';
import type { LanguageModel, LlmEvent } from '../../src/llm/port.ts';
import { openMetrics } from '../../src/metrics/metrics.ts';
import { parseMetrics, total } from '../../src/sim/metricText.ts';
import type { TurnTimings } from '../../src/store/port.ts';
import type { RecordedSpan } from '../../src/trace/recordedSpan.ts';
import { CallRig, INFO, type RigOptions } from '../helpers/callRig.ts';
import { durationMs, KeptSpans } from '../helpers/keptSpans.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

const STAGE_OF: Readonly<Record<string, keyof TurnTimings>> = {
  endpoint: 'endpoint',
  stt_final: 'sttFinal',
  llm_first_token: 'llmFirstToken',
  llm_first_sentence: 'llmFirstSentence',
  tts_first_audio: 'ttsFirstAudio',
  first_frame: 'firstFrame',
};

interface Traced {
  readonly rig: CallRig;
  readonly spans: KeptSpans;
}

function traced(options: RigOptions = {}, spans = new KeptSpans()): Traced {
  const clock = options.clock ?? new VirtualClock();
  const rig = new CallRig({ ...options, clock, world: { tracer: spans.tracer(clock), ...options.world } });
  return { rig, spans };
}

/** A call whose greeting is over. */
async function greeted(options: RigOptions = {}): Promise<Traced> {
  const one = traced(options);
  one.rig.open();
  await one.rig.agentSpeaks();
  await one.rig.agentFinishes();
  return one;
}

async function answered(rig: CallRig, text: string): Promise<void> {
  await rig.says(text);
  await rig.agentSpeaks();
  await rig.agentFinishes();
}

async function over({ rig, spans }: Traced): Promise<void> {
  rig.hangsUp();
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
  assert.deepEqual(rig.bugs, []);
  spans.assertWhole();
}

function outcomes(spans: readonly RecordedSpan[], attribute = 'turnpike.outcome'): unknown[] {
  return spans.map(({ attributes }) => attributes[attribute]);
}

test('the stages of a turn are as long in the trace as in its row and in the metrics', async () => {
  const call = await greeted();
  const { rig, spans } = call;
  await answered(rig, 'What does a check-up cost?');
  await answered(rig, 'And on Saturday?');
  await over(call);
  const page = parseMetrics((await rig.metrics.render(undefined)).body);
  for (const row of rig.turns()) {
    const turn = spans.one('turn', 'turnpike.turn', row.index);
    const stages = spans.below(turn).filter(({ name }) => name in STAGE_OF);
    const { response, heard, ...timings } = row.timings;
    assert.deepEqual(
      Object.fromEntries(stages.map((span) => [STAGE_OF[span.name], durationMs(span)])),
      timings,
    );
    if (response === undefined) continue;
    const [playout] = spans.below(turn, 'playout');
    assert.ok(playout !== undefined);
    assert.equal(playout.startedAtMs - turn.startedAtMs, response);
    assert.equal(
      playout.events.find(({ name }) => name === 'heard')?.atMs,
      turn.startedAtMs + (heard ?? NaN),
    );
    assert.equal(turn.attributes['turnpike.turn.response_ms'], response);
  }
  assert.equal(rig.turns().length, 3);
  for (const name of Object.keys(STAGE_OF)) {
    const seconds = total(page, 'turnpike_stage_seconds_sum', { stage: name });
    const sumMs = spans.named(name).reduce((sum, span) => sum + durationMs(span), 0);
    assert.ok(Math.abs(seconds * 1_000 - sumMs) < 1e-6, `${name}: ${seconds} s against ${sumMs} ms`);
  }
});

test('a trace has the call, its turns, their replies, sentences and rows, and not a word of it', async () => {
  const call = await greeted();
  const { rig, spans } = call;
  await answered(rig, 'What does a check-up cost?');
  await over(call);
  const root = spans.one('call');
  assert.deepEqual(root.attributes, {
    'turnpike.call.sid': INFO.callSid,
    'gen_ai.conversation.id': INFO.callSid,
    'turnpike.call.direction': 'inbound',
    'gen_ai.agent.name': 'test-agent',
    'turnpike.call.ended': 'caller_hung_up',
  });
  for (const index of [0, 1]) {
    const turn = spans.one('turn', 'turnpike.turn', index);
    assert.equal(turn.parent?.spanId, root.context.spanId);
    const [reply] = spans.below(turn, 'reply');
    assert.ok(reply !== undefined);
    assert.ok(spans.below(reply, 'sentence').length > 0);
    assert.equal(spans.below(turn, 'store').length, 1);
  }
  for (const { attributes } of spans.all) assert.equal(attributes['turnpike.call.sid'], INFO.callSid);
  const all = JSON.stringify(spans.all.map(({ name, attributes, events }) => ({ name, attributes, events })));
  for (const secret of ['check-up', 'Certainly', 'Robin', INFO.from, INFO.to])
    assert.ok(!all.includes(secret), secret);
});

test('a reply that was prepared in vain is a span of its own, and so is the one that was heard', async () => {
  const call = await greeted();
  const { rig, spans } = call;
  await rig.says('I would like to come');
  await rig.run(50);
  await answered(rig, 'on Monday, please.');
  await over(call);
  const turn = spans.one('turn', 'turnpike.turn', 1);
  const replies = outcomes(spans.below(turn, 'reply'), 'turnpike.reply.outcome');
  assert.ok(replies.length >= 2, JSON.stringify(replies));
  assert.equal(replies.filter((outcome) => outcome === 'heard').length, 1);
  assert.ok(replies.includes('discarded'));
});

test('a caller who cuts in is seen as such', async () => {
  const call = await greeted();
  const { rig, spans } = call;
  await rig.says('Tell me everything.');
  await rig.agentSpeaks();
  await rig.run(800);
  await rig.says('No, wait, stop.');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  await over(call);
  const turn = spans.one('turn', 'turnpike.turn', 1);
  assert.equal(turn.attributes['turnpike.interrupted'], true);
  const [bargeIn] = spans.below(turn, 'barge_in');
  assert.equal(bargeIn?.attributes['turnpike.outcome'], 'interrupted');
  const page = parseMetrics((await rig.metrics.render(undefined)).body);
  assert.ok(Math.abs(durationMs(bargeIn) / 1_000 - total(page, 'turnpike_barge_in_seconds_sum')) < 1e-9);
});

test('a caller who goes on before they have heard a word is answered in one turn, which says so', async () => {
  const call = await greeted();
  const { rig, spans } = call;
  await rig.says('Can I come on Monday?');
  await rig.agentSpeaks();
  await rig.run(60);
  await answered(rig, 'Or on Tuesday?');
  await over(call);
  const turn = spans.one('turn', 'turnpike.turn', 1);
  assert.ok(turn.events.some(({ name }) => name === 'withdrawn'));
  assert.equal(turn.attributes['turnpike.turn.outcome'], 'answered');
});

test('what nobody answered, and a reply that nobody heard, end with the call', async () => {
  const call = await greeted();
  const { rig, spans } = call;
  await rig.says('Is anybody');
  await over(call);
  assert.equal(spans.one('turn', 'turnpike.turn', 1).attributes['turnpike.turn.outcome'], 'unanswered');
});

test('a call that is connected again goes on in the same trace', async () => {
  const spans = new KeptSpans();
  const { rig } = traced({}, spans);
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  rig.breaksOff();
  rig.calls.prepare(INFO);
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  rig.hangsUp();
  await rig.leftovers();
  const [first, second] = spans.named('call');
  assert.ok(first !== undefined && second !== undefined);
  assert.equal(second.parent?.spanId, first.context.spanId);
  assert.deepEqual(outcomes([first, second], 'turnpike.call.ended'), ['stream_lost', 'caller_hung_up']);
  spans.assertWhole();
});

test('a phone that rang in vain leaves a trace that says so', async () => {
  const { rig, spans } = traced();
  rig.calls.prepare(INFO);
  rig.calls.neverStarted(INFO, 'canceled');
  await rig.leftovers();
  assert.equal(spans.one('call').attributes['turnpike.call.ended'], 'never_started');
});

test('the tool, whoever makes it, knows the trace that it is called in; a made-up one is not named', async () => {
  const seen: (string | null)[] = [];
  const use = (name: string): LlmEvent => ({
    kind: 'toolCall',
    call: { id: `call_${name}`, name, argumentsText: '{"number":"4111111111111111"}' },
  });
  const call = await greeted({
    agentYaml: `
name: test-agent
greeting: Hello.
prompt: You are Robin.
providers:
  stt: [{ provider: openai, model: fake }]
  llm: [{ provider: openai, model: fake }]
  tts: [{ provider: openai, model: fake, voice: fake }]
tools:
  - { name: book, description: Books., url: "https://tools.example/book" }
  - { name: fail, description: Fails., url: "https://tools.example/fail" }
`,
    answer: (messages) =>
      messages.at(-1)?.role === 'tool'
        ? ['It is done.']
        : [use('book'), use('fail'), use('rm -rf'), use('end_call')],
    world: {
      fetch: (url, init) => {
        seen.push(new Headers(init?.headers).get('traceparent'));
        return Promise.resolve(new Response('x', { status: String(url).endsWith('fail') ? 500 : 200 }));
      },
    },
  });
  await answered(call.rig, 'Please book it.');
  await over(call);
  const { spans } = call;
  const booked = spans.one('execute_tool book');
  const failed = spans.one('execute_tool fail');
  assert.deepEqual(seen, [booked.traceparent, failed.traceparent]);
  assert.deepEqual([booked.failure, failed.failure], [undefined, 'refused']);
  assert.equal(failed.attributes['http.response.status_code'], 500);
  assert.equal(booked.attributes['gen_ai.operation.name'], 'execute_tool');
  spans.one('execute_tool unknown');
  spans.one('execute_tool end_call');
  assert.ok(!JSON.stringify(spans.all.map(({ attributes }) => attributes)).includes('4111'));
});

// --- requests ---

type Behaviour = (clock: VirtualClock, signal: AbortSignal) => AsyncGenerator<LlmEvent, void, undefined>;

function model(name: string, clock: VirtualClock, behave: Behaviour): LanguageModel {
  return {
    provider: 'openai',
    model: name,
    warmUp: () => Promise.resolve(),
    complete: (_request, signal) => behave(clock, signal),
  };
}

const after = (ms: number): Behaviour =>
  async function* answers(clock, signal) {
    await sleep(clock, ms, signal);
    yield { kind: 'text', text: 'Yes. ' };
    const usage = { promptTokens: 11, completionTokens: 3, cachedTokens: 7 };
    yield { kind: 'finished', reason: 'stop', usage };
  };

const failing: Behaviour = async function* fails(clock, signal) {
  await sleep(clock, 30, signal);
  yield* [];
  throw new ProviderError('server', 'it quotes +15550000001 and sk-secret', {
    stage: 'llm',
    provider: 'openai',
    status: 503,
  });
};

async function asked(behaviours: readonly Behaviour[], hedging?: Hedging) {
  const clock = new VirtualClock();
  const metrics = openMetrics({ callsActive: () => 0, pendingWrites: () => 0 });
  const models = behaviours.map((behave, place) =>
    measuredModel(model(`m${place}`, clock, behave), metrics, clock),
  );
  const latencies = behaviours.map(() => new LatencyWindow(clock));
  for (const window of latencies) for (let took = 0; took < 40; took += 1) window.took(100 + took);
  const world: Partial<CallWorld> = { model: withFallback(models, { clock, latencies, hedging }) };
  const call = await greeted({ clock, world });
  await answered(call.rig, 'Is it open?');
  await over(call);
  return call.spans;
}

test('a request to the model has its conventions, tokens and time to the first of them', async () => {
  const spans = await asked([after(250)]);
  const chat = spans.one('chat m0');
  assert.equal(chat.kind, 'client');
  assert.deepEqual(
    Object.fromEntries(Object.entries(chat.attributes).filter(([name]) => name.startsWith('gen_ai.'))),
    {
      'gen_ai.conversation.id': INFO.callSid,
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'm0',
      'gen_ai.output.type': 'text',
      'gen_ai.response.time_to_first_chunk': 0.25,
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 11,
      'gen_ai.usage.output_tokens': 3,
      'gen_ai.usage.cache_read.input_tokens': 7,
    },
  );
});

test('one that fails and the one that is asked instead are two spans, and the failure is told by its kind alone', async () => {
  const spans = await asked([failing, after(100)]);
  const [failed, other] = [spans.one('chat m0'), spans.one('chat m1')];
  assert.deepEqual([failed.failure, failed.attributes['turnpike.outcome']], ['server', 'error']);
  assert.equal(failed.attributes['http.response.status_code'], 503);
  assert.equal(other.attributes['turnpike.outcome'], 'ok');
  assert.equal(failed.parent?.spanId, other.parent?.spanId);
  const all = JSON.stringify(spans.all.map(({ attributes, events }) => ({ attributes, events })));
  assert.ok(!all.includes('quotes') && !all.includes('sk-secret'));
});

test('a second request for an answer that is late is a span of its own, and so is the one that lost', async () => {
  const hedging = new Hedging(1);
  const spans = await asked([after(5_000), after(60)], hedging);
  assert.deepEqual(outcomes(spans.named('chat m0')), ['hedged']);
  assert.deepEqual(outcomes(spans.named('chat m1')), ['ok']);
  assert.equal(spans.one('chat m0').failure, undefined);
});

test('a request that nobody waits for any more is cancelled, and no failure', async () => {
  const clock = new VirtualClock();
  const metrics = openMetrics({ callsActive: () => 0, pendingWrites: () => 0 });
  const slow = measuredModel(model('m0', clock, after(5_000)), metrics, clock);
  const call = await greeted({ clock, world: { model: slow } });
  await call.rig.says('Hello, are you there?');
  await over(call);
  const chat = call.spans.one('chat m0');
  assert.deepEqual([chat.failure, chat.attributes['turnpike.outcome']], [undefined, 'cancelled']);
});
