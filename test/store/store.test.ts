import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { openDatabase, type DatabaseOptions } from '../../src/store/database.ts';
import { LeadConflict } from '../../src/store/leadConflict.ts';
import { migrate } from '../../src/store/migrate.ts';
import { migrationSource } from '../../src/store/migrations.ts';
import type { CallStarted, TurnRow } from '../../src/store/port.ts';
import { PAGE_ROWS_MAX } from '../../src/store/reader.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { startPostgres, type Postgres } from '../../src/sim/postgres.ts';

/** What a store has reported. */
class Seen {
  dropped = 0;
  commits: number[] = [];
  errors: unknown[] = [];
}

async function open(
  where: Pick<DatabaseOptions, 'databaseUrl' | 'dataDir'>,
  seen: Seen,
  batching = true,
): Promise<Store> {
  return openStore({
    ...where,
    migrate: true,
    batching,
    clock: systemClock,
    onDropped: (rows) => (seen.dropped += rows),
    onCommit: (_durationMs, rows) => seen.commits.push(rows),
    onError: (error) => seen.errors.push(error),
  });
}

function started(callSid: string, change: Partial<CallStarted> = {}): CallStarted {
  return {
    callSid,
    direction: 'outbound',
    agent: 'front-desk',
    from: '+15550100',
    to: '+15550101',
    leadId: 'lead-7',
    startedAt: new Date('2026-01-02T03:04:05.678Z'),
    ...change,
  };
}

function turn(callSid: string, index: number, change: Partial<TurnRow> = {}): TurnRow {
  return {
    callSid,
    part: 0,
    index,
    callerText: 'is it open',
    agentText: 'It is. Until nine.',
    heardText: 'It is.',
    interrupted: true,
    source: 'cached',
    speculated: true,
    startedAt: new Date('2026-01-02T03:04:06.789Z'),
    timings: {
      endpoint: 200.25,
      sttFinal: 150,
      llmFirstToken: 500,
      llmFirstSentence: 620,
      ttsFirstAudio: 200,
      firstFrame: 1.5,
      response: 1_100,
      heard: 1_200,
    },
    ...change,
  };
}

const unexpected = (error: unknown): void => assert.fail(String(error));

