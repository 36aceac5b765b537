import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import VoiceResponse from 'twilio/lib/twiml/VoiceResponse.js';
import { parseTwiml, type Verb } from '../../src/sim/carrierTwiml.ts';
import { parseXml } from '../../src/sim/carrierXml.ts';

function verbsOf(body: string): readonly Verb[] {
  const { verbs, complaints } = parseTwiml(`<Response>${body}</Response>`);
  assert.deepEqual(complaints, []);
  assert.ok(verbs);
  return verbs;
}

function codesOf(body: string): number[] {
  return parseTwiml(`<Response>${body}</Response>`).complaints.map(({ code }) => code);
}

test("reads what Twilio's own package writes, entities and all", () => {
  const nasty = `a&b<c>"d"'e' ü 😀`;
  const response = new VoiceResponse();
  response
    .connect({ action: '/connect-ended' })
    .stream({ url: 'wss://voice.example.com/media', name: 's1' })
    .parameter({ name: 'token', value: nasty });
  response.say('bye & thanks');
  response.pause({ length: 2 });
  response.redirect({ method: 'GET' }, 'https://example.com/next?a=1&b=2');
  response.dial({ callerId: '+15550001' }).number('+15550002');
  response.dial().sip('sip:desk@example.com');
  response.hangup();
  const { verbs, complaints } = parseTwiml(response.toString());
  assert.deepEqual(complaints, []);
  assert.deepEqual(verbs?.slice(0, 4), [
    {
      kind: 'connect',
      action: '/connect-ended',
      method: 'POST',
      stream: {
        url: 'wss://voice.example.com/media',
        name: 's1',
        parameters: { token: nasty },
        statusCallback: undefined,
        statusCallbackMethod: 'POST',
      },
    },
    { kind: 'say', text: 'bye & thanks' },
    { kind: 'pause', lengthMs: 2_000 },
    { kind: 'redirect', url: 'https://example.com/next?a=1&b=2', method: 'GET' },
  ]);
  assert.deepEqual(
    verbs.slice(4).map((verb) => (verb.kind === 'dial' ? verb.to : verb.kind)),
    ['+15550002', 'sip:desk@example.com', 'hangup'],
  );
});

test('any text survives the way through an attribute and through an element', () => {
  // XML has no way to write most control characters and lone surrogates.
  const text = fc
    .string({ unit: 'grapheme', maxLength: 60 })
    .filter((value) => !/[\p{Cc}\uFFFE\uFFFF]/u.test(value));
  fc.assert(
    fc.property(text, (value) => {
      const response = new VoiceResponse();
      response.connect().stream({ url: 'wss://h/m' }).parameter({ name: 'p', value });
      response.say({}, value);
      const [connect, say] = parseTwiml(response.toString()).verbs ?? [];
      assert.equal(connect?.kind === 'connect' ? connect.stream.parameters['p'] : undefined, value);
      assert.equal(say?.kind === 'say' ? say.text : undefined, value.trim());
    }),
  );
});

test('reads comments, CDATA, character references and both kinds of quotes', () => {
  assert.deepEqual(
    verbsOf(`<!-- a - b --><Say>1 <![CDATA[< 2 &amp;]]> &#51;&#x34;</Say>\n<Pause length='3'/>`),
    [
      { kind: 'say', text: '1 < 2 &amp; 34' },
      { kind: 'pause', lengthMs: 3_000 },
    ],
  );
});

test('reads a rejection, a played file, and a dialled number', () => {
  assert.deepEqual(verbsOf('<Reject reason="busy"/><Reject/><Play>https://x/y.mp3</Play>').slice(0, 3), [
    { kind: 'reject', reason: 'busy' },
    { kind: 'reject', reason: 'rejected' },
    { kind: 'play', url: 'https://x/y.mp3' },
  ]);
  const [dial] = verbsOf('<Dial timeout="10"> +15550001 </Dial>');
  assert.equal(dial?.kind === 'dial' ? dial.to : undefined, '+15550001');
});

