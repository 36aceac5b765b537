import assert from 'node:assert/strict';
import test from 'node:test';
import { readinessOf, type ReadinessParts } from '../../src/readiness.ts';

const whole: ReadinessParts = {
  unready: new Set(),
  databaseUp: true,
  spool: { writable: true, full: false },
  redisUp: undefined,
};
const refusing = { writable: false, full: false };
const full = { writable: true, full: true };

const cases: readonly (readonly [
  what: string,
  parts: Partial<ReadinessParts>,
  reasons: string[],
  without: string[],
])[] = [
  ['everything is there', {}, [], []],
  ['it warms up', { unready: new Set(['warming_up']) }, ['warming_up'], []],
  ['the disk refuses rows, and the database takes them', { spool: refusing }, [], ['spool']],
  ['the spool is full, and the database takes rows', { spool: full }, [], ['spool']],
  ['the database is away, and rows lie on disk', { databaseUp: false }, [], ['database']],
  ['nothing takes rows', { databaseUp: false, spool: refusing }, ['database', 'spool'], []],
  ['the oldest rows go for new ones', { databaseUp: false, spool: full }, ['database', 'spool'], []],
  ['Redis is away', { redisUp: false }, [], ['redis']],
  ['all but the database is away', { spool: refusing, redisUp: false }, [], ['spool', 'redis']],
];

for (const [what, parts, reasons, without] of cases) {
  test(`${what}: ${reasons.length === 0 ? 'calls may come' : 'no calls'}, and what is away is named`, () => {
    assert.deepEqual(readinessOf({ ...whole, ...parts }), { ready: reasons.length === 0, reasons, without });
  });
}
