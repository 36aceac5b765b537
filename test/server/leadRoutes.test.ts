import assert from 'node:assert/strict';
import { errorCode, served } from './harness.ts';

const ANN = { name: 'Ann', phone: '+15005550006', fields: { plan: 'basic' } };

served('a lead is created, read, changed and listed', async (harness) => {
  const created = await harness.api('POST', '/v1/leads', ANN);
  assert.equal(created.status, 201);
  assert.equal(created.headers.get('location'), '/v1/leads/lead-1');
  const at = '2023-11-14T22:13:20.000Z';
  const lead = { ...ANN, id: 'lead-1', createdAt: at, updatedAt: at };
  assert.deepEqual(await created.json(), lead);
  assert.deepEqual(await (await harness.api('GET', '/v1/leads/lead-1')).json(), lead);
  const changed = await harness.api('PATCH', '/v1/leads/lead-1', { name: 'Anna' });
  assert.deepEqual(await changed.json(), { ...lead, name: 'Anna' });
  const change = { phone: '+15005550007', fields: {} };
  assert.equal((await harness.api('PATCH', '/v1/leads/lead-1', change)).status, 200);
  const page = await (await harness.api('GET', '/v1/leads?limit=1')).json();
  assert.deepEqual(page, { leads: [{ ...lead, name: 'Anna', ...change }], next: at });
});

served("another lead's number is a conflict", async (harness) => {
  await harness.api('POST', '/v1/leads', ANN);
  const response = await harness.api('POST', '/v1/leads', { name: 'Bob', phone: ANN.phone });
  assert.equal(response.status, 409);
  assert.equal(await errorCode(response), 'lead_conflict');
});

served('a lead is deleted once', async (harness) => {
  await harness.api('POST', '/v1/leads', ANN);
  assert.equal((await harness.api('DELETE', '/v1/leads/lead-1')).status, 204);
  assert.equal((await harness.api('GET', '/v1/leads/lead-1')).status, 404);
  assert.equal((await harness.api('DELETE', '/v1/leads/lead-1')).status, 404);
});

served('an unknown lead is not found', async (harness) => {
  assert.equal((await harness.api('GET', '/v1/leads/nobody')).status, 404);
  assert.equal((await harness.api('PATCH', '/v1/leads/nobody', { name: 'x' })).status, 404);
});

for (const body of [
  undefined,
  {},
  { name: 'x' },
  { ...ANN, phone: '1' },
  { ...ANN, name: '' },
  { ...ANN, id: 'x' },
  null,
  'x',
]) {
  served(`a lead of ${JSON.stringify(body)} is refused`, async (harness) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const response = await harness.api('POST', '/v1/leads', text);
    assert.equal(response.status, 422);
    assert.equal(await errorCode(response), 'invalid');
  });
}
