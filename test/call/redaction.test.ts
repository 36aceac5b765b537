// Whole calls in which a card's number is said: what comes out of them.
import assert from 'node:assert/strict';
import test from 'node:test';
import { CallRig } from '../helpers/callRig.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { LogFields, Logger } from '../../src/base/logger.ts';
import { anyCardNumber, CARD_FORMS, inTalk } from '../../src/sim/cardForms.ts';
import { visibleDigits } from '../../src/sim/redactionWalk.ts';
import { digitWords } from '../../src/sim/numberWords.ts';

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

const SAMPLE = [
  'figures in printed groups',
  'spoken digits',
  'double, triple, three sevens',
  'groups and words mixed',
];
for (const form of CARD_FORMS.filter(({ name }) => SAMPLE.includes(name))) {
  test(`a card number (${form.name}) is in nothing that leaves a call, and reaches the model`, async () => {
    const random = seededRandom(17);
    const [words = ''] = form.say(anyCardNumber(random), random);
    const rig = await callWith([`my card is ${words}`], `I have ${words}.`);
    for (const text of toldTexts(rig)) assert.ok(visibleDigits(text) <= 6, text);
    const asked = rig.requests.at(-1)?.messages.at(-1);
    assert.ok(visibleDigits(String(asked?.content)) >= 8, 'the model gets the words');
    assert.ok(rig.turns().some((row) => row.callerText.includes('[')));
  });
}

test('a card number in two turns is in no row, not even the half that was stored first', async () => {
  const rig = await callWith(['it is 4242', 'then 4242 4242 4242'], 'Go on please.');
  const rows = rig.turns().map((row) => row.callerText);
  assert.equal(visibleDigits(rows.join(' ')), 0);
  const finals = rig.eventsOf('turn.finished').map((event) => event.callerText);
  assert.ok(visibleDigits(finals.join(' ')) <= 6, finals.join(' / '));
});

test('a phone number is told as it was said', async () => {
  const said = `my phone number is ${digitWords('4155551234')}`;
  const rig = await callWith([said], 'Thank you.');
  assert.equal(rig.turns().at(-1)?.callerText, said);
});

/** What leaves a call beside its events and rows, each text by itself. */
class Leaving {
  readonly log: string[] = [];
  /** The last word on each turn's transcript, and on where the call stands. */
  readonly transcript = new Map<number, string>();
  standing = '';

  readonly world = {
    logger: this.#logger(),
    transcripts: {
      turnChanged: (_callSid: string, index: number, turn: object) =>
        void this.transcript.set(index, JSON.stringify(turn)),
      flush: () => Promise.resolve(),
    },
    checkpoints: {
      changed: (_callSid: string, take: () => { readonly snapshot: unknown }) => {
        const { callSid: _sid, info: _info, ...said } = take().snapshot as Record<string, unknown>;
        this.standing = JSON.stringify(said, (_key, value: unknown) =>
          typeof value === 'number' ? undefined : value,
        );
      },
      takeUp: () => Promise.resolve({ kind: 'unknown' as const }),
      isTaken: () => Promise.resolve(false),
      watchLost: () => undefined,
      flush: () => Promise.resolve(),
    },
  };

  #logger(): Logger {
    const note = (fields: LogFields, message: string): void => {
      const { callSid: _sid, streamSid: _stream, ...rest } = fields;
      const words = Object.values(rest).filter((value) => typeof value === 'string');
      this.log.push([message, ...words].join(' '));
    };
    return { debug: note, info: note, warn: note, error: note, child: () => this.#logger() };
  }
}

/** Every seventh, so that written, spoken and split ones are among them. */
for (const form of CARD_FORMS.filter((_form, at) => at % 6 === 4)) {
  test(`a card number (${form.name}) is in no log, transcript, row, event or checkpoint of its call`, async () => {
    const random = seededRandom(23);
    const turns = inTalk(form.say(anyCardNumber(random), random), random);
    const leaving = new Leaving();
    const rig = new CallRig({ answer: () => ['Go on please.'], world: leaving.world });
    rig.open();
    await rig.agentFinishes();
    for (const text of turns) {
      await rig.says(text);
      await rig.agentSpeaks();
      await rig.agentFinishes();
    }
    rig.hangsUp();
    await rig.run(20);
    for (const text of [...toldTexts(rig), ...leaving.log]) assert.ok(visibleDigits(text) <= 10, text);
    const rows = rig.turns().map((row) => row.callerText);
    assert.ok(rows.length > turns.length - 1, 'its turns are stored');
    for (const kept of [rows.join(' '), [...leaving.transcript.values()].join(' '), leaving.standing])
      assert.ok(visibleDigits(kept) <= 6, kept);
  });
}
