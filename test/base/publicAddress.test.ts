import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { HttpPool } from '../../src/base/httpPool.ts';
import { AddressRefusedError, isPublicAddress, publicLookup } from '../../src/base/publicAddress.ts';

const PRIVATE =
  '0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.9.9.9 169.254.169.254 172.16.0.1 172.31.255.255 192.168.1.1 ' +
  '198.18.0.1 224.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::7f00:1 fc00::1 fd00::1 ' +
  'fe80::1 ff02::1 2002:7f00:1:: 2001:db8::1 localhost 1.2.3';

for (const address of PRIVATE.split(' ')) {
  test(`${address} is not on the open internet`, () => assert.equal(isPublicAddress(address), false));
}
for (const address of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111']) {
  test(`${address} is on the open internet`, () => assert.equal(isPublicAddress(address), true));
}

function lookUp(addresses: readonly string[], all: boolean): Promise<unknown> {
  const lookup = publicLookup((_hostname, _options, found) =>
    found(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    ),
  );
  return new Promise((resolve, reject) => {
    lookup('tools.example', { all }, (error, found) => (error === null ? resolve(found) : reject(error)));
  });
}

test('a name is looked up once, and all its addresses have to be public', async () => {
  assert.equal(await lookUp(['8.8.8.8'], false), '8.8.8.8');
  assert.deepEqual(await lookUp(['8.8.8.8'], true), [{ address: '8.8.8.8', family: 4 }]);
  await assert.rejects(lookUp(['8.8.8.8', '10.0.0.1'], true), AddressRefusedError);
  await assert.rejects(lookUp([], false), AddressRefusedError);
});

test('a private host is reached by nobody who has not allowed it by name', async () => {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    response.end('ok');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const closed = new HttpPool({ privateHosts: new Set(['other.example', `127.0.0.1:${port + 1}`]) });
  const open = new HttpPool({ privateHosts: new Set([`127.0.0.1:${port}`]) });
  try {
    // Other ways to write 127.0.0.1 included, and a name that resolves to it.
    for (const host of ['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', '0.0.0.0']) {
      await assert.rejects(closed.fetch(`http://${host}:${port}/`), (error: unknown) => {
        const refused = error instanceof Error && error.cause !== undefined ? error.cause : error;
        return refused instanceof AddressRefusedError;
      });
    }
    assert.equal(requests, 0);
    assert.equal(await (await open.fetch(`http://127.0.0.1:${port}/`)).text(), 'ok');
  } finally {
    await Promise.all([closed.close(), open.close()]);
    await new Promise((resolve) => server.close(resolve));
  }
});
