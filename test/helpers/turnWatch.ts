// The turn machine with its promises watched: whatever it is told, what it answers can be carried out.
import assert from 'node:assert/strict';
import {
  firstState,
  type TurnEffect,
  type TurnEvent,
  type TurnSettings,
  type TurnState,
  type TurnTimer,
} from '../../src/turn/state.ts';
import { leftProtectedMs, TAKEN_BACK_MAX } from '../../src/turn/onTheLine.ts';
import { textOf } from '../../src/turn/said.ts';
import { reduceTurn } from '../../src/turn/turn.ts';

export class TurnWatch {
  state: TurnState = firstState();
  /** Timers that were started and have neither been stopped nor rung. */
  readonly timers = new Set<TurnTimer>();
  readonly released: string[] = [];
  /** The caller has given the ears so many utterances to finish. */
  commits = 0;
  /** Answers that were taken back after they had begun to be written. */
  takenBack = 0;
  /** The reply that has the line. */
  onLine: number | undefined;
  readonly #settings: TurnSettings;
  /** Made and neither dropped, interrupted nor played. */
  readonly #alive = new Set<number>();
  #lastId = -1;
  #held = false;

  constructor(settings: TurnSettings) {
    this.#settings = settings;
  }

  get held(): boolean {
    return this.#held;
  }

  tell(event: TurnEvent): readonly TurnEffect[] {
    if (event.kind === 'replyPlayed' && event.replyId === this.onLine) {
      this.#alive.delete(event.replyId);
      this.onLine = undefined;
    }
    if (event.kind === 'timerRang') this.timers.delete(event.timer);
    const before = this.state;
    const { state, effects } = reduceTurn(before, event, this.#settings);
    this.state = state;
    this.#checkLine(before, effects);
    for (const effect of effects) this.#carryOut(effect);
    assert.ok(state.nextReplyId >= before.nextReplyId, 'the ids of replies never go back');
    assert.ok(state.oldUtterance >= before.oldUtterance, 'what is old stays old');
    assert.ok(this.#alive.size <= 2, 'one on the line and at most one prepared');
    const keys = state.keyed.reduce((sum, one) => sum + one.keys.length, 0);
    // Those of an answer that was taken back, and those that were pressed over it.
    assert.ok(keys <= (1 + TAKEN_BACK_MAX) * this.#settings.keys.digitsMax, `${keys} keys are kept`);
    this.#checkPhase();
    return effects;
  }

  #carryOut(effect: TurnEffect): void {
    switch (effect.kind) {
      case 'prepare':
        return this.#made(effect.replyId);
      case 'sayLine':
        this.#made(effect.replyId);
        return this.#takesLine(effect.replyId);
      case 'release':
        assert.ok(this.#alive.has(effect.replyId), 'only what lives is released');
        assert.notEqual(effect.callerText, '', 'nobody is answered who has said nothing');
        this.released.push(effect.callerText);
        return this.#takesLine(effect.replyId);
      case 'withhold':
        return this.#leavesLine(effect.replyId);
      case 'interrupt':
        this.#leavesLine(effect.replyId);
        assert.ok(this.#alive.delete(effect.replyId), 'only what lives is interrupted');
        return undefined;
      case 'discard':
        // At the end the line is cleared already.
        if (this.state.phase.kind !== 'ended')
          assert.notEqual(this.onLine, effect.replyId, 'what is heard is interrupted, not dropped');
        assert.ok(this.#alive.delete(effect.replyId), 'only what lives is dropped');
        return undefined;
      case 'hold':
      case 'resume':
        assert.equal(this.#held, effect.kind === 'resume', 'held once, resumed once');
        this.#held = effect.kind === 'hold';
        return undefined;
      case 'startTimer':
        assert.ok(effect.delayMs >= 0 && Number.isFinite(effect.delayMs), `waits ${effect.delayMs} ms`);
        this.timers.add(effect.timer);
        return undefined;
      case 'stopTimer':
        this.timers.delete(effect.timer);
        return undefined;
      case 'commit':
        this.commits += 1;
        return undefined;
      case 'bargeIn':
      case 'replaceEars':
      case 'textDropped':
      case 'keyed':
      case 'keyDropped':
      case 'giveUp':
        return undefined;
      default:
        return effect satisfies never;
    }
  }

  /** What is said to its end is not touched, and of what is taken back no word of the caller is lost. */
  #checkLine(before: TurnState, effects: readonly TurnEffect[]): void {
    const touched = effects.some(
      ({ kind }) => kind === 'hold' || kind === 'interrupt' || kind === 'withhold',
    );
    if (leftProtectedMs(before) > 0) assert.ok(!touched, 'what is protected is said to its end');
    const { phase } = before;
    if (phase.kind !== 'speaking' && phase.kind !== 'doubting') return;
    // Of the reply that was on the line: one that was released in the same step had not begun.
    if (!effects.some((effect) => effect.kind === 'withhold' && effect.replyId === phase.replyId)) return;
    this.takenBack += 1;
    // The end key takes an answer back and ends the turn in one.
    const count = (wanted: TurnEffect['kind']): number =>
      effects.filter(({ kind }) => kind === wanted).length;
    assert.equal(this.state.turn, before.turn - count('withhold') + count('release'), 'the turn is not over');
    const answered = textOf(before.answered?.said ?? []);
    assert.ok(textOf(this.state.said).startsWith(answered), 'and goes on from what was said');
    assert.ok(this.state.takenBack <= TAKEN_BACK_MAX, 'not for ever');
  }

  #made(replyId: number): void {
    assert.ok(replyId > this.#lastId, 'the id of a reply is never used twice');
    this.#lastId = replyId;
    this.#alive.add(replyId);
  }

  #takesLine(replyId: number): void {
    assert.equal(this.onLine, undefined, 'never two replies at once');
    this.onLine = replyId;
    this.#held = false;
  }

  #leavesLine(replyId: number): void {
    assert.equal(this.onLine, replyId, 'only what has the line can leave it');
    this.onLine = undefined;
  }

  #checkPhase(): void {
    const { phase } = this.state;
    if (phase.kind === 'ended') return;
    const replyId = 'replyId' in phase ? phase.replyId : undefined;
    assert.equal(replyId, this.onLine, 'who has the floor has the line');
    if (phase.kind === 'doubting') assert.ok(this.#held, 'whom somebody speaks over is held');
    if (phase.kind === 'speaking') assert.ok(!this.#held, 'who speaks is not held');
    if (phase.kind === 'listening' && this.state.voice === 'on') {
      const waits = this.timers.has('steady') || this.timers.has('idle');
      assert.ok(waits || this.#settings.idleAfterMs.length === 0, 'a voice is not waited for for ever');
    }
    if (phase.kind === 'pausing') {
      assert.ok(phase.waited || this.timers.has('endpoint'), 'a pause is waited out by a timer');
    }
  }
}
