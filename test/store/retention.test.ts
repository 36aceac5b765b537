// What is deleted, by request and by age, and that it stays deleted.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openDatabase, type Database, type DatabaseOptions } from '../../src/store/database.ts';
import type { CallStarted, TurnRow } from '../../src/store/port.ts';
import type { RetentionLimits } from '../../src/store/retention.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { startPostgres, type Postgres } from '../../src/sim/postgres.ts';
import { until } from '../helpers/until.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

type Where = Pick<DatabaseOptions, 'databaseUrl' | 'dataDir'>;

const DAY_MS = 24 * 3_600_000;
const MINUTE_MS = 60_000;
const SECRET = 'my mother is called Ottilie';

function started(callSid: string, startedAt: Date): CallStarted {
  return {
    callSid,
    direction: 'inbound',
    agent: 'desk',
    from: '+15550100',
    to: '+15550101',
    leadId: undefined,
    startedAt,
  };
}

function turn(callSid: string, index: number, startedAt: Date): TurnRow {
  return {
    callSid,
    part: 0,
    index,
    callerText: SECRET,
    agentText: 'I see.',
    heardText: 'I see.',
    interrupted: false,
    source: 'generated',
    speculated: false,
    startedAt,
    timings: {},
  };
}

/** A store on a clock that is turned by hand; what it waits for in earnest (the database, the disk) gets its time. */
class Opened {
  readonly store: Store;
  readonly clock: VirtualClock;
  readonly deleted: string[] = [];
  readonly errors: unknown[] = [];
  dropped = 0;
  readonly dataDir: string;

  private constructor(store: (one: Opened) => Store, clock: VirtualClock, dataDir: string) {
    this.clock = clock;
    this.dataDir = dataDir;
    this.store = store(this);
  }

  static async open(where: Where, limits: RetentionLimits = {}, instance = 'a'): Promise<Opened> {
    const clock = new VirtualClock(() => wait(5));
    let opened: Opened | undefined;
    const store = await openStore({
      ...where,
      ...limits,
      instance,
      tapeFolders: ['tapes'],
      migrate: true,
      batching: false,
      clock,
      onDropped: (rows) => opened !== undefined && (opened.dropped += rows),
      onCommit: () => undefined,
      onDeleted: (what, why, count) => opened?.deleted.push(`${count} ${what} by ${why}`),
      onError: (error) => opened?.errors.push(error),
    });
    opened = new Opened(() => store, clock, where.dataDir);
    return opened;
  }

  /** All of a call: rows, transcript, where it stands, and recordings in two parts. */
  async keep(callSid: string, ageMs = 0, ended = true): Promise<void> {
    const { writer, transcripts, checkpoints } = this.store;
    const at = new Date(this.clock.wallMs() - ageMs);
    writer.callStarted(started(callSid, at));
    for (let index = 0; index < 3; index += 1) void writer.turnFinished(turn(callSid, index, at));
    transcripts.turnChanged(callSid, 1, { callerText: SECRET, heardText: '' });
    checkpoints.changed(callSid, () => ({ snapshot: { said: SECRET }, ended }));
    if (ended)
      void writer.callEnded({
        callSid,
        outcome: 'completed',
        endedAt: at,
        recording: `recordings/${callSid}.wav`,
      });
    await this.settle();
    await this.keepFiles(callSid, at);
  }

  /** Recordings in two parts, and a tape. */
  async keepFiles(callSid: string, at = new Date(this.clock.wallMs())): Promise<void> {
    await mkdir(path.join(this.dataDir, 'recordings'), { recursive: true });
    await mkdir(path.join(this.dataDir, 'tapes'), { recursive: true });
    for (const name of [
      `recordings/${callSid}.wav`,
      `recordings/${callSid}-2.wav`,
      `tapes/${callSid}.jsonl.gz`,
    ]) {
      const file = path.join(this.dataDir, name);
      await writeFile(file, 'RIFF');
      await utimes(file, at, at);
    }
  }

  async settle(): Promise<void> {
    const { writer, transcripts, checkpoints } = this.store;
    const all = Promise.all([writer.flush(60_000), transcripts.flush(60_000), checkpoints.flush(60_000)]);
    await this.#turnUntil(all, 50);
  }

