import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import test from 'node:test';
import { parseStat, readDescriptors, readProcess } from '../../src/sim/processUse.ts';

const STAT =
  '4711 (no) de (x) S 1 4711 4711 0 -1 4194560 2000 0 0 0 150 50 0 0 20 0 11 0 12345 900000000 25600 18446744073709551615 0';

test('a name full of brackets and spaces does not move the fields behind it', () => {
  assert.deepEqual(parseStat(STAT), { cpuMs: 2_000, rssBytes: 25_600 * 4_096 });
});

test('what is no stat line is no answer', () => {
  assert.equal(parseStat(''), undefined);
  assert.equal(parseStat('1 (x) S 1 2 3'), undefined);
});

test('a process that does not exist uses nothing that could be told', () => {
  assert.equal(readProcess(2 ** 30), undefined);
});

test('this very process is found where there is a /proc', { skip: process.platform !== 'linux' }, () => {
  const use = readProcess(process.pid);
  assert.ok(use !== undefined && use.rssBytes > 1_000_000 && use.cpuMs >= 0);
});

test('a socket that is opened is one more of both', { skip: process.platform !== 'linux' }, async () => {
  const before = readDescriptors(process.pid);
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const open = readDescriptors(process.pid);
  assert.ok(before !== undefined && open !== undefined);
  assert.deepEqual([open.all - before.all, open.sockets - before.sockets], [1, 1]);
  server.close();
  assert.equal(readDescriptors(2 ** 30), undefined);
});
