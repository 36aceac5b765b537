import assert from 'node:assert/strict';
import test from 'node:test';
import { ProviderError } from '../../src/base/errors.ts';
import { fallbackTextToSpeech } from '../../src/tts/fallback.ts';
import type { TextToSpeech } from '../../src/tts/port.ts';
import { openSpeechServer } from '../helpers/speechServer.ts';
import { assertSaid, heard } from '../helpers/ttsContract.ts';

const FOREVER = new AbortController().signal;

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
      onFallback: (from, to, error) => seen.push(`${from.provider} ${to.provider} ${error.code}`),
    });
    assert.equal((await heard(tts, 'Hello.')).length, 80);
    assert.deepEqual(seen, [`first second ${code}`]);
    assert.deepEqual(second.asked, ['Hello.']);
  }
});

test('after the first audio there is no going back', async () => {
  const second = saying(80);
  const tts = fallbackTextToSpeech([failing('truncated', 40), second]);
  let bytes = 0;
  await assert.rejects(async () => {
    for await (const chunk of tts.speak('Hello.', FOREVER)) bytes += chunk.mulaw.length;
  }, ProviderError);
  assert.equal(bytes, 40);
  assert.deepEqual(second.asked, []);
});

test('when all fail the last one’s error is thrown', async () => {
  const tts = fallbackTextToSpeech([failing('auth', 0, 'one'), failing('server', 0, 'two')]);
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
  await assert.rejects(heard(fallbackTextToSpeech([broken, second]), 'Hello.'), (error) => error === bug);
  const stop = new AbortController();
  const aborting: TextToSpeech = {
    ...failing('server'),
    async *speak(text, signal) {
      stop.abort(new Error('barge-in'));
      yield* failing('server').speak(text, signal);
    },
  };
  await assert.rejects(heard(fallbackTextToSpeech([aborting, second]), 'Hello.', stop.signal));
  assert.deepEqual(second.asked, []);
});

test('one that is warm is enough', async () => {
  await fallbackTextToSpeech([failing('server'), saying(1)]).warmUp(FOREVER);
  await assert.rejects(
    fallbackTextToSpeech([failing('server'), failing('auth')]).warmUp(FOREVER),
    ProviderError,
  );
});

test('its key is the keys of all', () => {
  const one = fallbackTextToSpeech([saying(1, 'a'), saying(1, 'b')]);
  const other = fallbackTextToSpeech([saying(1, 'b'), saying(1, 'a')]);
  assert.notEqual(one.cacheKey, other.cacheKey);
  assert.equal(one.provider, 'a');
  assert.throws(() => fallbackTextToSpeech([]), /at least one/);
});

test('a server that is silent is given up at its deadline and the other one speaks', async (t) => {
  const silent = await openSpeechServer(t);
  const well = await openSpeechServer(t);
  silent.fail({ kind: 'hang' });
  const tts = fallbackTextToSpeech([silent.provider({ provider: 'silent' }), well.provider()]);
  const speech = heard(tts, 'red blue');
  await silent.clock.advance(3_001);
  assertSaid(await speech, 'red blue');
});
