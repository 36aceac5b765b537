// Stories of a caller who pauses, answers, nods and hears the agent back: what the machine makes of the words it is told.
import assert from 'node:assert/strict';
import test from 'node:test';
import { defaultAlways, defaultBackchannels } from '../../src/agent/defaults.ts';
import { ECHOES_TRUSTED_MAX } from '../../src/turn/ownVoice.ts';
import { firstState, type TurnEffect, type TurnEvent, type TurnSettings } from '../../src/turn/state.ts';
import { reduceTurn } from '../../src/turn/turn.ts';
import { overAgent, plainTurnSettings } from '../helpers/turnSettings.ts';

const settings: TurnSettings = { ...plainTurnSettings, ...overAgent(defaultAlways, defaultBackchannels) };

class Story {
  state = firstState();
  readonly effects: TurnEffect[] = [];
  #utterance = -1;
  atMs = 0;

  tell(event: TurnEvent): readonly TurnEffect[] {
    const step = reduceTurn(this.state, event, settings);
    this.state = step.state;
    this.effects.push(...step.effects);
    return step.effects;
  }

  count(kind: TurnEffect['kind']): number {
    return this.effects.filter((effect) => effect.kind === kind).length;
  }

  /** The agent's reply `text` is on the line and has been heard up to the slash. */
  agentSays(text: string): number {
    if (this.state.phase.kind !== 'thinking') this.tell({ kind: 'lineWanted', line: { kind: 'text', text } });
    const { phase } = this.state;
    assert.ok(phase.kind === 'thinking');
    this.tell({ kind: 'replyStarted', replyId: phase.replyId });
    this.agentIsAt(text);
    return phase.replyId;
  }

  agentIsAt(text: string): void {
    const { phase } = this.state;
    assert.ok('replyId' in phase);
    const [heardText = '', rest = ''] = text.split('/').map((part) => part.trim());
    const all = `${heardText} ${rest}`.trim();
    this.tell({ kind: 'replyHeard', replyId: phase.replyId, heardText, text: all, whole: true });
  }

  agentIsDone(text: string): void {
    this.agentIsAt(`${text} /`);
    const { phase } = this.state;
    assert.ok('replyId' in phase);
    this.tell({ kind: 'replyPlayed', replyId: phase.replyId, atMs: this.atMs });
  }

  voice(atMs: number): readonly TurnEffect[] {
    this.atMs = atMs;
    this.#utterance += 1;
    return this.tell({ kind: 'voiceStarted', atMs, voiceAtMs: atMs });
  }

