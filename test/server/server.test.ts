import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import test from 'node:test';
import { addressesOf } from '../../src/server/context.ts';
import { openServer } from '../../src/server/server.ts';
import { harnessOptions, served } from './harness.ts';

served(
  'without a configured address the one listened on is given to the carrier',
  async (harness) => {
    const twiml = await (await harness.webhook('/twilio/voice', {}, null)).text();
    assert.ok(twiml.includes(`url="${harness.server.url.replace('http', 'ws')}/twilio/media"`), twiml);
  },
  { publicUrl: undefined, twilio: { accountSid: undefined, authToken: undefined } },
);

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

for (const [host, url, skip] of [
  ['::1', /^http:\/\/\[::1\]:\d+$/, hasIpv6 ? false : 'no IPv6 on this machine'],
  ['0.0.0.0', /^http:\/\/127\.0\.0\.1:\d+$/, false],
] as const) {
  test(`a server on ${host} says where it can be reached`, { skip }, async () => {
    const server = await openServer({ ...harnessOptions('.'), host });
    assert.match(server.url, url);
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    await server.close();
  });
}

served('a port that is taken is an error, and closing twice is one closing', async (harness) => {
  const port = Number(new URL(harness.server.url).port);
  await assert.rejects(openServer({ ...harnessOptions('.'), port }), { code: 'EADDRINUSE' });
  await Promise.all([harness.server.close(), harness.server.close()]);
});

test('addresses are built from what is configured', () => {
  const options = { ...harnessOptions('.'), publicUrl: 'https://h/a/b/', streamUrl: 'wss://i-1.h/' };
  assert.deepEqual(addressesOf(options, 'http://127.0.0.1:1'), {
    publicUrl: 'https://h/a/b',
    mediaUrl: 'wss://i-1.h/twilio/media',
    streamEndedPath: '/a/b/twilio/stream-ended',
  });
});
