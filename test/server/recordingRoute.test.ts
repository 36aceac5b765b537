import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { mkdir, readdir, readlink, symlink, truncate, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import * as fc from 'fast-check';
import { wavHeader } from '../../src/audio/wav.ts';
import { markerChunks } from '../../src/audio/wavMarkers.ts';
import { until } from '../helpers/until.ts';
import { parseRange } from '../../src/server/recordingRoute.ts';
import { ADMIN_TOKEN, errorCode, served, storedCall, type Harness } from './harness.ts';

const SOUND = Buffer.from(Array.from({ length: 1_000 }, (_unused, index) => index & 255));

async function record(harness: Harness, file = 'recordings/CA1.wav'): Promise<void> {
  await mkdir(path.join(harness.dataDir, 'recordings'), { recursive: true });
  await writeFile(path.join(harness.dataDir, 'recordings/CA1.wav'), SOUND);
  harness.reader.stored.push(storedCall('CA1', { recording: file }));
}

async function ask(harness: Harness, range?: string): Promise<Response> {
  const headers = new Headers({ authorization: `Bearer ${ADMIN_TOKEN}` });
  if (range !== undefined) headers.set('range', range);
  return fetch(`${harness.server.url}/v1/calls/CA1/recording`, { headers });
}

async function bytes(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

served('a recording comes whole', async (harness) => {
  await record(harness);
  const response = await ask(harness);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'audio/wav');
  assert.equal(response.headers.get('accept-ranges'), 'bytes');
  assert.equal(response.headers.get('content-length'), '1000');
  assert.deepEqual(await bytes(response), SOUND);
});

served('what is marked in it comes as a list, none for a file that is not whole', async (harness) => {
  await record(harness);
  const markers = async (): Promise<unknown> =>
    (await harness.api('GET', '/v1/calls/CA1/recording/markers')).json();
  assert.deepEqual(await markers(), { markers: [] });
  const marked = [{ startMs: 250, endMs: 1_000, side: 'caller', kind: 'card' }] as const;
  const chunks = markerChunks(marked, 8_000);
  const file = path.join(harness.dataDir, 'recordings/CA1.wav');
  await writeFile(
    file,
    Buffer.concat([wavHeader(2, 8_000, 40_000, chunks.length), Buffer.alloc(40_000), chunks]),
  );
  assert.deepEqual(await markers(), { markers: marked });
  const none = await harness.api('GET', '/v1/calls/CA2/recording/markers');
  assert.deepEqual([none.status, await errorCode(none)], [404, 'not_found']);
});

served('a part of it comes when a part is asked for', async (harness) => {
  await record(harness);
  for (const [range, first, last] of [
    ['bytes=0-9', 0, 9],
    ['bytes=990-', 990, 999],
    ['bytes=-5', 995, 999],
    ['bytes=500-5000', 500, 999],
  ] as const) {
    const response = await ask(harness, range);
    assert.equal(response.status, 206, range);
    assert.equal(response.headers.get('content-range'), `bytes ${first}-${last}/1000`);
    assert.deepEqual(await bytes(response), SOUND.subarray(first, last + 1));
  }
});

served('a part beyond the end is refused, and a strange range is passed over', async (harness) => {
  await record(harness);
  const beyond = await ask(harness, 'bytes=1000-');
  assert.equal(beyond.status, 416);
  assert.equal(beyond.headers.get('content-range'), 'bytes */1000');
  assert.equal(await errorCode(beyond), 'bad_range');
  for (const range of ['bytes=0-1,5-6', 'lines=1-2', 'bytes=9-1', 'bytes=-']) {
    const response = await ask(harness, range);
    assert.equal(response.status, 200, range);
    assert.equal((await bytes(response)).length, 1_000);
  }
});

served('a recording that is empty is an empty answer', async (harness) => {
  await record(harness);
  await writeFile(path.join(harness.dataDir, 'recordings/CA1.wav'), '');
  const response = await ask(harness);
  assert.equal(response.status, 200);
  assert.equal((await bytes(response)).length, 0);
});

served('no call, no recording, or one that is gone is not found', async (harness) => {
  assert.equal(await errorCode(await ask(harness)), 'not_found');
  harness.reader.stored.push(storedCall('CA1'));
  assert.equal(await errorCode(await ask(harness)), 'no_recording');
  harness.reader.stored[0] = storedCall('CA1', { recording: 'recordings/gone.wav' });
  assert.equal(await errorCode(await ask(harness)), 'no_recording');
});

for (const file of [
  '../../../../../../etc/hostname',
  '/etc/hostname',
  '.',
  'recordings',
  'recordings/link.wav',
  '\0',
]) {
  served(`what leads out of the data folder is not found: ${JSON.stringify(file)}`, async (harness) => {
    await record(harness, file);
    await symlink('/etc/hostname', path.join(harness.dataDir, 'recordings/link.wav'));
    const response = await ask(harness);
    assert.equal(response.status, 404);
    assert.equal(await errorCode(response), 'no_recording');
  });
}

test('a range is always within the file', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.stringMatching(/^bytes=\d{0,6}-\d{0,6}$/)),
      fc.nat(2_000),
      (header, size) => {
        const range = parseRange(header, size);
        if (range === undefined || range === 'unsatisfiable') return;
        assert.ok(range.first >= 0 && range.first <= range.last && range.last < size, JSON.stringify(range));
      },
    ),
    { numRuns: 1_000 },
  );
});

served(
  'a client that asks for a recording and does not read it is cut, and its file closed',
  async (harness) => {
    await record(harness);
    // More than the sockets in between hold.
    await truncate(path.join(harness.dataDir, 'recordings/CA1.wav'), 64 * 1024 * 1024);
    const { hostname, port } = new URL(harness.server.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(
      `GET /v1/calls/CA1/recording HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n\r\n`,
    );
    const openFiles = async (): Promise<number> => {
      const links = await readdir('/proc/self/fd');
      const targets = await Promise.all(links.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
      return targets.filter((target) => target.endsWith('CA1.wav')).length;
    };
    const filesBecome = async (count: number): Promise<void> => {
      let files = await openFiles();
      for (let tries = 0; tries < 1_000 && files !== count; tries += 1) files = await openFiles();
      assert.equal(files, count);
    };
    if (process.platform === 'linux') await filesBecome(1);
    await until(() => harness.rejected.includes('too_slow'), 'it is cut');
    if (process.platform === 'linux') await filesBecome(0);
    socket.destroy();
  },
  { limits: { unreadTimeoutMs: 200 } },
);

served(
  'a client that reads gets its recording, and its kept connection counts for nothing when it stood idle',
  async (harness) => {
    await record(harness);
    const response = await ask(harness);
    assert.equal((await bytes(response)).length, SOUND.length);
    const { hostname, port } = new URL(harness.server.url);
    const socket = connect(Number(port), hostname).resume();
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'close');
    assert.deepEqual(harness.rejected, []);
  },
  { limits: { unreadTimeoutMs: 100, keepAliveTimeoutMs: 100 } },
);
