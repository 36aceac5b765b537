import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { errorCode, raw, served } from './harness.ts';

const TEN_MEGABYTES = 10 * 1024 * 1024;
const LOCAL = { twilio: { accountSid: undefined, authToken: undefined } };

for (const route of ['/twilio/voice', '/v1/calls', '/v1/leads']) {
  served(
    `${route} refuses a body of 10 MB without reading it`,
    async (harness) => {
      const type = route === '/twilio/voice' ? 'application/x-www-form-urlencoded' : 'application/json';
      const answer = await raw(
        harness,
        `POST ${route} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer the-admin-token\r\nContent-Type: ${type}\r\nContent-Length: ${TEN_MEGABYTES}\r\n\r\n`,
        'CallSid=CA1',
      );
      assert.match(answer, /^HTTP\/1\.1 413 /);
      assert.match(answer, /connection: close/i);
      assert.match(answer, /"code":"body_too_large"/);
      assert.deepEqual(harness.rejected, ['body']);
    },
    LOCAL,
  );
}

served(
  'a body that grows past the bound is refused when it does',
  async (harness) => {
    const chunk = 'x'.repeat(40_000);
    const head =
      'POST /twilio/voice HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n';
    const piece = `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
    const answer = await raw(harness, head, piece, piece);
    assert.match(answer, /^HTTP\/1\.1 413 /);
    assert.deepEqual(harness.rejected, ['body']);
  },
  LOCAL,
);

served('a stranger with a body of 10 MB is refused before it is read', async (harness) => {
  const answer = await raw(
    harness,
    `POST /twilio/voice HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${TEN_MEGABYTES}\r\n\r\nx`,
  );
  assert.match(answer, /^HTTP\/1\.1 403 /);
});

served('an ordinary client that sends 10 MB sees the refusal', async (harness) => {
  const response = await harness
    .api('POST', '/v1/leads', `{"name":"${'x'.repeat(TEN_MEGABYTES)}"}`)
    .catch((error: unknown) => error);
  // The connection may be cut while the client still writes; then it sees that and no answer.
  if (response instanceof Response) assert.equal(response.status, 413);
  assert.deepEqual(harness.rejected, ['body']);
  assert.equal((await fetch(`${harness.server.url}/healthz`)).status, 200);
});

const impatient = { ...LOCAL, limits: { requestTimeoutMs: 100, headersTimeoutMs: 100, timeoutCheckMs: 20 } };

served(
  'a request that stops in the middle of its body is closed in time',
  async (harness) => {
    const answer = await raw(
      harness,
      'POST /twilio/voice HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nCallSid=',
    );
    assert.match(answer, /^HTTP\/1\.1 408 /);
    assert.deepEqual(harness.rejected, ['request']);
  },
  impatient,
);

served(
  'a request that stops in the middle of its head is closed in time',
  async (harness) => {
    const answer = await raw(harness, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n');
    assert.match(answer, /^HTTP\/1\.1 408 /);
    assert.deepEqual(harness.rejected, ['request']);
  },
  impatient,
);

served('what is not HTTP, or has a head without end, is refused', async (harness) => {
  assert.match(await raw(harness, 'hello\r\n\r\n'), /^HTTP\/1\.1 400 /);
  const long = `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`;
  assert.match(await raw(harness, long), /^HTTP\/1\.1 431 /);
  assert.match(
    await raw(harness, 'GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 400 /,
  );
  assert.deepEqual(harness.rejected, ['request', 'request', 'request']);
});

served('a client that goes away in the middle is no matter', async (harness) => {
  const { hostname, port } = new URL(harness.server.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(
    'POST /twilio/voice HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nCall',
  );
  socket.resetAndDestroy();
  assert.equal((await fetch(`${harness.server.url}/healthz`)).status, 200);
});

served('JSON that is broken, or reaches for the prototype, is refused', async (harness) => {
  for (const text of ['{', '{"__proto__":{"x":1}}', '{"constructor":{"prototype":{}}}', 'not json at all']) {
    const response = await harness.api('POST', '/v1/leads', text);
    assert.equal(response.status, 400, text);
    assert.equal(await errorCode(response), 'bad_request');
  }
  assert.deepEqual(harness.rejected, ['body', 'body', 'body', 'body']);
});

served('a form is not taken where JSON is', async (harness) => {
  const response = await fetch(`${harness.server.url}/v1/leads`, {
    method: 'POST',
    headers: { authorization: 'Bearer the-admin-token' },
    body: new URLSearchParams({ name: 'x' }),
  });
  assert.equal(response.status, 415);
  assert.equal(await errorCode(response), 'unsupported_media_type');
});

served(
  'an unknown route and an unknown method are not found, and every answer is guarded',
  async (harness) => {
    for (const [method, route] of [
      ['GET', '/'],
      ['GET', '/twilio/voice'],
      ['DELETE', '/healthz'],
      ['GET', '/v2'],
    ] as const) {
      const response = await fetch(harness.server.url + route, { method });
      assert.equal(response.status, 404, route);
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
      assert.equal(response.headers.get('cache-control'), 'no-store');
      assert.equal(await errorCode(response), 'not_found');
    }
  },
);

served('a failure of ours shows nothing of its reason', async (harness) => {
  harness.reader.calls = () => {
    throw new Error('secret reason');
  };
  const response = await harness.api('GET', '/v1/calls');
  assert.equal(response.status, 500);
  const text = await response.text();
  assert.deepEqual(JSON.parse(text), { error: { code: 'internal', message: 'something went wrong here' } });
});
