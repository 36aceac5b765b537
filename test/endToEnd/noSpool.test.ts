// A gateway whose disk takes no rows: calls come and are kept as long as the database is there, and readiness says what is away.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startPostgres } from '../../src/sim/postgres.ts';
import { eventually, GatewayRig } from '../helpers/gatewayRig.ts';

/** The database is asked every five seconds. */
const NOTICED_MS_MAX = 30_000;
const server = await startPostgres();
const skip = 'missing' in server ? server.missing : false;
const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-test-'));
let rig: GatewayRig;

before(async () => {
  if ('missing' in server) return;
  const dataDir = path.join(folder, 'data');
  mkdirSync(dataDir);
  writeFileSync(
    path.join(dataDir, 'spool'),
    'a file where the folder should be: what root may not write to either',
  );
  rig = await GatewayRig.open({ env: { DATA_DIR: dataDir, DATABASE_URL: await server.newDatabase() } });
});
after(async () => {
  if ('missing' in server) return;
  await rig.close();
  await server.remove();
  rmSync(folder, { recursive: true });
});

async function readiness(): Promise<readonly [number, unknown]> {
  const response = await fetch(`${rig.gateway.url}/readyz`);
  return [response.status, await response.json()];
}

test(
  'with the database there calls come and are kept, and it is said that the spool is not',
  { skip },
  async () => {
    assert.deepEqual(await readiness(), [200, { ready: true, reasons: [], without: ['spool'] }]);
    assert.match(await rig.metrics(), /^turnpike_spool_writable 0$/m);
    assert.match(rig.log.join('\n'), /the store failed/);
    const { call } = await rig.hold([{ say: 'I would like number four.' }, { say: 'Thank you, goodbye.' }]);
    const { turns } = await rig.stored(call.callSid);
    assert.ok(turns.some(({ agentText }) => agentText === 'Here is number four.'));
  },
);

test('without the database as well no call is to come, until it is back', { skip }, async () => {
  assert.ok(!('missing' in server));
  await server.stop();
  await eventually(async () => (await readiness())[0] === 503, 'it is noticed', NOTICED_MS_MAX);
  assert.deepEqual(await readiness(), [503, { ready: false, reasons: ['database', 'spool'] }]);
  await server.start();
  await eventually(async () => (await readiness())[0] === 200, 'it is back', NOTICED_MS_MAX);
  assert.deepEqual(await readiness(), [200, { ready: true, reasons: [], without: ['spool'] }]);
});
