import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import test from 'node:test';
import { adminAccess, isLocalPeer, isOwnOrigin, isLocalRequest } from '../../src/server/auth.ts';

/** A request as it would come from this address; real ones can only come from this machine. */
function from(remoteAddress: string | undefined, headers: Record<string, string> = {}): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress });
  const request = new IncomingMessage(socket);
  Object.assign(request.headers, headers);
  return request;
}

for (const address of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1']) {
  test(`${address} is this machine`, () => assert.equal(isLocalPeer(from(address)), true));
}

for (const address of [
  '10.0.0.1',
  '::ffff:10.0.0.1',
  '203.0.113.9',
  '2001:db8::1',
  '128.0.0.1',
  '',
  undefined,
]) {
  test(`${String(address)} is not this machine`, () => {
    assert.equal(isLocalPeer(from(address)), false);
    assert.equal(isLocalPeer(from(address, { 'x-forwarded-for': '127.0.0.1' })), false);
  });
}

test('a request that a proxy passed on is not local', () => {
  for (const name of ['forwarded', 'x-forwarded-for', 'x-real-ip']) {
    assert.equal(isLocalPeer(from('127.0.0.1', { [name]: '127.0.0.1' })), false, name);
  }
});

test('without a token a local peer is served under a local name alone', () => {
  for (const host of ['127.0.0.1:8080', 'localhost', '[::1]:8080']) {
    assert.equal(adminAccess(from('127.0.0.1', { host }), undefined), 'granted', host);
  }
  for (const host of ['evil.example', '10.0.0.1', 'localhost.evil.example', '::bad::']) {
    assert.equal(adminAccess(from('127.0.0.1', { host }), undefined), 'not_local', host);
  }
  assert.equal(adminAccess(from('127.0.0.1'), undefined), 'not_local');
  assert.equal(adminAccess(from('10.0.0.1', { host: 'localhost' }), undefined), 'not_local');
});

test('a bearer is served from anywhere, and nobody else from nowhere', () => {
  assert.equal(adminAccess(from('10.0.0.1', { authorization: 'Bearer secret' }), 'secret'), 'granted');
  assert.equal(adminAccess(from('10.0.0.1', { authorization: 'bearer secret' }), 'secret'), 'granted');
  assert.equal(adminAccess(from('127.0.0.1', { host: 'localhost' }), 'secret'), 'unauthorized');
  assert.equal(adminAccess(from('127.0.0.1', { authorization: 'Bearer secre' }), 'secret'), 'unauthorized');
});

test('a page of somebody else may not open a socket', () => {
  const own = 'https://voice.example.com/phone';
  assert.equal(isOwnOrigin(from('127.0.0.1'), own), true);
  assert.equal(isOwnOrigin(from('127.0.0.1', { origin: 'https://voice.example.com' }), own), true);
  assert.equal(
    isOwnOrigin(from('127.0.0.1', { origin: 'http://localhost:1', host: 'localhost:1' }), own),
    true,
  );
  assert.equal(
    isOwnOrigin(from('127.0.0.1', { origin: 'https://evil.example', host: 'localhost:1' }), own),
    false,
  );
  assert.equal(isOwnOrigin(from('127.0.0.1', { origin: 'null', host: 'localhost:1' }), own), false);
});

test('who shows nothing is served on this machine alone, under its name, and is no page of somebody else', () => {
  const own = 'https://voice.example.com';
  const host = 'localhost:8080';
  const served = (address: string, headers: Record<string, string>): boolean =>
    isLocalRequest(from(address, headers), own);
  assert.equal(served('127.0.0.1', { host }), true, 'curl, or a carrier that is played here');
  assert.equal(served('127.0.0.1', { host, origin: 'http://localhost:8080' }), true, 'our own page');
  assert.equal(served('127.0.0.1', { host: 'evil.example:8080', origin: 'http://evil.example:8080' }), false);
  assert.equal(served('127.0.0.1', { host: 'evil.example:8080' }), false);
  assert.equal(served('127.0.0.1', { host, origin: 'https://evil.example' }), false);
  assert.equal(served('127.0.0.1', { host, origin: 'null' }), false);
  assert.equal(served('127.0.0.1', { host: 'voice.example.com' }), false, 'what comes by a tunnel');
  assert.equal(served('10.0.0.1', { host }), false);
});
