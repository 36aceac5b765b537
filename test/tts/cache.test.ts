import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { ProviderError } from '../../src/base/errors.ts';
import {
  cachedTextToSpeech,
  SpeechCache,
  type CachedTextToSpeech,
  type SpeechCacheOptions,
} from '../../src/tts/cache.ts';
import type { SpeechChunk } from '../../src/tts/port.ts';
import { scriptedSpeech, type Asked, type ScriptedSpeech } from '../helpers/scriptedSpeech.ts';
import { until } from '../helpers/until.ts';
import { settle, VirtualClock } from '../helpers/virtualClock.ts';

const FOREVER = new AbortController().signal;

interface Opened {
  readonly cache: SpeechCache;
  readonly inner: ScriptedSpeech;
  readonly tts: CachedTextToSpeech;
  readonly seen: string[];
  readonly errors: unknown[];
}

/** Their folder may go only when nothing is written to it any more. */
const openedIn = new WeakMap<TestContext, readonly SpeechCache[]>();

async function openCache(t: TestContext, options: Partial<SpeechCacheOptions> = {}): Promise<Opened> {
  const seen: string[] = [];
  const errors: unknown[] = [];
  const cache = new SpeechCache({
    clock: new VirtualClock(),
    observe: (name, result) => seen.push(`${name} ${result}`),
    onError: (error) => errors.push(error),
    ...options,
  });
  await cache.open();
  t.after(() => cache.close());
  openedIn.set(t, [...(openedIn.get(t) ?? []), cache]);
  const inner = scriptedSpeech();
  return { cache, inner, tts: cachedTextToSpeech(inner, cache), seen, errors };
}

async function folderOf(t: TestContext): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'speech-'));
  t.after(async () => {
    for (const cache of openedIn.get(t) ?? []) await cache.close();
    await rm(made, { recursive: true, force: true });
  });
  return made;
}

async function bytesOf(speech: AsyncIterable<SpeechChunk>): Promise<number> {
  let bytes = 0;
  for await (const chunk of speech) bytes += chunk.mulaw.length;
  return bytes;
}

async function nthAsked(inner: ScriptedSpeech, n: number): Promise<Asked> {
  await until(() => inner.asked.length > n, `request ${n} is there`);
  const asked = inner.asked[n];
  assert.ok(asked !== undefined);
  return asked;
}

/** Says `text` once, so that it is remembered. */
async function say(opened: Opened, text: string, bytes = 800): Promise<void> {
  const n = opened.inner.asked.length;
  const heard = bytesOf(opened.tts.speak(text, FOREVER));
  const asked = await nthAsked(opened.inner, n);
  asked.send(bytes);
  asked.end();
  assert.equal(await heard, bytes);
  await settle();
}

/** Has `line` ready, made by the script when it is asked. */
async function prime(opened: Opened, line: string, bytes = 800): Promise<void> {
  const n = opened.inner.asked.length;
  const primed = opened.tts.prime([line], FOREVER);
  const asked = await nthAsked(opened.inner, n);
  asked.send(bytes);
  asked.end();
  assert.deepEqual(await primed, []);
}

test('what was said once is not made again, and comes whole with its word times', async (t) => {
  const opened = await openCache(t);
  const { inner, tts, seen } = opened;
  const first = bytesOf(tts.speak('Good morning.', FOREVER));
  const asked = await nthAsked(inner, 0);
  asked.send(400, 1, { wordTimes: [{ word: 'Good', startMs: 0, endMs: 40 }] });
  asked.send(300, 2, { wordTimes: [{ word: 'morning', startMs: 50, endMs: 80 }] });
  asked.end();
  assert.equal(await first, 700);
  await settle();
  const again: SpeechChunk[] = [];
  for await (const chunk of tts.speak('Good morning.', FOREVER)) again.push(chunk);
  assert.equal(again.length, 1);
  assert.deepEqual([...(again[0]?.mulaw ?? [])].slice(398, 402), [1, 1, 2, 2]);
  assert.deepEqual(
    again[0]?.wordTimes?.map(({ word, startMs }) => [word, startMs]),
    [
      ['Good', 0],
      ['morning', 50],
    ],
  );
  assert.equal(inner.asked.length, 1);
  assert.deepEqual(seen, ['tts_memory miss', 'tts_memory hit']);
});

test('a line in memory is there at once, another one is not', async (t) => {
  const opened = await openCache(t);
  assert.equal(opened.tts.lookup('One moment.'), undefined);
  await prime(opened, 'One moment.', 640);
  assert.equal(opened.tts.lookup('One moment.')?.length, 640);
  assert.equal(opened.tts.lookup('One moment'), undefined);
  assert.deepEqual(opened.seen, ['tts_memory hit']);
});

test('the voice is part of what is remembered', async (t) => {
  const opened = await openCache(t);
  await say(opened, 'Hello.');
  const other = cachedTextToSpeech(scriptedSpeech('another'), opened.cache);
  assert.equal(other.lookup('Hello.'), undefined);
});

