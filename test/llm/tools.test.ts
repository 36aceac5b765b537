import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import test from 'node:test';
import { HttpPool } from '../../src/base/httpPool.ts';
import { callHttpTool, TOOL_ANSWER_BYTES_MAX, type HttpTool } from '../../src/llm/tools.ts';
import { until } from '../helpers/until.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Answer = (response: ServerResponse) => void;

const tool: Omit<HttpTool, 'url'> = {
  name: 'book',
  method: 'POST',
  headers: { 'x-key': 'secret' },
  timeoutMs: 4_000,
  parameters: {
    type: 'object',
    properties: { day: { type: 'string' }, seats: { type: 'integer', minimum: 1 }, id: { type: 'string' } },
    required: ['day'],
    additionalProperties: false,
  },
};

async function withServer(
  answer: Answer,
  run: (rig: {
    origin: string;
    asked: Asked[];
    deps: { fetch: HttpPool['fetch']; clock: VirtualClock };
  }) => Promise<void>,
): Promise<void> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      asked.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const http = new HttpPool();
  try {
    const origin = `http://127.0.0.1:${portOf(server)}`;
    await run({ origin, asked, deps: { fetch: http.fetch, clock: new VirtualClock() } });
  } finally {
    await http.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const never = new AbortController().signal;
const ok: Answer = (response) => response.end('{"booked":true}');

test('posts the arguments and answers what the tool said', async () => {
  await withServer(ok, async ({ origin, asked, deps }) => {
    const result = await callHttpTool(
      { ...tool, url: `${origin}/book` },
      '{"day":"Tuesday","seats":2}',
      deps,
      never,
    );
    assert.deepEqual(result, { outcome: 'ok', text: '{"booked":true}', status: 200 });
    assert.equal(asked[0]?.method, 'POST');
    assert.equal(asked[0]?.headers['x-key'], 'secret');
    assert.equal(asked[0]?.headers['content-type'], 'application/json');
    assert.deepEqual(JSON.parse(asked[0]?.body ?? ''), { day: 'Tuesday', seats: 2 });
    assert.equal(deps.clock.pendingTimers, 0);
  });
});

test('a GET has its arguments in the query, and those of the path in the path', async () => {
  await withServer(ok, async ({ origin, asked, deps }) => {
    const get: HttpTool = { ...tool, method: 'GET', url: `${origin}/slots/{{id}}?lang={{ day }}&fixed=1` };
    await callHttpTool(get, '{"id":"a b/c?d&é","day":"x&y=1","seats":3}', deps, never);
    assert.equal(asked[0]?.url, '/slots/a%20b%2Fc%3Fd%26%C3%A9?lang=x%26y%3D1&fixed=1&seats=3');
    assert.equal(asked[0]?.body, '');
  });
});

for (const [what, argumentsText, said] of [
  ['no JSON', '{"day":', /no JSON object/],
  ['a list', '["Tuesday"]', /no JSON object/],
  ['a missing argument', '{}', /arguments\.day is missing/],
  ['a wrong type', '{"day":4}', /arguments\.day must be of type string/],
  ['an argument too many', '{"day":"Tuesday","colour":"red"}', /arguments\.colour is not wanted/],
  ['a prototype key', '{"day":"Tuesday","__proto__":{"x":1}}', /__proto__ is not wanted/],
  ['nothing', '', /arguments\.day is missing/],
] as const) {
  test(`${what} is told to the model, and nothing is asked of the tool`, async () => {
    await withServer(ok, async ({ origin, asked, deps }) => {
      const result = await callHttpTool({ ...tool, url: `${origin}/book` }, argumentsText, deps, never);
      assert.equal(result.outcome, 'bad_arguments');
      assert.match(result.text, said);
      assert.equal(asked.length, 0);
    });
  });
}

test('no argument leads out of the address that was written down', async () => {
  await withServer(ok, async ({ origin, asked, deps }) => {
    for (const id of ['..', '.', '%2e%2e']) {
      const result = await callHttpTool(
        { ...tool, url: `${origin}/a/{{id}}/b` },
        JSON.stringify({ day: 'x', id }),
        deps,
        never,
      );
      if (id === '%2e%2e') assert.equal(asked.at(-1)?.url, '/a/%252e%252e/b');
      else assert.equal(result.outcome, 'bad_arguments');
    }
    const elsewhere = { ...tool, url: 'http://{{id}}/b' };
    assert.equal(
      (await callHttpTool(elsewhere, '{"day":"x","id":"evil.test"}', deps, never)).outcome,
      'bad_arguments',
    );
    const missing = { ...tool, url: `${origin}/a/{{id}}` };
    assert.equal((await callHttpTool(missing, '{"day":"x"}', deps, never)).outcome, 'bad_arguments');
    assert.equal(asked.length, 1);
  });
});

test('a status that is none of success is told, with what the tool said about it', async () => {
  await withServer(
    (response) => response.writeHead(409).end('taken'),
    async ({ origin, deps }) => {
      const result = await callHttpTool({ ...tool, url: `${origin}/` }, '{"day":"x"}', deps, never);
      assert.deepEqual(result, {
        outcome: 'refused',
        text: 'The tool failed with status 409: taken',
        status: 409,
      });
    },
  );
});

test('a redirect is not followed', async () => {
  await withServer(
    (response) => response.writeHead(302, { location: '/elsewhere' }).end(),
    async ({ origin, asked, deps }) => {
      const result = await callHttpTool({ ...tool, url: `${origin}/` }, '{"day":"x"}', deps, never);
      assert.equal(result.outcome, 'refused');
      assert.equal(asked.length, 1);
    },
  );
});

test('a long answer is cut and says so, an empty one says that it is done', async () => {
  await withServer(
    (response) => response.end('é'.repeat(TOOL_ANSWER_BYTES_MAX)),
    async ({ origin, deps }) => {
      const result = await callHttpTool({ ...tool, url: `${origin}/` }, '{"day":"x"}', deps, never);
      assert.match(result.text, /^é{8192} \[the rest was too long\]$/);
    },
  );
  await withServer(
    (response) => response.writeHead(204).end(),
    async ({ origin, deps }) => {
      const result = await callHttpTool({ ...tool, url: `${origin}/` }, '{"day":"x"}', deps, never);
      assert.deepEqual(result, { outcome: 'ok', text: 'Done.', status: 204 });
    },
  );
});

for (const [what, answer] of [
  ['never begins', () => undefined],
  ['never ends', (response: ServerResponse) => response.write('half')],
] as const) {
  test(`a tool that ${what} is given up after its time, and an abort throws its reason`, async () => {
    await withServer(answer, async ({ origin, asked, deps }) => {
      const slow = { ...tool, url: `${origin}/` };
      const calling = callHttpTool(slow, '{"day":"x"}', deps, never);
      await until(() => asked.length === 1, 'the tool is asked');
      await deps.clock.advance(4_000);
      assert.deepEqual(await calling, {
        outcome: 'timeout',
        text: 'The tool did not answer within 4 seconds.',
        status: undefined,
      });

      const abort = new AbortController();
      const reason = new Error('hung up');
      const aborted = assert.rejects(callHttpTool(slow, '{"day":"x"}', deps, abort.signal), reason);
      await until(() => asked.length === 2, 'the tool is asked again');
      abort.abort(reason);
      await aborted;
      assert.equal(deps.clock.pendingTimers, 0);
    });
  });
}

test('a tool that is not there is told without its address', async () => {
  await withServer(ok, async ({ deps }) => {
    const result = await callHttpTool({ ...tool, url: 'http://127.0.0.1:1/' }, '{"day":"x"}', deps, never);
    assert.equal(result.outcome, 'unreachable');
    assert.equal(result.text, 'The tool could not be reached.');
    assert.match(result.error ?? '', /ECONNREFUSED|bad port/);
  });
});

test('an abort before the call asks nothing', async () => {
  await withServer(ok, async ({ origin, asked, deps }) => {
    const reason = new Error('hung up');
    const calling = callHttpTool({ ...tool, url: origin }, '{"day":"x"}', deps, AbortSignal.abort(reason));
    await assert.rejects(calling, reason);
    assert.equal(asked.length, 0);
  });
});

function portOf(server: Server): number {
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}
