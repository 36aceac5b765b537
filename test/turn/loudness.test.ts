import assert from 'node:assert/strict';
import test from 'node:test';
import { callerLearned, NOTHING_LOUD } from '../../src/turn/loudness.ts';
import {
  firstState,
  type TurnEffect,
  type TurnEvent,
  type TurnSettings,
  type TurnState,
} from '../../src/turn/state.ts';
import { reduceTurn } from '../../src/turn/turn.ts';
import { plainTurnSettings } from '../helpers/turnSettings.ts';

const SETTINGS: TurnSettings = { ...plainTurnSettings, idleAfterMs: [], giveUpAfterMs: 10_000 };
const REPLY = 'Our winter storage is a dry hall behind the garage. You pay by the month.';

/** The caller has asked something at -20 dB; the agent answers as `REPLY`. */
class Story {
  state: TurnState = firstState();
  readonly effects: TurnEffect[] = [];
  readonly #settings: TurnSettings;

  constructor(faintDb = 9) {
    this.#settings = { ...SETTINGS, interruption: { ...SETTINGS.interruption, faintDb } };
    this.tell({ kind: 'opened', line: undefined });
    this.tell({ kind: 'voiceStarted', atMs: 1_100, voiceAtMs: 1_000, levelDbfs: -26 });
    this.tell({ kind: 'voiceLouder', atMs: 1_200, levelDbfs: -20 });
    this.words(0, 'How does the winter storage work?', 1_900);
    this.tell({ kind: 'voiceStopped', atMs: 2_200, silenceAtMs: 2_000 });
    this.tell({ kind: 'committed', utterance: 0 });
    this.tell({ kind: 'timerRang', timer: 'endpoint', atMs: 2_300 });
    const replyId = this.replyId();
    this.tell({ kind: 'replyStarted', replyId });
    this.tell({ kind: 'replyHeard', replyId, heardText: 'Our winter storage', text: REPLY, whole: true });
    assert.equal(this.state.phase.kind, 'speaking');
  }

  replyId(): number {
    return this.effects.findLast((effect) => effect.kind === 'release')?.replyId ?? -1;
  }

