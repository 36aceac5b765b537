// Whole calls in which a card's number is said: what comes out of them.
import assert from 'node:assert/strict';
import test from 'node:test';
import { CallRig } from '../helpers/callRig.ts';
import { anyCard, digitsIn, FORMS, OTHER_FORMS, seeded, spoken } from '../helpers/cardTalk.ts';

/** All that watchers and the store got, each text by itself. */
function toldTexts(rig: CallRig): readonly string[] {
  const texts: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value);
    else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) {
        if (!['callSid', 'from', 'to', 'at', 'startedAt', 'timings'].includes(key)) collect(inner);
      }
  };
  collect(rig.events);
  collect(rig.rows);
  return texts;
}

async function callWith(texts: readonly string[], answer: string): Promise<CallRig> {
  const rig = new CallRig({ answer: () => [answer] });
  rig.open();
  await rig.agentFinishes();
  for (const text of texts) {
    await rig.says(text);
    await rig.agentSpeaks();
    await rig.agentFinishes();
  }
  rig.hangsUp();
  await rig.run(20);
  return rig;
}

const draw = seeded(17);
const sample = [FORMS[1], FORMS[6], FORMS[13], OTHER_FORMS[5]];
for (const [i, form] of sample.entries()) {
  test(`a card number is in nothing that leaves a call, and reaches the model (${i})`, async () => {
    const card = anyCard(draw);
    const words = form?.(card, draw) ?? '';
    const rig = await callWith([`my card is ${words}`], `I have ${words}.`);
    for (const text of toldTexts(rig)) assert.ok(digitsIn(text).length <= 6, text);
    const asked = rig.requests.at(-1)?.messages.at(-1);
    assert.ok(digitsIn(String(asked?.content)).length >= 10, 'the model gets the words');
    assert.ok(rig.turns().some((row) => row.callerText.includes('[')));
  });
}

test('a card number in two turns is in no row, not even the half that was stored first', async () => {
  const rig = await callWith(['it is 4242', 'then 4242 4242 4242'], 'Go on please.');
  assert.equal(
    digitsIn(
      rig
        .turns()
        .map((row) => row.callerText)
        .join(' '),
    ),
    '',
  );
  const finals = rig.eventsOf('turn.finished').map((event) => event.callerText);
  assert.ok(digitsIn(finals.join(' ')).length <= 6, finals.join(' / '));
});

test('a phone number is told as it was said', async () => {
  const said = `my phone number is ${spoken('4155551234')}`;
  const rig = await callWith([said], 'Thank you.');
  assert.equal(rig.turns().at(-1)?.callerText, said);
});
