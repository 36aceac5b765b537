import assert from 'node:assert/strict';
import test from 'node:test';
import {
  firstState,
  type TurnEffect,
  type TurnEvent,
  type TurnSettings,
  type TurnState,
  type TurnTimer,
} from '../../src/turn/state.ts';
import { CUT_IN_HOLDS_MS } from '../../src/turn/cutIn.ts';
import { CUT_IN_LATEST_MS } from '../../src/turn/longTurn.ts';
import { SAID_CHARS_MAX } from '../../src/turn/said.ts';
import { STEADY_MS } from '../../src/turn/steadyVoice.ts';
import { reduceTurn } from '../../src/turn/turn.ts';
import { REPLACED_BETWEEN_WORDS_MAX, REPLACED_MAX, WORDLESS_MS } from '../../src/turn/wordless.ts';
import { plainTurnSettings } from '../helpers/turnSettings.ts';

const settings: TurnSettings = { ...plainTurnSettings, idleAfterMs: [8_000, 10_000] };

interface Done {
  readonly atMs: number;
  readonly effect: TurnEffect;
}

/** The machine with its timers, ears that answer a commit 150 ms later, and an agent that begins to speak after 400 ms. */
class Talk {
  state: TurnState = firstState();
  readonly done: Done[] = [];
  nowMs = 0;
  /** How long the agent speaks. */
  replyMs = 2_000;
  /** What the ears say last of an utterance, when it is not what they said before. */
  finalText: string | undefined;
  readonly #settings: TurnSettings;
  readonly #timers = new Map<TurnTimer, number>();
  #later: { readonly atMs: number; readonly event: () => TurnEvent }[] = [];
  #utterance = 0;
  #words = '';

  constructor(own: Partial<TurnSettings> = {}) {
    this.#settings = { ...settings, ...own };
    this.#tell({ kind: 'opened', line: undefined });
  }

  run(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    for (;;) {
      const timer = [...this.#timers].sort(([, a], [, b]) => a - b)[0];
      const later = this.#later.sort((a, b) => a.atMs - b.atMs)[0];
      const atMs = Math.min(timer?.[1] ?? Infinity, later?.atMs ?? Infinity);
      if (atMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, atMs);
      if (later !== undefined && later.atMs === atMs) {
        this.#later = this.#later.filter((one) => one !== later);
        this.#tell(later.event());
      } else if (timer !== undefined) {
        this.#timers.delete(timer[0]);
        this.#tell({ kind: 'timerRang', timer: timer[0], atMs: this.nowMs });
      }
    }
    this.nowMs = endMs;
  }

  voice(): void {
    this.#tell({ kind: 'voiceStarted', atMs: this.nowMs, voiceAtMs: this.nowMs - 80 });
  }

  /** The voice stopped 200 ms ago. */
  silence(): void {
    this.#tell({ kind: 'voiceStopped', atMs: this.nowMs, silenceAtMs: this.nowMs - 200 });
  }

  /** Word for word, 250 ms each. */
  words(text: string): void {
    for (const word of text.split(' ')) {
      this.run(250);
      this.#words = `${this.#words} ${word}`.trim();
      this.#tell({
        kind: 'words',
        atMs: this.nowMs,
        utterance: this.#utterance,
        text: this.#words,
        final: false,
      });
    }
  }

  /** At once, in an utterance of its own. */
  saysOn(text: string): void {
    this.#utterance += 1;
    this.#words = text;
    this.#tell({ kind: 'words', atMs: this.nowMs, utterance: this.#utterance, text, final: false });
  }

  /** A voice of this length without a word. */
  noise(durationMs: number): void {
    this.voice();
    this.run(durationMs);
    this.silence();
  }

  all<K extends TurnEffect['kind']>(
    kind: K,
  ): readonly (Extract<TurnEffect, { kind: K }> & { atMs: number })[] {
    return this.done.flatMap(({ atMs, effect }) =>
      effect.kind === kind ? [{ ...(effect as Extract<TurnEffect, { kind: K }>), atMs }] : [],
    );
  }

  /** A method, so that no test's type takes it for what it was before. */
  phaseNow(): string {
    return this.state.phase.kind;
  }

  get lines(): readonly string[] {
    return this.all('sayLine').map((effect) => effect.line.kind);
  }

  get answered(): readonly string[] {
    return this.all('release').map((effect) => effect.callerText);
  }

  #tell(event: TurnEvent): void {
    const { state, effects } = reduceTurn(this.state, event, this.#settings);
    this.state = state;
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: TurnEffect): void {
    this.done.push({ atMs: this.nowMs, effect });
    const { nowMs } = this;
    switch (effect.kind) {
      case 'startTimer':
        this.#timers.set(effect.timer, nowMs + effect.delayMs);
        break;
      case 'stopTimer':
        this.#timers.delete(effect.timer);
        break;
      case 'commit': {
        const utterance = this.#utterance;
        const text = this.finalText ?? this.#words;
        this.#utterance += 1;
        this.#words = '';
        this.#soon(0, () => ({ kind: 'committed', utterance }));
        this.#soon(150, () => ({ kind: 'words', atMs: this.nowMs, utterance, text, final: true }));
        break;
      }
      case 'release':
      case 'sayLine':
        this.#soon(400, () => ({ kind: 'replyStarted', replyId: effect.replyId }));
        this.#soon(400 + this.replyMs, () => ({
          kind: 'replyPlayed',
          replyId: effect.replyId,
          atMs: this.nowMs,
        }));
        break;
      default:
    }
  }

  #soon(delayMs: number, event: () => TurnEvent): void {
    this.#later.push({ atMs: this.nowMs + delayMs, event });
  }
}

