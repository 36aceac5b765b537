import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import test, { type TestContext } from 'node:test';
import { HttpPool } from '../../src/base/httpPool.ts';
import { ProviderError } from '../../src/base/errors.ts';
import { SimServer, type HttpHandler } from '../../src/sim/server.ts';
import { openaiTextToSpeech, type OpenaiSpeechOptions } from '../../src/tts/openai.ts';
import type { TextToSpeech } from '../../src/tts/port.ts';
import { sine } from '../helpers/goertzel.ts';
import { openSpeechServer } from '../helpers/speechServer.ts';
import { toneVoice } from '../helpers/toneVoice.ts';
import { heard } from '../helpers/ttsContract.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

const FOREVER = new AbortController().signal;

async function openOwn(
  t: TestContext,
  routes: Readonly<Record<string, HttpHandler>>,
  changes: Partial<OpenaiSpeechOptions> = {},
): Promise<TextToSpeech> {
  const server = new SimServer();
  for (const [route, handler] of Object.entries(routes)) server.http(route, handler);
  const baseUrl = `${await server.listen()}/v1`;
  const http = new HttpPool();
  t.after(async () => {
    await http.close();
    await server.close();
  });
  return openaiTextToSpeech(
    { baseUrl, apiKey: 'sk-test', model: 'm', voice: 'v', firstAudioMs: 3_000, idleMs: 2_000, ...changes },
    http,
    new VirtualClock(),
  );
}

/** Answers every request for speech with these bytes. */
function answering(
  bytes: Uint8Array,
  contentType: string | undefined,
): Readonly<Record<string, HttpHandler>> {
  return {
    'POST /v1/audio/speech': (_request, response) => {
      response.writeHead(200, contentType === undefined ? {} : { 'content-type': contentType });
      response.end(bytes);
    },
  };
}

const HALF_SECOND = Buffer.from(sine(600, 24_000, 12_000, 9_000).buffer);

function isCode(code: string, message?: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof ProviderError, String(error));
    assert.equal(error.code, code);
    if (message !== undefined) assert.match(error.message, message);
    return true;
  };
}

test('asks for what it was told to ask for', async (t) => {
  const bodies: unknown[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const tts = await openOwn(
    t,
    {
      'POST /v1/audio/speech': (request, response, body) => {
        bodies.push(JSON.parse(body.toString()));
        headers.push(request.headers);
        response.end(HALF_SECOND);
      },
    },
    { instructions: 'Warmly.', speed: 1.1, extra: { lang_code: 'a', input: 'ignored' } },
  );
  assert.equal((await heard(tts, 'Hello there.')).length, 4_000);
  assert.deepEqual(bodies, [
    {
      lang_code: 'a',
      model: 'm',
      voice: 'v',
      input: 'Hello there.',
      response_format: 'pcm',
      instructions: 'Warmly.',
      speed: 1.1,
    },
  ]);
  assert.equal(headers[0]?.authorization, 'Bearer sk-test');
});

test('without a key it sends none, whatever the environment holds', async (t) => {
  const before = process.env.OPENAI_API_KEY;
  process.env.OPENAI_API_KEY = 'sk-of-somebody-else';
  t.after(() => {
    if (before === undefined) delete process.env.OPENAI_API_KEY;
    else process.env.OPENAI_API_KEY = before;
  });
  const seen: (string | undefined)[] = [];
  const handler: HttpHandler = (request, response) => {
    seen.push(request.headers.authorization);
    response.end(HALF_SECOND);
  };
  const tts = await openOwn(
    t,
    { 'POST /v1/audio/speech': handler, 'GET /v1/models': handler },
    { apiKey: undefined },
  );
  await heard(tts, 'Hello.');
  await tts.warmUp(FOREVER);
  assert.deepEqual(seen, [undefined, undefined]);
});

for (const contentType of [undefined, 'audio/pcm', 'application/octet-stream', 'audio/wav']) {
  test(`takes PCM under the name ${contentType}`, async (t) => {
    const tts = await openOwn(t, answering(HALF_SECOND, contentType));
    assert.equal((await heard(tts, 'Hello.')).length, 4_000);
  });
}

for (const { contentType, bytes } of [
  { contentType: 'application/json', bytes: Buffer.from('{"error":{"message":"no such voice"}}') },
  {
    contentType: 'application/problem+json; charset=utf-8',
    bytes: Buffer.from('{"detail":"no such voice"}'),
  },
  { contentType: 'text/plain', bytes: Buffer.from('no such voice') },
]) {
  test(`an answer of ${contentType} with status 200 is no audio, and is quoted`, async (t) => {
    const tts = await openOwn(t, answering(bytes, contentType));
    await assert.rejects(heard(tts, 'Hello.'), isCode('bad_answer', /no such voice/));
  });
}

test('compressed audio is not played as noise', async (t) => {
  const named = await openOwn(t, answering(HALF_SECOND, 'audio/mpeg'));
  await assert.rejects(heard(named, 'Hello.'), isCode('bad_answer', /audio\/mpeg/));
  const unnamed = await openOwn(t, answering(Buffer.from('ID3\x04\0\0\0\0'), undefined));
  await assert.rejects(heard(unnamed, 'Hello.'), isCode('bad_answer', /MP3/));
});

test('no sound for a text is a bad answer; for three dots it is right', async (t) => {
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(24_000)]) {
    const tts = await openOwn(t, answering(bytes, 'audio/pcm'));
    await assert.rejects(heard(tts, 'Hello.'), isCode('bad_answer', /no sound/));
    assert.equal((await heard(tts, '...')).length, 0);
  }
});

