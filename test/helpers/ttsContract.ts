// What every text-to-speech must do, whatever is behind it.
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { BYTES_PER_MS, decodeMulaw, levelDbfs } from '../../src/audio/mulaw.ts';
import { ProviderError, type ProviderErrorCode } from '../../src/base/errors.ts';
import type { TextToSpeech } from '../../src/tts/port.ts';
import type { SimFault } from '../../src/sim/behaviour.ts';
import { amplitudeAt } from './goertzel.ts';
import { wordHz } from './toneVoice.ts';
import { until } from './until.ts';
import type { VirtualClock } from './virtualClock.ts';

/** A text-to-speech before a simulated server that speaks with the tone voice. */
export interface TtsUnderTest {
  readonly tts: TextToSpeech;
  /** Of the deadlines; the server runs on real time, without delays. */
  readonly clock: VirtualClock;
  /** What goes wrong from now on, at every request. */
  readonly fail: (fault: SimFault | undefined) => void;
  /** Requests for speech that reached the server. */
  readonly requests: () => number;
  /** Those of them that the server still answers. */
  readonly underWay: () => number;
  /** Connections that are open. */
  readonly connections: () => number;
}

const TEXT = 'seven green apples';
const FOREVER = new AbortController().signal;

export async function heard(tts: TextToSpeech, text: string, signal = FOREVER): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of tts.speak(text, signal)) parts.push(chunk.mulaw);
  return Buffer.concat(parts);
}

/** Each word of the tone voice lasts 200 ms and the next begins 250 ms later. */
export function assertSaid(mulaw: Uint8Array, text: string): void {
  const words = text.split(' ');
  // Up to 20 ms of silence may be kept before, 180 after.
  const spokenMs = words.length * 250 - 50;
  const durationMs = mulaw.length / BYTES_PER_MS;
  assert.ok(durationMs >= spokenMs - 5 && durationMs <= spokenMs + 205, `${durationMs} ms for ${spokenMs}`);
  let leadBytes = 0;
  while (leadBytes < mulaw.length && levelDbfs(mulaw, leadBytes, leadBytes + 8) < -40) leadBytes += 8;
  const samples = decodeMulaw(mulaw);
  for (const [index, word] of words.entries()) {
    const from = leadBytes + index * 2_000;
    const level = amplitudeAt(samples.subarray(from + 200, from + 1_400), wordHz(word), 8_000);
    assert.ok(level > 8_000 && level < 11_500, `"${word}" at ${level}`);
  }
}

function isProviderError(code: ProviderErrorCode): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof ProviderError, String(error));
    assert.equal(error.code, code, error.message);
    assert.equal(error.stage, 'tts');
    return true;
  };
}

/** Lets real time pass until `work` is settled, while the virtual clock runs on. */
async function whileTimePasses<T>(work: Promise<T>, clock: VirtualClock): Promise<T> {
  const state = { settled: false };
  const watched = work.finally(() => (state.settled = true));
  watched.catch(() => undefined);
  while (!state.settled) await clock.advance(500);
  return watched;
}