  hears(text: string, final = false): readonly TurnEffect[] {
    return this.tell({ kind: 'words', atMs: this.atMs, utterance: this.#utterance, text, final });
  }

  /** Silence from `atMs` on; answers the wait it leads to, from the silence. */
  silence(text: string, atMs: number): number {
    this.atMs = atMs;
    this.tell({ kind: 'voiceStopped', atMs, silenceAtMs: atMs });
    this.tell({ kind: 'committed', utterance: this.#utterance });
    const effects = this.hears(text, true);
    const timer = effects.find((effect) => effect.kind === 'startTimer' && effect.timer === 'endpoint');
    return timer?.kind === 'startTimer' ? timer.delayMs : 0;
  }

  says(text: string, atMs: number): number {
    this.voice(atMs - 1_000);
    this.hears(text);
    return this.silence(text, atMs);
  }

  ring(timer: 'endpoint' | 'lasting' | 'verdict'): readonly TurnEffect[] {
    return this.tell({ kind: 'timerRang', timer, atMs: this.atMs });
  }
}

function opened(): Story {
  const story = new Story();
  story.tell({ kind: 'opened', line: undefined });
  return story;
}

test('what the agent asked for decides how long a number is waited for', () => {
  const story = opened();
  story.agentSays("Sure. What's your / phone number?");
  story.agentIsDone("Sure. What's your phone number?");
  assert.equal(story.state.expects.kind, 'digits');
  assert.ok(story.says('five five five', 5_000) > 1_000);
  assert.equal(story.says('five five five one two three four five six seven', 8_000) <= 300, true);
});

test('a question of which little was heard asks for nothing', () => {
  const story = opened();
  story.agentSays("All right. What's / your phone number?");
  story.voice(1_000);
  story.hears('Wait');
  assert.equal(story.count('interrupt'), 1);
  assert.equal(story.state.expects.kind, 'open');
});

test('"yes" over the agent’s closing question is the answer', () => {
  const story = opened();
  story.agentSays('I have a table at eight. Shall I book it for / you?');
  story.voice(1_000);
  story.hears('Yes');
  assert.equal(story.count('interrupt'), 1);
  assert.equal(story.silence('Yes.', 1_400), 300);
});

test('"yes" in the middle of a sentence lets it go on, and does not answer the question that follows', () => {
  const story = opened();
  story.agentSays('I have a table / at eight. Shall I book it for you?');
  story.voice(1_000);
  story.hears('Yes');
  story.silence('Yes.', 1_300);
  assert.equal(story.state.phase.kind, 'speaking');
  story.agentIsAt('I have a table at eight. Shall I book it for / you?');
  story.hears('yes', true);
  story.agentIsDone('I have a table at eight. Shall I book it for you?');
  assert.equal(story.count('interrupt'), 0);
  assert.equal(story.state.phase.kind, 'listening');
  assert.equal(story.count('prepare'), 0);
});

test('a second "yes", after the question, is the answer', () => {
  const story = opened();
  story.agentSays('I have a table / at eight. Shall I book it for you?');
  story.voice(1_000);
  story.hears('yeah');
  story.silence('yeah', 1_300);
  story.agentIsAt('I have a table at eight. Shall I book it for / you?');
  story.voice(2_500);
  story.hears('yes');
  assert.equal(story.count('interrupt'), 1);
});

test('the agent’s own words come back: they hold it for a moment and are nobody’s turn', () => {
  const story = opened();
  story.agentSays('We are open from eight to six / on every working day.');
  story.voice(1_000);
  story.hears('open');
  assert.equal(story.count('interrupt'), 0, 'one word may be an echo');
  story.hears('open from eight');
  story.silence('open from eight to', 1_400);
  assert.equal(story.state.phase.kind, 'speaking');
  assert.equal(story.count('resume'), 1);
  story.agentIsDone('We are open from eight to six on every working day.');
  assert.equal(story.count('prepare'), 0);
});

test('echo that lasts does not interrupt, and what the caller says behind it does', () => {
  const story = opened();
  story.agentSays('We are open from eight to six / on every working day.');
  story.voice(1_000);
  story.hears('open from eight');
  story.ring('lasting');
  assert.equal(story.count('interrupt'), 0);
  assert.equal(story.count('resume'), 1);
  story.hears('open from eight what about Sunday');
  assert.equal(story.count('interrupt'), 1);
  story.silence('Open from eight. What about Sunday?', 3_000);
  const prepared = story.effects.filter((effect) => effect.kind === 'prepare').at(-1);
  assert.ok(prepared?.kind === 'prepare');
  assert.equal(prepared.callerText, 'what about Sunday');
});

test('after some echoes a sound no longer holds the agent, words still stop it', () => {
  const story = opened();
  story.agentSays('We are open from eight to six / on every working day.');
  for (let echo = 0; echo < ECHOES_TRUSTED_MAX; echo += 1) {
    assert.ok(story.voice(1_000 + 2_000 * echo).some((effect) => effect.kind === 'hold'));
    story.hears('open from eight');
    story.silence('open from eight', 2_000 + 2_000 * echo);
  }
  assert.deepEqual(story.voice(9_000), []);
  story.hears('stop');
  assert.equal(story.count('interrupt'), 1);
});

test('"stop" behind an echo is obeyed', () => {
  const story = opened();
  story.agentSays('We are open from eight to six / on every working day.');
  story.voice(1_000);
  story.hears('open from eight stop');
  assert.equal(story.count('interrupt'), 1);
});

test('the answer may repeat two words of the question', () => {
  const story = opened();
  story.agentSays('Would you like the morning or the / afternoon?');
  story.voice(1_000);
  story.hears('the morning');
  assert.equal(story.count('interrupt'), 1);
});

test('a caller who pauses long inside turns is waited for longer', () => {
  const story = opened();
  const before = story.says('the kitchen sink', 2_000);
  for (let pause = 1; pause <= 5; pause += 1) story.says('and the kitchen sink', 2_000 + pause * 2_300);
  assert.ok(story.state.pauses.typicalMs > 900, `${story.state.pauses.typicalMs}`);
  const after = story.says('my kitchen sink', 20_000);
  assert.ok(after > before, `${after} against ${before}`);
});

test('a cough in a pause teaches nothing', () => {
  const story = opened();
  story.says('the kitchen sink', 2_000);
  story.voice(3_200);
  story.silence('', 3_300);
  assert.equal(story.state.pauses, firstState().pauses);
});

test('going on after the reply was released makes every wait longer, until turns go well again', () => {
  const story = opened();
  assert.equal(story.says('Can I book for Monday?', 2_000), 300);
  story.ring('endpoint');
  assert.equal(story.state.phase.kind, 'thinking');
  const longer = story.says('Or for Tuesday?', 3_500);
  assert.ok(longer > 400, `${longer}`);
  for (let turn = 0; turn < 8; turn += 1) {
    story.ring('endpoint');
    story.agentSays('Done / .');
    story.agentIsDone('Done.');
    story.says('And another one please.', 20_000 + turn * 10_000);
  }
  assert.equal(story.state.pauses.caution, 0);
});

test('speaking up just as the agent begins was a pause and not an interruption', () => {
  const story = opened();
  story.says('Can I book for Monday?', 2_000);
  story.ring('endpoint');
  story.agentSays('Of / course.');
  story.voice(2_900);
  story.hears('or Tuesday');
  assert.equal(story.count('interrupt'), 1);
  assert.ok(story.state.pauses.caution > 0);
});

test('interrupting an answer long after one’s own words teaches nothing', () => {
  const story = opened();
  story.says('Can I book for Monday?', 2_000);
  story.ring('endpoint');
  story.agentSays('Of course. We have / many times on Monday.');
  story.voice(6_000);
  story.hears('Tuesday please');
  assert.equal(story.count('interrupt'), 1);
  assert.equal(story.state.pauses.caution, 0);
});

test('news of what was heard of an old reply falls through', () => {
  const story = opened();
  const before = story.state;
  story.tell({ kind: 'replyHeard', replyId: 7, heardText: 'a', text: 'a b', whole: true });
  assert.equal(story.state, before);
});