/** What holds on any database that speaks PostgreSQL. */
function storeContract(where: () => Pick<DatabaseOptions, 'databaseUrl' | 'dataDir'>): void {
  const seen = new Seen();
  let store: Store;
  let sids = 0;
  const newSid = (): string => `CA${(sids += 1)}`;

  before(async () => {
    store = await open(where(), seen);
  });
  after(() => store.close());
  beforeEach(() => Object.assign(seen, new Seen()));

  test('a call is read as it was written, its turns in order', async () => {
    const sid = newSid();
    store.writer.callStarted(started(sid));
    const turns = [turn(sid, 0, { callerText: '', timings: {} }), turn(sid, 1)];
    for (const row of turns.toReversed()) void store.writer.turnFinished(row);
    const endedAt = new Date('2026-01-02T03:05:05.678Z');
    void store.writer.callEnded({
      callSid: sid,
      outcome: 'completed',
      endedAt,
      recording: 'recordings/a.wav',
    });
    await store.writer.flush(5_000);
    const summary = {
      ...started(sid),
      outcome: 'completed',
      endedAt,
      recording: 'recordings/a.wav',
      turnCount: 2,
    };
    assert.deepEqual(await store.reader.call(sid), { ...summary, turns, transcript: '' });
    const [newest] = await store.reader.calls({ limit: 1 });
    assert.deepEqual(newest, summary);
    assert.deepEqual(seen.errors, []);
    assert.deepEqual(seen.commits, [4], 'one transaction for all that waited');
  });

  test('a transcript grows with the call, apart from its rows, and the last word on a turn wins', async () => {
    const sid = newSid();
    store.writer.callStarted(started(sid));
    store.transcripts.turnChanged(sid, 0, { callerText: '', heardText: 'Hello.' });
    store.transcripts.turnChanged(sid, 10, { callerText: 'is it open', heardText: '' });
    await Promise.all([store.writer.flush(5_000), store.transcripts.flush(5_000)]);
    const transcript = async (): Promise<unknown> => (await store.reader.call(sid))?.transcript;
    assert.equal(await transcript(), 'Agent: Hello.\nCaller: is it open');
    store.transcripts.turnChanged(sid, 10, { callerText: 'is it open\0', heardText: 'It is.' });
    store.transcripts.turnChanged(sid, 9, { callerText: '', heardText: '' });
    await store.transcripts.flush(5_000);
    assert.equal(await transcript(), 'Agent: Hello.\nCaller: is it open\nAgent: It is.');
    assert.deepEqual([seen.errors, seen.commits], [[], [1]]);
  });

  test('a call under way has no end yet, and one that is not known is undefined', async () => {
    const sid = newSid();
    store.writer.callStarted(started(sid, { leadId: undefined }));
    await store.writer.flush(5_000);
    const call = await store.reader.call(sid);
    assert.deepEqual(
      [call?.leadId, call?.outcome, call?.endedAt, call?.recording, call?.turnCount],
      [null, null, null, null, 0],
    );
    assert.equal(await store.reader.call('CAnobody'), undefined);
  });

  test('a call is over once its end is written, and for good when it was deleted', async () => {
    const [ended, live, deleted] = [newSid(), newSid(), newSid()];
    for (const sid of [ended, live]) store.writer.callStarted(started(sid));
    const end = { outcome: 'completed', endedAt: new Date(), recording: undefined } as const;
    void store.writer.callEnded({ callSid: ended, ...end });
    await store.writer.flush(5_000);
    assert.equal(await store.eraser.eraseCall(deleted), 'unknown');
    for (const [sid, over] of [
      [ended, true],
      [live, false],
      [deleted, true],
      ['CAnobody', false],
      ['CA\0', false],
    ] as const)
      assert.equal(await store.reader.isOver(sid), over, sid);
  });

  test('the last word on a turn wins, in one commit and in two', async () => {
    const sid = newSid();
    store.writer.callStarted(started(sid));
    void store.writer.turnFinished(turn(sid, 1, { heardText: 'first' }));
    void store.writer.turnFinished(turn(sid, 1, { heardText: 'second' }));
    await store.writer.flush(5_000);
    assert.equal((await store.reader.call(sid))?.turns[0]?.heardText, 'second');
    void store.writer.turnFinished(turn(sid, 1, { heardText: 'third', timings: {} }));
    await store.writer.flush(5_000);
    const turns = (await store.reader.call(sid))?.turns;
    assert.deepEqual(turns, [turn(sid, 1, { heardText: 'third', timings: {} })]);
  });

  test('turns and an end whose call was never written are kept, and its late start completes them', async () => {
    const sid = newSid();
    const endedAt = new Date('2026-01-02T03:05:05.678Z');
    void store.writer.turnFinished(turn(sid, 0));
    await store.writer.flush(5_000);
    void store.writer.callEnded({ callSid: sid, outcome: 'failed', endedAt, recording: undefined });
    await store.writer.flush(5_000);
    assert.equal((await store.reader.call(sid))?.turnCount, 1);
    store.writer.callStarted(started(sid));
    await store.writer.flush(5_000);
    const call = await store.reader.call(sid);
    assert.deepEqual(call?.startedAt, started(sid).startedAt);
    assert.equal(call?.agent, 'front-desk');
    assert.equal(call?.outcome, 'failed');
    assert.equal(seen.dropped, 0);
  });

  test('a call that is connected again keeps its first start and its lead', async () => {
    const sid = newSid();
    store.writer.callStarted(started(sid));
    await store.writer.flush(5_000);
    store.writer.callStarted(
      started(sid, { startedAt: new Date('2026-01-02T03:09:00Z'), leadId: undefined }),
    );
    await store.writer.flush(5_000);
    const call = await store.reader.call(sid);
    assert.deepEqual([call?.startedAt, call?.leadId], [started(sid).startedAt, 'lead-7']);
  });

  test('many turns of many calls go into one commit', async () => {
    const sidsOfBurst = Array.from({ length: 40 }, newSid);
    for (const sid of sidsOfBurst) {
      store.writer.callStarted(started(sid));
      for (let index = 0; index < 10; index += 1) void store.writer.turnFinished(turn(sid, index));
    }
    assert.equal(store.writer.pendingWrites, 440);
    await store.writer.flush(5_000);
    assert.deepEqual(seen.commits, [440]);
    for (const sid of sidsOfBurst) assert.equal((await store.reader.call(sid))?.turns.length, 10);
  });

  test('characters that PostgreSQL refuses do not cost the turn', async () => {
    const sid = newSid();
    store.writer.callStarted(started(sid));
    void store.writer.turnFinished(turn(sid, 0, { callerText: 'nul \0', agentText: 'half \ud83d' }));
    await store.writer.flush(5_000);
    const [row] = (await store.reader.call(sid))?.turns ?? [];
    assert.deepEqual([row?.callerText, row?.agentText], ['nul ', 'half \ufffd']);
  });

  test('a row that the database refuses is given up and counted, the others of its batch are not', async () => {
    const sid = newSid();
    store.writer.callStarted(started(sid));
    void store.writer.turnFinished(turn(sid, 0));
    void store.writer.turnFinished(turn(sid, 2 ** 40));
    void store.writer.turnFinished(turn(sid, 1, { startedAt: new Date(Number.NaN) }));
    store.writer.leadFields('no uuid', { a: 'b' });
    // Incompressible and too long for an index.
    const tooLong = Array.from({ length: 20_000 }, (_unused, index) =>
      ((index * 7_919) % 10_007).toString(36),
    ).join('');
    void store.writer.turnFinished(turn(tooLong, 1));
    void store.writer.turnFinished(turn(sid, 3));
    await store.writer.flush(5_000);
    const indexes = (await store.reader.call(sid))?.turns.map((row) => row.index);
    assert.deepEqual(indexes, [0, 3]);
    assert.equal(seen.dropped, 4);
    assert.equal(store.writer.pendingWrites, 0);
  });

  test('calls are paged from the newest on, and equal times are never cut in two', async () => {
    const times = [9, 8, 7, 7, 7, 6].map((day) => new Date(Date.UTC(2036, 0, day)));
    const written = times.map((startedAt) => started(newSid(), { startedAt }));
    for (const call of written) store.writer.callStarted(call);
    await store.writer.flush(5_000);
    const first = await store.reader.calls({ limit: 3 });
    assert.equal(first.length, 5);
    const [next] = await store.reader.calls({ limit: 1, before: first.at(-1)?.startedAt ?? new Date() });
    assert.deepEqual(
      [...first, next].map((call) => call?.startedAt),
      times,
    );
    const before = new Date('1999-01-01');
    assert.deepEqual(await store.reader.calls({ limit: PAGE_ROWS_MAX, before }), []);
  });

  for (const limit of [0, -1, 1.5, PAGE_ROWS_MAX + 1, Number.NaN]) {
    test(`a page of ${limit} rows is a mistake of ours`, async () => {
      await assert.rejects(store.reader.calls({ limit }), { code: 'ERR_ASSERTION' });
      await assert.rejects(store.reader.leads({ limit }), { code: 'ERR_ASSERTION' });
    });
  }

  test('a lead is created, read, changed, and its fields are merged', async () => {
    const input = { name: 'Ada\0', phone: '+15550200', fields: { town: 'Kiel' } };
    const lead = await store.reader.createLead(input);
    assert.match(lead.id, /^[0-9a-f-]{36}$/);
    assert.equal(lead.name, 'Ada');
    assert.deepEqual(await store.reader.lead(lead.id), lead);
    const renamed = await store.reader.updateLead(lead.id, { name: 'Ada L.' });
    assert.deepEqual({ ...renamed, updatedAt: 0 }, { ...lead, name: 'Ada L.', updatedAt: 0 });
    await store.reader.updateLead(lead.id, { fields: { size: 'L' } });
    store.writer.leadFields(lead.id, { size: 'M', a: '1' });
    store.writer.leadFields(lead.id, { a: '2\0' });
    await store.writer.flush(5_000);
    const merged = await store.reader.lead(lead.id);
    assert.deepEqual(merged?.fields, { town: 'Kiel', size: 'M', a: '2' });
    assert.ok(merged !== undefined && merged.updatedAt >= lead.updatedAt);
    assert.deepEqual(await store.reader.leads({ limit: 1 }), [merged]);
    assert.deepEqual(await store.reader.leads({ limit: 1, before: new Date('1999-01-01') }), []);
  });

  test('two leads cannot have one phone number', async () => {
    const first = await store.reader.createLead({ name: 'A', phone: '+15550300', fields: {} });
    await assert.rejects(
      store.reader.createLead({ name: 'B', phone: '+15550300', fields: {} }),
      LeadConflict,
    );
    const other = await store.reader.createLead({ name: 'B', phone: '+15550301', fields: {} });
    await assert.rejects(store.reader.updateLead(other.id, { phone: '+15550300' }), {
      code: 'lead_conflict',
    });
    assert.equal((await store.reader.updateLead(first.id, { phone: '+15550300' }))?.id, first.id);
  });

  test('a lead that does not exist is undefined, and fields for it are counted as dropped', async () => {
    const nobody = '00000000-0000-4000-8000-000000000000';
    for (const id of [nobody, 'no uuid']) {
      assert.equal(await store.reader.lead(id), undefined);
      assert.equal(await store.reader.updateLead(id, { name: 'x' }), undefined);
    }
    store.writer.leadFields(nobody, { a: 'b' });
    await store.writer.flush(5_000);
    assert.equal(seen.dropped, 1);
  });

  test('the database answers a ping', async () => {
    await store.reader.ping();
  });

  test('many readers and the writer at once do not disturb each other', async () => {
    const sid = newSid();
    store.writer.callStarted(started(sid));
    for (let index = 0; index < 30; index += 1) void store.writer.turnFinished(turn(sid, index));
    const lead = await store.reader.createLead({ name: 'C', phone: '+15550400', fields: {} });
    const reads = Array.from({ length: 60 }, async (_unused, count) => {
      if (count % 3 === 0) assert.equal((await store.reader.lead(lead.id))?.phone, '+15550400');
      else if (count % 3 === 1) assert.equal((await store.reader.calls({ limit: 2 })).length, 2);
      else await store.reader.ping();
    });
    await Promise.all([...reads, store.writer.flush(5_000)]);
    assert.equal((await store.reader.call(sid))?.turnCount, 30);
    assert.deepEqual(seen.errors, []);
  });
}

