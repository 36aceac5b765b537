import assert from 'node:assert/strict';
import test from 'node:test';
import { ProviderError } from '../../src/base/errors.ts';
import { Breaker, FAILURES_MAX } from '../../src/base/breaker.ts';
import { seededRandom } from '../../src/base/random.ts';
import { SWITCH_MS_UNKNOWN } from '../../src/base/switchDelay.ts';
import { CONTINUED_MAX, fallbackTextToSpeech } from '../../src/tts/fallback.ts';
import type { TextToSpeech } from '../../src/tts/port.ts';
import { openSpeechServer } from '../helpers/speechServer.ts';
import { until } from '../helpers/until.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';
import { assertSaid, heard } from '../helpers/ttsContract.ts';

const FOREVER = new AbortController().signal;
const clock = new VirtualClock();

function failing(code: 'server' | 'auth' | 'truncated', after = 0, provider = 'first'): TextToSpeech {
  const error = new ProviderError(code, 'no', { stage: 'tts', provider });
  return {
    provider,
    cacheKey: provider,
    async *speak() {
      await Promise.resolve();
      if (after > 0) yield { mulaw: new Uint8Array(after) };
      throw error;
    },
    warmUp: () => Promise.reject(error),
  };
}

function saying(bytes: number, provider = 'second'): TextToSpeech & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    provider,
    cacheKey: provider,
    asked,
    async *speak(text) {
      await Promise.resolve();
      asked.push(text);
      yield { mulaw: new Uint8Array(bytes) };
    },
    warmUp: () => Promise.resolve(),
  };
}

test('the next one speaks when one fails before its first audio, for whatever reason', async () => {
  for (const code of ['server', 'auth'] as const) {
    const seen: string[] = [];
    const second = saying(80);
    const tts = fallbackTextToSpeech([failing(code), second], {
      clock,
      onFallback: (from, to, error) => seen.push(`${from.provider} ${to.provider} ${error.code}`),
    });
    assert.equal((await heard(tts, 'Hello.')).length, 80);
    assert.deepEqual(seen, [`first second ${code}`]);
    assert.deepEqual(second.asked, ['Hello.']);
  }
});

test('what is left of a sentence that breaks off is said by the next voice', async () => {
  const text = 'We are open from eight in the morning until six in the evening.';
  const halfMs = 1_900;
  const second = saying(80);
  const tts = fallbackTextToSpeech([failing('truncated', halfMs * 8), second], { clock });
  assert.equal((await heard(tts, text)).length, halfMs * 8 + 80);
  const [rest = ''] = second.asked;
  assert.ok(text.endsWith(rest) && rest.length > 10 && rest.length < text.length - 10, rest);
  assert.match(rest, /^\p{L}/u, 'it begins with a whole word');
});

test('by the times of its words it is known to the word', async () => {
  const wordTimes = ['We', 'are', 'open'].map((word, place) => ({
    word,
    startMs: place * 200,
    endMs: place * 200 + 180,
  }));
  const first: TextToSpeech = {
    ...failing('truncated'),
    async *speak(text, signal) {
      yield { mulaw: new Uint8Array(4_800), wordTimes };
      yield* failing('truncated').speak(text, signal);
    },
  };
  const second = saying(80);
  await heard(fallbackTextToSpeech([first, second], { clock }), 'We are open from eight to six.');
  assert.deepEqual(second.asked, ['from eight to six.']);
});

test('the only voice is asked for the rest as well, a few times', async () => {
  const tts = fallbackTextToSpeech([failing('truncated', 40)], { clock });
  let bytes = 0;
  await assert.rejects(async () => {
    for await (const chunk of tts.speak('Hello there, my friend.', FOREVER)) bytes += chunk.mulaw.length;
  }, ProviderError);
  assert.equal(bytes, 40 * (1 + CONTINUED_MAX));
});

test('a voice that is late does not keep the caller waiting for its deadline', async () => {
  const time = new VirtualClock();
  const late: TextToSpeech = {
    ...failing('server'),
    async *speak(_text, signal) {
      yield* [];
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    },
  };
  const tts = fallbackTextToSpeech([late, saying(80)], { clock: time });
  const speech = heard(tts, 'Hello.');
  await time.advance(SWITCH_MS_UNKNOWN + 1);
  assert.equal((await speech).length, 80);
});

