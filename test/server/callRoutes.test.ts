import assert from 'node:assert/strict';
import type { Act, AskedOutcome } from '../../src/fleet/port.ts';
import { TwilioRestError, type TwilioRest } from '../../src/twilio/rest.ts';
import { errorCode, json, PUBLIC, served, storedCall, tokenIn, type Harness } from './harness.ts';

const NUMBER = '+15005550006';
const INFO = {
  callSid: 'CA1',
  accountSid: 'AC1',
  direction: 'inbound' as const,
  from: '+1',
  to: '+2',
  leadId: undefined,
  variables: {},
};

async function refusal(harness: Harness, method: string, route: string, body?: unknown): Promise<string> {
  const response = await harness.api(method, route, body);
  return `${response.status} ${await errorCode(response)}`;
}

served('every admin route wants the token', async (harness) => {
  const routes = [
    ['GET', '/v1/calls'],
    ['POST', '/v1/calls'],
    ['GET', '/v1/calls/CA1'],
    ['DELETE', '/v1/calls/CA1'],
    ['GET', '/v1/calls/CA1/recording'],
    ['POST', '/v1/calls/CA1/hangup'],
    ['POST', '/v1/calls/CA1/transfer'],
    ['POST', '/v1/calls/CA1/say'],
    ['GET', '/v1/leads'],
    ['POST', '/v1/leads'],
    ['GET', '/v1/leads/1'],
    ['PATCH', '/v1/leads/1'],
    ['DELETE', '/v1/leads/1'],
    ['GET', '/v1/openapi.json'],
  ] as const;
  for (const [method, route] of routes) {
    assert.equal((await harness.api(method, route, undefined, null)).status, 401, route);
    assert.equal((await harness.api(method, route, undefined, 'wrong')).status, 401, route);
  }
});

served('calls come in pages, newest first', async (harness) => {
  for (let i = 0; i < 3; i += 1) {
    harness.reader.stored.push(storedCall(`CA${i}`, { startedAt: new Date(1_700_000_000_000 - i * 1_000) }));
  }
  interface Page {
    readonly calls: readonly { readonly callSid: string }[];
    readonly next: string | null;
  }
  const first = await json<Page>(await harness.api('GET', '/v1/calls?limit=2'));
  assert.deepEqual(
    first.calls.map((call) => call.callSid),
    ['CA0', 'CA1'],
  );
  assert.equal(first.next, '2023-11-14T22:13:19.000Z');
  const second = await json<Page>(await harness.api('GET', `/v1/calls?limit=2&before=${first.next}`));
  assert.deepEqual(
    second.calls.map((call) => call.callSid),
    ['CA2'],
  );
  assert.equal(second.next, null);
});

for (const query of ['limit=0', 'limit=201', 'limit=x', 'before=yesterday', 'limit=1&limit=2']) {
  served(`a page of ${query} is refused`, async (harness) => {
    assert.equal(await refusal(harness, 'GET', `/v1/calls?${query}`), '422 invalid');
  });
}

served('one call comes with its turns, an unknown one is not found', async (harness) => {
  harness.reader.stored.push(storedCall('CA1'));
  const call = await json<{ turns: unknown }>(await harness.api('GET', '/v1/calls/CA1'));
  assert.deepEqual(call.turns, []);
  assert.equal(await refusal(harness, 'GET', '/v1/calls/CA2'), '404 not_found');
});

served(
  'a call is deleted once, and not while it is under way here, elsewhere, or about to begin',
  async (harness) => {
    harness.reader.stored.push(storedCall('CA1'), storedCall('CA2'), storedCall('CA3'), storedCall('CA4'));
    harness.calls.start({ ...INFO, callSid: 'CA2' });
    harness.reader.live.add('CA3');
    await harness.webhook('/twilio/voice', { CallSid: 'CA4' });
    for (const callSid of ['CA2', 'CA3', 'CA4'])
      assert.equal(await refusal(harness, 'DELETE', `/v1/calls/${callSid}`), '409 live', callSid);
    const deleted = await harness.api('DELETE', '/v1/calls/CA1');
    assert.deepEqual([deleted.status, await deleted.text()], [204, '']);
    assert.deepEqual(harness.reader.erased, ['CA1']);
    assert.equal(await refusal(harness, 'DELETE', '/v1/calls/CA1'), '404 not_found');
    harness.reader.state = 'down';
    assert.equal(await refusal(harness, 'DELETE', '/v1/calls/CA5'), '503 store_unavailable');
  },
);

