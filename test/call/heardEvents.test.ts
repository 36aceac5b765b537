// What watchers are told of the agent's words while they are being heard.
import assert from 'node:assert/strict';
import test from 'node:test';
import { CallRig } from '../helpers/callRig.ts';

const LONG =
  'We are open from eight in the morning until six in the evening. On Saturdays we close at one, and on Sundays we are not there at all.';

test('what is heard is told as the marks come back, each time a little more of it', async () => {
  const rig = new CallRig({ answer: () => [LONG] });
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  await rig.says('When are you open?');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  const heard = rig.eventsOf('agent.heard').filter(({ turn }) => turn === 1);
  assert.ok(heard.length >= 3, `told ${heard.length} times`);
  let before = '';
  for (const { heardText } of heard) {
    assert.ok(LONG.startsWith(heardText), heardText);
    assert.ok(heardText.length > before.length, 'only what is new is told');
    before = heardText;
  }
  rig.hangsUp();
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
  assert.deepEqual(rig.bugs, []);
});

test('the last word on a turn that was taken without it is told as that turn’s', async () => {
  const rig = new CallRig({ answer: () => ['We are open from eight to six.'] });
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  await rig.says('When are you open?');
  await rig.run(120);
  assert.deepEqual(
    rig.eventsOf('turn.started').map(({ turn }) => turn),
    [1],
  );
  assert.deepEqual(rig.eventsOf('transcript.final'), []);
  await rig.run(100);
  const [final] = rig.eventsOf('transcript.final');
  assert.deepEqual([final?.turn, final?.text], [1, 'When are you open?']);
  rig.hangsUp();
});
