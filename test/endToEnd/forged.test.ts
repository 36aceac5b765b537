// Requests and streams that are not the carrier's or not their call's, at the real gateway.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { forge, FORGERY_KINDS } from '../../src/sim/forgery.ts';
import { ACCOUNT_SID, AUTH_TOKEN, GatewayRig, PUBLIC_URL } from '../helpers/gatewayRig.ts';

const SEED = 41;
const EACH = 6;

let rig: GatewayRig;
before(async () => {
  rig = await GatewayRig.open();
});
after(() => rig.close());

async function rejected(): Promise<number> {
  const counts = [...(await rig.metrics()).matchAll(/^turnpike_rejected_total\{[^}]*\} (\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

test(`of ${FORGERY_KINDS.length} kinds of forgeries none is taken, and each is counted`, async () => {
  const before = await rejected();
  const target = {
    url: rig.gateway.url,
    publicUrl: PUBLIC_URL,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    random: seededRandom(SEED),
  };
  const attempts = await forge(target, EACH);
  assert.equal(attempts.length, EACH * FORGERY_KINDS.length);
  const taken = attempts.filter(({ accepted }) => accepted);
  assert.deepEqual(taken, [], `seed ${SEED}`);
  assert.ok((await rejected()) - before >= attempts.length, 'some were not counted');
  assert.equal(
    rig.events.filter(({ type }) => type === 'call.started').length,
    EACH,
    'the right ones alone began',
  );
});