  /** Lets time pass until `condition` holds. */
  async passUntil(condition: () => Promise<boolean>, what: string): Promise<void> {
    for (let rounds = 0; !(await condition()); rounds += 1) {
      assert.ok(rounds < 200, `waited in vain until ${what}`);
      await this.clock.advance(MINUTE_MS);
    }
  }

  /** Both parts, and the tape. */
  async recordings(callSid: string): Promise<readonly string[]> {
    const folders = ['recordings', 'tapes'].map((folder) => readdir(path.join(this.dataDir, folder)));
    return (await Promise.all(folders)).flat().filter((name) => name.startsWith(callSid));
  }

  /** What lies in the spool, as text. */
  async spooled(): Promise<string> {
    const folder = path.join(this.dataDir, 'spool');
    const names = await readdir(folder, { recursive: true });
    const texts = names
      .filter((name) => name.endsWith('.rows'))
      .map((name) => readFile(path.join(folder, name), 'utf8'));
    return (await Promise.all(texts)).join('');
  }

  async close(): Promise<void> {
    const closing = this.store.close();
    await this.#turnUntil(closing, 100);
  }

  async #turnUntil(work: Promise<unknown>, stepMs: number): Promise<void> {
    const state = { over: false };
    void work.finally(() => (state.over = true));
    while (!state.over) await this.clock.advance(stepMs);
    await work;
  }
}

