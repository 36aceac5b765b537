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
import { reduceTurn } from '../../src/turn/turn.ts';

export class TurnWatch {
  state: TurnState = firstState();
  /** Timers that were started and have neither been stopped nor rung. */
  readonly timers = new Set<TurnTimer>();
  readonly released: string[] = [];
  /** The caller has given the ears so many utterances to finish. */
  commits = 0;
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
    for (const effect of effects) this.#carryOut(effect);
    assert.ok(state.nextReplyId >= before.nextReplyId, 'the ids of replies never go back');
    assert.ok(state.oldUtterance >= before.oldUtterance, 'what is old stays old');
    assert.ok(this.#alive.size <= 2, 'one on the line and at most one prepared');
    const keys = state.keyed.reduce((sum, one) => sum + one.keys.length, 0);
    assert.ok(keys <= this.#settings.keys.digitsMax, `${keys} keys are kept`);
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
      case 'keyed':
      case 'keyDropped':
      case 'giveUp':
        return undefined;
      default:
        return effect satisfies never;
    }
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
    if (phase.kind === 'pausing') {
      assert.ok(phase.waited || this.timers.has('endpoint'), 'a pause is waited out by a timer');
    }
  }
}
