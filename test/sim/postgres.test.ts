// The real PostgreSQL of the tests and benches: it ends in every way that one ends, and comes back with what it had.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startPostgres } from '../../src/sim/postgres.ts';

const server = await startPostgres();
const skip = 'missing' in server ? server.missing : false;
after(() => ('missing' in server ? undefined : server.remove()));

for (const how of ['stop', 'shutDown', 'kill'] as const) {
  test(`what was committed is there again, at the same address, after ${how}`, { skip }, async () => {
    assert.ok(!('missing' in server));
    const url = await server.newDatabase();
    const [{ id } = {}] = server.rows(url, "select lo_from_bytea(0, 'kept'::bytea) as id");
    await server[how]();
    assert.throws(() => server.rows(url, 'select 1 as one'), /psql: /);
    await server.start();
    const found = server.rows(url, `select convert_from(lo_get(${String(id)}), 'UTF8') as word`);
    assert.deepEqual(found, [{ word: 'kept' }]);
  });
}

test(
  'a server that was made to stand still goes on where it was, or ends all the same',
  { skip },
  async () => {
    assert.ok(!('missing' in server));
    const url = await server.newDatabase();
    server.pause();
    server.resume();
    assert.deepEqual(server.rows(url, 'select 1 as one'), [{ one: 1 }]);
    server.pause();
    await server.kill();
    await server.start();
    assert.deepEqual(server.rows(url, 'select 2 as two'), [{ two: 2 }]);
  },
);
