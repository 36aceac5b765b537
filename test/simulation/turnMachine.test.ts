// 10,000 stories out of seeds, sense and nonsense mixed: no state of the turn machine is a dead end.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { TurnEvent, TurnSettings, TurnTimer } from '../../src/turn/state.ts';
import { TURN_TIMERS } from '../../src/turn/step.ts';
import { Chance } from '../helpers/chance.ts';
import { TurnWatch } from '../helpers/turnWatch.ts';
import { overAgent, plainTurnSettings } from '../helpers/turnSettings.ts';

const STORIES = 10_000;
const EVENTS_MAX = 120;

const settings: TurnSettings = {
  ...plainTurnSettings,
  ...overAgent(['stop', 'wait'], ['mhm', 'uh huh', 'yeah', 'right']),
  idleAfterMs: [8_000, 10_000],
};

const AGENT_TEXTS = ['Shall I book a table for you?', 'What are the last four digits?'] as const;
const TEXTS = [
  '',
  'mhm',
  'yeah',
  'stop',
  'I want to',
  'I want a table.',
  'a table for you',
  'five five',
  'um',
] as const;
const JUDGEMENTS = ['started', 'eager', 'resumed', 'ended'] as const;
const KEYS = ['1', '1', '2', '3', '4', '5', '#', '*'] as const;

