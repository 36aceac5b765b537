import assert from 'node:assert/strict';
import { errorCode, json, served } from './harness.ts';

served('the waits of the last minutes are told in sixty slots', async ({ api, reader }) => {
  interface Answer {
    readonly since: string;
    readonly until: string;
    readonly slotMs: number;
    readonly turns: number;
  }
  const answer = await json<Answer>(await api('GET', '/v1/latency?minutes=120'));
  assert.equal(Date.parse(answer.until) - Date.parse(answer.since), 120 * 60_000);
  assert.deepEqual([answer.slotMs, answer.turns], [120_000, 0]);
  assert.deepEqual(reader.windows, [{ since: new Date(answer.since), slotMs: 120_000 }]);
  assert.equal((await json<Answer>(await api('GET', '/v1/latency'))).slotMs, 60_000);
  for (const wrong of ['0', '1441', 'x', '1.5']) {
    assert.equal((await api('GET', `/v1/latency?minutes=${wrong}`)).status, 422, wrong);
  }
  reader.state = 'down';
  assert.equal(await errorCode(await api('GET', '/v1/latency')), 'store_unavailable');
});
