// A whole call over real sockets, as a collector of traces sees it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import type { CallerStep } from '../../src/sim/caller.ts';
import { OtlpCollector, type CollectedSpan } from '../../src/sim/otlpCollector.ts';
import { SimServer } from '../../src/sim/server.ts';
import {
  AGENT_NUMBER,
  API_KEY,
  AUTH_TOKEN,
  CALLER_NUMBER,
  eventually,
  GatewayRig,
  GREETING,
  type StoredCall,
} from '../helpers/gatewayRig.ts';

const HEADER = 'a-key-of-the-collector';
const BYE: readonly CallerStep[] = [{ say: 'Thank you, goodbye.' }, { waitForHangUp: 20_000 }];

const collector = new OtlpCollector();
const tools = new SimServer();
const toolTraceparents: unknown[] = [];
let rig: GatewayRig;

before(async () => {
  tools.http('POST /weather', (request, response) => {
    toolTraceparents.push(request.headers['traceparent']);
    response.writeHead(200, { 'content-type': 'text/plain' }).end('sunny');
  });
  rig = await GatewayRig.open({
    agent: `
tools:
  - builtin: end_call
  - name: get_weather
    description: The weather in a city.
    url: ${await tools.listen()}/weather
    parameters: { type: object, properties: { city: { type: string } }, required: [city] }
`,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: await collector.listen(),
      OTEL_EXPORTER_OTLP_HEADERS: `api-key=${HEADER}`,
      OTEL_SERVICE_NAME: 'front-desk',
    },
  });
  rig.providers.speechFault = (text) =>
    text.includes('number five') ? { kind: 'status', status: 500 } : undefined;
});
after(async () => {
  await rig.close();
  await collector.close();
  await tools.close();
});

async function held(...steps: readonly CallerStep[]): Promise<{
  readonly stored: StoredCall;
  readonly spans: readonly CollectedSpan[];
}> {
  const { call } = await rig.hold([...steps, ...BYE]);
  const stored = await rig.stored(call.callSid);
  const spans = (): readonly CollectedSpan[] =>
    collector.spans.filter(({ attributes }) => attributes['turnpike.call.sid'] === call.callSid);
  await eventually(() => spans().some(({ name }) => name === 'call'), 'the trace is there');
  return { stored, spans: spans() };
}

function requestTo(route: string, spans: readonly CollectedSpan[]): readonly CollectedSpan[] {
  const [first] = spans;
  const ids = rig.providers.traceparents
    .filter(({ path: asked, traceparent }) => asked.includes(route) && traceparent !== undefined)
    .map(({ traceparent = '' }) => traceparent.split('-'))
    .filter(([, traceId]) => traceId === first?.traceId)
    .map(([, , spanId]) => spanId);
  return spans.filter(({ spanId }) => ids.includes(spanId));
}