test('two calls that want one line have it made once, and the second hears it from its beginning', async (t) => {
  const { inner, tts } = await openCache(t);
  const first = tts.speak('Please hold.', FOREVER)[Symbol.asyncIterator]();
  const firstChunk = first.next();
  const asked = await nthAsked(inner, 0);
  asked.send(100);
  assert.equal((await firstChunk).value?.mulaw.length, 100);
  const second = tts.speak('Please hold.', FOREVER)[Symbol.asyncIterator]();
  assert.equal((await second.next()).value?.mulaw.length, 100, 'what the first one has heard');
  asked.send(60);
  // It need not wait until the first one pulls.
  assert.equal((await second.next()).value?.mulaw.length, 60);
  asked.end();
  assert.equal((await second.next()).done, true);
  assert.equal((await first.next()).value?.mulaw.length, 60);
  assert.equal((await first.next()).done, true);
  assert.equal(inner.asked.length, 1);
});

test('one that is interrupted leaves the other unharmed', async (t) => {
  const { inner, tts } = await openCache(t);
  const stop = new AbortController();
  const stopped = bytesOf(tts.speak('Please hold.', stop.signal));
  const other = bytesOf(tts.speak('Please hold.', FOREVER));
  const asked = await nthAsked(inner, 0);
  asked.send(100);
  const reason = new Error('barge-in');
  const rejected = assert.rejects(stopped, (error) => error === reason);
  stop.abort(reason);
  await rejected;
  assert.equal(asked.signal.aborted, false);
  asked.send(50);
  asked.end();
  assert.equal(await other, 150);
});

test('when nobody wants it any more it is stopped, not kept, and made anew for the next', async (t) => {
  const opened = await openCache(t);
  const { inner, tts } = opened;
  const stop = new AbortController();
  const stopped = assert.rejects(bytesOf(tts.speak('Please hold.', stop.signal)));
  const asked = await nthAsked(inner, 0);
  asked.send(100);
  stop.abort(new Error('barge-in'));
  await stopped;
  assert.equal(asked.signal.aborted, true);
  // At once, before the old one has come to its end.
  const next = bytesOf(tts.speak('Please hold.', FOREVER));
  const second = await nthAsked(inner, 1);
  second.send(300);
  second.end();
  assert.equal(await next, 300);
  await settle();
  assert.equal(tts.lookup('Please hold.')?.length, 300);
});

test('a line that is primed is finished although the call that wants it goes away', async (t) => {
  const { inner, tts } = await openCache(t);
  const stop = new AbortController();
  const call = assert.rejects(bytesOf(tts.speak('Welcome.', stop.signal)));
  const asked = await nthAsked(inner, 0);
  const primed = tts.prime(['Welcome.'], FOREVER);
  await settle();
  stop.abort(new Error('hung up'));
  await call;
  assert.equal(asked.signal.aborted, false);
  asked.send(200);
  asked.end();
  assert.deepEqual(await primed, []);
  assert.equal(tts.lookup('Welcome.')?.length, 200);
});

test('what failed half way is not kept; everybody who listens hears of it', async (t) => {
  const opened = await openCache(t);
  const { inner, tts } = opened;
  const error = new ProviderError('truncated', 'cut', { stage: 'tts', provider: 'scripted' });
  const both = ['one', 'two'].map(() =>
    assert.rejects(bytesOf(tts.speak('Hello.', FOREVER)), (thrown) => thrown === error),
  );
  const asked = await nthAsked(inner, 0);
  asked.send(100);
  asked.fail(error);
  await Promise.all(both);
  assert.equal(tts.lookup('Hello.'), undefined);
  await say(opened, 'Hello.', 500);
  assert.equal(tts.lookup('Hello.')?.length, 500);
});

test('nothing, and speech too long to be said twice, is not kept; a long fixed line is', async (t) => {
  const opened = await openCache(t);
  const silent = bytesOf(opened.tts.speak('...', FOREVER));
  (await nthAsked(opened.inner, 0)).end();
  assert.equal(await silent, 0);
  await say(opened, 'A story.', 96_001);
  await prime(opened, 'A notice.', 96_001);
  assert.deepEqual(
    ['...', 'A story.', 'A notice.'].map((line) => opened.tts.lookup(line)?.length),
    [undefined, undefined, 96_001],
  );
});

test('fixed lines outlive the process, sentences do not', async (t) => {
  const disk = { folder: await folderOf(t) };
  const before = await openCache(t, { disk });
  await prime(before, 'Welcome.', 640);
  await say(before, 'It is five past three.');
  await before.cache.close();
  assert.equal((await readdir(disk.folder)).length, 1);

  const after = await openCache(t, { disk });
  assert.deepEqual(await after.tts.prime(['Welcome.'], FOREVER), []);
  assert.equal(after.tts.lookup('Welcome.')?.length, 640);
  assert.equal(after.inner.asked.length, 0);
  assert.deepEqual(after.seen, ['tts_disk hit', 'tts_memory hit']);
  await say(after, 'It is five past three.');
  assert.equal(after.inner.asked.length, 1);
});

