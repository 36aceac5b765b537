// What a provider is sent, held against what the `openai` package would send itself.
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { APIError } from 'openai';
import type { HttpPool } from '../../src/base/httpPool.ts';
import { openaiClient, OpenaiPost } from '../../src/base/openaiClient.ts';
import { openHttpServer } from '../helpers/httpServer.ts';

interface Seen {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function open(
  t: TestContext,
  answer: (response: ServerResponse) => void,
): Promise<{ readonly pool: HttpPool; readonly baseUrl: string; readonly seen: Seen[] }> {
  const seen: Seen[] = [];
  const { pool, url } = await openHttpServer(t, (request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.on('end', () => {
      seen.push({ url: request.url, headers: request.headers, body });
      answer(response);
    });
  });
  return { pool, baseUrl: `${url}/v1`, seen };
}

const BODY = { model: 'm', input: 'Ä' };
const never = new AbortController().signal;

async function refusalOf(answer: Promise<unknown>): Promise<APIError> {
  const error: unknown = await answer.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof APIError, String(error));
  return error;
}

test('it sends what the package sends, and what it is told to add', async (t) => {
  const { pool, baseUrl, seen } = await open(t, (response) => response.end('{}'));
  for (const apiKey of ['a-key', undefined]) {
    const client = openaiClient({ baseUrl, apiKey }, pool);
    await client.post('/audio/speech', { body: BODY, headers: { Accept: 'audio/*' } }).asResponse();
    const answer = await new OpenaiPost(client, '/audio/speech', 'audio/*', pool).send(
      BODY,
      { traceparent: '00-1' },
      never,
    );
    assert.equal(answer.status, 200);
    answer.body.cancel();
    const [own, ours] = seen.splice(0);
    const { traceparent, ...rest } = ours?.headers ?? {};
    assert.equal(traceparent, '00-1');
    assert.deepEqual(rest, own?.headers);
    assert.deepEqual([ours?.url, ours?.body], [own?.url, own?.body]);
    assert.equal(rest.authorization, apiKey === undefined ? undefined : 'Bearer a-key');
  }
});

test('a refusal is the error that the package makes of it', async (t) => {
  const refusal = {
    error: { message: 'No such voice.', type: 'invalid_request_error', code: 'no_voice', param: 'voice' },
  };
  const { pool, baseUrl } = await open(t, (response) =>
    response
      .writeHead(429, { 'content-type': 'application/json', 'retry-after': '7' })
      .end(JSON.stringify(refusal)),
  );
  const client = openaiClient({ baseUrl, apiKey: 'a-key' }, pool);
  const own = await refusalOf(client.post('/x', { body: BODY }).asResponse());
  const ours = await refusalOf(new OpenaiPost(client, '/x', '*/*', pool).send(BODY, {}, never));
  assert.equal(ours.constructor, own.constructor);
  for (const field of ['status', 'message', 'code', 'param', 'type', 'error'] as const) {
    assert.deepEqual(ours[field], own[field], field);
  }
  assert.equal(ours.headers?.get('retry-after'), '7');
});

test('a refusal that is no JSON, or has no end, is told as far as it goes', async (t) => {
  const endless = 'no '.repeat(100_000);
  const { pool, baseUrl } = await open(t, (response) => response.writeHead(503).write(endless));
  const client = openaiClient({ baseUrl, apiKey: 'a-key' }, pool);
  const error = await refusalOf(new OpenaiPost(client, '/x', '*/*', pool).send(BODY, {}, never));
  assert.equal(error.status, 503);
  assert.match(error.message, /^503 no no/);
  assert.ok(error.message.length < endless.length);
});

test('a redirection is not followed, and says where it leads', async (t) => {
  const { pool, baseUrl, seen } = await open(t, (response) =>
    response.writeHead(308, { location: 'https://elsewhere.example.com/v1/x' }).end(),
  );
  const client = openaiClient({ baseUrl, apiKey: 'a-key' }, pool);
  const error = await refusalOf(new OpenaiPost(client, '/x', '*/*', pool).send(BODY, {}, never));
  assert.match(error.message, /redirected to https:\/\/elsewhere\.example\.com\/v1\/x/);
  assert.equal(seen.length, 1);
});