/** `goesOn`: it asks for the rest of a sentence that breaks off, so that is not its end. */
export function ttsContract(
  name: string,
  open: (t: TestContext) => Promise<TtsUnderTest>,
  { goesOn = false }: { readonly goesOn?: boolean } = {},
): void {
  suite(`${name} as a text-to-speech`, () => {
    test('says a sentence whole', async (t) => {
      const { tts } = await open(t);
      assertSaid(await heard(tts, TEXT), TEXT);
    });

    test('sounds the same each time', async (t) => {
      const { tts } = await open(t);
      assert.deepEqual(await heard(tts, TEXT), await heard(tts, TEXT));
    });

    test('says two sentences at once without mixing them', async (t) => {
      const { tts } = await open(t);
      const [one, two] = await Promise.all([heard(tts, 'red blue'), heard(tts, 'five nine two')]);
      assertSaid(one, 'red blue');
      assertSaid(two, 'five nine two');
    });

    test('does nothing before it is pulled', async (t) => {
      const { tts, requests } = await open(t);
      const speech = tts.speak(TEXT, FOREVER);
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(requests(), 0);
      let bytes = 0;
      for await (const chunk of speech) bytes += chunk.mulaw.length;
      assert.ok(bytes > 0 && requests() === 1);
    });

    test('has nothing to say to an empty text, and asks nobody', async (t) => {
      const { tts, requests } = await open(t);
      assert.equal((await heard(tts, ' ')).length, 0);
      assert.equal(requests(), 0);
    });

    test('aborted before it begins: throws the reason and asks nobody', async (t) => {
      const { tts, requests } = await open(t);
      const reason = new Error('the caller spoke');
      await assert.rejects(heard(tts, TEXT, AbortSignal.abort(reason)), (error) => error === reason);
      assert.equal(requests(), 0);
    });

    test('aborted in the middle: throws the reason and ends the request', async (t) => {
      const { tts, fail, underWay } = await open(t);
      fail({ kind: 'stall', afterItems: 2 });
      const stop = new AbortController();
      const reason = new Error('the caller spoke');
      await assert.rejects(
        async () => {
          for await (const chunk of tts.speak(TEXT, stop.signal)) {
            if (chunk.mulaw.length > 0) stop.abort(reason);
          }
        },
        (error) => error === reason,
      );
      await until(() => underWay() === 0, 'the aborted request has ended');
    });

    test('aborted while it waits: throws the reason at once', async (t) => {
      const { tts, fail, requests, underWay } = await open(t);
      fail({ kind: 'hang' });
      const stop = new AbortController();
      const reason = new Error('hung up');
      const speech = heard(tts, TEXT, stop.signal);
      const rejected = assert.rejects(speech, (error) => error === reason);
      await until(() => requests() === 1, 'the request is there');
      stop.abort(reason);
      await rejected;
      await until(() => underWay() === 0, 'the aborted request has ended');
    });

    test('a consumer that stops pulling ends the request', async (t) => {
      const { tts, fail, underWay } = await open(t);
      fail({ kind: 'stall', afterItems: 2 });
      for await (const chunk of tts.speak(TEXT, FOREVER)) if (chunk.mulaw.length > 0) break;
      await until(() => underWay() === 0, 'the abandoned request has ended');
    });

    for (const { fault, code } of [
      { fault: { kind: 'status', status: 500 }, code: 'server' },
      { fault: { kind: 'status', status: 401 }, code: 'auth' },
      { fault: { kind: 'status', status: 422 }, code: 'bad_request' },
      { fault: { kind: 'garbage' }, code: 'bad_answer' },
      { fault: { kind: 'cut', afterItems: 2 }, code: 'truncated' },
    ] satisfies { fault: SimFault; code: ProviderErrorCode }[]) {
      test(`${JSON.stringify(fault)} is ${code}, and the next sentence is said`, async (t) => {
        const { tts, fail } = await open(t);
        fail(fault);
        await assert.rejects(heard(tts, TEXT), isProviderError(code));
        fail(undefined);
        assertSaid(await heard(tts, TEXT), TEXT);
      });
    }

    test('a refusal says when to come back', async (t) => {
      const { tts, fail } = await open(t);
      fail({ kind: 'status', status: 429, headers: { 'retry-after-ms': '1500', 'retry-after': '2' } });
      await assert.rejects(heard(tts, TEXT), (error) => {
        assert.ok(error instanceof ProviderError);
        assert.deepEqual([error.code, error.status, error.retryAfterMs], ['rate_limit', 429, 1_500]);
        return true;
      });
    });

    test('what came before the connection was cut stands', { skip: goesOn }, async (t) => {
      const { tts, fail } = await open(t);
      fail({ kind: 'cut', afterItems: 3 });
      let bytes = 0;
      await assert.rejects(async () => {
        for await (const chunk of tts.speak(TEXT, FOREVER)) bytes += chunk.mulaw.length;
      }, isProviderError('truncated'));
      assert.ok(bytes > 800, `${bytes} bytes`);
    });

    test('no audio in time is a first_output_timeout', async (t) => {
      const { tts, fail, clock } = await open(t);
      fail({ kind: 'hang' });
      await assert.rejects(whileTimePasses(heard(tts, TEXT), clock), isProviderError('first_output_timeout'));
    });

    test('audio that stops coming is an idle_timeout', { skip: goesOn }, async (t) => {
      const { tts, fail, clock, underWay } = await open(t);
      fail({ kind: 'stall', afterItems: 3 });
      const speech = tts.speak(TEXT, FOREVER)[Symbol.asyncIterator]();
      let bytes = 0;
      while (bytes < 800) bytes += (await speech.next()).value?.mulaw.length ?? 0;
      const rest = (async (): Promise<void> => {
        while ((await speech.next()).done !== true) bytes += 1;
      })();
      await assert.rejects(whileTimePasses(rest, clock), isProviderError('idle_timeout'));
      await until(() => underWay() === 0, 'the stalled request has ended');
    });

    test('warms up, and the first sentence then needs no new connection', async (t) => {
      const { tts, connections } = await open(t);
      await tts.warmUp(FOREVER);
      const open1 = connections();
      assert.ok(open1 >= 1);
      await heard(tts, TEXT);
      assert.equal(connections(), open1);
    });

    test('has a name and a key for caches', async (t) => {
      const { tts } = await open(t);
      assert.match(tts.provider, /^[a-z][a-z0-9_]*$/);
      assert.ok(tts.cacheKey.length > 0);
    });
  });
}
