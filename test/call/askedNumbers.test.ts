// Whole calls in which the agent asks for a number that is nobody's business: what comes out of them, whenever the caller
// pauses, goes on, is cut off or hangs up.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { RigOptions } from '../helpers/callRig.ts';
import { CallRig } from '../helpers/callRig.ts';
import { Leaving, toldTexts } from '../helpers/leaving.ts';
import { visibleDigits } from '../../src/sim/redactionWalk.ts';

const AGENT = (greeting: string): string => `
name: bank
greeting: ${greeting}
prompt: You are Robin.
providers:
  stt: [{ provider: openai, model: fake }]
  llm: [{ provider: openai, model: fake }]
  tts: [{ provider: openai, model: fake, voice: fake }]
lines: { reconnected: We were cut off. }
limits: { idle: [{ afterSeconds: 5, say: Are you still there? }] }
dtmf: { sensitive: [PIN] }
`;

interface Asked {
  readonly rig: CallRig;
  readonly leaving: Leaving;
}

/** The agent has greeted the caller with a question. */
async function asked(question: string, options: RigOptions = {}): Promise<Asked> {
  const leaving = new Leaving();
  const rig = new CallRig({
    agentYaml: AGENT(question),
    answer: () => ['Go on, please.'],
    ...options,
    world: { ...leaving.world, ...options.world },
  });
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  return { rig, leaving };
}

async function says(rig: CallRig, text: string): Promise<void> {
  await rig.says(text);
  await rig.agentSpeaks();
  await rig.agentFinishes();
}

/** Nothing that others get of the call, at any time of it, has more digits of the number. */
function assertUntold({ rig, leaving }: Asked, digitsMax = 0): void {
  const texts = [...toldTexts(rig), ...leaving.log, ...leaving.stood, ...leaving.transcript.values()];
  for (const text of texts)
    assert.ok(visibleDigits(text.replaceAll(/\[\d+ digits?\]/gu, '')) <= digitsMax, text);
}

for (const question of [
  '"What is your social security number? Please take your time."',
  '"What are the last four digits of your social? I need them to find you."',
]) {
  test(`the answer to ${question} is in nothing that leaves the call, after an idle line either`, async () => {
    for (const answer of ['123456789', 'one two three four five six seven eight nine']) {
      const call = await asked(question);
      await call.rig.run(6_000);
      await call.rig.agentFinishes();
      assert.ok(call.rig.eventsOf('agent.said').some(({ text }) => text === 'Are you still there?'));
      await says(call.rig, answer);
      call.rig.hangsUp();
      await call.rig.run(20);
      // Two that are said when more are to come may be anything.
      assertUntold(call, 2);
    }
  });
}
