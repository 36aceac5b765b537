import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { slowSurroundings } from '../../src/sim/slowSurroundings.ts';

/** What a process says that was started in slow surroundings. */
function said(program: string, slow: Parameters<typeof slowSurroundings>[0], ...args: string[]): unknown {
  const run = spawnSync(
    process.execPath,
    [...slowSurroundings(slow), '--input-type=module', '--eval', program, ...args],
    { encoding: 'utf8' },
  );
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout);
}

test('a file of the speech cache is read later, any other at once', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-'));
  mkdirSync(path.join(folder, 'speech'));
  for (const name of ['speech/a.speech', 'a.yaml']) writeFileSync(path.join(folder, name), name);
  try {
    const program = `
      import { readFile } from 'node:fs/promises';
      import path from 'node:path';
      const [, folder] = process.argv;
      const order = [];
      const read = async (name) => order.push(String(await readFile(path.join(folder, name))));
      await Promise.all([read('speech/a.speech'), read('a.yaml')]);
      console.log(JSON.stringify(order));`;
    assert.deepEqual(said(program, { diskMs: 200, watchersMs: 0 }, folder), ['a.yaml', 'speech/a.speech']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('what is sent to a watcher of events stays in the process for a while, what is sent to others does not', () => {
  const program = `
    import { createServer } from 'node:http';
    import { connect } from 'node:net';
    const server = createServer();
    const waits = {};
    server.on('upgrade', (request, socket) => {
      socket.write('one');
      socket.write('two');
      waits[request.url] = socket.writableLength;
      socket.on('error', () => undefined);
    });
    server.listen(0, '127.0.0.1', async () => {
      const got = {};
      for (const url of ['/v1/events', '/twilio/media']) {
        got[url] = await new Promise((resolve) => {
          let text = '';
          const socket = connect(server.address().port, '127.0.0.1', () =>
            socket.write('GET ' + url + ' HTTP/1.1\\r\\nHost: a\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n'));
          socket.on('data', (chunk) => { text += chunk; if (text === 'onetwo') { socket.destroy(); resolve(text); } });
        });
      }
      console.log(JSON.stringify({ waits, got }));
      process.exit(0);
    });`;
  assert.deepEqual(said(program, { diskMs: 0, watchersMs: 20 }), {
    waits: { '/v1/events': 6, '/twilio/media': 0 },
    got: { '/v1/events': 'onetwo', '/twilio/media': 'onetwo' },
  });
});
