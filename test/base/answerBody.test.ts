import assert from 'node:assert/strict';
import test from 'node:test';
import { AnswerBody, UNREAD_BYTES_MAX } from '../../src/base/answerBody.ts';

function open(): { readonly body: AnswerBody; readonly told: string[] } {
  const told: string[] = [];
  const body = new AnswerBody({
    pause: () => told.push('pause'),
    resume: () => told.push('resume'),
    cancel: () => told.push('cancel'),
  });
  return { body, told };
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const textOf = (chunk: Uint8Array | undefined): string | undefined =>
  chunk === undefined ? undefined : Buffer.from(chunk).toString();

test('what came is read in its order, and what is waited for is given at once', async () => {
  const { body } = open();
  body.push(bytes('one'));
  assert.equal(textOf(await body.read()), 'one');
  const both = [body.read(), body.read()];
  body.push(bytes('two'));
  body.push(bytes('three'));
  assert.deepEqual((await Promise.all(both)).map(textOf), ['two', 'three']);
  body.end();
  assert.deepEqual([await body.read(), await body.read()], [undefined, undefined]);
});

test('what nobody reads holds the sender back until somebody does', async () => {
  const { body, told } = open();
  const chunk = new Uint8Array(UNREAD_BYTES_MAX / 2);
  body.push(chunk);
  assert.deepEqual(told, []);
  body.push(chunk);
  body.push(chunk);
  assert.deepEqual(told, ['pause']);
  await body.read();
  assert.deepEqual(told, ['pause']);
  await body.read();
  assert.deepEqual(told, ['pause', 'resume']);
});

test('an answer that broke off is read as far as it came, and then fails', async () => {
  const { body } = open();
  body.push(bytes('half'));
  body.fail(new Error('cut'));
  body.end();
  body.push(bytes('more'));
  assert.equal(textOf(await body.read()), 'half');
  await assert.rejects(body.read(), /cut/);
  const waiting = open();
  const read = waiting.body.read();
  waiting.body.fail(new Error('cut'));
  await assert.rejects(read, /cut/);
});

test('whoever stops in the middle cancels it, once', async () => {
  const { body, told } = open();
  body.push(bytes('one'));
  body.push(bytes('two'));
  for await (const chunk of body) {
    assert.equal(textOf(chunk), 'one');
    break;
  }
  body.cancel();
  assert.deepEqual(told, ['cancel']);
  assert.equal(await body.read(), undefined);
});

test('its text is told as far as it is wanted, and as far as it came', async () => {
  const long = open();
  long.body.push(bytes('ä'.repeat(10)));
  assert.equal(await long.body.text(4), 'ääää');
  assert.deepEqual(long.told, ['cancel']);
  const cut = open();
  cut.body.push(bytes('no such'));
  cut.body.fail(new Error('cut'));
  assert.equal(await cut.body.text(100), 'no such (cut)');
});
