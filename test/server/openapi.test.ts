import assert from 'node:assert/strict';
import { systemClock } from '../../src/base/clock.ts';
import { Admission } from '../../src/server/admission.ts';
import { buildApp } from '../../src/server/app.ts';
import { addressesOf, EVENTS_PATH, MEDIA_PATH } from '../../src/server/context.ts';
import { SERVER_LIMITS } from '../../src/server/options.ts';
import { SocketTickets } from '../../src/server/socketTickets.ts';
import { Softphone } from '../../src/server/softphone.ts';
import { FakeCalls, harnessOptions, json, served } from './harness.ts';

interface Description {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Record<string, Record<string, { readonly responses: Record<string, unknown> }>>;
}

served('the description names every route and nothing else', async (harness) => {
  const described = await json<Description>(await harness.api('GET', '/v1/openapi.json'));
  const options = harnessOptions(harness.dataDir);
  const addresses = addressesOf(options, harness.server.url);
  const tickets = new SocketTickets(undefined, systemClock);
  const admission = new Admission(1, new FakeCalls(), systemClock);
  const app = buildApp({
    options,
    limits: SERVER_LIMITS,
    tickets,
    admission,
    softphone: new Softphone(options, admission, tickets),
    addresses: () => addresses,
  });
  const routes = new Set([`get ${MEDIA_PATH}`, `get ${EVENTS_PATH}`]);
  app.addHook('onRoute', ({ method, url }) => {
    if (url.startsWith('/console')) return;
    for (const each of [method].flat()) routes.add(`${each.toLowerCase()} ${url.replace(/:(\w+)/g, '{$1}')}`);
  });
  await app.ready();
  await app.close();
  const named = Object.entries(described.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method} ${path}`),
  );
  assert.deepEqual(named.toSorted(), [...routes].toSorted());
  assert.equal(described.openapi, '3.1.0');
  assert.deepEqual(described.servers, [{ url: 'https://voice.example.com' }]);
});

served('what the API takes is described by what checks it', async (harness) => {
  interface Described {
    readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } };
  }
  interface Schema {
    readonly required: readonly string[];
    readonly properties: Record<string, unknown>;
  }
  const described = await json<{ paths: Record<string, Record<string, Described>> }>(
    await harness.api('GET', '/v1/openapi.json'),
  );
  const schema = described.paths['/v1/calls']?.['post']?.requestBody?.content['application/json'].schema;
  assert.ok(schema !== undefined);
  assert.deepEqual(schema.required, ['to']);
  assert.deepEqual(Object.keys(schema.properties), ['to', 'from', 'agent', 'leadId', 'variables']);
});
