import assert from 'node:assert/strict';
import test from 'node:test';
import { connectStream, dial, hangUp, redirect, sayAndHangUp } from '../../src/twilio/twiml.ts';

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';

test('a call is connected with its stream, and Twilio asks what next', () => {
  const url = 'wss://voice.example.com/twilio/media';
  assert.equal(
    connectStream({ url, token: 'a.b', action: '/twilio/stream-ended' }),
    `${HEAD}<Response><Connect action="/twilio/stream-ended"><Stream url="${url}">` +
      '<Parameter name="token" value="a.b"/></Stream></Connect></Response>',
  );
});

test('what is said or dialled is escaped', () => {
  assert.equal(
    sayAndHangUp('<Dial> & "more"', 'en-US'),
    `${HEAD}<Response><Say language="en-US">&lt;Dial&gt; &amp; "more"</Say><Hangup/></Response>`,
  );
  assert.equal(
    connectStream({ url: 'wss://h', token: '"/><Hangup/>', action: '/a?b=1&c=2' }),
    `${HEAD}<Response><Connect action="/a?b=1&amp;c=2"><Stream url="wss://h">` +
      '<Parameter name="token" value="&quot;/>&lt;Hangup/>"/></Stream></Connect></Response>',
  );
});

test('a number and a SIP address are dialled each in its way', () => {
  assert.equal(dial('+15005550006'), `${HEAD}<Response><Dial>+15005550006</Dial></Response>`);
  assert.equal(
    dial('sip:desk@example.com'),
    `${HEAD}<Response><Dial><Sip>sip:desk@example.com</Sip></Dial></Response>`,
  );
});

test('hanging up and going elsewhere', () => {
  assert.equal(hangUp(), `${HEAD}<Response><Hangup/></Response>`);
  assert.equal(
    redirect('https://h/voice?a=1&b=2'),
    `${HEAD}<Response><Redirect method="POST">https://h/voice?a=1&amp;b=2</Redirect></Response>`,
  );
});