  tell(event: TurnEvent): readonly string[] {
    const step = reduceTurn(this.state, event, this.#settings);
    this.state = step.state;
    this.effects.push(...step.effects);
    return step.effects.map(({ kind }) => kind);
  }

  words(utterance: number, text: string, atMs: number, final = false): readonly string[] {
    return this.tell({ kind: 'words', atMs, utterance, text, final });
  }

  count(kind: TurnEffect['kind']): number {
    return this.effects.filter((effect) => effect.kind === kind).length;
  }
}

test('a voice much fainter than the caller\u2019s holds the agent for less than is ahead at the carrier', () => {
  const story = new Story();
  assert.ok(
    story.tell({ kind: 'voiceStarted', atMs: 5_000, voiceAtMs: 4_900, levelDbfs: -34 }).includes('hold'),
  );
  assert.ok(story.tell({ kind: 'timerRang', timer: 'faint', atMs: 5_100 }).includes('resume'));
  assert.equal(story.state.phase.kind, 'speaking');
  const outcomes = story.effects.flatMap((effect) => (effect.kind === 'bargeIn' ? [effect.outcome] : []));
  assert.deepEqual(outcomes, ['ignored']);
});

test('a soft beginning is the caller\u2019s when it grows', () => {
  const story = new Story();
  story.tell({ kind: 'voiceStarted', atMs: 5_000, voiceAtMs: 4_900, levelDbfs: -34 });
  story.tell({ kind: 'voiceLouder', atMs: 5_060, levelDbfs: -22 });
  assert.deepEqual(story.tell({ kind: 'timerRang', timer: 'faint', atMs: 5_100 }), []);
  assert.ok(story.words(1, 'And what about boats?', 5_600).includes('interrupt'));
});

test('a voice that grows after the agent has gone on holds it again', () => {
  const story = new Story();
  story.tell({ kind: 'voiceStarted', atMs: 5_000, voiceAtMs: 4_900, levelDbfs: -34 });
  story.tell({ kind: 'timerRang', timer: 'faint', atMs: 5_100 });
  assert.ok(story.tell({ kind: 'voiceLouder', atMs: 5_300, levelDbfs: -21 }).includes('hold'));
});

test('what is said aside neither interrupts nor is answered after the reply', () => {
  const story = new Story();
  story.tell({ kind: 'voiceStarted', atMs: 5_000, voiceAtMs: 4_900, levelDbfs: -36 });
  story.tell({ kind: 'timerRang', timer: 'faint', atMs: 5_100 });
  story.words(1, 'Has anybody seen', 5_500);
  story.tell({ kind: 'voiceStopped', atMs: 6_200, silenceAtMs: 6_000 });
  story.tell({ kind: 'committed', utterance: 1 });
  story.words(1, 'Has anybody seen the remote control?', 6_350, true);
  story.tell({ kind: 'replyPlayed', replyId: story.replyId(), atMs: 8_000 });
  assert.equal(story.count('interrupt'), 0);
  assert.equal(story.count('prepare'), 1);
  assert.equal(story.state.phase.kind, 'listening');
});

test('nor is it when its last word comes after the reply was played', () => {
  const story = new Story();
  story.tell({ kind: 'voiceStarted', atMs: 7_000, voiceAtMs: 6_900, levelDbfs: -36 });
  story.tell({ kind: 'timerRang', timer: 'faint', atMs: 7_100 });
  story.words(1, 'Has anybody', 7_500);
  story.tell({ kind: 'voiceStopped', atMs: 7_900, silenceAtMs: 7_700 });
  story.tell({ kind: 'committed', utterance: 1 });
  story.tell({ kind: 'replyPlayed', replyId: story.replyId(), atMs: 8_000 });
  story.words(1, 'Has anybody seen the remote control?', 8_100, true);
  assert.equal(story.count('prepare'), 1);
  assert.equal(story.state.phase.kind, 'listening');
});

test('"stop" is obeyed however faint', () => {
  const story = new Story();
  story.tell({ kind: 'voiceStarted', atMs: 5_000, voiceAtMs: 4_900, levelDbfs: -40 });
  story.tell({ kind: 'timerRang', timer: 'faint', atMs: 5_100 });
  assert.ok(story.words(1, 'Stop', 5_500).includes('interrupt'));
});

test('"stop" in an echo of the agent is the agent\u2019s', () => {
  const story = new Story();
  const replyId = story.replyId();
  const text = 'There is a bus stop in front of the hall.';
  story.tell({ kind: 'replyHeard', replyId, heardText: text, text, whole: true });
  story.tell({ kind: 'voiceStarted', atMs: 5_000, voiceAtMs: 4_900, levelDbfs: -36 });
  story.words(1, 'bus stop', 5_500);
  assert.equal(story.count('interrupt'), 0);
});

test('a word that nobody understood is not passed over as a cough is', () => {
  for (const { speechMs, levelDbfs, interrupted } of [
    { speechMs: 448, levelDbfs: -21, interrupted: 1 },
    { speechMs: 96, levelDbfs: -21, interrupted: 0 },
    { speechMs: 448, levelDbfs: -33, interrupted: 0 },
  ]) {
    const story = new Story();
    story.tell({ kind: 'voiceStarted', atMs: 5_000, voiceAtMs: 4_900, levelDbfs });
    story.tell({ kind: 'voiceStopped', atMs: 5_500, silenceAtMs: 5_300, speechMs });
    story.tell({ kind: 'committed', utterance: 1 });
    story.words(1, '', 5_650, true);
    story.tell({ kind: 'timerRang', timer: 'verdict', atMs: 5_950 });
    assert.equal(story.count('interrupt'), interrupted, `${speechMs} ms at ${levelDbfs} dB`);
  }
});

test('words of an echo do not let the agent go on while somebody speaks as loud as the caller', () => {
  const story = new Story();
  story.tell({ kind: 'voiceStarted', atMs: 5_000, voiceAtMs: 4_900, levelDbfs: -36 });
  story.tell({ kind: 'timerRang', timer: 'faint', atMs: 5_100 });
  story.words(1, 'winter storage', 5_300);
  story.tell({ kind: 'voiceLouder', atMs: 5_600, levelDbfs: -20 });
  assert.equal(story.state.phase.kind, 'doubting');
  story.words(1, 'winter storage is a dry', 5_700);
  assert.equal(story.state.phase.kind, 'doubting');
  assert.ok(story.words(1, 'winter storage is a dry what about boats', 6_100).includes('interrupt'));
});

test('the end of an echo that outlasts the reply is no turn', () => {
  const story = new Story();
  story.tell({ kind: 'voiceStarted', atMs: 5_000, voiceAtMs: 4_900, levelDbfs: -36 });
  story.tell({ kind: 'timerRang', timer: 'faint', atMs: 5_100 });
  story.tell({ kind: 'replyPlayed', replyId: story.replyId(), atMs: 8_000 });
  story.words(1, 'winter storage is a dry hall', 8_200);
  story.tell({ kind: 'voiceStopped', atMs: 8_400, silenceAtMs: 8_200 });
  story.tell({ kind: 'committed', utterance: 1 });
  story.words(1, 'winter storage is a dry hall you pay by the month', 8_550, true);
  assert.equal(story.state.phase.kind, 'listening');
  assert.equal(story.count('prepare'), 1);
});

test('who begins faintly over the agent and goes on long after it is the caller', () => {
  const story = new Story();
  story.tell({ kind: 'voiceStarted', atMs: 7_900, voiceAtMs: 7_800, levelDbfs: -36 });
  story.tell({ kind: 'replyPlayed', replyId: story.replyId(), atMs: 8_000 });
  story.words(1, 'And how much is it', 9_500);
  story.tell({ kind: 'voiceStopped', atMs: 10_200, silenceAtMs: 10_000 });
  story.tell({ kind: 'committed', utterance: 1 });
  story.words(1, 'And how much is it for a boat?', 10_350, true);
  story.tell({ kind: 'timerRang', timer: 'endpoint', atMs: 10_400 });
  assert.equal(story.count('release'), 2);
});

test('a faint voice while the agent is silent is a caller who has turned away', () => {
  const story = new Story();
  story.tell({ kind: 'replyPlayed', replyId: story.replyId(), atMs: 8_000 });
  story.tell({ kind: 'voiceStarted', atMs: 9_100, voiceAtMs: 9_000, levelDbfs: -38 });
  story.words(1, 'How much is it for a boat?', 9_800);
  story.tell({ kind: 'voiceStopped', atMs: 10_200, silenceAtMs: 10_000 });
  story.tell({ kind: 'timerRang', timer: 'endpoint', atMs: 10_400 });
  assert.equal(story.count('release'), 2);
});

test('with faintDb 0 every voice is the caller\u2019s', () => {
  const story = new Story(0);
  story.tell({ kind: 'voiceStarted', atMs: 5_000, voiceAtMs: 4_900, levelDbfs: -50 });
  assert.equal(story.count('startTimer') > 0 && story.state.phase.kind, 'doubting');
  assert.ok(story.words(1, 'And what about boats?', 5_600).includes('interrupt'));
});

test('the caller\u2019s level falls with them at once and rises slowly, and unknown levels teach nothing', () => {
  const learn = (levels: readonly (number | undefined)[]): number | undefined =>
    levels.reduce((known, voiceDbfs) => callerLearned({ ...known, voiceDbfs }), NOTHING_LOUD).callerDbfs;
  assert.equal(learn([-20]), -20);
  assert.equal(learn([-20, undefined]), -20);
  assert.equal(learn([-20, -30]), -26);
  assert.equal(learn([-20, -10]), -17);
});
