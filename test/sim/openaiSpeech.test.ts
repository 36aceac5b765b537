import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import { SEED_TIMINGS } from '../../src/sim/behaviour.ts';
import { openSpeechServer, type SpeechServer } from '../helpers/speechServer.ts';
import { until } from '../helpers/until.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';
import { amplitudeAt } from '../helpers/goertzel.ts';
import { toneVoice, wordHz } from '../helpers/toneVoice.ts';

const RIGHT = { model: 'm', voice: 'v', input: 'red blue', response_format: 'pcm' };
const KEY = { authorization: 'Bearer sk-test' };

function post(server: SpeechServer, body: unknown, headers: Record<string, string> = KEY): Promise<Response> {
  return server.http.fetch(`${server.baseUrl}/audio/speech`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

test('answers 24 kHz PCM of what was asked, and tells what it said', async (t) => {
  const server = await openSpeechServer(t);
  const response = await post(server, RIGHT);
  assert.equal(response.status, 200);
  const pcm = Buffer.from(await response.arrayBuffer());
  // A sample more or less: the voice has a rate of its own.
  assert.ok(Math.abs(pcm.length - 450 * 24 * 2) <= 4, `${pcm.length} bytes`);
  const samples = Int16Array.from({ length: pcm.length / 2 }, (_unused, i) => pcm.readInt16LE(i * 2));
  assert.ok(amplitudeAt(samples.subarray(500, 4_500), wordHz('red'), 24_000) > 9_000);
  assert.ok(amplitudeAt(samples.subarray(6_500, 10_500), wordHz('blue'), 24_000) > 9_000);
  const [spoken] = server.spoken;
  assert.deepEqual(spoken?.samples24k, samples);
  assert.deepEqual(spoken?.words, [
    { word: 'red', startMs: 0, endMs: 200 },
    { word: 'blue', startMs: 250, endMs: 450 },
  ]);
});

for (const { what, body, headers, status, code } of [
  { what: 'no key', body: RIGHT, headers: {}, status: 401, code: 'invalid_api_key' },
  {
    what: 'another kind of key',
    body: RIGHT,
    headers: { authorization: 'Basic abc' },
    status: 401,
    code: 'invalid_api_key',
  },
  { what: 'no JSON', body: '{', status: 400, code: null },
  { what: 'no input', body: { ...RIGHT, input: undefined }, status: 400, code: 'missing_required_parameter' },
  { what: 'no voice', body: { ...RIGHT, voice: 7 }, status: 400, code: 'missing_required_parameter' },
  { what: 'an empty input', body: { ...RIGHT, input: '' }, status: 400, code: 'string_below_min_length' },
  {
    what: 'a long input',
    body: { ...RIGHT, input: 'a'.repeat(4_097) },
    status: 400,
    code: 'string_above_max_length',
  },
  { what: 'MP3', body: { ...RIGHT, response_format: 'mp3' }, status: 400, code: 'invalid_value' },
  { what: 'a speed out of range', body: { ...RIGHT, speed: 9 }, status: 400, code: 'invalid_value' },
] satisfies {
  what: string;
  body: unknown;
  headers?: Record<string, string>;
  status: number;
  code: string | null;
}[]) {
  test(`refuses ${what} in the endpoint's shape`, async (t) => {
    const server = await openSpeechServer(t);
    const response = await post(server, body, headers ?? KEY);
    assert.equal(response.status, status);
    const answer: unknown = await response.json();
    assert.ok(typeof answer === 'object' && answer !== null && 'error' in answer);
    const { error } = answer;
    assert.ok(typeof error === 'object' && error !== null && 'code' in error && 'type' in error);
    assert.deepEqual([error.code, error.type], [code, 'invalid_request_error']);
  });
}

interface Arrival {
  readonly atMs: number;
  readonly bytes: number;
}

/** Asks on a clock turned by 5 ms at a time, and notes when which bytes came. */
async function arrivals(
  t: TestContext,
  clock: VirtualClock,
  server: SpeechServer,
): Promise<readonly Arrival[]> {
  const found: Arrival[] = [];
  const state = { ended: false };
  const reading = (async (): Promise<void> => {
    const response = await post(server, { ...RIGHT, input: 'one two three four five six' });
    const reader = response.body?.getReader();
    for (let got = await reader?.read(); got?.done === false; got = await reader?.read()) {
      found.push({ atMs: clock.nowMs(), bytes: got.value.length });
    }
    state.ended = true;
  })();
  await until(() => server.spoken.length === 1, 'the text is spoken');
  while (!state.ended) {
    const before = found.length;
    await clock.advance(5);
    // Loopback delivers in its own time, which is not the clock's.
    if (found.length === before) await new Promise((resolve) => setImmediate(resolve));
  }
  await reading;
  t.diagnostic(found.map(({ atMs, bytes }) => `${atMs}:${bytes}`).join(' '));
  return found;
}

test('the first byte comes after its delay, the rest at its pace, in pieces that tear samples apart', async (t) => {
  const clock = new VirtualClock();
  const server = await openSpeechServer(t, { timings: SEED_TIMINGS, serverClock: clock });
  const found = await arrivals(t, clock, server);
  const [first] = found;
  assert.ok(first !== undefined && first.atMs >= 200, `first at ${first?.atMs}`);
  assert.ok(found.some(({ bytes }) => bytes % 2 === 1));
  // 1,450 ms of speech at four times its speed; nothing may come before its time.
  let sentMs = 0;
  for (const { atMs, bytes } of found) {
    assert.ok(atMs >= 200 + sentMs / 4 - 0.001, `${bytes} bytes at ${atMs}, after ${sentMs} ms of speech`);
    sentMs += bytes / 48;
  }
  assert.ok(Math.abs(sentMs - 1_450) < 1);
});

test('the time its voice needs is part of the delay', async (t) => {
  const clock = new VirtualClock();
  const tone = toneVoice();
  const slow = (delayMs: number): ReturnType<typeof toneVoice> => ({
    say: async (text) => {
      await new Promise<void>((resolve) => clock.after(delayMs, resolve));
      return tone.say(text);
    },
  });
  for (const { voiceMs, firstMs } of [
    { voiceMs: 150, firstMs: 200 },
    { voiceMs: 350, firstMs: 350 },
  ]) {
    const server = await openSpeechServer(t, {
      voice: slow(voiceMs),
      timings: SEED_TIMINGS,
      serverClock: clock,
    });
    const askedAtMs = clock.nowMs();
    const state: { headersAtMs?: number } = {};
    const asked = post(server, RIGHT).then((response) => {
      state.headersAtMs = clock.nowMs();
      return response.body?.cancel();
    });
    await until(() => server.requests() === 1, 'the request is there');
    await clock.advance(firstMs - 1);
    assert.equal(state.headersAtMs, undefined, 'not before its time');
    await clock.advance(1);
    await until(() => state.headersAtMs !== undefined, 'it answers');
    assert.equal((state.headersAtMs ?? 0) - askedAtMs, firstMs);
    await asked;
  }
});

test('a voice that fails is a 500', async (t) => {
  const voice = { say: () => Promise.reject(new Error('hoarse')) };
  const server = await openSpeechServer(t, { voice });
  const response = await post(server, RIGHT);
  assert.equal(response.status, 500);
  assert.match(await response.text(), /hoarse/);
});

test('a client that goes away ends its answer', async (t) => {
  const timers = new Set<object>();
  const watching: Clock = {
    ...systemClock,
    after: (delayMs, callback) => {
      const timer = systemClock.after(delayMs, () => {
        timers.delete(handle);
        callback();
      });
      const handle = {
        cancel: () => {
          timers.delete(handle);
          timer.cancel();
        },
      };
      timers.add(handle);
      return handle;
    },
  };
  const timings = { ...SEED_TIMINGS, ttsFirstByteMs: 0, ttsSpeed: 0.001 };
  const server = await openSpeechServer(t, { timings, serverClock: watching });
  const response = await post(server, RIGHT);
  await until(() => timers.size === 1, 'the next piece waits');
  await response.body?.cancel();
  await until(() => timers.size === 0, 'nothing is left to send');
  assert.equal(server.underWay(), 0);
});

test('goes wrong as told', async (t) => {
  const server = await openSpeechServer(t);
  server.fail({ kind: 'status', status: 503, headers: { 'retry-after': '2' } });
  const busy = await post(server, RIGHT);
  assert.deepEqual([busy.status, busy.headers.get('retry-after')], [503, '2']);
  await busy.text();

  server.fail({ kind: 'garbage' });
  const garbage = await post(server, RIGHT);
  assert.deepEqual([garbage.status, garbage.headers.get('content-type')], [200, 'text/html']);
  await garbage.text();

  server.fail({ kind: 'cut', afterItems: 1 });
  await assert.rejects(async () => (await post(server, RIGHT)).arrayBuffer());
});
