// Who asks too often is told to wait; who is right never, whoever else is at the same address.
import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import test from 'node:test';
import { addressOf, proxyList } from '../../src/server/address.ts';
import type { RateLimitOptions } from '../../src/server/rateLimits.ts';
import {
  ADMIN_TOKEN,
  errorCode,
  served,
  tokenIn,
  upgrade,
  UPGRADE_SIGNATURE,
  type Harness,
} from './harness.ts';

const PROXY = { trustedProxies: ['127.0.0.1', '::1'] };
const few = (change: Partial<RateLimitOptions['perMinute']>): { rateLimits: RateLimitOptions } => ({
  rateLimits: { perMinute: { refused: 0, api: 0, number: 0, ...change }, ...PROXY },
});
const WRONG_SIGNATURE = UPGRADE_SIGNATURE.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A'));

async function wrongBearer(harness: Harness, address: string): Promise<Response> {
  return fetch(`${harness.server.url}/v1/calls`, {
    headers: { authorization: 'Bearer wrong', 'x-forwarded-for': address },
  });
}

served(
  'a flood of wrong bearers is told to wait, and the right one of the same address is served',
  async (harness) => {
    const statuses: number[] = [];
    for (let i = 0; i < 6; i += 1) statuses.push((await wrongBearer(harness, '203.0.113.9')).status);
    assert.deepEqual(statuses, [401, 401, 401, 401, 429, 429]);
    const late = await wrongBearer(harness, '203.0.113.9');
    assert.equal(await errorCode(late), 'too_many_requests');
    assert.ok(Number(late.headers.get('retry-after')) >= 1);
    assert.equal((await wrongBearer(harness, '203.0.113.10')).status, 401, 'another address is another');
    const right = await fetch(`${harness.server.url}/v1/calls`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'x-forwarded-for': '203.0.113.9' },
    });
    assert.equal(right.status, 200);
    assert.deepEqual(harness.rejected, [
      'auth',
      'auth',
      'auth',
      'auth',
      'address',
      'address',
      'address',
      'auth',
    ]);
  },
  few({ refused: 4 }),
);

served(
  'a flood of unsigned webhooks and upgrades is told to wait, and what is signed is served from the same address',
  async (harness) => {
    const statuses: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      statuses.push((await harness.webhook('/twilio/voice', {}, null)).status);
      statuses.push((await harness.webhook('/twilio/voice', {}, WRONG_SIGNATURE)).status);
      statuses.push(
        (await upgrade(harness, '/twilio/media', { 'x-twilio-signature': WRONG_SIGNATURE })).status,
      );
    }
    assert.deepEqual(statuses, [403, 403, 403, 403, 429, 429, 429, 429, 429]);
    for (let i = 0; i < 50; i += 1) {
      const answer = await harness.webhook('/twilio/voice', { From: `+1500555${1_000 + i}` });
      assert.equal(answer.status, 200);
      if (i === 0) assert.ok(tokenIn(await answer.text()));
    }
    const media = await upgrade(harness, '/twilio/media', { 'x-twilio-signature': UPGRADE_SIGNATURE });
    assert.equal(media.status, 101);
  },
  few({ refused: 4 }),
);

served(
  'a bearer that asks too often is told to wait, at its address',
  async (harness) => {
    const statuses: number[] = [];
    for (let i = 0; i < 5; i += 1) statuses.push((await harness.api('GET', '/v1/calls')).status);
    assert.deepEqual(statuses, [200, 200, 200, 429, 429]);
    assert.deepEqual(harness.rejected, ['address', 'address']);
    assert.equal(
      (await fetch(`${harness.server.url}/healthz`)).status,
      200,
      'whoever watches the process is not counted',
    );
  },
  few({ api: 3 }),
);

served(
  'a number that calls too often hears that the lines are busy, and others are answered',
  async (harness) => {
    const call = async (number: string, callSid: string): Promise<string> =>
      (await harness.webhook('/twilio/voice', { From: number, CallSid: callSid })).text();
    assert.match(await call('+15005550006', 'CA1'), /<Stream/);
    assert.match(await call('+15005550006', 'CA1'), /<Stream/, 'the same call asked again is no second call');
    assert.match(await call('+15005550006', 'CA2'), /<Stream/);
    assert.match(await call('+15005550006', 'CA3'), /All lines are busy/);
    assert.match(await call('+15005550007', 'CA4'), /<Stream/);
    // Whoever withholds a number shares what stands for it with all who do.
    for (const [i, hidden] of ['anonymous', 'Restricted', '', 'anonymous', 'anonymous'].entries()) {
      assert.match(await call(hidden, `CA-h${i}`), /<Stream/);
    }
    assert.deepEqual(harness.rejected, ['number']);
  },
  few({ number: 2 }),
);

served(
  'a number is not called too often',
  async (harness) => {
    const statuses: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      const answer = await harness.api('POST', '/v1/calls', { to: '+15005550006', from: `+1500555001${i}` });
      statuses.push(answer.status);
      if (answer.status === 429) {
        assert.equal(answer.headers.get('retry-after'), '30');
        assert.equal(await errorCode(answer), 'too_many_calls');
      }
    }
    assert.deepEqual(statuses, [202, 202, 429]);
    assert.equal(harness.placed.length, 2);
    assert.deepEqual(harness.rejected, ['number']);
  },
  few({ number: 2 }),
);

function requestOf(peer: string, forwarded?: string): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: peer });
  const request = new IncomingMessage(socket);
  if (forwarded !== undefined) request.headers['x-forwarded-for'] = forwarded;
  return request;
}

const trusted = proxyList(['10.0.0.0/8', '192.0.2.1', '2001:db8:1::/48']);
const addresses: readonly [what: string, peer: string, forwarded: string | undefined, key: string][] = [
  ['a peer is its address', '203.0.113.9', undefined, '203.0.113.9'],
  ['a peer that nobody trusts may write what it likes', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['a proxy tells', '10.1.2.3', '198.51.100.1', '198.51.100.1'],
  [
    'what a client has written before its proxy is not believed',
    '10.1.2.3',
    '1.2.3.4, 198.51.100.1',
    '198.51.100.1',
  ],
  ['proxies behind proxies', '::ffff:10.1.2.3', '198.51.100.1, 192.0.2.1, 10.9.9.9', '198.51.100.1'],
  ['a proxy that says nothing is counted itself', '10.1.2.3', undefined, '10.1.2.3'],
  ['nonsense is passed over', '10.1.2.3', '198.51.100.1, nonsense', '10.1.2.3'],
  ['an IPv6 peer is its network', '2001:db8:2:3:4:5:6:7', undefined, '2001:db8:2:3::/64'],
  ['… however it is written', '2001:0db8:2::1', undefined, '2001:db8:2:0::/64'],
  ['an IPv6 proxy', '2001:db8:1::9', '2001:db8:7:8::1', '2001:db8:7:8::/64'],
  ['a link-local one', 'fe80::1%eth0', undefined, 'fe80:0:0:0::/64'],
  ['nobody', '', undefined, 'unknown'],
];

for (const [what, peer, forwarded, key] of addresses) {
  test(`whose request: ${what}`, () => {
    assert.equal(addressOf(requestOf(peer, forwarded), trusted), key);
  });
}
