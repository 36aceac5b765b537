import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { startPostgres } from '../../src/sim/postgres.ts';
import type { CallSearch, CallStarted, TurnRow } from '../../src/store/port.ts';
import { openStore, type Store } from '../../src/store/store.ts';

const NOON = Date.UTC(2026, 0, 2, 12);
const MINUTE_MS = 60_000;

function open(databaseUrl: string | undefined, dataDir: string): Promise<Store> {
  return openStore({
    databaseUrl,
    dataDir,
    migrate: true,
    batching: true,
    clock: systemClock,
    onDropped: (rows) => assert.fail(`${rows} rows were dropped`),
    onCommit: () => undefined,
    onError: (error) => assert.fail(String(error)),
  });
}

function call(minute: number, change: Partial<CallStarted>): CallStarted {
  return {
    callSid: `CA${minute}`,
    direction: 'inbound',
    agent: 'desk',
    from: '+15550100123',
    to: '+15550100456',
    leadId: undefined,
    startedAt: new Date(NOON + minute * MINUTE_MS),
    ...change,
  };
}

function turn(callSid: string, minute: number, change: Partial<TurnRow>): TurnRow {
  return {
    callSid,
    part: 0,
    index: 1,
    callerText: '',
    agentText: '',
    heardText: '',
    interrupted: false,
    source: 'generated',
    speculated: true,
    startedAt: new Date(NOON + minute * MINUTE_MS),
    timings: {},
    ...change,
  };
}

/** What holds on any database that speaks PostgreSQL. */
function searchContract(databaseUrl: () => Promise<string | undefined>): void {
  let dataDir = '';
  let store: Store;
  const found = async (search: Omit<CallSearch, 'limit'>): Promise<readonly string[]> =>
    (await store.reader.calls({ limit: 50, ...search })).map(({ callSid }) => callSid);

  before(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'turnpike-search-'));
    store = await open(await databaseUrl(), dataDir);
    const { writer } = store;
    writer.callStarted(call(0, { from: '+442079460001' }));
    writer.callStarted(call(1, { to: '+15550109999' }));
    writer.callStarted(call(2, { callSid: `CA${'a'.repeat(32)}` }));
    void writer.turnFinished(
      turn('CA0', 0, { callerText: 'Do you take my insurance?', heardText: "Yes, Delta Dental's is fine." }),
    );
    void writer.turnFinished(
      turn('CA1', 1, { callerText: 'Größere Zahnschmerzen, 100 %', agentText: 'never heard' }),
    );
    void writer.callEnded({
      callSid: 'CA0',
      outcome: 'completed',
      endedAt: new Date(NOON + 5_000),
      recording: undefined,
    });
    void writer.callEnded({
      callSid: 'CA1',
      outcome: 'failed',
      endedAt: new Date(NOON + 90_000),
      recording: undefined,
    });
    await writer.flush(5_000);
  });
  after(async () => {
    await store.close();
    await rm(dataDir, { recursive: true });
  });

  const sid = `CA${'a'.repeat(32)}`;
  const searches: readonly { readonly text: string; readonly calls: readonly string[] }[] = [
    { text: 'insurance', calls: ['CA0'] },
    { text: 'INSUR', calls: ['CA0'] },
    { text: "dental's insurance", calls: ['CA0'] },
    { text: 'insurance schmerzen', calls: [] },
    { text: 'größere zahn', calls: ['CA1'] },
    { text: 'never heard', calls: [] },
    { text: '2079 46', calls: ['CA0'] },
    { text: '+1 (555) 010-9999', calls: ['CA1'] },
    { text: '100', calls: [sid, 'CA1', 'CA0'] },
    { text: sid, calls: [sid] },
    { text: '  ', calls: [sid, 'CA1', 'CA0'] },
    { text: "':* & | !", calls: [] },
    { text: "'); drop table calls; --", calls: [] },
  ];
  for (const { text, calls } of searches) {
    test(`“${text}” finds ${calls.length === 0 ? 'nothing' : calls.join(', ')}`, async () => {
      assert.deepEqual(await found({ text }), calls);
    });
  }

  test('what is asked for beside the words has to fit as well', async () => {
    assert.deepEqual(await found({ outcome: 'failed' }), ['CA1']);
    assert.deepEqual(await found({ outcome: 'failed', text: 'insurance' }), []);
    assert.deepEqual(await found({ text: '100', before: new Date(NOON + MINUTE_MS) }), ['CA0']);
    assert.equal(await store.reader.searchedTo({ limit: 50 }), undefined, 'all of them were looked at');
  });

  test('a call goes on as long as there is news of it and it has no end', async () => {
    const { checkpoints } = store;
    const nowMs = Date.now();
    for (const callSid of [sid, 'CA0']) {
      checkpoints.changed(callSid, () => ({ snapshot: {}, ended: false }));
    }
    await checkpoints.flush(5_000);
    assert.deepEqual(await found({ liveSince: new Date(nowMs - MINUTE_MS) }), [sid], 'CA0 has an end');
    assert.deepEqual(await found({ liveSince: new Date(nowMs + MINUTE_MS) }), [], 'no news since');
  });

  test('percentiles of each stage, as a whole and slot by slot', async () => {
    const late = NOON + 24 * 60 * MINUTE_MS;
    const since = new Date(late);
    const waits = [100, 200, 300, 400, 1_000];
    waits.forEach((response, index) => {
      const minute = (late - NOON) / MINUTE_MS + (index === 4 ? 2 : 0);
      void store.writer.turnFinished(
        turn('CAslow', minute, { index, timings: { response, ...(index === 0 && { endpoint: 50 }) } }),
      );
    });
    void store.writer.turnFinished(turn('CAslow', (late - NOON) / MINUTE_MS, { index: 9 }));
    await store.writer.flush(5_000);
    const latency = await store.reader.latency({ since, slotMs: MINUTE_MS });
    assert.deepEqual([latency.turns, latency.complete], [6, true]);
    assert.deepEqual(latency.stages, {
      endpoint: { count: 1, p50: 50, p95: 50 },
      response: { count: 5, p50: 300, p95: 880 },
    });
    assert.deepEqual(
      latency.slots.map(({ at, turns, stages }) => [at.getTime() - late, turns, stages.response]),
      [
        [0, 5, { count: 4, p50: 250, p95: 385 }],
        [2 * MINUTE_MS, 1, { count: 1, p50: 1_000, p95: 1_000 }],
      ],
    );
    const nothing = await store.reader.latency({ since: new Date(late + 60 * MINUTE_MS), slotMs: MINUTE_MS });
    assert.deepEqual(nothing, { turns: 0, complete: true, stages: {}, slots: [] });
  });
}

describe('a search in the embedded database', () => searchContract(() => Promise.resolve(undefined)));

const postgres = await startPostgres();
if ('missing' in postgres) test('a search in PostgreSQL', { skip: postgres.missing });
else {
  describe('a search in PostgreSQL', () => {
    searchContract(() => postgres.newDatabase());
    after(() => postgres.remove());
  });
}