/** One story: events as a call tells them, now and then one that is old, early or of another reply. */
class Story {
  readonly watch: TurnWatch;
  readonly #chance: Chance;
  #atMs = 0;
  #utterance = 0;
  #toldCommits = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
    this.watch = new TurnWatch({
      ...settings,
      speculate: chance.happens(0.7),
      interruption: {
        ...settings.interruption,
        enabled: chance.happens(0.9),
        minWords: chance.between(1, 2),
      },
      keys: {
        ...settings.keys,
        digitsMax: chance.pick([1, 4, 32]),
        interrupts: chance.happens(0.8),
      },
      idleAfterMs: chance.happens(0.9) ? settings.idleAfterMs : [],
      ...(chance.happens(0.5) ? { cutInAfterMs: 20_000 } : {}),
    });
  }

  play(): void {
    const chance = this.#chance;
    if (chance.happens(0.4)) this.#tell({ kind: 'judgeChanged', atMs: 0, judge: 'stt' });
    this.#tell({ kind: 'opened', line: chance.happens(0.7) ? { kind: 'greeting' } : undefined });
    for (let count = chance.between(0, EVENTS_MAX); count > 0; count -= 1) {
      this.#atMs += chance.between(0, 700);
      this.#tell(this.#someEvent());
    }
  }

  /** Everybody falls silent, whatever is being said is played, timers ring; then the caller says something. */
  goesOn(): void {
    this.#silence();
    assert.equal(this.watch.state.phase.kind, 'listening', "the floor is the caller's again");
    const released = this.watch.released.length;
    this.#atMs += 2_000;
    this.#tell({ kind: 'voiceStarted', atMs: this.#atMs, voiceAtMs: this.#atMs - 80 });
    this.#words(this.#utterance, 'Are you still there?', false);
    this.#atMs += 1_000;
    this.#tell({ kind: 'voiceStopped', atMs: this.#atMs, silenceAtMs: this.#atMs - 200 });
    // One that judges turns is asked for its last words only when it has not judged.
    if (this.watch.state.judge === 'stt') {
      if (this.#chance.happens(0.5)) this.#endsTurn('Are you still there?');
      else this.#ring('endpoint');
    }
    this.#words(this.#utterance - 1, 'Are you still there?', true);
    if (this.watch.timers.has('endpoint')) this.#ring('endpoint');
    assert.equal(this.watch.released.length, released + 1, 'silence and words lead to an answer');
    assert.ok(this.watch.released.at(-1)?.endsWith('Are you still there?'));
    this.#keysAlone();
  }

  /** Somebody who only types, in a noise or in none, is answered as well. */
  #keysAlone(): void {
    this.#silence();
    const released = this.watch.released.length;
    if (this.#chance.happens(0.5))
      this.#tell({ kind: 'voiceStarted', atMs: this.#atMs, voiceAtMs: this.#atMs - 80 });
    this.#atMs += 100;
    this.#tell({ kind: 'keyPressed', atMs: this.#atMs, key: '7' });
    this.#atMs += 5_000;
    for (const timer of ['keys', 'endpoint', 'finalWords'] as const)
      if (this.watch.timers.has(timer)) this.#ring(timer);
    assert.equal(this.watch.released.length, released + 1, 'keys lead to an answer');
    assert.equal(this.watch.released.at(-1), '7');
  }

  /** The same, but the voice never stops. */
  goesOnWithoutEnd(): void {
    this.#silence();
    const released = this.watch.released.length;
    this.#atMs += 2_000;
    this.#tell({ kind: 'voiceStarted', atMs: this.#atMs, voiceAtMs: this.#atMs - 80 });
    this.#words(this.#utterance, 'Is anybody there?', false);
    this.#atMs += 3_000;
    this.#ring('steady');
    if (this.watch.state.judge === 'stt') this.#ring('endpoint');
    this.#words(this.#utterance - 1, '', true);
    assert.equal(this.watch.released.length, released + 1, 'words that stay the same lead to an answer');
    assert.ok(this.watch.released.at(-1)?.endsWith('Is anybody there?'));
  }

  ends(): void {
    this.#tell({ kind: 'callEnded' });
    assert.equal(this.watch.timers.size, 0, 'no timer is left');
    for (let count = 10; count > 0; count -= 1) {
      assert.deepEqual(this.watch.tell(this.#someEvent()), [], 'nothing happens after the end');
      assert.equal(this.watch.state.phase.kind, 'ended');
    }
  }

  /** The call answers each commit at once with the number of the utterance that it has closed. */
  #tell(event: TurnEvent): void {
    this.watch.tell(event);
    while (this.#toldCommits < this.watch.commits) {
      this.#toldCommits += 1;
      const utterance = this.#utterance;
      this.#utterance += 1;
      this.watch.tell({ kind: 'committed', utterance });
    }
  }

  #words(utterance: number, text: string, final: boolean): void {
    this.#tell({ kind: 'words', atMs: this.#atMs, utterance, text, final });
  }

  /** A session that judges turns has ended one: the final comes unasked, then the judgement. */
  #endsTurn(text: string): void {
    const utterance = this.#utterance;
    this.#utterance += 1;
    this.#words(utterance, text, true);
    this.#tell({ kind: 'turnJudged', atMs: this.#atMs, utterance, judgement: 'ended' });
  }

  #ring(timer: TurnTimer): void {
    this.#tell({ kind: 'timerRang', timer, atMs: this.#atMs });
  }

  #silence(): void {
    this.#atMs += 5_000;
    this.#tell({ kind: 'voiceStopped', atMs: this.#atMs, silenceAtMs: this.#atMs - 200 });
    for (let round = 0; round < 40; round += 1) {
      this.#atMs += 3_000;
      for (const timer of TURN_TIMERS)
        if (timer !== 'idle' && this.watch.timers.has(timer)) this.#ring(timer);
      const replyId = this.watch.onLine;
      if (replyId === undefined) continue;
      this.#tell({ kind: 'replyStarted', replyId });
      this.#tell({ kind: 'replyPlayed', replyId, atMs: this.#atMs });
    }
  }

  #someVoice(): TurnEvent {
    const chance = this.#chance;
    const atMs = this.#atMs;
    const levelDbfs = chance.between(-45, -10);
    if (chance.happens(0.3)) return { kind: 'voiceLouder', atMs, levelDbfs };
    if (chance.happens(0.4)) return { kind: chance.pick(['voiceFaltered', 'voiceWentOn'] as const), atMs };
    const voice = { kind: 'voiceStarted', atMs, voiceAtMs: atMs - chance.between(0, 2_000) } as const;
    return chance.happens(0.8) ? { ...voice, levelDbfs } : voice;
  }

  #someEvent(): TurnEvent {
    const chance = this.#chance;
    const atMs = this.#atMs;
    // News of the reply on the line, seldom of another; what is held is not played to its end.
    const replyId = chance.happens(0.9) ? (this.watch.onLine ?? 0) : chance.between(0, 12);
    if (this.watch.state.judge === 'stt' && chance.happens(0.3)) {
      if (chance.happens(0.4)) this.#endsTurn(chance.pick(TEXTS));
      const judgement = chance.pick(JUDGEMENTS);
      // Of late ones as well; an utterance that is open has not ended.
      const open = judgement === 'ended' ? this.#utterance - 1 : this.#utterance;
      return { kind: 'turnJudged', atMs, utterance: Math.max(-1, open - chance.between(0, 2)), judgement };
    }
    if (chance.happens(0.02)) return { kind: 'judgeChanged', atMs, judge: chance.pick(['words', 'stt']) };
    switch (chance.between(1, 10)) {
      case 1:
        return this.#someVoice();
      case 2:
        return { kind: 'voiceStopped', atMs, silenceAtMs: atMs - chance.between(0, 2_000) };
      case 3:
      case 4: {
        const utterance = Math.max(0, this.#utterance - chance.between(0, 2));
        // A final of an utterance that is still open comes from a provider that judges turns itself.
        const final = utterance < this.#utterance && chance.happens(0.6);
        return { kind: 'words', atMs, utterance, text: chance.pick(TEXTS), final };
      }
      case 5:
      case 6: {
        const timer = chance.pick(TURN_TIMERS);
        return { kind: 'timerRang', atMs, timer };
      }
      case 7:
        return { kind: 'replyStarted', replyId };
      case 8:
        if (replyId === this.watch.onLine && this.watch.held)
          return { kind: 'lineWanted', line: { kind: 'goodbye' } };
        return { kind: 'replyPlayed', replyId, atMs };
      case 9:
        return { kind: 'keyPressed', atMs, key: chance.pick(KEYS) };
      default: {
        const text = chance.pick(AGENT_TEXTS);
        const heardText = chance.pick(['', text.split(' ').slice(0, 2).join(' '), text]);
        return {
          kind: 'replyHeard',
          replyId,
          heardText,
          text,
          whole: chance.happens(0.5),
          protectedMs: chance.happens(0.2) ? chance.between(1, 3_000) : 0,
          unheard: heardText === '' && chance.happens(0.7),
        };
      }
    }
  }
}

test('from wherever it has come, the turn machine keeps its promises, goes on, and ends', () => {
  let takenBack = 0;
  for (let seed = 1; seed <= STORIES; seed += 1) {
    const story = new Story(new Chance(seed));
    try {
      story.play();
      story.goesOn();
      story.goesOnWithoutEnd();
      story.ends();
      takenBack += story.watch.takenBack;
    } catch (error) {
      assert.fail(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  assert.ok(takenBack > STORIES / 100, `only ${takenBack} answers were taken back`);
});
