import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { GatewayRig, LONG_ANSWER, TALK_TOOLS } from '../helpers/gatewayRig.ts';

let rig: GatewayRig;

before(async () => {
  // The agent's answer to whatever it does not know is the question that is sensitive here.
  rig = await GatewayRig.open({ agent: `${TALK_TOOLS}\ndtmf: { sensitive: [help you] }` });
});
after(() => rig.close());

suite('keys on the way from the carrier to the model and the store', { concurrency: true }, () => {
  test('keys are a turn, and those that answer a sensitive question are seen by the model alone', async () => {
    const { call, report } = await rig.hold([
      { press: '417#' },
      { press: '9381' },
      { say: 'Thank you, goodbye.' },
      { waitForHangUp: 20_000 },
    ]);
    assert.deepEqual([report.missedTurns, report.agentStayed], [0, false]);
    assert.deepEqual(call.warnings, []);
    const stored = await rig.stored(call.callSid);
    assert.deepEqual(
      stored.turns.map(({ callerText }) => callerText),
      ['', '4 1 7', '[4 digits]', 'Thank you, goodbye.'],
    );
    assert.ok(rig.askedAfter('9 3 8 1').length > 0);
    const told = rig.eventsOf(call.callSid).flatMap((event) => ('text' in event ? [event.text] : []));
    assert.ok(told.includes('4 1 7') && told.includes('[4 digits]'), told.join(' | '));
    assert.ok(!told.some((text) => /[98]/.test(text)), told.join(' | '));
    assert.ok(rig.log.length > 0 && !rig.log.some((line) => /9 3 8|"9381"|4 1 7/.test(line)));
  });

  test('a key stops the agent in the middle of its sentence', async () => {
    const { call, report } = await rig.hold([
      { say: 'What are your hours?' },
      { press: '0#', afterAgentMs: 1_200 },
      { say: 'Thank you, goodbye.' },
      { waitForHangUp: 20_000 },
    ]);
    assert.equal(report.missedTurns, 0);
    const { turns } = await rig.stored(call.callSid);
    assert.deepEqual(
      turns.map(({ callerText, interrupted }) => [callerText, interrupted]),
      [
        ['', false],
        ['What are your hours?', true],
        ['0', false],
        ['Thank you, goodbye.', false],
      ],
    );
    assert.ok(LONG_ANSWER.startsWith(turns[1]?.heardText ?? 'nothing'), turns[1]?.heardText);
    rig.assertHeard(call, turns.map((turn) => turn.heardText).join(' '));
  });
});
