// A provider that refuses connections and says when to come back, over real sockets: all calls leave it alone until then.
import assert from 'node:assert/strict';
import test from 'node:test';
import { silence } from '../../src/audio/mulaw.ts';
import { systemClock } from '../../src/base/clock.ts';
import { ProviderBreakers } from '../../src/base/providerBreakers.ts';
import { seededRandom } from '../../src/base/random.ts';
import { Ears } from '../../src/call/ears.ts';
import { SEED_TIMINGS } from '../../src/sim/behaviour.ts';
import { simulatedRealtime } from '../../src/sim/openaiRealtime.ts';
import { SimServer } from '../../src/sim/server.ts';
import { openaiSpeechToText } from '../../src/stt/openai.ts';
import { bookOf, say, spoken } from '../helpers/phrases.ts';
import { until } from '../helpers/until.ts';

const LIMITED_MS = 700;
const CALLS = 5;

test('429 with retry-after-ms: no call connects before, one tries, and then all are heard', async () => {
  const phrase = await say('I would like to book a table.');
  const server = new SimServer();
  const askedAtMs: number[] = [];
  let limited = true;
  const counts = simulatedRealtime(server, {
    book: bookOf([phrase]),
    timings: { ...SEED_TIMINGS, sttWordsMs: 10, sttFinalMs: 10 },
    random: seededRandom(1),
    clock: systemClock,
    faults: () => {
      askedAtMs.push(systemClock.nowMs());
      if (!limited) return undefined;
      // Of the two, the finer one counts.
      const headers = { 'retry-after-ms': String(LIMITED_MS), 'retry-after': '60' };
      return { kind: 'status', status: 429, headers };
    },
  });
  const provider = openaiSpeechToText(
    {
      baseUrl: `${await server.listen()}/v1`,
      apiKey: 'test-key',
      model: 'gpt-live-transcribe',
      audioFormat: 'pcmu',
      serverVad: false,
    },
    systemClock,
  );
  const kept = { clock: systemClock, random: seededRandom(1), onChange: () => undefined };
  const breakers = new ProviderBreakers(kept);
  const finals: string[] = [];
  let failedAtMs = 0;
  let deaf = 0;
  const call = (): Ears => {
    const ears = new Ears({
      detector: {
        kind: 'energy',
        open: () => ({ push: () => undefined, close: () => undefined }),
        close: () => Promise.resolve(),
      },
      providers: [provider],
      breakers: [breakers.of('stt', 0)],
      options: { language: 'en-US', keywords: [] },
      clock: systemClock,
    });
    ears.attach({
      onVoice: () => undefined,
      onWords: (_utterance, text, final) => void (final && finals.push(spoken(text))),
      onHearing: (hears) => void (deaf += hears ? -1 : 1),
      onJudge: () => undefined,
      onTurnJudged: () => undefined,
      onFailed: (error) => {
        assert.deepEqual([error.code, error.retryAfterMs], ['rate_limit', LIMITED_MS]);
        failedAtMs = systemClock.nowMs();
      },
      onReplaced: () => undefined,
      onDropped: () => undefined,
    });
    return ears;
  };
  const first = call();
  await until(() => failedAtMs > 0, 'the first call is refused');
  limited = false;
  const calls = [first, ...Array.from({ length: CALLS - 1 }, call)];
  for (const ears of calls) {
    ears.push(phrase.mulaw, systemClock.nowMs());
    ears.push(silence(200), systemClock.nowMs());
    ears.commit();
  }
  await until(() => deaf === CALLS, 'nobody listens');
  await until(() => finals.length === CALLS, 'all are heard', LIMITED_MS + 4_000);
  assert.deepEqual(new Set(finals), new Set([spoken(phrase.text)]));
  const [, trial = 0, ...others] = askedAtMs;
  assert.ok(trial - failedAtMs >= LIMITED_MS - 50, `asked again after ${trial - failedAtMs} ms`);
  assert.equal(others.length, CALLS - 1, 'one connection a call, after the refusal');
  assert.equal(counts.sessions, CALLS);
  for (const ears of calls) ears.close();
  await server.close();
});
