import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { parseJson } from '../../src/base/json.ts';
import type { CallerStep } from '../../src/sim/caller.ts';
import { SimServer } from '../../src/sim/server.ts';
import { API_KEY, eventually, GatewayRig, SORRY } from '../helpers/gatewayRig.ts';

const BYE: readonly CallerStep[] = [{ say: 'Thank you, goodbye.' }, { waitForHangUp: 20_000 }];

const tools = new SimServer();
/** The bodies that the tool's server got. */
const toolCalls: unknown[] = [];
let rig: GatewayRig;

before(async () => {
  tools.http('POST /weather', (_request, response, body) => {
    toolCalls.push(parseJson(body.toString('utf8')));
    response.writeHead(200, { 'content-type': 'text/plain' }).end('sunny');
  });
  rig = await GatewayRig.open({
    agent: `
tools:
  - builtin: end_call
  - name: get_weather
    description: The weather in a city.
    url: ${await tools.listen()}/weather
    filler: Let me look.
    parameters:
      type: object
      properties: { city: { type: string } }
      required: [city]
`,
  });
  rig.providers.refusePcmu = true;
  rig.providers.chatFault = (text) => {
    if (text.includes('number one')) return { kind: 'status', status: 500 };
    if (text.includes('number two')) return { kind: 'hang' };
    return text.includes('number three') ? { kind: 'cut', afterItems: 8 } : undefined;
  };
  rig.providers.chatRefusal = (text, authorization) =>
    text.includes('number four')
      ? { status: 401, body: JSON.stringify({ error: { message: `Incorrect API key: ${authorization}` } }) }
      : undefined;
  rig.providers.speechFault = (text) =>
    text.includes('number five') ? { kind: 'status', status: 500 } : undefined;
});
after(async () => {
  await rig.close();
  await tools.close();
});

/** Says one thing, then goodbye; answers what was stored of the first and that the call was a whole one. */
async function afterSaying(text: string) {
  const { call, report } = await rig.hold([{ say: text }, ...BYE]);
  const stored = await rig.stored(call.callSid);
  assert.equal(stored.outcome, 'completed');
  assert.deepEqual([report.missedTurns, report.agentStayed], [0, false]);
  const [, turn, last] = stored.turns;
  assert.ok(turn !== undefined);
  assert.deepEqual([turn.callerText, last?.callerText], [text, 'Thank you, goodbye.']);
  rig.assertHeard(call, stored.turns.map((one) => one.heardText).join(' '));
  return { call, turn, log: rig.log.filter((line) => line.includes(call.callSid)).join('\n') };
}

suite('providers that fail, one a call', { concurrency: true }, () => {
  test('a model that answers 500 is apologised for, and the call lives', async () => {
    const { turn } = await afterSaying('Tell me number one.');
    assert.deepEqual([turn.heardText, turn.source], [SORRY, 'fallback']);
  });

  test('a model that never answers is apologised for, and the call lives', async () => {
    const { turn } = await afterSaying('Tell me number two.');
    assert.deepEqual([turn.heardText, turn.source], [SORRY, 'fallback']);
  });

  test('a model that is cut off in the middle leaves half an answer, and the call lives', async () => {
    const { turn } = await afterSaying('Tell me number three.');
    assert.equal(turn.source, 'generated');
    assert.ok('I can look it up for you. Then I will call you back tomorrow.'.startsWith(turn.heardText));
    assert.match(turn.heardText, /^I can look it up for you\./);
  });

  test('a key that the model refuses is said in the log, without the key', async () => {
    const { turn, log } = await afterSaying('Tell me number four.');
    assert.equal(turn.source, 'fallback');
    assert.match(log, /"stage":"llm","code":"auth","failure":"the key was refused \(401\)"/);
    assert.ok(!rig.log.join('\n').includes(API_KEY));
  });

  test('a voice that fails hands its sentence to the next one', async () => {
    const { turn } = await afterSaying('Tell me number five.');
    assert.equal(turn.heardText, 'Here is number five.');
    assert.ok(rig.providers.backupSaid.includes('Here is number five.'));
    assert.match(rig.log.join('\n'), /a voice failed, the next is asked/);
  });

  test('a speech-to-text connection that breaks is replaced, and the next turn is heard', async () => {
    const { call, report } = await rig.begin([{ say: 'Tell me number six.' }, ...BYE]);
    const begun = (): boolean => rig.eventsOf(call.callSid).some(({ type }) => type === 'turn.started');
    await eventually(begun, 'the first turn is answered');
    const session = rig.providers.sessions.find(({ words }) => words.some(({ word }) => /six/i.test(word)));
    assert.ok(session !== undefined);
    session.cut();
    assert.equal((await report).missedTurns, 0);
    const stored = await rig.stored(call.callSid);
    assert.deepEqual(
      stored.turns.map(({ callerText }) => callerText),
      ['', 'Tell me number six.', 'Thank you, goodbye.'],
    );
    const log = rig.log.filter((line) => line.includes(call.callSid)).join('\n');
    assert.match(log, /speech-to-text failed/);
  });

  test('a tool is called once with its arguments, a filler is said, and its answer is spoken', async () => {
    const { turn, call } = await afterSaying('What is the weather in Lisbon?');
    assert.equal(turn.heardText, 'Let me look. The answer is sunny.');
    assert.deepEqual(
      toolCalls.filter((body) => JSON.stringify(body).includes('Lisbon')),
      [{ city: 'Lisbon' }],
    );
    const told = rig.eventsOf(call.callSid).flatMap((event) => ('tool' in event ? [event] : []));
    assert.deepEqual(
      told.slice(0, 2).map(({ type, tool, turn: index }) => [type, tool, index]),
      [
        ['tool.started', 'get_weather', 1],
        ['tool.finished', 'get_weather', 1],
      ],
    );
  });

  test('no tool is called for a question that the caller had not finished', async () => {
    // Too impatient to wait for an answer, he goes on; "and" says that more is to come.
    const { call, report } = await rig.begin(
      [
        { silence: 2_000 },
        { say: 'What is the weather in Porto and' },
        { say: 'I mean goodbye.' },
        { waitForHangUp: 20_000 },
      ],
      { patienceMs: 700 },
    );
    await report;
    const stored = await rig.stored(call.callSid);
    assert.equal(stored.turns[1]?.callerText, 'What is the weather in Porto and I mean goodbye.');
    assert.ok(!JSON.stringify(toolCalls).includes('Porto'));
  });
});

test('the ears have heard all this as 24 kHz PCM, because their server refused mu-law', () => {
  const heard = rig.providers.sessions.filter(({ words }) => words.length > 0);
  const formats = new Set(heard.map(({ config }) => config.format));
  assert.deepEqual([...formats], ['audio/pcm']);
});