suite('several calls at once', { concurrency: true }, () => {
  test('a call is one trace: every span has its place, whoever is asked knows it, and the metrics lead there', async () => {
    const { stored, spans } = await held({ say: 'What is the weather in Paris?' });
    assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 1);
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined);
    assert.deepEqual(
      roots.map(({ name, kind }) => [name, kind]),
      [['call', 2]],
    );
    for (const { name, parentSpanId } of spans)
      assert.ok(parentSpanId === undefined || byId.has(parentSpanId), `${name} has no parent`);
    assert.equal(roots[0]?.resource['service.name'], 'front-desk');

    const asked = ['/v1/realtime', '/v1/chat/completions', '/v1/audio/speech'].map((route) => [
      ...new Set(requestTo(route, spans).map(({ name, kind }) => `${kind} ${name}`)),
    ]);
    assert.deepEqual(asked, [
      ['3 speech_to_text gpt-live-transcribe'],
      ['3 chat sim'],
      ['3 text_to_speech sim'],
    ]);
    const tool = spans.find(({ name }) => name === 'execute_tool get_weather');
    assert.ok(tool !== undefined);
    assert.deepEqual(toolTraceparents, [`00-${tool.traceId}-${tool.spanId}-01`]);

    for (const { index, timings } of stored.turns) {
      const turn = spans.find(
        ({ name, attributes }) => name === 'turn' && attributes['turnpike.turn'] === index,
      );
      assert.ok(turn !== undefined, `turn ${index}`);
      const stages = spans.filter(({ parentSpanId }) => parentSpanId === turn.spanId);
      const tookMs = (stage: string): number | undefined => {
        const span = stages.find(({ name }) => name === stage);
        return span === undefined ? undefined : span.endMs - span.startMs;
      };
      // To the microsecond, in which both of its ends are told.
      for (const [stage, timing] of [
        ['endpoint', timings.endpoint],
        ['stt_final', timings.sttFinal],
        ['llm_first_token', timings.llmFirstToken],
        ['llm_first_sentence', timings.llmFirstSentence],
        ['tts_first_audio', timings.ttsFirstAudio],
        ['first_frame', timings.firstFrame],
      ] as const) {
        const inTrace = tookMs(stage);
        assert.equal(inTrace === undefined, timing === undefined, `${stage} of turn ${index}`);
        assert.ok(Math.abs((inTrace ?? 0) - (timing ?? 0)) < 0.01, `${stage}: ${inTrace} against ${timing}`);
      }
    }

    const accept = 'application/openmetrics-text; version=1.0.0';
    const page = await (await fetch(`${rig.gateway.url}/metrics`, { headers: { accept } })).text();
    const dots = [
      ...page.matchAll(/# \{call="(CA\w+)",turn="(\d+)",trace_id="(\w+)",span_id="(\w+)"\}/g),
    ].filter(([, callSid]) => callSid === stored.callSid);
    assert.ok(dots.length > 0);
    for (const [, , turn, traceId, spanId = ''] of dots) {
      const found = byId.get(spanId);
      assert.deepEqual([found?.name, found?.traceId], ['turn', traceId]);
      assert.equal(found?.attributes['turnpike.turn'], Number(turn));
    }
  });

  test('a voice that fails and the one that speaks instead are both there', async () => {
    const { spans } = await held({ say: 'Tell me number five.' });
    const failed = spans.filter(({ name, failed: bad }) => name === 'text_to_speech sim' && bad);
    assert.ok(failed.length > 0);
    for (const { attributes } of failed) {
      assert.deepEqual([attributes['error.type'], attributes['turnpike.outcome']], ['server', 'error']);
      assert.equal(attributes['http.response.status_code'], 500);
    }
    assert.ok(requestTo('/backup/v1/audio/speech', spans).some(({ failed: bad }) => !bad));
  });
});

test('no word, no number and no key leaves the house', () => {
  const all = collector.bodies.join('\n');
  assert.ok(all.length > 1_000);
  for (const secret of [
    CALLER_NUMBER,
    AGENT_NUMBER,
    CALLER_NUMBER.slice(1),
    API_KEY,
    AUTH_TOKEN,
    'sk-another-key',
    HEADER,
    GREETING,
    'Paris',
    'sunny',
    'number five',
    'goodbye',
    'Sorry',
  ])
    assert.ok(!all.includes(secret), secret);
  assert.equal(collector.headers[0]?.['api-key'], HEADER);
});

test('a collector that hangs is not noticed by a call', async () => {
  collector.mood = 'hang';
  try {
    const { call, report } = await rig.hold(BYE);
    assert.deepEqual([report.missedTurns, report.agentStayed, call.warnings], [0, false, []]);
    assert.equal((await rig.stored(call.callSid)).outcome, 'completed');
  } finally {
    collector.mood = 'take';
  }
});

test('without an endpoint nothing of OpenTelemetry is loaded', async () => {
  const script = path.resolve(import.meta.dirname, '../helpers/loadedPackages.ts');
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script]);
  const told = JSON.parse(stdout) as {
    readonly off: boolean;
    readonly without: number;
    readonly with: number;
  };
  assert.deepEqual([told.off, told.without], [true, 0]);
  assert.ok(told.with > 0, 'the question can be answered otherwise');
});