test('a server with a sample rate of its own', async (t) => {
  const tts = await openOwn(t, answering(HALF_SECOND, 'audio/pcm'), { sampleRateHz: 16_000 });
  assert.equal((await heard(tts, 'Hello.')).length, 6_000);
});

test('more text than the endpoint takes is refused before it is sent', async (t) => {
  const tts = await openOwn(t, {});
  await assert.rejects(heard(tts, 'a'.repeat(4_097)), isCode('bad_request'));
});

test('nobody there is a failure to connect, and says why', async (t) => {
  const http = new HttpPool();
  t.after(() => http.close());
  const tts = openaiTextToSpeech(
    {
      baseUrl: 'http://127.0.0.1:1/v1',
      apiKey: 'k',
      model: 'm',
      voice: 'v',
      firstAudioMs: 3_000,
      idleMs: 2_000,
    },
    http,
    new VirtualClock(),
  );
  await assert.rejects(heard(tts, 'Hello.'), isCode('connect', /ECONNREFUSED|bad port/));
  await assert.rejects(tts.warmUp(FOREVER), isCode('connect'));
});

test('a key that is refused shows while warming up; an address that is not there is no failure', async (t) => {
  const refusing = await openOwn(t, {
    'GET /v1/models': (_request, response) => {
      response.writeHead(401).end('{}');
    },
  });
  await assert.rejects(refusing.warmUp(FOREVER), isCode('auth'));
  const bare = await openOwn(t, {});
  await bare.warmUp(FOREVER);
});

test('warming up gives up on a server that says nothing, and stops when told', async (t) => {
  const server = new SimServer().http('GET /v1/models', () => undefined);
  const baseUrl = `${await server.listen()}/v1`;
  const http = new HttpPool();
  const clock = new VirtualClock();
  t.after(async () => {
    await http.close();
    await server.close();
  });
  const options = { baseUrl, apiKey: 'k', model: 'm', voice: 'v', firstAudioMs: 3_000, idleMs: 2_000 };
  const tts = openaiTextToSpeech(options, http, clock);
  const late = assert.rejects(tts.warmUp(FOREVER), isCode('connect', /no answer/));
  await clock.advance(11_000);
  await late;
  const stop = new AbortController();
  const stopped = assert.rejects(tts.warmUp(stop.signal), (error) => error === stop.signal.reason);
  stop.abort(new Error('draining'));
  await stopped;
});

test('the silence that a provider puts round a sentence is not waited through', async (t) => {
  const server = await openSpeechServer(t, { voice: toneVoice({ leadMs: 200, tailMs: 600 }) });
  const audio = await heard(server.provider(), 'red blue');
  // 20 ms before, 450 of tones, 180 after; the filter's ringing and the windows blur it by some ms.
  assert.ok(Math.abs(audio.length / 8 - 650) <= 15, `${audio.length / 8} ms`);
});

test('what changes the sound changes the key for caches, and the secret is not in it', async (t) => {
  const server = await openSpeechServer(t);
  const keys = [
    {},
    { model: 'other' },
    { voice: 'other' },
    { instructions: 'Slowly.' },
    { speed: 2 },
    { sampleRateHz: 16_000 },
    { extra: { lang_code: 'b' } },
    { provider: 'kokoro' },
  ].map((changes) => server.provider(changes).cacheKey);
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(server.provider({ firstAudioMs: 1, apiKey: 'other' }).cacheKey, server.provider().cacheKey);
  assert.ok(keys.every((key) => !key.includes('sk-test')));
});

test('what a server quotes of the sentence is in no message', async (t) => {
  const said = 'Your code is four one seven.';
  const routes: Readonly<Record<string, HttpHandler>> = {
    'POST /v1/audio/speech': (_request, response) => {
      response.writeHead(422, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: `cannot say "${said}"` } }));
    },
  };
  const voice = await openOwn(t, routes);
  await assert.rejects(heard(voice, said), isCode('bad_request', /quotes the request/u));
  const odd = await openOwn(t, answering(Buffer.from(`no: ${said}`), 'text/plain'));
  await assert.rejects(heard(odd, said), isCode('bad_answer', /quotes the request/u));
});