served('a store that fails is a 503 that names nothing of it', async (harness) => {
  harness.reader.state = 'down';
  const response = await harness.api('GET', '/v1/calls');
  assert.equal(response.status, 503);
  const text = await response.text();
  assert.match(text, /store_unavailable/);
  assert.ok(!text.includes('db.internal'));
});

served('a live call is acted on, and one that is not live is not found', async (harness) => {
  harness.calls.start(INFO);
  for (const [action, body] of [
    ['say', { text: ' Hello ' }],
    ['transfer', { to: NUMBER }],
    ['hangup', undefined],
  ] as const) {
    const response = await harness.api('POST', `/v1/calls/CA1/${action}`, body);
    assert.equal(response.status, 202, action);
    assert.deepEqual(await response.json(), { callSid: 'CA1' });
    assert.equal(await refusal(harness, 'POST', `/v1/calls/CA2/${action}`, body), '404 not_live');
  }
  assert.deepEqual(harness.calls.told, ['say Hello', `transfer to ${NUMBER}`, 'hang up']);
});

const badActions: readonly [action: string, body: unknown][] = [
  ['say', { text: ' ' }],
  ['say', { text: 'x'.repeat(1_001) }],
  ['say', {}],
  ['say', { text: 'x', more: 1 }],
  ['transfer', { to: '5550006' }],
  ['transfer', { to: 'sip:a b' }],
  ['transfer', undefined],
];

for (const [action, body] of badActions) {
  served(`${action} with ${(JSON.stringify(body) ?? 'nothing').slice(0, 40)} is refused`, async (harness) => {
    harness.calls.start(INFO);
    assert.equal(await refusal(harness, 'POST', `/v1/calls/CA1/${action}`, body), '422 invalid');
    assert.deepEqual(harness.calls.told, []);
  });
}

served(
  'an outgoing call is placed, prepared while it rings, and known when it is answered',
  async (harness) => {
    const lead = await harness.api('POST', '/v1/leads', {
      name: 'Ann',
      phone: NUMBER,
      fields: { plan: 'basic', city: 'X' },
    });
    assert.equal(lead.status, 201);
    const response = await harness.api('POST', '/v1/calls', {
      to: NUMBER,
      agent: 'desk',
      leadId: 'lead-1',
      variables: { city: 'Y' },
    });
    assert.equal(response.status, 202);
    assert.deepEqual(await response.json(), { callSid: 'CA-placed-1' });
    assert.deepEqual(harness.placed, [
      {
        to: NUMBER,
        from: '+15005550001',
        url: `${PUBLIC}/twilio/voice`,
        statusCallback: `${PUBLIC}/twilio/status`,
        answeredByCallback: `${PUBLIC}/twilio/amd`,
        ringTimeoutMs: 30_000,
      },
    ]);
    const twiml = await harness.webhook('/twilio/voice', {
      CallSid: 'CA-placed-1',
      Direction: 'outbound-api',
    });
    assert.ok(tokenIn(await twiml.text()));
    const expected = {
      callSid: 'CA-placed-1',
      accountSid: 'AC1',
      direction: 'outbound',
      from: '+15005550001',
      to: NUMBER,
      leadId: 'lead-1',
      variables: { name: 'Ann', phone: NUMBER, plan: 'basic', city: 'Y' },
    };
    assert.deepEqual(harness.calls.prepared, [expected, expected]);
  },
);

served('an outgoing call that nobody takes is told of', async (harness) => {
  await harness.api('POST', '/v1/calls', { to: NUMBER });
  await harness.webhook('/twilio/status', { CallSid: 'CA-placed-1', CallStatus: 'busy' });
  assert.deepEqual(harness.calls.told, ['CA-placed-1 never started: busy']);
});

served('an outgoing call that still rings is hung up by the carrier', async (harness) => {
  await harness.api('POST', '/v1/calls', { to: NUMBER });
  assert.equal((await harness.api('POST', '/v1/calls/CA-placed-1/hangup')).status, 202);
  assert.deepEqual(harness.calls.told, ['completed CA-placed-1']);
});

let answer: (callSid: string) => void = () => undefined;
const slowRest: TwilioRest = {
  createCall: () => new Promise((resolve) => void (answer = resolve)),
  completeCall: async () => undefined,
};

