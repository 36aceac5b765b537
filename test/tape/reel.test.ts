import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { replayCommand, USAGE } from '../../src/tape/command.ts';
import { parseTape, readTape, TapeError } from '../../src/tape/reel.ts';

const fixture = path.resolve(import.meta.dirname, '../fixtures/eventful-call.jsonl.gz');
const bytes = await readFile(fixture);
const text = gunzipSync(bytes).toString();
let folder = '';

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'turnpike-reel-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function fileOf(name: string, content: string | Uint8Array): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, content);
  return file;
}

async function command(...args: readonly string[]): Promise<readonly [number, string]> {
  const lines: string[] = [];
  const code = await replayCommand(args, (line) => lines.push(line));
  return [code, lines.join('\n')];
}

test('a tape is read whole, packed or not', async () => {
  const packed = await readTape(fixture);
  assert.equal(packed.isWhole, true);
  assert.ok(packed.lines.length > 1_000);
  assert.deepEqual(await readTape(await fileOf('plain.jsonl', text)), packed);
});

test('a tape that was cut off in the middle of a byte is read as far as it goes', async () => {
  const cut = await readTape(await fileOf('cut.jsonl.gz', bytes.subarray(0, bytes.length / 2)));
  assert.equal(cut.isWhole, false);
  assert.ok(cut.lines.length > 100);
});

test('what is no tape, or of another version, is said to be so', () => {
  const of = (content: string) => () => parseTape(content, 'a file');
  assert.throws(of(''), TapeError);
  assert.throws(of('{"tape":1}\n'), /a file: it is no tape of a call, or of another version/);
  assert.throws(of(text.replace('"tape":1', '"tape":2')), /another version/);
  const [head = '', ...lines] = text.split('\n');
  assert.throws(
    of([head, lines[0], '[0,"nonsense"]', ''].join('\n')),
    /a file:3: it is nothing that happens to a call/,
  );
});

test('the command answers 1 for a difference and 2 for what it cannot use', async () => {
  const other = await fileOf(
    'other.jsonl',
    text.replace(/\["sound",320,"[^"]+"\]/, '["sound",320,"another"]'),
  );
  const [different, how] = await command(other);
  assert.equal(different, 1, how);
  assert.match(how, /^different, first in turn 0/m);
  const [unknownAgent] = await command(fixture, '--agent', path.join(folder, 'none.yaml'));
  assert.equal(unknownAgent, 2);
  assert.equal((await command(path.join(folder, 'none.jsonl.gz')))[0], 2);
  assert.equal((await command(await fileOf('no.jsonl.gz', bytes.subarray(0, 3))))[0], 2);
  assert.deepEqual(await command(), [2, USAGE]);
  assert.deepEqual(await command('--help'), [0, USAGE]);
  assert.equal((await command('--nonsense'))[0], 2);
});
