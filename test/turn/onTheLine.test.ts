// Stories of words that are said to their end, and of answers that are taken back because nobody has heard them yet.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { AgentWords } from '../../src/turn/expectation.ts';
import { TAKEN_BACK_MAX } from '../../src/turn/onTheLine.ts';
import { textOf } from '../../src/turn/said.ts';
import { firstState, type TurnEffect, type TurnEvent, type TurnSettings } from '../../src/turn/state.ts';
import { reduceTurn } from '../../src/turn/turn.ts';
import { overAgent, plainTurnSettings } from '../helpers/turnSettings.ts';

const settings: TurnSettings = { ...plainTurnSettings, ...overAgent(['stop'], ['mhm', 'yeah']) };

const TEXT = 'This call is recorded. Monday is free.';

class Story {
  state = firstState();
  atMs = 0;
  readonly effects: TurnEffect[] = [];
  readonly #settings: TurnSettings;
  #utterance = 0;

  constructor(interruption: Partial<TurnSettings['interruption']> = {}) {
    this.#settings = { ...settings, interruption: { ...settings.interruption, ...interruption } };
    this.tell({ kind: 'opened', line: undefined });
  }

  tell(event: TurnEvent): readonly string[] {
    const { state, effects } = reduceTurn(this.state, event, this.#settings);
    this.state = state;
    this.effects.push(...effects);
    for (const { kind } of effects) if (kind === 'commit') this.#committed();
    return effects.map(({ kind }) => kind);
  }

  all<K extends TurnEffect['kind']>(kind: K): readonly Extract<TurnEffect, { kind: K }>[] {
    return this.effects.filter((effect): effect is Extract<TurnEffect, { kind: K }> => effect.kind === kind);
  }

  voice(): readonly string[] {
    this.atMs += 100;
    return this.tell({ kind: 'voiceStarted', atMs: this.atMs, voiceAtMs: this.atMs - 80 });
  }

  words(text: string): readonly string[] {
    this.atMs += 300;
    const utterance = this.#utterance;
    return this.tell({ kind: 'words', atMs: this.atMs, utterance, text, final: false });
  }

  silence(text: string): readonly string[] {
    this.atMs += 200;
    const utterance = this.#utterance;
    const effects = this.tell({ kind: 'voiceStopped', atMs: this.atMs, silenceAtMs: this.atMs - 200 });
    this.atMs += 100;
    return [...effects, ...this.tell({ kind: 'words', atMs: this.atMs, utterance, text, final: true })];
  }

  /** What was asked of the ears last has no word in it, and the wait is over. */
  nothingMore(): void {
    this.atMs += 150;
    this.tell({ kind: 'words', atMs: this.atMs, utterance: this.#utterance - 1, text: '', final: true });
    if (this.state.phase.kind === 'pausing') this.ring('endpoint');
  }

  ring(timer: 'endpoint' | 'lasting' | 'verdict' | 'protected'): readonly string[] {
    this.atMs += 100;
    return this.tell({ kind: 'timerRang', timer, atMs: this.atMs });
  }

  /** Without a word a voice has to last twice as long. */
  lasts(): readonly string[] {
    this.ring('lasting');
    this.atMs += 1_200;
    return this.ring('lasting');
  }

  heard(words: Partial<AgentWords>): void {
    const { phase } = this.state;
    const replyId = 'replyId' in phase ? phase.replyId : -1;
    this.tell({ kind: 'replyHeard', replyId, heardText: '', text: TEXT, whole: true, ...words });
  }

  says(text: string): void {
    this.voice();
    this.words(text);
    this.silence(text);
    if (this.state.phase.kind === 'pausing') this.ring('endpoint');
  }

  agentBegins(): number {
    const { phase } = this.state;
    assert.ok(phase.kind === 'thinking');
    this.tell({ kind: 'replyStarted', replyId: phase.replyId });
    return phase.replyId;
  }

  agentIsDone(): void {
    const { phase } = this.state;
    assert.ok('replyId' in phase);
    this.atMs += 500;
    this.heard({ heardText: TEXT });
    this.tell({ kind: 'replyPlayed', replyId: phase.replyId, atMs: this.atMs });
  }

  #committed(): void {
    const utterance = this.#utterance;
    this.#utterance += 1;
    this.tell({ kind: 'committed', utterance });
  }
}

/** The agent answers "Can I come on Monday?". */
function answering(interruption: Partial<TurnSettings['interruption']> = {}): Story {
  const story = new Story(interruption);
  story.says('Can I come on Monday?');
  story.agentBegins();
  return story;
}

/** ... and is in a sentence that is said to its end. */
function inProtected(interruption: Partial<TurnSettings['interruption']> = {}): Story {
  const story = answering(interruption);
  story.heard({ heardText: 'This call', protectedMs: 150 });
  return story;
}

const UNTOUCHED = ['hold', 'interrupt', 'withhold', 'resume'];

test('nothing that is said over protected words holds or stops them, and it is judged when they are over', () => {
  const story = inProtected();
  story.voice();
  story.words('Stop');
  story.silence('Stop please');
  assert.deepEqual(
    story.effects.filter(({ kind }) => UNTOUCHED.includes(kind)),
    [],
  );
  const timer = story.all('startTimer').findLast((effect) => effect.timer === 'protected');
  assert.equal(timer?.delayMs, 150);
  story.heard({ heardText: 'This call is recorded.' });
  assert.ok(story.ring('protected').includes('interrupt'));
  story.nothingMore();
  assert.equal(story.all('release').at(-1)?.callerText, 'Stop please');
});

test('protected words that turn out longer than was known are waited for again', () => {
  const story = inProtected();
  story.voice();
  story.words('Stop');
  story.heard({ heardText: 'This call is', protectedMs: 3 });
  assert.deepEqual(story.ring('protected'), ['startTimer']);
  const timer = story.all('startTimer').at(-1);
  assert.ok(timer?.timer === 'protected' && timer.delayMs >= 20, 'not at every tick');
  story.heard({ heardText: 'This call is', protectedMs: 9_000 });
  story.ring('protected');
  const next = story.all('startTimer').at(-1);
  assert.ok((next?.delayMs ?? Infinity) <= 200, 'nor so late that it has been over for long');
  assert.deepEqual(story.all('interrupt'), []);
});

test('a caller who still speaks when the protected words are over holds the agent there, and then has the floor', () => {
  const story = inProtected();
  story.voice();
  story.heard({ heardText: 'This call is recorded.' });
  assert.ok(story.ring('protected').includes('hold'));
  const lasting = story.all('startTimer').findLast((effect) => effect.timer === 'lasting');
  assert.ok((lasting?.delayMs ?? 0) > 0);
  assert.ok(story.lasts().includes('interrupt'));
});

test('a nod over protected words is none the more for it: the agent goes on', () => {
  const story = inProtected();
  story.voice();
  story.words('Mhm');
  story.silence('Mhm.');
  story.heard({ heardText: 'This call is recorded.' });
  assert.deepEqual(story.ring('protected'), []);
  story.agentIsDone();
  assert.equal(story.state.phase.kind, 'listening');
  assert.equal(story.all('release').length, 1);
});

test('one word over protected words is answered although an interruption would need two', () => {
  for (const endsProtected of [true, false]) {
    const story = inProtected({ minWords: 2 });
    story.voice();
    story.words('Tuesday?');
    story.silence('Tuesday?');
    if (endsProtected) {
      story.agentIsDone();
    } else {
      story.heard({ heardText: 'This call is recorded.' });
      assert.ok(story.ring('protected').includes('interrupt'));
    }
    assert.equal(story.state.phase.kind, 'pausing');
    story.nothingMore();
    assert.equal(story.all('release').at(-1)?.callerText, 'Tuesday?');
  }
});

test('what follows protected words can be interrupted as ever', () => {
  const story = inProtected();
  story.heard({ heardText: 'This call is recorded. Monday', protectedMs: 0 });
  assert.ok(story.voice().includes('hold'));
  assert.ok(story.words('Stop').includes('interrupt'));
});

test('a caller who goes on before a word of the answer was heard is answered as a whole, in the same turn', () => {
  const story = answering();
  const { turn } = story.state;
  story.heard({ unheard: true });
  assert.ok(story.voice().includes('hold'));
  const effects = story.words('Or on Tuesday');
  assert.ok(effects.includes('withhold') && !effects.includes('interrupt'));
  assert.equal(story.state.turn, turn - 1);
  assert.deepEqual(
    story.all('bargeIn').map(({ outcome }) => outcome),
    ['interrupted'],
  );
  story.silence('Or on Tuesday?');
  if (story.state.phase.kind === 'pausing') story.ring('endpoint');
  assert.equal(story.all('release').at(-1)?.callerText, 'Can I come on Monday? Or on Tuesday?');
  assert.equal(story.state.turn, turn);
  assert.equal(story.all('discard').length, 1, 'the first answer is not wanted any more');
});

test('a caller who is cut off before they heard why is waited for longer afterwards', () => {
  const story = answering();
  const before = story.state.pauses.caution;
  story.heard({ unheard: true });
  story.voice();
  story.words('Or on Tuesday');
  assert.ok(story.state.pauses.caution > before);
});

test('a cough before a word of the answer was heard holds it for a moment and lets it go on', () => {
  const story = answering();
  story.heard({ unheard: true });
  story.voice();
  story.silence('');
  assert.ok(story.ring('verdict').includes('resume'));
  assert.deepEqual(story.all('withhold'), []);
  story.agentIsDone();
  assert.equal(story.state.phase.kind, 'listening');
  assert.equal(textOf(story.state.said), '');
});

test('a voice that lasts without a word takes the answer back, and gives it when nothing was said', () => {
  const story = answering();
  const [released] = story.all('release');
  story.heard({ unheard: true });
  story.voice();
  assert.ok(story.lasts().includes('withhold'));
  story.silence('');
  if (story.state.phase.kind === 'pausing') story.ring('endpoint');
  assert.deepEqual(
    story.all('release').map(({ replyId }) => replyId),
    [released?.replyId, released?.replyId],
  );
  assert.equal(story.all('prepare').length, 1);
});

test('one word is enough to go on with, although an interruption would need two', () => {
  const story = answering({ minWords: 2 });
  story.heard({ unheard: true });
  story.voice();
  assert.ok(story.words('Tuesday').includes('withhold'));
});

test('the answer to one turn is taken back a few times at most', () => {
  const story = answering();
  for (let again = 0; again < TAKEN_BACK_MAX; again += 1) {
    story.heard({ unheard: true });
    story.voice();
    assert.ok(story.lasts().includes('withhold'));
    story.silence('');
    if (story.state.phase.kind === 'pausing') story.ring('endpoint');
    story.agentBegins();
  }
  story.heard({ unheard: true });
  story.voice();
  assert.ok(story.lasts().includes('interrupt'));
  assert.equal(story.state.takenBack, 0, 'the next turn begins anew');
});

test('an answer of which a word was heard is interrupted, and so is a line that answers nobody', () => {
  const heard = answering();
  heard.heard({ heardText: 'This', unheard: false });
  heard.voice();
  assert.ok(heard.words('Or on Tuesday').includes('interrupt'));
  const line = new Story();
  line.tell({ kind: 'lineWanted', line: { kind: 'text', text: TEXT } });
  line.agentBegins();
  line.heard({ unheard: true });
  line.voice();
  assert.ok(line.words('Or on Tuesday').includes('interrupt'));
});

test('an agent that may not be interrupted takes nothing back', () => {
  const story = answering({ enabled: false });
  story.heard({ unheard: true });
  assert.deepEqual(story.voice(), []);
  story.words('Or on Tuesday');
  story.silence('Or on Tuesday?');
  story.agentIsDone();
  assert.deepEqual([...story.all('withhold'), ...story.all('interrupt')], []);
  assert.equal(story.state.phase.kind, 'pausing', 'it is the next turn');
});