const broken: readonly [string, string][] = [
  ['nothing', ''],
  ['text alone', 'hello'],
  ['an element that is not closed', '<Response><Say>x</Response>'],
  ['an end without a beginning', '<Response></Say></Response>'],
  ['two roots', '<Response/><Response/>'],
  ['an attribute without quotes', '<Response><Pause length=1/></Response>'],
  ['an attribute twice', '<Response><Pause length="1" length="2"/></Response>'],
  ['a < in an attribute', '<Response><Pause length="<"/></Response>'],
  ['a bare &', '<Response><Say>a & b</Say></Response>'],
  ['an unknown entity', '<Response><Say>&nbsp;</Say></Response>'],
  ['a reference to no character', '<Response><Say>&#0;</Say></Response>'],
  ['a DTD', '<!DOCTYPE x><Response/>'],
  ['a processing instruction', '<Response><?php x ?></Response>'],
  [']]> in text', '<Response><Say>]]></Say></Response>'],
  ['a declaration not at the start', ' <?xml version="1.0"?><Response/>'],
  ['a comment that is not closed', '<Response><!-- x </Response>'],
  ['another root', '<response/>'],
  ['elements nested without end', `${'<a>'.repeat(1_000)}${'</a>'.repeat(1_000)}`],
];
for (const [what, text] of broken) {
  test(`refuses ${what}`, () => {
    const { verbs, complaints } = parseTwiml(text);
    assert.equal(verbs, undefined);
    assert.deepEqual(
      complaints.map(({ code }) => code),
      [12_100],
    );
  });
}

test('says where a document is broken', () => {
  const result = parseXml('<Response><Say>x</Response>');
  assert.ok(!result.ok);
  assert.match(result.message, /<\/Response> closes <Say>.*at character 27/);
});

test('never throws, whatever the text', () => {
  const pieces = fc.constantFrom(
    '<',
    '>',
    '/',
    '&',
    ';',
    '"',
    '=',
    '<Response>',
    '</Response>',
    '<Say',
    ' a="b"',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '&#x',
    'x',
    ' ',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
      const { verbs, complaints } = parseTwiml(parts.join(''));
      assert.ok(verbs !== undefined || complaints.length === 1);
    }),
  );
});

const complained: readonly [string, string, number][] = [
  ['an unknown verb', '<Gather/>', 12_200],
  ['an unknown attribute', '<Say voise="x">a</Say>', 12_200],
  ['text between the verbs', 'hello', 12_200],
  ['a stream address that is not wss', '<Connect><Stream url="https://h/m"/></Connect>', 31_922],
  ['a stream address with a query', '<Connect><Stream url="wss://h/m?a=b"/></Connect>', 31_920],
  ['a malformed stream address', '<Connect><Stream url="wss://"/></Connect>', 31_923],
  ['a stream without an address', '<Connect><Stream/></Connect>', 31_923],
  ['another track', '<Connect><Stream url="wss://h/m" track="both_tracks"/></Connect>', 31_941],
  ['a connect without a stream', '<Connect/>', 12_200],
  ['two streams at once', '<Connect><Stream url="wss://h/a"/><Stream url="wss://h/b"/></Connect>', 12_200],
  [
    'a parameter of 500 characters',
    `<Connect><Stream url="wss://h/m"><Parameter name="p" value="${'x'.repeat(499)}"/></Stream></Connect>`,
    12_200,
  ],
  [
    'a parameter without a value',
    '<Connect><Stream url="wss://h/m"><Parameter name="p"/></Stream></Connect>',
    12_200,
  ],
  ['a pause of no length', '<Pause length="long"/>', 12_200],
  ['a method that is none', '<Redirect method="PUT">/x</Redirect>', 12_200],
  ['a dial to nobody', '<Dial/>', 12_200],
];
for (const [what, body, code] of complained) {
  test(`reports ${what} as ${code}`, () => assert.deepEqual(codesOf(body), [code]));
}

test('runs the verbs round one that it does not know', () => {
  const { verbs } = parseTwiml('<Response><Say>a</Say><Gather/><Hangup/></Response>');
  assert.deepEqual(
    verbs?.map(({ kind }) => kind),
    ['say', 'hangup'],
  );
});

test('takes a parameter of 499 characters', () => {
  const [connect] = verbsOf(
    `<Connect><Stream url="/relative"><Parameter name="p" value="${'x'.repeat(498)}"/></Stream></Connect>`,
  );
  assert.equal(connect?.kind === 'connect' ? connect.stream.parameters['p']?.length : 0, 498);
});
