import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { OverloadReason } from '../../src/server/overload.ts';
import { until } from '../helpers/until.ts';
import {
  CALL,
  errorCode,
  json,
  mediaSocket,
  PUBLIC,
  raw,
  served,
  sign,
  startText,
  storedCall,
  tokenIn,
} from './harness.ts';

const slow: { reason: OverloadReason | undefined } = { reason: undefined };

served('an incoming call is connected with a stream and a token of its own', async (harness) => {
  const response = await harness.webhook('/twilio/voice', { CallStatus: 'ringing', Direction: 'inbound' });
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/xml/);
  const twiml = await response.text();
  const token = tokenIn(twiml);
  assert.equal(
    twiml,
    '<?xml version="1.0" encoding="UTF-8"?><Response><Connect action="/twilio/stream-ended">' +
      `<Stream url="wss://voice.example.com/twilio/media"><Parameter name="token" value="${token}"/>` +
      '</Stream></Connect></Response>',
  );
  assert.deepEqual(harness.calls.prepared, [
    {
      callSid: CALL,
      accountSid: 'AC1',
      direction: 'inbound',
      from: '+15005550006',
      to: '+15005550001',
      leadId: undefined,
      variables: {},
    },
  ]);
  assert.deepEqual(harness.rejected, []);
});

served(
  'behind a path of its own the gateway says so in every address',
  async (harness) => {
    const response = await harness.webhook('/twilio/voice', {}, null);
    const twiml = await response.text();
    assert.match(twiml, /<Connect action="\/phone\/twilio\/stream-ended">/);
    assert.match(twiml, /<Stream url="wss:\/\/media-7\.example\.com\/twilio\/media">/);
  },
  {
    publicUrl: `${PUBLIC}/phone/`,
    streamUrl: 'wss://media-7.example.com/',
    twilio: { accountSid: undefined, authToken: undefined },
  },
);

served(
  'a repeated webhook gives a new token and holds one place',
  async (harness) => {
    const first = tokenIn(await (await harness.webhook('/twilio/voice')).text());
    const second = tokenIn(await (await harness.webhook('/twilio/voice')).text());
    assert.notEqual(first, second);
    const other = await harness.webhook('/twilio/voice', { CallSid: 'CA2' });
    assert.match(await other.text(), /<Connect/);
  },
  { callsMax: 2 },
);

for (const route of [
  '/twilio/voice',
  '/twilio/stream-ended',
  '/twilio/status',
  '/twilio/amd',
  '/twilio/recording',
]) {
  served(`${route} refuses a missing, a wrong and another's signature`, async (harness) => {
    const wrong = sign('/twilio/other', {});
    for (const signature of [null, 'junk', wrong, sign(route, { CallSid: 'CA2' })]) {
      const response = await harness.webhook(route, {}, signature);
      assert.equal(response.status, 403);
      assert.equal(await errorCode(response), 'bad_signature');
    }
    assert.deepEqual(harness.rejected, ['signature', 'signature', 'signature', 'signature']);
    assert.deepEqual(harness.calls.prepared, []);
  });
}

served('a query is part of what is signed', async (harness) => {
  assert.equal((await harness.webhook('/twilio/voice?a=1&b=%20')).status, 200);
  const form = { CallSid: CALL, AccountSid: 'AC1', From: '+15005550006', To: '+15005550001' };
  assert.equal((await harness.webhook('/twilio/voice?a=2', {}, sign('/twilio/voice?a=1', form))).status, 403);
});

served(
  'without an account only local peers are served, and a forwarded request is not local',
  async (harness) => {
    assert.equal((await harness.webhook('/twilio/voice', {}, null)).status, 200);
    const forwarded = await fetch(`${harness.server.url}/twilio/voice`, {
      method: 'POST',
      headers: { 'x-forwarded-for': '127.0.0.1' },
      body: new URLSearchParams({ CallSid: CALL, AccountSid: 'AC1' }),
    });
    assert.equal(forwarded.status, 403);
    assert.deepEqual(harness.rejected, ['auth']);
  },
  { twilio: { accountSid: undefined, authToken: undefined } },
);