function retentionContract(where: () => Where): void {
  let one: Opened;
  before(async () => {
    one = await Opened.open(where(), { callsMs: 30 * DAY_MS, recordingsMs: 7 * DAY_MS });
  });
  after(() => one.close());

  /** Rows of a call in each table. */
  async function rowsOf(callSid: string): Promise<readonly number[]> {
    const call = await one.store.reader.call(callSid);
    return [call === undefined ? 0 : 1, call?.turns.length ?? 0];
  }

  test('a call goes with its turns, its transcript, where it stands, and every part of its recording', async () => {
    await one.keep('CAgone');
    await one.keep('CAstays');
    assert.equal(await one.store.eraser.eraseCall('CAgone'), 'deleted');
    assert.deepEqual(await rowsOf('CAgone'), [0, 0]);
    assert.deepEqual(await one.store.checkpoints.takeUp('CAgone'), { kind: 'unknown' });
    assert.deepEqual(await one.recordings('CAgone'), []);
    assert.deepEqual(one.deleted.splice(0), ['1 call by request', '3 recording by request']);
    assert.deepEqual(await rowsOf('CAstays'), [1, 3]);
    assert.equal((await one.recordings('CAstays')).length, 3);
    assert.equal(await one.store.eraser.eraseCall('CAgone'), 'unknown');
    assert.equal(await one.store.eraser.eraseCall('CAnobody'), 'unknown');
    assert.deepEqual(one.errors, []);
  });

  test('nothing that was said in it is left in the spool', async () => {
    await one.keep('CAspooled');
    assert.match(await one.spooled(), new RegExp(SECRET));
    await one.store.eraser.eraseCall('CAspooled');
    await one.keep('CAnext');
    await one.store.eraser.eraseCall('CAnext');
    for (let tries = 0; tries < 100 && (await one.spooled()).includes('CAspooled'); tries += 1)
      await wait(10);
    assert.doesNotMatch(await one.spooled(), /CAspooled|CAnext/);
    one.deleted.length = 0;
  });

  test('what the database has leaves the spool, also where nobody calls any more', async () => {
    await one.keep('CAquiet');
    assert.match(await one.spooled(), /CAquiet/);
    await one.passUntil(async () => !(await one.spooled()).includes('CAquiet'), 'it is gone');
    assert.deepEqual(await rowsOf('CAquiet'), [1, 3]);
  });

  test('rows that come late do not bring it back, and are not counted as lost', async () => {
    await one.keep('CAlate');
    await one.store.eraser.eraseCall('CAlate');
    await one.keep('CAlate');
    assert.deepEqual(await rowsOf('CAlate'), [0, 0]);
    assert.deepEqual(await one.store.checkpoints.takeUp('CAlate'), { kind: 'unknown' });
    assert.deepEqual([one.dropped, one.errors], [0, []]);
    one.deleted.length = 0;
  });

  test('a call that has no row yet is deleted before it has one: its files go, and its rows are refused when they come', async () => {
    await one.keepFiles('CArowless');
    assert.equal(await one.store.eraser.eraseCall('CArowless'), 'deleted', 'there was something of it');
    assert.deepEqual(await one.recordings('CArowless'), []);
    assert.equal(await one.store.eraser.eraseCall('CAunheard'), 'unknown');
    assert.deepEqual(one.deleted.splice(0), ['3 recording by request']);
    await one.keep('CArowless');
    await one.keep('CAunheard');
    for (const callSid of ['CArowless', 'CAunheard']) assert.deepEqual(await rowsOf(callSid), [0, 0]);
    assert.deepEqual(await one.store.checkpoints.takeUp('CAunheard'), { kind: 'unknown' });
    assert.deepEqual([one.dropped, one.errors], [0, []]);
  });

  test('what is no sid of a call is not remembered', async () => {
    for (const text of ['', 'CA 1', '../CA1', 'CA\0', 'x'.repeat(65)])
      assert.equal(await one.store.eraser.eraseCall(text), 'unknown');
    one.store.writer.callStarted(started('CA 1', new Date(one.clock.wallMs())));
    await one.settle();
    assert.deepEqual(await rowsOf('CA 1'), [1, 0]);
    assert.equal(await one.store.eraser.eraseCall('CA 1'), 'deleted', 'by its row');
    assert.deepEqual([one.deleted.splice(0), one.errors], [['1 call by request'], []]);
  });

  test('a call that is under way somewhere is not deleted; one whose process has died is, after an hour', async () => {
    await one.keep('CAlive', 0, false);
    assert.equal(await one.store.eraser.eraseCall('CAlive'), 'live');
    assert.deepEqual(await rowsOf('CAlive'), [1, 3]);
    await one.clock.advance(DAY_MS / 24 + 1);
    assert.equal(await one.store.eraser.eraseCall('CAlive'), 'deleted');
    one.deleted.length = 0;
  });

  test('a lead is deleted, and what is noted of it later has nothing to go to', async () => {
    const { id } = await one.store.reader.createLead({ name: 'A', phone: '+15550700', fields: {} });
    assert.equal(await one.store.reader.deleteLead(id), true);
    assert.equal(await one.store.reader.lead(id), undefined);
    assert.equal(await one.store.reader.deleteLead(id), false);
    assert.equal(await one.store.reader.deleteLead('no uuid'), false);
  });

  test('what is too old goes by itself: recordings first, then calls and rows that belong to none', async () => {
    const { store } = one;
    for (let call = 0; call < 230; call += 1)
      store.writer.callStarted(started(`CAcrowd${call}`, new Date(one.clock.wallMs() - 40 * DAY_MS)));
    await one.keep('CAold', 31 * DAY_MS);
    await one.keep('CAmiddle', 8 * DAY_MS);
    await one.keep('CAyoung', 6 * DAY_MS);
    void store.writer.turnFinished(turn('CAorphan', 1, new Date(one.clock.wallMs() - 31 * DAY_MS)));
    await one.settle();
    one.deleted.length = 0;
    await one.passUntil(async () => (await rowsOf('CAold'))[0] === 0, 'the old call is gone');
    await one.passUntil(async () => one.deleted.includes('231 call by age'), 'all batches are through');
    assert.deepEqual(one.deleted, ['6 recording by age', '231 call by age']);
    assert.deepEqual(await rowsOf('CAold'), [0, 0]);
    assert.equal((await store.reader.call('CAcrowd7')) === undefined, true);
    assert.deepEqual(await rowsOf('CAmiddle'), [1, 3]);
    assert.equal((await store.reader.call('CAmiddle'))?.recording, null);
    assert.deepEqual(await one.recordings('CAmiddle'), []);
    assert.equal((await store.reader.call('CAyoung'))?.recording, 'recordings/CAyoung.wav');
    assert.equal((await one.recordings('CAyoung')).length, 3);
    assert.deepEqual(one.errors, []);
  });
}

describe('retention in the embedded database', () => {
  let dataDir = '';
  before(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'turnpike-retention-'));
  });
  after(() => rm(dataDir, { recursive: true }));
  retentionContract(() => ({ databaseUrl: undefined, dataDir }));
});