test('a voice that is passed over still says what it has ready', async () => {
  const breaker = new Breaker({ clock, random: seededRandom(1) });
  for (let i = 0; i < FAILURES_MAX; i += 1) breaker.failed('late');
  const first = { ...saying(40, 'first'), isReady: (text: string) => text === 'Hello.' };
  const second = saying(80);
  const tts = fallbackTextToSpeech([first, second], {
    clock,
    breakers: [breaker, new Breaker({ clock, random: seededRandom(2) })],
  });
  assert.equal((await heard(tts, 'Hello.')).length, 40);
  assert.equal((await heard(tts, 'Good evening.')).length, 80);
});

test('when all fail the last one’s error is thrown', async () => {
  const tts = fallbackTextToSpeech([failing('auth', 0, 'one'), failing('server', 0, 'two')], { clock });
  await assert.rejects(
    heard(tts, 'Hello.'),
    (error) => error instanceof ProviderError && error.provider === 'two',
  );
});

test('a bug is not covered up by another provider, and an abort is none’s failure', async () => {
  const bug = new TypeError('undefined is not a function');
  const broken: TextToSpeech = {
    ...failing('server'),
    speak: () => ({
      [Symbol.asyncIterator]: () => {
        throw bug;
      },
    }),
  };
  const second = saying(80);
  await assert.rejects(
    heard(fallbackTextToSpeech([broken, second], { clock }), 'Hello.'),
    (error) => error === bug,
  );
  const stop = new AbortController();
  const aborting: TextToSpeech = {
    ...failing('server'),
    async *speak(text, signal) {
      stop.abort(new Error('barge-in'));
      yield* failing('server').speak(text, signal);
    },
  };
  await assert.rejects(heard(fallbackTextToSpeech([aborting, second], { clock }), 'Hello.', stop.signal));
  assert.deepEqual(second.asked, []);
});

test('one that is warm is enough', async () => {
  await fallbackTextToSpeech([failing('server'), saying(1)], { clock }).warmUp(FOREVER);
  await assert.rejects(
    fallbackTextToSpeech([failing('server'), failing('auth')], { clock }).warmUp(FOREVER),
    ProviderError,
  );
});

test('its key is the keys of all', () => {
  const one = fallbackTextToSpeech([saying(1, 'a'), saying(1, 'b')], { clock });
  const other = fallbackTextToSpeech([saying(1, 'b'), saying(1, 'a')], { clock });
  assert.notEqual(one.cacheKey, other.cacheKey);
  assert.equal(one.provider, 'a');
  assert.throws(() => fallbackTextToSpeech([], { clock }), /at least one/);
});

test('a server that is silent is passed over and the other one speaks', async (t) => {
  const silent = await openSpeechServer(t);
  const well = await openSpeechServer(t);
  silent.fail({ kind: 'hang' });
  const tts = fallbackTextToSpeech([silent.provider({ provider: 'silent' }), well.provider()], {
    clock: silent.clock,
  });
  const speech = heard(tts, 'red blue');
  // The servers are real and the waits are not: no more of them passes than the one for the silent server.
  await until(() => silent.requests() === 1, 'the silent server is asked');
  await silent.clock.advance(SWITCH_MS_UNKNOWN + 1);
  assertSaid(await speech, 'red blue');
});

/** Refuses its first sentence and says when to come back, as whoever judges it is told. */
function limitedOnce(retryAfterMs: number, breaker: Breaker): TextToSpeech & { readonly asked: string[] } {
  const voice = saying(80, 'limited');
  return {
    ...voice,
    async *speak(...asked) {
      if (voice.asked.length > 0) return yield* voice.speak(...asked);
      voice.asked.push(asked[0]);
      const refused = new ProviderError('rate_limit', '429', {
        stage: 'tts',
        provider: 'limited',
        retryAfterMs,
      });
      breaker.failed(refused);
      throw refused;
    },
  };
}

test('voices that all want to be left alone are, and one that may speak within a second is waited for', async () => {
  for (const retryAfterMs of [300, 20_000]) {
    const time = new VirtualClock();
    const breaker = new Breaker({ clock: time, random: seededRandom(1) });
    const voice = limitedOnce(retryAfterMs, breaker);
    const tts = fallbackTextToSpeech([voice], { clock: time, breakers: [breaker] });
    const first = heard(tts, 'Hello.');
    if (retryAfterMs > 1_000) {
      await assert.rejects(first, { code: 'rate_limit' });
      await assert.rejects(heard(tts, 'Hello again.'), { code: 'rate_limit' });
      assert.deepEqual(voice.asked, ['Hello.']);
    } else {
      await time.advance(retryAfterMs);
      assert.equal((await first).length, 80);
    }
  }
});