// --- ears that hear nothing ---

test('two turns of voice without a word: the caller is asked again each time, and other ears listen', () => {
  const talk = new Talk();
  talk.noise(1_500);
  talk.run(6_000);
  assert.deepEqual(talk.lines, ['noWords']);
  assert.equal(talk.all('replaceEars').length, 0);
  talk.noise(1_500);
  talk.run(6_000);
  assert.deepEqual(talk.lines, ['noWords', 'noWords']);
  assert.equal(talk.all('replaceEars').length, 1);
});

test('one long voice without a word is enough, while it goes on', () => {
  const talk = new Talk();
  talk.voice();
  talk.run(WORDLESS_MS + 3_000);
  assert.equal(talk.all('replaceEars').length, 1);
  assert.deepEqual(talk.lines, ['noWords']);
});

test('a word between two voices says that the ears are well', () => {
  const talk = new Talk();
  talk.noise(1_500);
  talk.run(6_000);
  talk.voice();
  talk.words('Hello there.');
  talk.silence();
  talk.run(4_000);
  talk.noise(1_500);
  talk.run(6_000);
  assert.equal(talk.all('replaceEars').length, 0);
  assert.deepEqual(talk.answered, ['Hello there.']);
});

test('a noise without end does not replace the ears again and again', () => {
  const talk = new Talk({ idleAfterMs: [] });
  for (let count = 0; count < 40; count += 1) {
    talk.noise(1_500);
    talk.run(6_000);
  }
  assert.equal(talk.all('replaceEars').length, REPLACED_BETWEEN_WORDS_MAX);
  assert.equal(talk.lines.length, 2, 'asked twice, no more');
});

test('not even with words now and then', () => {
  const talk = new Talk({ idleAfterMs: [] });
  for (let count = 0; count < 40; count += 1) {
    for (const voiceMs of [1_500, 1_500]) {
      talk.noise(voiceMs);
      talk.run(6_000);
    }
    talk.voice();
    talk.words('Hello there.');
    talk.silence();
    talk.run(6_000);
  }
  assert.equal(talk.all('replaceEars').length, REPLACED_MAX);
  assert.equal(talk.answered.length, 40);
});

test('a long cough is not asked about, when the detector knows speech; a word that was not understood is', () => {
  for (const { speechMs, asked } of [
    { speechMs: 160, asked: 0 },
    { speechMs: 320, asked: 1 },
    { speechMs: undefined, asked: 1 },
  ]) {
    let state = reduceTurn(firstState(), { kind: 'opened', line: undefined }, settings).state;
    let lines = 0;
    for (const event of [
      { kind: 'voiceStarted', atMs: 1_100, voiceAtMs: 1_000 },
      { kind: 'voiceStopped', atMs: 1_700, silenceAtMs: 1_500, speechMs },
      { kind: 'committed', utterance: 0 },
      { kind: 'words', atMs: 1_850, utterance: 0, text: '', final: true },
      { kind: 'timerRang', timer: 'endpoint', atMs: 3_000 },
    ] as const) {
      const step = reduceTurn(state, event, settings);
      state = step.state;
      lines += step.effects.filter((effect) => effect.kind === 'sayLine').length;
    }
    assert.equal(lines, asked, `${speechMs} ms`);
  }
});

test('a cough is no voice without words', () => {
  const talk = new Talk({ idleAfterMs: [] });
  for (let count = 0; count < 10; count += 1) {
    talk.noise(300);
    talk.run(4_000);
  }
  assert.equal(talk.all('replaceEars').length, 0);
});

// --- a voice without end ---

