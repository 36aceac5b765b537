import assert from 'node:assert/strict';
import { ADMIN_TOKEN, errorCode, served } from './harness.ts';

served('the process is alive, and ready while it takes calls', async (harness) => {
  const { url } = harness.server;
  assert.deepEqual(await (await fetch(`${url}/healthz`)).json(), { status: 'ok' });
  const ready = await fetch(`${url}/readyz`);
  assert.equal(ready.status, 200);
  assert.deepEqual(await ready.json(), { ready: true, reasons: [] });
  harness.calls.activeCount = 10;
  assert.deepEqual(await (await fetch(`${url}/readyz`)).json(), { ready: false, reasons: ['at_capacity'] });
  harness.server.setDraining();
  const draining = await fetch(`${url}/readyz`);
  assert.equal(draining.status, 503);
  assert.deepEqual(await draining.json(), { ready: false, reasons: ['draining', 'at_capacity'] });
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
});

served(
  'what the process says of its readiness counts',
  async (harness) => {
    const response = await fetch(`${harness.server.url}/readyz`);
    assert.equal(response.status, 503);
    assert.deepEqual(await response.json(), { ready: false, reasons: ['warming_up'] });
  },
  { readiness: () => ({ ready: false, reasons: ['warming_up'] }) },
);

served('the metrics are for the bearer of the token, in the form that is asked for', async (harness) => {
  const { url } = harness.server;
  const accept = 'application/openmetrics-text';
  const authorization = `Bearer ${ADMIN_TOKEN}`;
  const response = await fetch(`${url}/metrics`, { headers: { accept, authorization } });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), accept);
  assert.match(await response.text(), /turnpike_calls_active/);
  for (const wrong of ['', 'Bearer', 'Bearer x', `Basic ${ADMIN_TOKEN}`, `Bearer ${ADMIN_TOKEN}x`]) {
    const refused = await fetch(`${url}/metrics`, { headers: { authorization: wrong } });
    assert.equal(refused.status, 401, wrong);
    assert.equal(refused.headers.get('www-authenticate'), 'Bearer');
    assert.equal(await errorCode(refused), 'unauthorized');
  }
  assert.equal((await fetch(`${url}/metrics`)).status, 401);
  assert.deepEqual(new Set(harness.rejected), new Set(['auth']));
});

served(
  'without a token local peers are served, but not what came through a proxy',
  async (harness) => {
    const { url } = harness.server;
    assert.equal((await fetch(`${url}/metrics`)).status, 200);
    const forwarded = await fetch(`${url}/metrics`, { headers: { 'x-forwarded-for': '203.0.113.9' } });
    assert.equal(forwarded.status, 403);
    assert.equal(await errorCode(forwarded), 'forbidden');
  },
  { adminToken: undefined },
);
