import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Improvement } from '../../src/config.ts';
import { eventually, GatewayRig, GREETING } from '../helpers/gatewayRig.ts';

/** Nobody is there: a call needs no database, and a gateway without one is opened in no time. */
const NO_DATABASE = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', MIGRATE: 'off' };
const IMPROVEMENTS: readonly Improvement[] = [
  'llm-streaming',
  'first-sentence',
  'speculation',
  'warmup',
  'background-events',
  'batched-writes',
  'tts-cache',
  'intents',
  'hedging',
  'response-cache',
  'adaptive',
  'vad',
  'metrics',
];

const rigs = new Map<Improvement, GatewayRig>();

before(async () => {
  for (const improvement of IMPROVEMENTS) {
    const env = improvement === 'batched-writes' ? {} : NO_DATABASE;
    rigs.set(improvement, await GatewayRig.open({ env: { DISABLE: improvement, ...env } }));
  }
});
// Together: without a database each waits some seconds for one to come back.
after(() => Promise.all([...rigs.values()].map((rig) => rig.close())));

suite('each improvement can be switched off by itself', { concurrency: true }, () => {
  for (const improvement of IMPROVEMENTS) {
    test(`a call is held without ${improvement}`, async () => {
      const rig = rigs.get(improvement);
      assert.ok(rig !== undefined);
      const { call, report } = await rig.hold([{ say: 'Goodbye.' }, { waitForHangUp: 20_000 }]);
      const told = JSON.stringify(rig.eventsOf(call.callSid));
      assert.deepEqual([report.missedTurns, report.agentStayed], [0, false], told);
      const isOver = (): boolean => rig.eventsOf(call.callSid).some(({ type }) => type === 'call.ended');
      await eventually(isOver, 'the end was told');
      const turns = rig.eventsOf(call.callSid).filter((event) => event.type === 'turn.finished');
      assert.deepEqual(
        turns.map((turn) => [turn.callerText, turn.heardText]),
        [
          ['', GREETING],
          ['Goodbye.', 'Have a lovely day.'],
        ],
      );
      rig.assertHeard(call, `${GREETING} Have a lovely day.`);
      if (improvement === 'batched-writes') assert.equal((await rig.stored(call.callSid)).turns.length, 2);
    });
  }
});