served(
  'an outgoing call holds a place while it is placed, and its webhook may come before its sid',
  async (harness) => {
    const placing = harness.api('POST', '/v1/calls', { to: NUMBER, variables: { plan: 'basic' } });
    while ((await fetch(`${harness.server.url}/readyz`)).status !== 503);
    assert.match(await (await harness.webhook('/twilio/voice', { CallSid: 'CA-other' })).text(), /busy/);
    const webhook = harness.webhook('/twilio/voice', { CallSid: 'CA-slow', Direction: 'outbound-api' });
    answer('CA-slow');
    assert.equal((await placing).status, 202);
    assert.ok(tokenIn(await (await webhook).text()));
    assert.deepEqual(harness.calls.prepared.at(-1)?.variables, { plan: 'basic' });
  },
  { rest: slowRest, callsMax: 1 },
);

const badCalls: readonly [body: unknown, refusal: string][] = [
  [{}, '422 invalid'],
  [{ to: '5550006' }, '422 invalid'],
  [{ to: NUMBER, from: 'anonymous' }, '422 invalid'],
  [{ to: NUMBER, agent: 'another' }, '422 unknown_agent'],
  [{ to: NUMBER, leadId: 'nobody' }, '422 unknown_lead'],
  [{ to: NUMBER, variables: { a: 1 } }, '422 invalid'],
  [
    { to: NUMBER, variables: Object.fromEntries(Array.from({ length: 51 }, (_unused, i) => [`v${i}`, ''])) },
    '422 invalid',
  ],
  [{ to: NUMBER, surprise: true }, '422 invalid'],
  [[], '422 invalid'],
];

for (const [body, expected] of badCalls) {
  served(`a call of ${JSON.stringify(body).slice(0, 60)} is refused`, async (harness) => {
    assert.equal(await refusal(harness, 'POST', '/v1/calls', body), expected);
    assert.deepEqual(harness.placed, []);
  });
}

