import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import { isSigned } from '../../src/twilio/signature.ts';

const TOKEN = '12345';

/** The first is Twilio's own; the others were computed with its package. */
const vectors: readonly [url: string, signature: string, parameters: Record<string, string>][] = [
  [
    'https://mycompany.com/myapp.php?foo=1&bar=2',
    'RSOYDt4T1cUTdK1PDd93/VVr8B8=',
    {
      CallSid: 'CA1234567890ABCDE',
      Caller: '+14158675309',
      Digits: '1234',
      From: '+14158675309',
      To: '+18005551212',
    },
  ],
  ['wss://voice.example.com/media', 'jFDHVhI8XO69C49uXR3xmdZPylY=', {}],
  ['wss://voice.example.com/media/', 'BXF4dPv/qKwfALEQ/o2fVPPvK/c=', {}],
  ['wss://voice.example.com', 'W1Ytz3AvLDaBNIQZYru+BzcVgXc=', {}],
  ['wss://voice.example.com/', 'HbTtEI8pvTak61DpTS/wsLOWoMk=', {}],
  ['wss://voice.example.com:443/media', 'zT3E7J41/O0MIJ8mFRuffODYWF4=', {}],
  ['https://voice.example.com/media', '2A768no+sGy6/ZLDxHITQfda/E8=', {}],
];

for (const [url, signature, parameters] of vectors) {
  test(`accepts the signature of ${url}`, () => {
    assert.equal(isSigned(TOKEN, signature, url, parameters), true);
    assert.equal(isSigned('54321', signature, url, parameters), false);
    assert.equal(isSigned(TOKEN, signature, url, { ...parameters, More: '1' }), false);
  });
}

test('a slash at the end and the port of the scheme make no difference', () => {
  for (const [url, signature] of vectors.slice(1, 6)) {
    const path = url.includes('media') ? '/media' : '';
    assert.equal(isSigned(TOKEN, signature, `wss://voice.example.com${path}`, {}), true, url);
    assert.equal(isSigned(TOKEN, signature, `wss://voice.example.com${path}/`, {}), true, url);
  }
  const url = 'https://voice.example.com/twilio/voice';
  const signature = getExpectedTwilioSignature(TOKEN, `${url}/?a=1`, { A: 'b' });
  assert.equal(isSigned(TOKEN, signature, `${url}?a=1`, { A: 'b' }), true);
  assert.equal(isSigned(TOKEN, signature, `${url}?a=2`, { A: 'b' }), false);
});

test('an upgrade is signed over the wss address, not over https', () => {
  assert.equal(isSigned(TOKEN, '2A768no+sGy6/ZLDxHITQfda/E8=', 'wss://voice.example.com/media', {}), false);
});

test('the fragment that carries settings for Twilio is not part of what is signed', () => {
  const signature = getExpectedTwilioSignature(TOKEN, 'https://h/voice', {});
  assert.equal(isSigned(TOKEN, signature, 'https://h/voice#rc=2', {}), true);
});

test('a repeated field is signed as a list', () => {
  const fields = { A: ['2', '1', '2'] };
  const signature = getExpectedTwilioSignature(TOKEN, 'https://h/voice', fields);
  assert.equal(isSigned(TOKEN, signature, 'https://h/voice', fields), true);
});

for (const bad of [
  undefined,
  '',
  'x',
  7,
  ['jFDHVhI8XO69C49uXR3xmdZPylY='],
  'jFDHVhI8XO69C49uXR3xmdZPylY=, x',
]) {
  test(`refuses ${JSON.stringify(bad)} for a signature`, () => {
    assert.equal(isSigned(TOKEN, bad, 'wss://voice.example.com/media', {}), false);
  });
}

test('never throws, whatever it is given', () => {
  fc.assert(
    fc.property(fc.webUrl(), fc.string(), fc.dictionary(fc.string(), fc.anything()), (url, path, fields) => {
      assert.equal(isSigned(TOKEN, 'jFDHVhI8XO69C49uXR3xmdZPylY=', url + path, fields), false);
      assert.equal(isSigned(TOKEN, 'jFDHVhI8XO69C49uXR3xmdZPylY=', path, fields), false);
    }),
  );
});