describe('the store in the embedded database', () => {
  let dataDir = '';
  before(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'turnpike-test-'));
  });
  after(() => rm(dataDir, { recursive: true }));
  storeContract(() => ({ databaseUrl: undefined, dataDir }));

  test('a second process, or a second store, is refused the same folder', async () => {
    await assert.rejects(open({ databaseUrl: undefined, dataDir }, new Seen()), { code: 'folder_in_use' });
  });
});

const postgres = await startPostgres();
if ('missing' in postgres) test('the store in PostgreSQL', { skip: postgres.missing });
else describe('the store in PostgreSQL', () => postgresSuite(postgres));

function postgresSuite(server: Postgres): void {
  let dataDir = '';
  let databaseUrl = '';
  before(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'turnpike-store-'));
    databaseUrl = await server.newDatabase();
  });
  after(async () => {
    await server.remove();
    await rm(dataDir, { recursive: true });
  });
  storeContract(() => ({ databaseUrl, dataDir }));

  test('a server that goes away and comes back loses nothing', async () => {
    const seen = new Seen();
    const store = await open({ databaseUrl, dataDir }, seen);
    store.writer.callStarted(started('CAaway'));
    await store.writer.flush(5_000);
    await server.stop();
    for (let index = 0; index < 50; index += 1) void store.writer.turnFinished(turn('CAaway', index));
    await store.writer.flush(150);
    assert.equal(store.writer.pendingWrites, 50);
    assert.ok(seen.errors.length > 0);
    await assert.rejects(store.reader.ping());
    await server.start();
    await store.writer.flush(10_000);
    assert.equal((await store.reader.call('CAaway'))?.turnCount, 50);
    assert.equal(seen.dropped, 0);
    await store.close();
    await store.close();
  });

  test('with batching switched off each row is a transaction', async () => {
    const seen = new Seen();
    const store = await open({ databaseUrl, dataDir }, seen, false);
    store.writer.callStarted(started('CAsingle'));
    for (let index = 0; index < 4; index += 1) void store.writer.turnFinished(turn('CAsingle', index));
    await store.close();
    assert.deepEqual(seen.commits, [1, 1, 1, 1, 1]);
  });

  test('a database that cannot be reached is said at the start', async () => {
    const unreachable = 'postgres://test@127.0.0.1:1/none';
    await assert.rejects(open({ databaseUrl: unreachable, dataDir }, new Seen()), /ECONNREFUSED/);
  });

  test('instances that start together migrate once, and a lock left by a dead one does not stop them', async () => {
    const fresh = { databaseUrl: await server.newDatabase(), dataDir, onError: unexpected };
    const runs = await Promise.all([migrate(fresh), migrate(fresh), migrate(fresh)]);
    assert.deepEqual(runs.flat(), [
      '0001_calls_turns_leads',
      '0002_transcripts',
      '0003_checkpoints',
      '0004_deletion',
      '0005_words',
      '0006_stream_at',
    ]);
    const database = await openDatabase(fresh);
    await database.knex.raw('update knex_migrations_lock set is_locked = 1');
    assert.deepEqual(await migrate(fresh), []);
    await database.close();
  });

  test('a connection that the network has swallowed is given up, and the next query gets a new one', async () => {
    const database = new URL(await server.newDatabase());
    const socketPath = path.join(database.searchParams.get('host') ?? '', '.s.PGSQL.5432');
    let swallow = false;
    const sockets = new Set<Socket>();
    const proxy = createServer((client) => {
      const upstream = connect(socketPath);
      for (const socket of [client, upstream]) {
        sockets.add(socket);
        socket.on('error', () => socket.destroy());
        socket.on('close', () => socket.destroy());
      }
      client.on('data', (bytes) => swallow || upstream.write(bytes));
      upstream.on('data', (bytes) => client.write(bytes));
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const address = proxy.address();
    assert.ok(typeof address === 'object' && address !== null);
    const databaseUrl = `postgres://test@127.0.0.1:${address.port}${database.pathname}`;
    const proxied = await openDatabase({
      databaseUrl,
      dataDir,
      onError: unexpected,
      queryTimeoutMs: 100,
    });
    const pidOf = async (): Promise<unknown> =>
      (await proxied.knex.raw('select pg_backend_pid() as pid')).rows[0].pid;
    const pid = await pidOf();
    assert.equal(await pidOf(), pid);
    swallow = true;
    await assert.rejects(pidOf(), /timeout/);
    swallow = false;
    assert.notEqual(await pidOf(), pid);
    await proxied.close();
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });

  test('the migrations can be taken back and run again', async () => {
    const fresh = { databaseUrl: await server.newDatabase(), dataDir, onError: unexpected };
    const database = await openDatabase(fresh);
    const tables = async (): Promise<number> => {
      const names = await database
        .knex('pg_tables')
        .whereIn('tablename', ['calls', 'turns', 'leads', 'transcripts', 'checkpoints', 'deleted_calls']);
      return names.length;
    };
    await migrate(fresh);
    assert.equal(await tables(), 6);
    await database.knex.migrate.rollback({ migrationSource }, true);
    assert.equal(await tables(), 0);
    assert.equal((await migrate(fresh)).length, (await migrationSource.getMigrations([])).length);
    await database.close();
  });

  test('the database keeps how long a call was', async () => {
    const database = await openDatabase({ databaseUrl, dataDir, onError: unexpected });
    const rows = await database.knex('calls').where({ call_sid: 'CA1' }).select('duration_ms');
    assert.deepEqual(rows, [{ duration_ms: 60_000 }]);
    await database.close();
  });
}
