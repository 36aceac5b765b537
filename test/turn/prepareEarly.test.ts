// A reply is prepared as soon as the voice falters behind a whole sentence, before there is a pause.
import assert from 'node:assert/strict';
import test from 'node:test';
import { firstState, type TurnEffect, type TurnEvent, type TurnSettings } from '../../src/turn/state.ts';
import { reduceTurn } from '../../src/turn/turn.ts';
import { plainTurnSettings } from '../helpers/turnSettings.ts';

class Story {
  state = firstState();
  readonly #settings: TurnSettings;

  constructor(own: Partial<TurnSettings> = {}) {
    this.#settings = { ...plainTurnSettings, ...own };
    this.tell({ kind: 'voiceStarted', atMs: 100, voiceAtMs: 0 });
  }

  tell(event: TurnEvent): readonly TurnEffect[] {
    const step = reduceTurn(this.state, event, this.#settings);
    this.state = step.state;
    return step.effects;
  }

  words(text: string, atMs: number): readonly TurnEffect[] {
    return this.tell({ kind: 'words', atMs, utterance: 0, text, final: false });
  }

  falters(atMs: number): readonly TurnEffect[] {
    return this.tell({ kind: 'voiceFaltered', atMs });
  }

  stops(atMs: number): readonly TurnEffect[] {
    const effects = this.tell({ kind: 'voiceStopped', atMs, silenceAtMs: atMs - 200 });
    this.tell({ kind: 'committed', utterance: 0 });
    return effects;
  }
}

const prepared = (effects: readonly TurnEffect[]): readonly string[] =>
  effects.flatMap((effect) => (effect.kind === 'prepare' ? [effect.callerText] : []));
const kinds = (effects: readonly TurnEffect[]): readonly string[] => effects.map(({ kind }) => kind);

test('the last words of a whole sentence come while the voice falters: the reply is prepared there and then', () => {
  const story = new Story();
  assert.deepEqual(prepared(story.words('When are', 600)), []);
  assert.deepEqual(prepared(story.falters(1_080)), []);
  assert.deepEqual(prepared(story.words('When are you open?', 1_120)), ['When are you open?']);
  const effects = story.stops(1_220);
  assert.deepEqual(prepared(effects), [], 'the pause finds it prepared');
  assert.ok(kinds(effects).includes('commit'));
  const released = story.tell({ kind: 'timerRang', timer: 'endpoint', atMs: 1_350 });
  const [release] = released.filter((effect) => effect.kind === 'release');
  assert.deepEqual([release?.replyId, release?.speculated], [0, true]);
});

test('words that are known when the voice falters are answered as well', () => {
  const story = new Story();
  story.words('When are you open?', 1_000);
  assert.deepEqual(prepared(story.falters(1_080)), ['When are you open?']);
});

test('nothing is prepared while the voice goes on, or for what wants more', () => {
  const story = new Story();
  assert.deepEqual(prepared(story.words('When are you open?', 1_000)), []);
  const open = new Story();
  open.falters(1_000);
  assert.deepEqual(prepared(open.words('I would like to', 1_020)), []);
  const recovered = new Story();
  recovered.falters(1_000);
  recovered.tell({ kind: 'voiceWentOn', atMs: 1_050 });
  assert.deepEqual(prepared(recovered.words('When are you open?', 1_060)), []);
});

test('a caller who goes on costs one reply, and the next is prepared in the pause alone', () => {
  const story = new Story();
  story.falters(1_000);
  story.words('When are you open?', 1_020);
  story.tell({ kind: 'voiceWentOn', atMs: 1_100 });
  assert.deepEqual(kinds(story.words('When are you open? And on Saturdays', 1_500)), [
    'stopTimer',
    'startTimer',
  ]);
  assert.deepEqual(prepared(story.falters(1_900)), []);
  assert.deepEqual(prepared(story.words('When are you open? And on Saturdays?', 1_950)), []);
  const effects = story.stops(2_050);
  assert.deepEqual(prepared(effects), ['When are you open? And on Saturdays?']);
  assert.ok(kinds(effects).includes('discard'));
  story.falters(2_060);
  assert.equal(story.state.discarded, 1);
});

test('without speculation nothing is prepared before the turn is sure', () => {
  const story = new Story({ speculate: false });
  story.falters(1_000);
  assert.deepEqual(prepared(story.words('When are you open?', 1_020)), []);
});

test('a speech-to-text that judges turns says itself when to prepare', () => {
  const story = new Story();
  story.tell({ kind: 'judgeChanged', atMs: 500, judge: 'stt' });
  story.falters(1_000);
  assert.deepEqual(prepared(story.words('When are you open?', 1_020)), []);
});