test('a voice that never stops: the turn ends by the words, and the caller is answered', () => {
  const talk = new Talk();
  talk.voice();
  talk.words('I would like to book a table.');
  const lastWordAtMs = talk.nowMs;
  talk.run(5_000);
  const [release] = talk.all('release');
  assert.equal(release?.callerText, 'I would like to book a table.');
  assert.equal(release?.silenceAtMs, lastWordAtMs, 'they wait since their last word');
  assert.equal(release?.atMs, lastWordAtMs + settings.maxWaitMs + STEADY_MS + 150);
});

test('and so for every turn after it', () => {
  const talk = new Talk();
  talk.voice();
  for (const text of ['I want a table.', 'For two people.', 'At seven tonight.']) {
    talk.words(text);
    talk.run(8_000);
  }
  assert.deepEqual(talk.answered, ['I want a table.', 'For two people.', 'At seven tonight.']);
});

test('a caller who pauses shorter than that with the voice on is not cut in on', () => {
  const talk = new Talk();
  talk.voice();
  talk.words('I would like to book');
  talk.run(2_000);
  talk.words('a table for two.');
  talk.run(5_000);
  assert.deepEqual(talk.answered, ['I would like to book a table for two.']);
});

test('words after the turn was taken, with the voice on, take it back before the answer sounds', () => {
  const talk = new Talk();
  talk.voice();
  talk.words('I would like to book a table.');
  talk.run(settings.maxWaitMs + STEADY_MS + 200);
  assert.equal(talk.all('release').length, 1);
  talk.words('For two.');
  assert.equal(talk.all('withhold').length, 1);
  talk.run(5_000);
  assert.equal(talk.answered.at(-1), 'I would like to book a table. For two.');
});

test('a final with more words, though there were none live, is the caller speaking on', () => {
  const talk = new Talk();
  talk.finalText = 'And my name is Peterson.';
  talk.voice();
  talk.run(WORDLESS_MS + 200);
  assert.equal(talk.phaseNow(), 'listening');
  assert.equal(talk.all('replaceEars').length, 0);
  talk.finalText = '';
  talk.run(5_000);
  assert.deepEqual(talk.answered, ['And my name is Peterson.']);
});

test('a voice without end and without words comes to the ladder of silence, and the call is given up', () => {
  const talk = new Talk();
  talk.voice();
  talk.run(120_000);
  assert.deepEqual(talk.lines.slice(0, 4), ['noWords', 'noWords', 'idle', 'idle']);
  assert.ok(talk.all('giveUp').length > 0);
});

test('a voice that never stops over the agent does not hold it for ever', () => {
  const talk = new Talk();
  talk.replyMs = 30_000;
  talk.voice();
  talk.words('When are you open?');
  talk.silence();
  talk.run(2_000);
  assert.equal(talk.phaseNow(), 'speaking');
  talk.voice();
  talk.run(200);
  talk.silence();
  talk.run(100);
  // In the time in which words may still come, it begins again.
  talk.voice();
  assert.equal(talk.phaseNow(), 'doubting');
  talk.run(2_000);
  assert.notEqual(talk.phaseNow(), 'doubting');
});

// --- a detector that hears nothing ---

test('words alone drive the turn, to its last word', () => {
  const talk = new Talk();
  talk.words('I would like to book a table for tomorrow.');
  talk.run(3_000);
  assert.deepEqual(talk.answered, ['I would like to book a table for tomorrow.']);
});

test('words alone stop the agent', () => {
  const talk = new Talk();
  talk.replyMs = 30_000;
  talk.words('When are you open?');
  talk.run(3_000);
  assert.equal(talk.phaseNow(), 'speaking');
  talk.words('Stop please.');
  assert.equal(talk.all('interrupt').length, 1);
  talk.run(3_000);
  assert.equal(talk.answered.at(-1), 'Stop please.');
});

// --- finals ---

test('an empty final does not undo live words', () => {
  const talk = new Talk();
  talk.finalText = '';
  talk.voice();
  talk.words('I would like to book a table.');
  talk.run(200);
  talk.silence();
  talk.run(3_000);
  assert.deepEqual(talk.answered, ['I would like to book a table.']);
  assert.deepEqual(talk.lines, []);
});

test('a final with other words before the answer sounds changes the question, one after it does not', () => {
  const late = (afterMs: number): readonly string[] => {
    const talk = new Talk();
    talk.voice();
    talk.words('I need a point');
    talk.run(200);
    talk.silence();
    let state: TurnState = talk.state;
    const tell = (event: TurnEvent): readonly TurnEffect[] => {
      const step = reduceTurn(state, event, settings);
      state = step.state;
      return step.effects;
    };
    tell({ kind: 'committed', utterance: 0 });
    tell({ kind: 'timerRang', timer: 'finalWords', atMs: 3_000 });
    const effects = [...tell({ kind: 'timerRang', timer: 'endpoint', atMs: 3_000 })];
    const replyId = talk.state.nextReplyId - 1;
    if (afterMs > 0) tell({ kind: 'replyStarted', replyId });
    effects.push(
      ...tell({
        kind: 'words',
        atMs: 3_000 + afterMs,
        utterance: 0,
        text: 'I need an appointment.',
        final: true,
      }),
    );
    return effects.map((effect) => effect.kind);
  };
  assert.ok(late(0).includes('withhold'));
  assert.ok(!late(500).includes('withhold'));
  assert.ok(!late(500).includes('interrupt'));
});