test('a call that comes before the priming takes a line from disk, too', async (t) => {
  const disk = { folder: await folderOf(t) };
  const before = await openCache(t, { disk });
  await prime(before, 'Welcome.', 640);
  await before.cache.close();
  const after = await openCache(t, { disk });
  assert.equal(await bytesOf(after.tts.speak('Welcome.', FOREVER)), 640);
  assert.deepEqual(after.seen, ['tts_memory miss', 'tts_disk hit']);
});

test('a line that was said before it was primed goes to disk when it is', async (t) => {
  const disk = { folder: await folderOf(t) };
  const opened = await openCache(t, { disk });
  await say(opened, 'Goodbye.');
  assert.deepEqual(await opened.tts.prime(['Goodbye.'], FOREVER), []);
  await opened.cache.close();
  assert.equal((await readdir(disk.folder)).length, 1);
  assert.equal(opened.inner.asked.length, 1);
});

test('a damaged file is made anew', async (t) => {
  const disk = { folder: await folderOf(t) };
  const before = await openCache(t, { disk });
  await prime(before, 'Welcome.', 640);
  await before.cache.close();
  const [name] = await readdir(disk.folder);
  assert.ok(name !== undefined);
  await writeFile(path.join(disk.folder, name), 'rubbish');
  const after = await openCache(t, { disk });
  await prime(after, 'Welcome.', 700);
  assert.equal(after.tts.lookup('Welcome.')?.length, 700);
  assert.deepEqual(after.seen.slice(0, 1), ['tts_disk miss']);
});

test('a disk that fails is reported, and the line is made', async (t) => {
  const folder = await folderOf(t);
  const blocked = path.join(folder, 'blocked');
  await writeFile(blocked, 'in the way');
  const without = await openCache(t, { disk: { folder: blocked } });
  assert.equal(without.errors.length, 1);
  await prime(without, 'Welcome.');

  const inside = path.join(folder, 'inside');
  const breaking = await openCache(t, { disk: { folder: inside } });
  await rm(inside, { recursive: true });
  await writeFile(inside, 'in the way');
  await prime(breaking, 'Welcome.');
  assert.ok(breaking.tts.lookup('Welcome.') !== undefined);
  await breaking.cache.close();
  assert.equal(breaking.errors.length, 2, 'reading and writing');
});

test('priming makes a few lines at a time, each once, and answers which could not be made', async (t) => {
  const { inner, tts } = await openCache(t);
  const lines = Array.from({ length: 9 }, (_unused, n) => `Line ${n}.`);
  const primed = tts.prime([...lines, ...lines], FOREVER);
  let most = 0;
  for (let n = 0; n < lines.length; n += 1) {
    const asked = await nthAsked(inner, n);
    await settle();
    most = Math.max(most, inner.asked.length - n);
    if (asked.text === 'Line 3.') {
      asked.fail(new ProviderError('server', 'no', { stage: 'tts', provider: 'scripted' }));
    } else {
      asked.send(80);
      asked.end();
    }
  }
  const failures = await primed;
  assert.deepEqual(
    failures.map(({ line }) => line),
    ['Line 3.'],
  );
  assert.equal(most, 4);
  assert.equal(inner.asked.length, 9);
  assert.ok(lines.every((line) => line === 'Line 3.' || tts.lookup(line)?.length === 80));
});

test('priming stops when told, and what it had begun stops with it', async (t) => {
  const { inner, tts } = await openCache(t);
  const stop = new AbortController();
  const primed = tts.prime(['One.', 'Two.'], stop.signal);
  const asked = await nthAsked(inner, 1);
  const reason = new Error('shutting down');
  const rejected = assert.rejects(primed, (error) => error === reason);
  stop.abort(reason);
  await rejected;
  assert.ok(asked.signal.aborted);
});

test('closing stops what is being made', async (t) => {
  const { cache, inner, tts } = await openCache(t);
  const heard = assert.rejects(bytesOf(tts.speak('Hello.', FOREVER)), /closed/);
  const asked = await nthAsked(inner, 0);
  await cache.close();
  await heard;
  assert.ok(asked.signal.aborted);
  await cache.close();
});

test('memory is bounded, and the fixed lines stay in it', async (t) => {
  const opened = await openCache(t, { memoryBytesMax: 20_000, entriesMax: 5 });
  await prime(opened, 'Welcome.');
  for (let n = 0; n < 12; n += 1) await say(opened, `Sentence ${n}.`, 3_000);
  assert.ok(opened.cache.memoryBytes <= 20_000);
  assert.ok(opened.tts.lookup('Welcome.') !== undefined);
  assert.equal(opened.tts.lookup('Sentence 0.'), undefined);
  assert.ok(opened.tts.lookup('Sentence 11.') !== undefined);
});

test('the rest is the provider’s', async (t) => {
  const { inner, tts } = await openCache(t);
  assert.deepEqual([tts.provider, tts.cacheKey], [inner.provider, inner.cacheKey]);
  await tts.warmUp(FOREVER);
});
