import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeMulaw } from '../../src/audio/mulaw.ts';
import { Phrasebook } from '../../src/sim/recogniser.ts';
import { TurnCallers } from '../../src/sim/turnCallers.ts';
import { turnCases, type CaseKind } from '../../src/sim/turnCases.ts';
import { TurnHearing } from '../../src/sim/turnHearing.ts';
import { openVoice, toSampleRate, type Voice } from '../../src/sim/voice.ts';
import { VirtualLine } from '../helpers/virtualLine.ts';

const CASES = turnCases('tuning', 1);

/** Counts what is really synthesised. */
function counting(voice: Voice): { readonly voice: Voice; readonly texts: string[] } {
  const texts: string[] = [];
  const say: Voice['say'] = (text, options) => {
    texts.push(text);
    return voice.say(text, options);
  };
  return { voice: { say }, texts };
}

test('callers of every kind go through their calls, and the speech-to-text learns each once', async () => {
  const { voice, texts } = counting(await openVoice());
  const book = new Phrasebook();
  const callers = new TurnCallers({ voice, book });
  const kinds: readonly CaseKind[] = [
    'comma',
    'question',
    'backchannel',
    'cough',
    'sideTalk',
    'echo',
    'closingYes',
    'idleCough',
  ];
  for (const kind of kinds) {
    const scene = CASES.find((one) => one.kind === kind);
    assert.ok(scene);
    const caller = await callers.prepare(scene);
    const learnt = book.phrases.length;
    await callers.prepare(scene);
    assert.equal(book.phrases.length, learnt, `${scene.id} was learnt twice`);

    const line = new VirtualLine();
    const taking = caller.take(line);
    line.start();
    // Nobody answers: he loses patience at each step, and comes to the end of his script all the same.
    await line.clock.advance(60_000);
    line.hangUp();
    const report = await taking;
    assert.equal(report.completed, true, scene.id);
    const said = report.turns.filter(({ kind: how }) => how === 'say').length;
    assert.equal(
      said,
      (scene.opening === undefined ? 0 : 1) + (scene.probe.kind === 'turn' ? 1 : 0),
      scene.id,
    );
  }
  assert.equal(new Set(book.phrases.map(({ text }) => text)).size, new Set(texts).size);
});

test('who answers before the question is over begins so long before its end', async () => {
  const scene = CASES.find(({ kind }) => kind === 'closingYes');
  assert.ok(scene?.probe.kind === 'closingAnswer');
  const asked: string[] = [];
  const callers = new TurnCallers({
    voice: await openVoice(),
    book: new Phrasebook(),
    replyMs: (text) => {
      asked.push(text);
      return 3_000;
    },
  });
  await callers.prepare(scene);
  assert.deepEqual(asked, [scene.reply]);
});

test("both ends find the agent's words: in what was played, and softly in its echo", async () => {
  const voice = await openVoice();
  const text = 'We are open until six in the evening.';
  const spoken = toSampleRate(await voice.say(text), 24_000);
  const hearing = new TurnHearing();
  const book = new Phrasebook();
  hearing.teach(book);
  for (let times = 0; times < 2; times += 1) {
    hearing.learn({ text, samples24k: spoken.samples, words: spoken.words });
  }
  assert.deepEqual(
    book.phrases.map((phrase) => phrase.text),
    [text],
  );
  const line = toSampleRate(spoken, 8_000).samples.map((sample) => Math.round(sample / 8));
  const words = hearing.wordsIn(encodeMulaw(line), 5_000);
  assert.deepEqual(words.map(({ word }) => word).join(' '), text);
  assert.ok(words.every(({ phraseText, startMs }) => phraseText === text && startMs >= 5_000));
});