served('a refusal names the field and not what stood in it', async (harness) => {
  const response = await harness.api('POST', '/v1/calls', { to: 'a very private number' });
  const text = await response.text();
  assert.match(text, /"message":"to: /);
  assert.ok(!text.includes('private'));
});

served('no outgoing call when full or draining', async (harness) => {
  harness.calls.activeCount = 10;
  assert.equal(await refusal(harness, 'POST', '/v1/calls', { to: NUMBER }), '503 overload');
  harness.calls.activeCount = 0;
  harness.server.setDraining();
  assert.equal(await refusal(harness, 'POST', '/v1/calls', { to: NUMBER }), '503 overload');
  assert.deepEqual(harness.rejected, ['overload', 'overload']);
});

served(
  'no outgoing call without an account',
  async (harness) =>
    assert.equal(await refusal(harness, 'POST', '/v1/calls', { to: NUMBER }), '503 no_account'),
  { rest: undefined },
);

served(
  'no outgoing call without a number to call from',
  async (harness) => {
    assert.equal(await refusal(harness, 'POST', '/v1/calls', { to: NUMBER }), '422 invalid');
    assert.equal((await harness.api('POST', '/v1/calls', { to: NUMBER, from: '+15005550002' })).status, 202);
    assert.equal(harness.placed[0]?.from, '+15005550002');
  },
  { callerNumber: undefined },
);

const carrierErrors = [
  [new TwilioRestError('bad_request', 'the number +15005550006 is bad', 400, 21211), '422 carrier_refused'],
  [new TwilioRestError('auth', 'no', 401), '502 carrier_failed'],
  [new TwilioRestError('unreachable', 'no'), '502 carrier_failed'],
  [new TwilioRestError('not_found', 'no', 404), '404 not_live'],
  [new Error('a bug'), '500 internal'],
] as const;

for (const [error, expected] of carrierErrors) {
  served(
    `the carrier's ${error instanceof TwilioRestError ? error.code : 'bug'} is a ${expected}`,
    async (harness) => {
      assert.equal(await refusal(harness, 'POST', '/v1/calls', { to: NUMBER }), expected);
      assert.equal((await fetch(`${harness.server.url}/readyz`)).status, 200);
    },
    {
      rest: {
        createCall: () => Promise.reject(error),
        completeCall: () => Promise.reject(error),
      },
      callsMax: 1,
    },
  );
}

served(
  'a line more than a call keeps waiting is refused and counted, not said to be taken',
  async (harness) => {
    harness.calls.start(INFO);
    assert.equal((await harness.api('POST', '/v1/calls/CA1/say', { text: 'One.' })).status, 202);
    harness.calls.mute = true;
    assert.equal(await refusal(harness, 'POST', '/v1/calls/CA1/say', { text: 'Two.' }), '429 too_many_lines');
    assert.deepEqual(harness.calls.told, ['say One.']);
    assert.deepEqual(harness.rejected, ['line']);
  },
);

served('calls are searched by words, outcome and whether they go on', async ({ api, reader }) => {
  reader.stored.push(storedCall('CA1'));
  const answer = await api('GET', '/v1/calls?q=teeth&outcome=failed&live=true&limit=7');
  assert.equal(answer.status, 200);
  const [search] = reader.searches;
  assert.deepEqual([search?.text, search?.outcome, search?.limit], ['teeth', 'failed', 7]);
  assert.ok(search?.liveSince instanceof Date);
  for (const wrong of ['outcome=lost', 'live=false', `q=${'a'.repeat(201)}`]) {
    assert.equal((await api('GET', `/v1/calls?${wrong}`)).status, 422, wrong);
  }
});

served('a search that has not looked at all calls says where to go on', async ({ api, reader }) => {
  reader.lookedBackTo = new Date('2026-01-02T03:04:05.678Z');
  const page = await json<{ calls: unknown[]; next: string | null }>(await api('GET', '/v1/calls?q=teeth'));
  assert.deepEqual(page, { calls: [], next: '2026-01-02T03:04:05.678Z' });
  reader.lookedBackTo = undefined;
  assert.deepEqual(await json(await api('GET', '/v1/calls?q=teeth')), { calls: [], next: null });
});

const REFUSED = {
  kind: 'refused',
  status: 422,
  code: 'carrier_refused',
  message: 'the carrier says no',
} as const;
const elsewhere: readonly [outcome: AskedOutcome, answer: string][] = [
  [{ kind: 'done' }, '202'],
  [{ kind: 'not_live' }, '404 not_live'],
  [REFUSED, '422 carrier_refused'],
  [{ kind: 'no_answer' }, '504 instance_silent'],
  [{ kind: 'unreachable' }, '503 instances_unreachable'],
];

for (const [outcome, expected] of elsewhere) {
  const asked: unknown[] = [];
  served(
    `a call that is not here and of which the others say ${outcome.kind} is a ${expected}`,
    async (harness) => {
      const response = await harness.api('POST', '/v1/calls/CA9/say', { text: 'Hello.' });
      const code = response.ok ? '' : ` ${await errorCode(response)}`;
      assert.equal(`${response.status}${code}`, expected);
      assert.deepEqual(asked, [['CA9', { kind: 'say', text: 'Hello.' }]]);
      harness.calls.start(INFO);
      assert.equal((await harness.api('POST', '/v1/calls/CA1/hangup')).status, 202);
      assert.equal(asked.length, 1, 'of a call that is here nobody else is asked');
    },
    {
      others: {
        ask: async (...question) => {
          asked.push(question);
          return outcome;
        },
        serve: () => undefined,
      },
    },
  );
}

let doHere: Act = async () => ({ kind: 'not_live' });

served(
  'what others ask for is done here, and refused with the words that this one would use',
  async (harness) => {
    harness.calls.start(INFO);
    assert.deepEqual(await doHere('CA9', { kind: 'hangup' }), { kind: 'not_live' });
    assert.deepEqual(await doHere('CA1', { kind: 'transfer', to: '+15550001111' }), { kind: 'done' });
    harness.calls.mute = true;
    const { kind, ...refused } = await doHere('CA1', { kind: 'say', text: 'Two.' });
    assert.equal(kind, 'refused');
    assert.deepEqual(refused, {
      status: 429,
      code: 'too_many_lines',
      message: 'as many lines wait to be said as may',
    });
    assert.deepEqual(harness.calls.told, ['transfer to +15550001111']);
    assert.deepEqual(harness.rejected, ['line']);

    harness.calls.told.length = 0;
    await harness.webhook('/twilio/voice', { CallSid: 'CA2' });
    const answered = { kind: 'answeredBy', answeredBy: 'machine_start' } as const;
    assert.deepEqual(await doHere('CA2', answered), { kind: 'done' });
    const over = { kind: 'over', status: 'canceled' } as const;
    assert.deepEqual(await doHere('CA2', over), { kind: 'done' });
    assert.deepEqual(await doHere('CA2', over), { kind: 'not_live' }, 'it awaits its stream no more');
    harness.calls.unknown = true;
    assert.deepEqual(await doHere('CA2', answered), { kind: 'not_live' });
    assert.deepEqual(harness.calls.told, [
      'CA2 answered by machine_start',
      'CA2 never started: canceled',
      'CA2 answered by machine_start',
    ]);
  },
  { others: { ask: async () => ({ kind: 'not_live' }), serve: (act) => void (doHere = act) } },
);
