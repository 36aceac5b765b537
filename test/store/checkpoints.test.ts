// Where calls stand, in a real PostgreSQL: who holds a call, and whose news are refused.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { Checkpoints } from '../../src/store/checkpoints.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrate.ts';
import type { CheckpointState } from '../../src/store/port.ts';
import { startPostgres, type Postgres } from '../../src/sim/postgres.ts';

const postgres = await startPostgres();
if ('missing' in postgres) test('checkpoints in PostgreSQL', { skip: postgres.missing });
else describe('checkpoints in PostgreSQL', () => suite(postgres));

function suite(server: Postgres): void {
  let database: Database;
  const opened: Checkpoints[] = [];
  before(async () => {
    const where = { databaseUrl: await server.newDatabase(), dataDir: '', onError: () => undefined };
    await migrate(where);
    database = await openDatabase(where);
  });
  after(async () => {
    for (const checkpoints of opened) await checkpoints.close();
    await database.close();
    await server.remove();
  });

  function instance(name: string) {
    const seen = { lost: [] as string[], errors: [] as unknown[] };
    const checkpoints = new Checkpoints({
      knex: database.checkpoints,
      instance: name,
      clock: systemClock,
      onError: (error) => seen.errors.push(error),
    });
    checkpoints.watchLost((callSid) => seen.lost.push(callSid));
    opened.push(checkpoints);
    return { checkpoints, seen };
  }

  /** `streamMs`: its stream has been there for so long. */
  const state =
    (snapshot: unknown, ended = false, streamMs = 60_000) =>
    (): CheckpointState => ({ snapshot, ended, streamMs });

  test('the last word on a call is kept, as it stands when it is written', async () => {
    const { checkpoints: a } = instance('a');
    let words = 0;
    for (let news = 0; news < 10; news += 1) a.changed('CA1', () => ({ snapshot: { words }, ended: false }));
    words = 7;
    await a.flush(5_000);
    assert.deepEqual(await instance('b').checkpoints.takeUp('CA1'), {
      kind: 'taken',
      snapshot: { words: 7 },
    });
  });

  test('of a call that another one has taken up no news are kept, and who had it is told', async () => {
    const { checkpoints: a, seen } = instance('a');
    const { checkpoints: b } = instance('b');
    a.changed('CA2', state({ by: 'a' }));
    a.changed('CA3', state({ by: 'a' }));
    await a.flush(5_000);
    await b.takeUp('CA2');
    assert.deepEqual(await Promise.all([a.isTaken('CA2'), a.isTaken('CA3'), b.isTaken('CA2')]), [
      true,
      false,
      false,
    ]);
    a.changed('CA2', state({ by: 'a, too late' }));
    a.changed('CA3', state({ by: 'a, again' }));
    await a.flush(5_000);
    assert.deepEqual(seen.lost, ['CA2']);
    b.changed('CA2', state({ by: 'b' }));
    await b.flush(5_000);
    const { checkpoints: c } = instance('c');
    assert.deepEqual(await c.takeUp('CA2'), { kind: 'taken', snapshot: { by: 'b' } });
    assert.deepEqual(await c.takeUp('CA3'), { kind: 'taken', snapshot: { by: 'a, again' } });
  });

  test('a call that has ended is not taken up, and one that nobody knows is unknown', async () => {
    const { checkpoints: a } = instance('a');
    a.changed('CA4', state({ after: 'dial' }, true));
    await a.flush(5_000);
    const { checkpoints: b } = instance('b');
    assert.deepEqual(await b.takeUp('CA4'), { kind: 'ended', snapshot: { after: 'dial' } });
    assert.deepEqual(await b.takeUp('CA5'), { kind: 'unknown' });
  });

  test('who is given a call by the carrier has it, whatever was left of it', async () => {
    const { checkpoints: a, seen } = instance('a');
    a.changed('CA6', state({ by: 'a' }));
    await a.flush(5_000);
    const { checkpoints: b } = instance('b');
    b.changed('CA6', state({ by: 'b' }, false, 100));
    await b.flush(5_000);
    a.changed('CA6', state({ by: 'a' }));
    await a.flush(5_000);
    assert.deepEqual(seen.lost, ['CA6']);
  });

  test('who has never written of a call does not take it from whom the carrier has given it to since', async () => {
    const { checkpoints: a, seen: seenByA } = instance('a');
    const { checkpoints: b, seen: seenByB } = instance('b');
    b.changed('CA9', state({ by: 'b' }, false, 5_000));
    await b.flush(5_000);
    // The database was away while it had the call.
    a.changed('CA9', state({ by: 'a' }, false, 30_000));
    await a.flush(5_000);
    b.changed('CA9', state({ by: 'b, again' }, false, 5_100));
    await b.flush(5_000);
    assert.deepEqual([seenByA.lost, seenByB.lost], [['CA9'], []]);
    const { checkpoints: c } = instance('c');
    assert.deepEqual(await c.takeUp('CA9'), { kind: 'taken', snapshot: { by: 'b, again' } });
    a.changed('CA9', state({ by: 'a, once more' }, false, 31_000));
    await a.flush(5_000);
    assert.deepEqual(await c.takeUp('CA9'), { kind: 'taken', snapshot: { by: 'b, again' } });
  });

  test('a call that has come back is written by whom it has come back to, whoever had taken it up meanwhile', async () => {
    const { checkpoints: a, seen } = instance('a');
    a.changed('CA10', state({ by: 'a' }));
    await a.flush(5_000);
    await instance('b').checkpoints.takeUp('CA10');
    a.changed('CA10', state({ by: 'a, by a new stream' }, false, 0));
    await a.flush(5_000);
    assert.deepEqual(seen.lost, []);
    assert.equal(await a.isTaken('CA10'), false);
  });

  test('while the database is away the last word waits, and is kept when it is back', async () => {
    const { checkpoints: a, seen } = instance('a');
    a.changed('CA7', state({ words: 1 }));
    await a.flush(5_000);
    await server.stop();
    a.changed('CA7', state({ words: 2 }));
    await a.flush(300);
    assert.equal(await a.isTaken('CA7'), false);
    assert.ok(seen.errors.length > 0);
    await assert.rejects(a.takeUp('CA7'));
    await server.start();
    await a.flush(10_000);
    assert.deepEqual(await instance('b').checkpoints.takeUp('CA7'), {
      kind: 'taken',
      snapshot: { words: 2 },
    });
  });

  test('text that PostgreSQL can’t hold does not cost the call its row', async () => {
    const { checkpoints: a } = instance('a');
    a.changed('CA8', state({ text: 'a\u0000b' }));
    await a.flush(5_000);
    assert.deepEqual(await instance('b').checkpoints.takeUp('CA8'), {
      kind: 'taken',
      snapshot: { text: 'ab' },
    });
  });
}
