// Whole calls through a gateway whose ears judge turns.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { CallerStep } from '../../src/sim/caller.ts';
import { eventually, GatewayRig } from '../helpers/gatewayRig.ts';

const BYE: readonly CallerStep[] = [{ say: 'Thank you, goodbye.' }, { waitForHangUp: 20_000 }];
const fluxAt = (url: string): string =>
  `{ provider: deepgram, model: flux-general-en, baseUrl: "${url}", apiKeyEnv: DEEPGRAM_API_KEY }`;
const OPENAI = '{ provider: openai, model: gpt-live-transcribe }';

let rig: GatewayRig;

before(async () => {
  rig = await GatewayRig.open({ stt: (url) => `${fluxAt(url)}, ${OPENAI}` });
});
after(() => rig.close());

suite('a call whose turns Flux judges', () => {
  test('is answered turn by turn, with replies prepared before the turns are over', async () => {
    const { call, report } = await rig.hold([
      { say: 'Tell me number one.' },
      { say: 'Tell me number two.' },
      ...BYE,
    ]);
    const stored = await rig.stored(call.callSid);
    assert.deepEqual([stored.outcome, report.missedTurns, report.agentStayed], ['completed', 0, false]);
    assert.deepEqual(
      stored.turns.map(({ callerText }) => callerText),
      ['', 'Tell me number one.', 'Tell me number two.', 'Thank you, goodbye.'],
    );
    assert.deepEqual(
      stored.turns.slice(1).map(({ speculated }) => speculated),
      [true, true, true],
    );
    rig.assertHeard(call, stored.turns.map((turn) => turn.heardText).join(' '));
    // One for the call, after the one that warmed up.
    assert.equal(rig.providers.streams.length, 2);
    assert.equal(rig.providers.deepgram.asked, 0, 'no turn had to be ended for it');
    assert.equal(rig.providers.sessions.length, 0, 'nobody else was asked to listen');
    const metrics = await rig.metrics();
    assert.match(metrics, /provider_requests_total\{stage="stt",provider="deepgram",outcome="ok"\} 2/);
  });

  test('goes on when Flux breaks off: the next provider listens, and its words are judged', async () => {
    const { call, report } = await rig.begin([{ say: 'Tell me number one.' }, ...BYE]);
    const begun = (): boolean => rig.eventsOf(call.callSid).some(({ type }) => type === 'turn.started');
    await eventually(begun, 'the first turn is answered');
    rig.providers.streams.at(-1)?.cut();
    assert.equal((await report).missedTurns, 0);
    const stored = await rig.stored(call.callSid);
    assert.deepEqual(
      stored.turns.map(({ callerText }) => callerText),
      ['', 'Tell me number one.', 'Thank you, goodbye.'],
    );
    assert.equal(rig.providers.sessions.length, 1);
    assert.match(rig.log.join('\n'), /"provider":"deepgram","code":"truncated"/);
  });

  test('begins with the next provider when Flux is down', async () => {
    rig.providers.deepgramFault = () => ({ kind: 'status', status: 503 });
    const { call, report } = await rig.hold(BYE);
    const stored = await rig.stored(call.callSid);
    assert.deepEqual([stored.outcome, report.missedTurns], ['completed', 0]);
    assert.equal(stored.turns.at(-1)?.callerText, 'Thank you, goodbye.');
    // After the warm-up's, the first call had one, the second one each.
    assert.deepEqual([rig.providers.streams.length, rig.providers.sessions.length], [3, 2]);
  });
});

test('a call that Nova listens to is judged by its words', async () => {
  const nova = await GatewayRig.open({ stt: (url) => fluxAt(url).replace('flux-general-en', 'nova-3') });
  try {
    const { call, report } = await nova.hold([{ say: 'Tell me number one.' }, ...BYE]);
    const stored = await nova.stored(call.callSid);
    assert.deepEqual([stored.outcome, report.missedTurns], ['completed', 0]);
    assert.deepEqual(
      stored.turns.map(({ callerText }) => callerText),
      ['', 'Tell me number one.', 'Thank you, goodbye.'],
    );
  } finally {
    await nova.close();
  }
});