for (const route of ['/twilio/voice', '/twilio/status', '/twilio/amd'])
  served(
    `without an account ${route} is not for a page in a browser here, whatever name it has for this machine`,
    async (harness) => {
      const { host } = new URL(harness.server.url);
      const body = `CallSid=${CALL}&AccountSid=AC1&CallStatus=completed&AnsweredBy=human`;
      const posted = (...headers: readonly string[]): Promise<string> =>
        raw(
          harness,
          `POST ${route} HTTP/1.1\r\n${headers.join('\r\n')}\r\nConnection: close\r\n` +
            `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
      for (const headers of [
        ['Host: evil.example:8080', 'Origin: http://evil.example:8080'],
        ['Host: evil.example:8080'],
        [`Host: ${host}`, 'Origin: https://evil.example'],
        [`Host: ${host}`, 'Origin: null'],
      ])
        assert.match(await posted(...headers), /^HTTP\/1\.1 403 /, headers.join(', '));
      assert.deepEqual(harness.rejected, ['auth', 'auth', 'auth', 'auth']);
      assert.deepEqual([harness.calls.prepared, harness.calls.told], [[], []]);
      assert.match(await posted(`Host: ${host}`), /^HTTP\/1\.1 20[04] /, 'curl has no origin');
    },
    { twilio: { accountSid: undefined, authToken: undefined } },
  );

served('a signed form without a call is refused', async (harness) => {
  for (const route of ['/twilio/voice', '/twilio/status', '/twilio/amd', '/twilio/recording']) {
    const response = await harness.webhook(route, { CallSid: '' });
    assert.equal(response.status, 400, route);
    assert.equal(await errorCode(response), 'bad_webhook');
  }
  assert.deepEqual(new Set(harness.rejected), new Set(['webhook']));
});

served(
  'a webhook of a call that is over begins no other, as one that is played again after a restart',
  async (harness) => {
    harness.reader.stored.push(storedCall(CALL, { endedAt: new Date(1_700_000_060_000) }));
    for (let time = 0; time < 3; time += 1) {
      const response = await harness.webhook('/twilio/voice');
      assert.equal(response.status, 403);
      assert.equal(await errorCode(response), 'replayed');
    }
    assert.deepEqual(harness.rejected, ['replay', 'replay', 'replay']);
    assert.deepEqual(harness.calls.prepared, []);
    assert.deepEqual(harness.reader.askedOver, [CALL], 'the same again is known');
  },
);

served('a call that is sent to us again when it was over for us goes on', async (harness) => {
  harness.reader.stored.push(storedCall(CALL, { endedAt: new Date(1_700_000_060_000) }));
  const again = await harness.webhook('/twilio/voice', { CallStatus: 'in-progress' });
  const socket = await mediaSocket(harness);
  socket.send(startText(tokenIn(await again.text())));
  await until(() => harness.calls.opened.length === 1, 'the call is opened');
  assert.equal(harness.calls.opened[0]?.resumed, true, 'its turns are not written over');
});

served(
  'where nothing is signed a call that is over may begin again',
  async (harness) => {
    harness.reader.stored.push(storedCall(CALL, { endedAt: new Date(1_700_000_060_000) }));
    assert.match(await (await harness.webhook('/twilio/voice', {}, null)).text(), /<Connect/);
  },
  { twilio: { accountSid: undefined, authToken: undefined } },
);

served(
  'the store is asked once about a call that comes for the first time, and not about one that is expected',
  async (harness) => {
    harness.reader.stored.push(storedCall('CA2'));
    assert.match(await (await harness.webhook('/twilio/voice')).text(), /<Connect/);
    assert.match(await (await harness.webhook('/twilio/voice', { CallSid: 'CA2' })).text(), /<Connect/);
    assert.match(await (await harness.webhook('/twilio/voice')).text(), /<Connect/);
    const { callSid } = await json<{ callSid: string }>(
      await harness.api('POST', '/v1/calls', { to: '+15005550009' }),
    );
    const outgoing = { CallSid: callSid, Direction: 'outbound-api' };
    assert.match(await (await harness.webhook('/twilio/voice', outgoing)).text(), /<Connect/);
    assert.deepEqual(harness.reader.askedOver, [CALL, 'CA2']);
  },
);

served(
  'a store that is away or silent refuses no caller and keeps none waiting',
  async (harness) => {
    for (const state of ['down', 'silent'] as const) {
      const callSid = `CA-${state}`;
      harness.reader.stored.push(storedCall(callSid, { endedAt: new Date(1_700_000_060_000) }));
      harness.reader.state = state;
      assert.match(await (await harness.webhook('/twilio/voice', { CallSid: callSid })).text(), /<Connect/);
    }
    assert.deepEqual(harness.rejected, []);
    const asked = harness.log.filter((line) => line.includes('takes a call without the store'));
    assert.equal(asked.length, 2);
  },
  { limits: { storeTimeoutMs: 20 } },
);

served(
  'while the store is asked about calls no more of them come in than there are places',
  async (harness) => {
    const answers = await Promise.all(
      ['CA1', 'CA2', 'CA3', 'CA4'].map(async (sid) =>
        (await harness.webhook('/twilio/voice', { CallSid: sid })).text(),
      ),
    );
    assert.equal(answers.filter((text) => text.includes('<Connect')).length, 2);
  },
  { callsMax: 2 },
);

served(
  'when full a call is told so and hung up, and keeps its place if it had one',
  async (harness) => {
    await harness.webhook('/twilio/voice');
    const turnedAway = await harness.webhook('/twilio/voice', { CallSid: 'CA2' });
    assert.equal(turnedAway.status, 200);
    assert.equal(
      await turnedAway.text(),
      '<?xml version="1.0" encoding="UTF-8"?><Response><Say language="en-US">All lines are busy.</Say><Hangup/></Response>',
    );
    assert.match(await (await harness.webhook('/twilio/voice')).text(), /<Connect/);
    assert.deepEqual(harness.rejected, ['overload']);
  },
  { callsMax: 1 },
);

served(
  'a call too many goes to the instance that takes what overflows, and between two full ones it is not sent for ever',
  async (harness) => {
    harness.calls.activeCount = 10;
    const first = await (await harness.webhook('/twilio/voice')).text();
    assert.match(first, /<Redirect method="POST">https:\/\/two\.example\.com\/twilio\/voice\?overflow=1</);
    const second = await (await harness.webhook('/twilio/voice?overflow=1')).text();
    assert.match(second, /\/twilio\/voice\?overflow=2</);
    for (const hops of ['2', '9', '-1', 'x', '1&overflow=1']) {
      const last = await (await harness.webhook(`/twilio/voice?overflow=${hops}`)).text();
      assert.match(last, /All lines are busy/, hops);
    }
    assert.equal(harness.rejected.length, 7);
  },
  { overflowUrl: 'https://two.example.com/twilio/voice' },
);

served(
  'a process that is too slow turns new calls away with its reason in the log, and keeps those it has announced',
  async (harness) => {
    slow.reason = undefined;
    await harness.webhook('/twilio/voice');
    slow.reason = 'playout_late';
    assert.match(await (await harness.webhook('/twilio/voice', { CallSid: 'CA2' })).text(), /busy/);
    assert.match(await (await harness.webhook('/twilio/voice')).text(), /<Connect/);
    const ready = await fetch(`${harness.server.url}/readyz`);
    assert.equal(ready.status, 503);
    assert.deepEqual(await ready.json(), { ready: false, reasons: ['overloaded'] });
    assert.ok(harness.log.some((line) => line.includes('"tooSlow":"playout_late"')));
    assert.deepEqual(harness.rejected, ['overload']);
    const call = await harness.api('POST', '/v1/calls', { to: '+15005550009' });
    assert.equal(call.status, 503);
    slow.reason = undefined;
    assert.match(await (await harness.webhook('/twilio/voice', { CallSid: 'CA2' })).text(), /<Connect/);
  },
  { overloaded: () => slow.reason },
);

served('live calls fill the places too', async (harness) => {
  harness.calls.activeCount = 10;
  assert.match(await (await harness.webhook('/twilio/voice')).text(), /busy/);
});

served(
  'when draining a new call asks the balancer for another, and one announced before is taken',
  async (harness) => {
    await harness.webhook('/twilio/voice');
    harness.server.setDraining();
    let route = '/twilio/voice';
    for (const hop of [1, 2]) {
      const twiml = await (await harness.webhook(route, { CallSid: 'CA2' })).text();
      const next = /<Redirect method="POST">https:\/\/voice\.example\.com(.*)<\/Redirect>/.exec(twiml)?.[1];
      assert.equal(next, `/twilio/voice?overflow=${hop}`);
      route = next ?? '';
    }
    // There is no other.
    assert.match(await (await harness.webhook(route, { CallSid: 'CA2' })).text(), /busy.*<Hangup/);
    assert.deepEqual(harness.rejected, ['overload', 'overload', 'overload']);
    assert.match(await (await harness.webhook('/twilio/voice')).text(), /<Connect/);
  },
);

served('a failure of ours is an apology in TwiML, and its reason stays in the log', async (harness) => {
  harness.calls.prepare = () => {
    throw new Error('it broke');
  };
  const response = await harness.webhook('/twilio/voice');
  assert.equal(response.status, 200);
  const twiml = await response.text();
  assert.match(twiml, /<Say language="en-US">Something went wrong\.<\/Say><Hangup\/>/);
  assert.ok(!twiml.includes('it broke'));
  assert.ok(harness.log.some((line) => line.startsWith('error') && line.includes('it broke')));
});

served('a stream that is over: what the live calls say is done', async (harness) => {
  harness.calls.next = { kind: 'hangup' };
  assert.match(
    await (await harness.webhook('/twilio/stream-ended')).text(),
    /<Response><Hangup\/><\/Response>/,
  );
  harness.calls.next = { kind: 'dial', to: '+15005550009' };
  assert.match(await (await harness.webhook('/twilio/stream-ended')).text(), /<Dial>\+15005550009<\/Dial>/);
});

served('a caller who has hung up is not connected again', async (harness) => {
  const response = await harness.webhook('/twilio/stream-ended', { CallStatus: 'completed' });
  assert.match(await response.text(), /<Hangup\/>/);
});

served('a lost stream is connected again three times, then there is an apology', async (harness) => {
  const info = {
    callSid: CALL,
    accountSid: 'AC1',
    direction: 'outbound' as const,
    from: '+1',
    to: '+2',
    leadId: 'lead-1',
    variables: { name: 'Ann' },
  };
  harness.calls.next = { kind: 'connect', info };
  const tokens = new Set<string>();
  for (let i = 0; i < 3; i += 1) {
    tokens.add(tokenIn(await (await harness.webhook('/twilio/stream-ended')).text()));
  }
  assert.equal(tokens.size, 3);
  assert.deepEqual(harness.calls.prepared, [info, info, info]);
  const fourth = await harness.webhook('/twilio/stream-ended');
  assert.match(await fourth.text(), /Something went wrong\.<\/Say><Hangup\/>/);
  assert.match(await (await harness.webhook('/twilio/stream-ended', { CallSid: 'CA2' })).text(), /<Connect/);
});

served('who is told that the caller has hung up answers at once, and passes it on', async (harness) => {
  const answer = await harness.webhook('/twilio/stream-ended', { CallStatus: 'completed' });
  assert.match(await answer.text(), /<Response><Hangup\/><\/Response>/);
  assert.deepEqual(harness.calls.told, [`${CALL} hung up`]);
  assert.deepEqual(harness.calls.prepared, []);
});

served(
  'a call of another instance that was ended is hung up, one that was not is connected',
  async (harness) => {
    harness.reader.stored.push(
      storedCall('CA-ended', { endedAt: new Date(), outcome: 'completed' }),
      storedCall('CA-lost', { direction: 'outbound', leadId: 'lead-1' }),
    );
    assert.match(
      await (await harness.webhook('/twilio/stream-ended', { CallSid: 'CA-ended' })).text(),
      /<Hangup\/>/,
    );
    assert.match(
      await (await harness.webhook('/twilio/stream-ended', { CallSid: 'CA-lost' })).text(),
      /<Connect/,
    );
    const [info] = harness.calls.prepared;
    assert.deepEqual([info?.callSid, info?.direction, info?.leadId], ['CA-lost', 'outbound', 'lead-1']);
  },
);

served(
  'a call that nobody knows, or a store that fails or is silent, does not cut the caller off',
  async (harness) => {
    assert.match(await (await harness.webhook('/twilio/stream-ended')).text(), /<Connect/);
    harness.reader.state = 'down';
    assert.match(await (await harness.webhook('/twilio/stream-ended')).text(), /<Connect/);
    harness.reader.state = 'silent';
    assert.match(await (await harness.webhook('/twilio/stream-ended')).text(), /<Connect/);
    assert.equal(harness.log.filter((line) => line.includes('resumed a call without the store')).length, 2);
  },
  { limits: { storeTimeoutMs: 20 } },
);

served(
  'a call that ends before its stream gives its place back and is told of',
  async (harness) => {
    await harness.webhook('/twilio/voice');
    assert.equal((await harness.webhook('/twilio/status', { CallStatus: 'in-progress' })).status, 204);
    assert.deepEqual(harness.calls.told, []);
    assert.equal((await harness.webhook('/twilio/status', { CallStatus: 'no-answer' })).status, 204);
    assert.equal((await harness.webhook('/twilio/status', { CallStatus: 'no-answer' })).status, 204);
    assert.deepEqual(harness.calls.told, [`${CALL} never started: no-answer`]);
    assert.match(await (await harness.webhook('/twilio/voice', { CallSid: 'CA2' })).text(), /<Connect/);
  },
  { callsMax: 1 },
);

served('who answered is passed on, from the callback and from the webhook', async (harness) => {
  assert.equal((await harness.webhook('/twilio/amd', { AnsweredBy: 'human' })).status, 204);
  await harness.webhook('/twilio/voice', { Direction: 'outbound-api', AnsweredBy: 'machine_start' });
  assert.deepEqual(harness.calls.told, [`${CALL} answered by human`, `${CALL} answered by machine_start`]);
});

const asked: unknown[] = [];

served(
  "the carrier's news of a call that is not here goes to the instance that has it",
  async (harness) => {
    harness.calls.unknown = true;
    assert.equal((await harness.webhook('/twilio/amd', { AnsweredBy: 'machine_start' })).status, 204);
    assert.equal((await harness.webhook('/twilio/status', { CallStatus: 'busy' })).status, 204);
    assert.equal((await harness.webhook('/twilio/status', { CallStatus: 'ringing' })).status, 204);
    assert.deepEqual(asked.splice(0), [
      [CALL, { kind: 'answeredBy', answeredBy: 'machine_start' }],
      [CALL, { kind: 'over', status: 'busy' }],
    ]);
    harness.calls.unknown = false;
    await harness.webhook('/twilio/voice');
    await harness.webhook('/twilio/amd', { AnsweredBy: 'human' });
    await harness.webhook('/twilio/status', { CallStatus: 'canceled' });
    assert.deepEqual(asked, [], 'it is here');
  },
  {
    others: {
      ask: async (...question) => {
        asked.push(question);
        return { kind: 'done' };
      },
      serve: () => undefined,
    },
  },
);

served("news of a recording of the carrier's is taken", async (harness) => {
  const response = await harness.webhook('/twilio/recording', {
    RecordingSid: 'RE1',
    RecordingStatus: 'completed',
  });
  assert.equal(response.status, 204);
});

served(
  'another content type is refused',
  async (harness) => {
    const response = await fetch(`${harness.server.url}/twilio/voice`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"CallSid":"CA1"}',
    });
    assert.equal(response.status, 415);
    assert.deepEqual(harness.rejected, ['body']);
  },
  { twilio: { accountSid: undefined, authToken: undefined } },
);

served(
  'no form, however strange, gets a 5xx',
  async (harness) => {
    const route = fc.constantFrom('voice', 'stream-ended', 'status', 'amd', 'recording');
    const form = fc.array(
      fc.tuple(
        fc.constantFrom('CallSid', 'AccountSid', 'CallStatus', '__proto__', 'x'),
        fc.string({ unit: 'binary', maxLength: 80 }),
      ),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(route, form, async (name, fields) => {
        const response = await fetch(`${harness.server.url}/twilio/${name}`, {
          method: 'POST',
          body: new URLSearchParams(fields),
        });
        await response.text();
        assert.ok(response.status < 500, `status ${response.status}`);
      }),
      { numRuns: 150 },
    );
  },
  { twilio: { accountSid: undefined, authToken: undefined } },
);

served(
  'a call that was left to another instance is sent on, and taken up here when nobody else has',
  async (harness) => {
    await harness.webhook('/twilio/voice');
    const [info] = harness.calls.prepared;
    assert.ok(info !== undefined);
    harness.calls.next = { kind: 'elsewhere', info };
    harness.server.setDraining();
    let route = '/twilio/stream-ended';
    for (const hop of [1, 2]) {
      const twiml = await (await harness.webhook(route)).text();
      const next = /<Redirect method="POST">https:\/\/voice\.example\.com(.*)<\/Redirect>/.exec(twiml)?.[1];
      assert.equal(next, `/twilio/stream-ended?overflow=${hop}`);
      route = next ?? '';
    }
    assert.match(await (await harness.webhook(route)).text(), /<Connect/);
    // The last one that had it may have ended it.
    harness.calls.elsewhere = { kind: 'dial', to: '+15550009999' };
    assert.match(await (await harness.webhook(route)).text(), /<Dial/);
  },
);

served('a draining instance takes up no call of one that is gone while another can', async (harness) => {
  harness.server.setDraining();
  assert.match(await (await harness.webhook('/twilio/stream-ended')).text(), /<Redirect.*overflow=1</);
  harness.reader.stored.push(storedCall(CALL, { endedAt: new Date() }));
  assert.match(await (await harness.webhook('/twilio/stream-ended')).text(), /<Hangup/);
});