// --- a caller who talks for minutes ---

const story = 'and then I went to the shop and';

test('a caller who talks and talks is cut in on in the next pause, however short and open, and the model is told', () => {
  const talk = new Talk({ cutInAfterMs: 20_000 });
  talk.voice();
  while (talk.nowMs < 21_000) talk.words(story);
  assert.equal(talk.all('release').length, 0);
  talk.silence();
  talk.run(160);
  const [release] = talk.all('release');
  assert.ok(release !== undefined, 'within the final words of the pause');
  assert.equal(talk.all('prepare').at(-1)?.cutIn, true);
});

test('without a pause the agent speaks over them, and is not stopped by what they go on saying for a while', () => {
  const talk = new Talk({ cutInAfterMs: 20_000 });
  talk.replyMs = 60_000;
  talk.voice();
  while (talk.all('release').length === 0 && talk.nowMs < 60_000) talk.words('and then');
  const [release] = talk.all('release');
  assert.ok(release !== undefined);
  assert.ok(release.atMs <= 20_000 + 250 + CUT_IN_LATEST_MS + 500, `at ${release.atMs}`);
  while (talk.nowMs < release.atMs + CUT_IN_HOLDS_MS - 600) talk.words('and then');
  assert.deepEqual([talk.all('interrupt').length, talk.all('withhold').length], [0, 0]);
  while (talk.nowMs < release.atMs + CUT_IN_HOLDS_MS + 600) talk.words('and then');
  assert.equal(talk.all('interrupt').length, 1, 'then they may');
});

test('what a caller says on while the agent that cuts in has not begun to speak is part of their next turn', () => {
  const talk = new Talk({ cutInAfterMs: 20_000 });
  talk.voice();
  while (talk.all('release').length === 0 && talk.nowMs < 60_000) talk.words('and then');
  const [first] = talk.all('release');
  assert.ok(first !== undefined && talk.phaseNow() === 'thinking');
  talk.run(10);
  talk.saysOn('my number is seven');
  assert.equal(talk.phaseNow(), 'thinking');
  talk.run(500);
  assert.equal(talk.phaseNow(), 'speaking');
  talk.silence();
  talk.run(10_000);
  const [, second] = talk.all('release');
  // No word is lost, and none is in both.
  assert.match(`${first.callerText} ${second?.callerText}`, /^(and then )+my number is seven$/);
  assert.match(second?.callerText ?? '', /my number is seven$/);
});

test('nobody is cut in on whose turn is shorter, nor when the file says nothing of it', () => {
  const brisk = new Talk({ cutInAfterMs: 20_000 });
  for (let turn = 0; turn < 10; turn += 1) {
    brisk.voice();
    brisk.words('I would like a table for two.');
    brisk.silence();
    brisk.run(5_000);
  }
  assert.equal(brisk.answered.length, 10);
  assert.ok(brisk.all('prepare').every((effect) => !effect.cutIn));
  const patient = new Talk();
  patient.voice();
  while (patient.nowMs < 60_000) patient.words(story);
  assert.deepEqual(patient.answered, []);
});

test('of a turn without end the last of it is kept, whole words, and what is dropped is told', () => {
  const talk = new Talk();
  let said = 0;
  talk.voice();
  while (said < 3 * SAID_CHARS_MAX) {
    talk.words(story);
    said += story.length + 1;
    // The ears begin a new utterance now and then.
    if (said % 5 === 0) {
      talk.silence();
      talk.voice();
    }
  }
  talk.words('that is all, can you help me?');
  talk.run(200);
  talk.silence();
  talk.run(3_000);
  const [text] = talk.answered;
  assert.ok(text !== undefined && text.length <= SAID_CHARS_MAX + 100, `${text?.length}`);
  assert.ok(text.endsWith('that is all, can you help me?'));
  assert.match(text, /^(and|then|I|went|to|the|shop) /);
  const dropped = talk.all('textDropped').reduce((chars, effect) => chars + effect.chars, 0);
  assert.ok(Math.abs(said + 29 - text.length - dropped) < 200, `${said} ${text.length} ${dropped}`);
});
