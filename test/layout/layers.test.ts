// The map of the code: who may import whom, and what only one folder may do.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');
const src = path.join(root, 'src');

/** A folder sees only the rows above its own; folders in one row never see each other. */
const rows = [
  ['base'],
  ['audio'],
  [
    'twilio',
    'vad',
    'stt',
    'turn',
    'redact',
    'agent',
    'llm',
    'sentence',
    'tts',
    'playout',
    'metrics',
    'log',
    'store',
    'events',
    'trace',
  ],
  ['call'],
  ['fleet'],
  ['server', 'sim', 'console', 'tape'],
  [
    'main.ts',
    'gateway.ts',
    'sharing.ts',
    'providers.ts',
    'warmUp.ts',
    'load.ts',
    'gauges.ts',
    'traces.ts',
    'kept.ts',
    'drain.ts',
    'readiness.ts',
    'config.ts',
  ],
];

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const full = path.join(folder, name);
    return statSync(full).isDirectory() ? filesBelow(full) : /\.tsx?$/.test(full) ? [full] : [];
  });
}

const files = filesBelow(src).map((file) => ({
  name: path.relative(src, file),
  folder: path.relative(src, file).split(path.sep)[0] ?? '',
  text: readFileSync(file, 'utf8'),
}));

function rowOf(folder: string): number {
  return rows.findIndex((row) => row.includes(folder));
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)].map((match) => match[1] ?? '');
}

test('every file is in a folder of the map', () => {
  for (const file of files) assert.ok(rowOf(file.folder) >= 0, `${file.name} is in no row of the map`);
});

test('a folder imports only from itself and from the rows above it', () => {
  for (const file of files) {
    for (const target of importsOf(file.text)) {
      if (!target.startsWith('.')) continue;
      const resolved = path.relative(src, path.resolve(src, path.dirname(file.name), target));
      const folder = resolved.split(path.sep)[0] ?? '';
      if (folder === file.folder || rowOf(file.folder) === rows.length - 1) continue;
      assert.ok(rowOf(folder) < rowOf(file.folder), `${file.name} may not import ${resolved}`);
    }
  }
});

test('the console brings into a browser what is its own, and of the rest what runs anywhere', () => {
  for (const { name, text } of files.filter(({ folder }) => folder === 'console')) {
    for (const target of importsOf(text.replace(/^(?:import|export) type [^;]+;/gm, ''))) {
      assert.ok(!target.startsWith('node:'), `${name} may not bring ${target} into a browser`);
      if (!target.startsWith('.')) continue;
      const [folder = ''] = path.relative(src, path.resolve(src, path.dirname(name), target)).split(path.sep);
      const runsAnywhere = ['console', 'base', 'audio'].includes(folder);
      assert.ok(runsAnywhere, `${name} may not bring ${target} into a browser`);
    }
  }
});

const reserved: readonly { what: RegExp; allowed: RegExp; why: string }[] = [
  { what: /\bprocess\.env\b/, allowed: /^config\.ts$|^sim\//, why: 'config.ts alone reads the environment' },
  { what: /\bDate\.now\(|\bperformance\.now\(/, allowed: /^base\//, why: 'time is passed in as a Clock' },
  { what: /\bset(?:Timeout|Interval)\(/, allowed: /^base\//, why: 'time is passed in as a Clock' },
  { what: /\bMath\.random\(/, allowed: /^base\//, why: 'chance is passed in as a Random' },
  { what: /from 'pino'/, allowed: /^log\//, why: 'log/ alone imports pino' },
  { what: /from 'prom-client'/, allowed: /^metrics\//, why: 'metrics/ alone imports prom-client' },
  {
    what: /from 'ioredis'/,
    allowed: /^fleet\/redisLink\.ts$/,
    why: 'fleet/redisLink.ts alone imports ioredis',
  },
  { what: /from '@opentelemetry\//, allowed: /^trace\//, why: 'trace/ alone imports OpenTelemetry' },
  { what: /from '(?:knex|pg)'/, allowed: /^store\//, why: 'store/ alone imports knex' },
  {
    what: /\b[a-z]\w*Sync\b/,
    allowed: /^config\.ts$|^main\.ts$|^sim\//,
    why: 'nothing synchronous that may wait for a disk or a process, outside start-up',
  },
  { what: /\b(?:TODO|FIXME|XXX)\b/, allowed: /^$/, why: 'nothing is left behind' },
];

for (const { what, allowed, why } of reserved) {
  test(`${why} (${what.source})`, () => {
    for (const file of files) {
      if (allowed.test(file.name)) continue;
      const line = file.text.split('\n').findIndex((text) => what.test(text)) + 1;
      assert.equal(line, 0, `${file.name}:${line} breaks the rule: ${why}`);
    }
  });
}

test('no file of the code is longer than 400 lines', () => {
  for (const file of files) {
    const lines = file.text.split('\n').length;
    assert.ok(lines <= 400, `${file.name} has ${lines} lines`);
  }
});

test('a test that is to run alone is there', () => {
  const named = readFileSync(path.join(root, 'test', 'alone.txt'), 'utf8').split('\n');
  const alone = named.filter((line) => line.startsWith('test/'));
  assert.ok(alone.length > 0);
  // A blank line would match every file.
  assert.deepEqual(named.at(-1), '');
  assert.ok(!named.slice(0, -1).includes(''));
  for (const file of alone) assert.ok(existsSync(path.join(root, file)), file);
});