const postgres = await startPostgres();
if ('missing' in postgres) test('retention in PostgreSQL', { skip: postgres.missing });
else describe('retention in PostgreSQL', () => postgresSuite(postgres));

function postgresSuite(server: Postgres): void {
  let folder = '';
  let databaseUrl = '';
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'turnpike-retention-'));
    databaseUrl = await server.newDatabase();
  });
  after(async () => {
    await server.remove();
    await rm(folder, { recursive: true });
  });
  retentionContract(() => ({ databaseUrl, dataDir: path.join(folder, 'a') }));

  test('an instance on another disk deletes what it has of a call that is deleted elsewhere, and its spool does not bring it back', async () => {
    const where = { databaseUrl: await server.newDatabase() };
    const a = await Opened.open({ ...where, dataDir: path.join(folder, 'here') }, {}, 'a');
    const b = await Opened.open({ ...where, dataDir: path.join(folder, 'there') }, {}, 'b');
    await b.keep('CAthere');
    await b.keepFiles('CArowless');
    assert.equal((await b.recordings('CAthere')).length, 3);
    assert.equal(await a.store.eraser.eraseCall('CAthere'), 'deleted');
    assert.equal(await a.store.eraser.eraseCall('CArowless'), 'unknown');
    void b.store.writer.turnFinished(turn('CAthere', 9, new Date(b.clock.wallMs())));
    await b.settle();
    await b.passUntil(async () => (await b.recordings('CAthere')).length === 0, 'its recordings are gone');
    assert.deepEqual(b.deleted, ['6 recording by request']);
    assert.deepEqual(await b.recordings('CArowless'), []);
    assert.equal(await b.store.reader.call('CAthere'), undefined);
    await b.passUntil(async () => !(await b.spooled()).includes(SECRET), 'none of its words is in its spool');
    await a.close();
    await b.close();
  });

  test('one instance at a time deletes by age', async () => {
    const where = { databaseUrl: await server.newDatabase(), dataDir: path.join(folder, 'swept') };
    const one = await Opened.open(where, { callsMs: DAY_MS });
    await one.keep('CAold', 2 * DAY_MS);
    const database = await openDatabase({ ...where, onError: () => undefined });
    await database.knex.transaction(async (trx) => {
      await trx.raw('select pg_advisory_xact_lock(7476023)');
      for (let minutes = 0; minutes < 3; minutes += 1) await one.clock.advance(MINUTE_MS);
      assert.notEqual(await one.store.reader.call('CAold'), undefined);
    });
    await one.passUntil(async () => (await one.store.reader.call('CAold')) === undefined, 'it is gone');
    await database.close();
    await one.close();
  });

  test('of a row and a deletion at the same moment neither is half done', async () => {
    const where = { databaseUrl: await server.newDatabase(), dataDir: path.join(folder, 'race') };
    const one = await Opened.open(where);
    const database = await openDatabase({ ...where, onError: () => undefined });
    await one.keep('CArace');
    await race(one, database);
    await database.close();
    await one.close();
  });
}

/** A transaction has added a row and not committed; the deletion waits for it, and takes the row as well. */
async function race(one: Opened, database: Database): Promise<void> {
  let deletion: Promise<unknown> | undefined;
  let isOver = false;
  await database.knex.transaction(async (trx) => {
    await trx('transcripts')
      .insert({ call_sid: 'CArace', turns: '{}', updated_at: new Date() })
      .onConflict()
      .ignore();
    await trx('turns').insert({
      call_sid: 'CArace',
      part: 7,
      index: 7,
      caller_text: SECRET,
      agent_text: '',
      heard_text: '',
      interrupted: false,
      source: 'cached',
      speculated: false,
      started_at: new Date(),
    });
    deletion = one.store.eraser.eraseCall('CArace').finally(() => (isOver = true));
    await wait(100);
    assert.equal(isOver, false, 'it waits');
  });
  assert.equal(await deletion, 'deleted');
  await until(() => isOver, 'it is over');
  const rows = await database.knex('turns').where({ call_sid: 'CArace' });
  assert.deepEqual(rows, []);
}
