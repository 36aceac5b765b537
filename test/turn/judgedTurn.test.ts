// A speech-to-text that judges turns, in every phase of a turn.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DISCARDED_PER_TURN_MAX } from '../../src/turn/endOfTurn.ts';
import type { TurnEffect, TurnEvent, TurnSettings } from '../../src/turn/state.ts';
import { TurnWatch } from '../helpers/turnWatch.ts';
import { plainTurnSettings as settings } from '../helpers/turnSettings.ts';

type Judgement = Extract<TurnEvent, { kind: 'turnJudged' }>['judgement'];
type Kind = TurnEffect['kind'];

/** A call whose ears judge turns; the caller has the floor. */
class Story {
  readonly watch: TurnWatch;
  atMs = 1_000;

  constructor(own: Partial<TurnSettings> = {}) {
    this.watch = new TurnWatch({ ...settings, ...own });
    this.tell({ kind: 'judgeChanged', atMs: 0, judge: 'stt' });
    this.tell({ kind: 'opened', line: undefined });
  }

  get phase(): string {
    return this.watch.state.phase.kind;
  }

  tell(event: TurnEvent): readonly Kind[] {
    return this.watch.tell(event).map(({ kind }) => kind);
  }

  words(text: string, utterance = 0, final = false): readonly Kind[] {
    return this.tell({ kind: 'words', atMs: this.atMs, utterance, text, final });
  }

  judged(judgement: Judgement, utterance = 0): readonly Kind[] {
    return this.tell({ kind: 'turnJudged', atMs: this.atMs, utterance, judgement });
  }

  /** As a session ends a turn by itself. */
  over(text: string, utterance = 0): readonly Kind[] {
    return [...this.words(text, utterance, true), ...this.judged('ended', utterance)];
  }

  voice(): readonly Kind[] {
    return this.tell({ kind: 'voiceStarted', atMs: this.atMs, voiceAtMs: this.atMs - 80 });
  }

  /** The detector tells of a silence 200 ms after it began. */
  silence(): readonly Kind[] {
    this.atMs += 200;
    return this.tell({ kind: 'voiceStopped', atMs: this.atMs, silenceAtMs: this.atMs - 200 });
  }

  rings(timer: 'endpoint' | 'finalWords' | 'verdict'): readonly Kind[] {
    return this.tell({ kind: 'timerRang', timer, atMs: this.atMs });
  }

  /** The caller says it and is silent; nothing is judged yet. */
  says(text: string, utterance = 0): readonly Kind[] {
    return [...this.voice(), ...this.words(text, utterance), ...this.silence()];
  }

  /** The wait that the last of the effects asks for. */
  waitMs(event: () => void): number | undefined {
    const effects: TurnEffect[] = [];
    const { watch } = this;
    const tell = watch.tell.bind(watch);
    watch.tell = (told) => {
      const answered = tell(told);
      effects.push(...answered);
      return answered;
    };
    event();
    watch.tell = tell;
    const last = effects.findLast((effect) => effect.kind === 'startTimer' && effect.timer === 'endpoint');
    return last?.kind === 'startTimer' ? last.delayMs : undefined;
  }

  /** The released reply is spoken. */
  speaks(): void {
    const replyId = this.watch.onLine ?? -1;
    this.tell({ kind: 'replyStarted', replyId });
    assert.equal(this.phase, 'speaking');
  }
}

const TEXT = 'I need a table for two.';

describe('while the caller speaks', () => {
  test('a turn that is probably over has its answer prepared, once', () => {
    const story = new Story();
    story.voice();
    story.words(TEXT);
    assert.deepEqual(story.judged('eager'), ['prepare']);
    assert.deepEqual(story.judged('eager'), []);
    assert.equal(story.phase, 'listening');
  });

  test('the end ends it although the voice detector hears something yet, but not before the floor', () => {
    const story = new Story();
    story.voice();
    story.words(TEXT);
    story.judged('eager');
    assert.equal(
      story.waitMs(() => story.over(TEXT)),
      settings.minWaitMs,
    );
    // The detector now says that it has been silent for a while: that counts.
    assert.equal(
      story.waitMs(() => story.silence()),
      // It began where the turn was told to be over.
      undefined,
    );
    assert.deepEqual(story.rings('endpoint'), ['stopTimer', 'stopTimer', 'release']);
    assert.deepEqual(story.watch.released, [TEXT]);
  });

  test('a silence that began before the end was told is counted from where it began', () => {
    const story = new Story();
    story.voice();
    story.words(TEXT);
    story.atMs += 150;
    story.over(TEXT);
    story.atMs += 50;
    const silenceAtMs = story.atMs - 200;
    assert.equal(
      story.waitMs(() => story.tell({ kind: 'voiceStopped', atMs: story.atMs, silenceAtMs })),
      settings.minWaitMs - 200,
    );
  });

  test('the end of a turn in which nothing was said ends nothing', () => {
    const story = new Story();
    story.voice();
    assert.deepEqual(story.judged('ended'), []);
    assert.equal(story.phase, 'listening');
  });
});

describe('while the caller is silent', () => {
  test('nothing is asked for and nothing prepared before a judgement; the longest wait runs', () => {
    const story = new Story();
    let kinds: readonly Kind[] = [];
    assert.equal(
      story.waitMs(() => {
        kinds = story.says(TEXT);
      }),
      // The voice detector tells of a silence when it is 200 ms old.
      settings.maxWaitMs - 200,
    );
    assert.ok(!kinds.includes('commit') && !kinds.includes('prepare'), kinds.join());
  });

  test('the end releases at once what is past the floor', () => {
    const story = new Story();
    story.says(TEXT);
    assert.deepEqual(story.judged('eager'), ['prepare']);
    story.atMs += 150;
    assert.deepEqual(
      story.over(TEXT).filter((kind) => !kind.endsWith('Timer')),
      ['release'],
    );
    assert.equal(story.phase, 'thinking');
  });

  test('the end waits for the floor', () => {
    const story = new Story({ minWaitMs: 500 });
    story.says(TEXT);
    assert.equal(
      story.waitMs(() => story.over(TEXT)),
      300,
    );
    assert.equal(story.phase, 'pausing');
    story.rings('endpoint');
    assert.equal(story.phase, 'thinking');
  });

  test('words that want more are waited for as long as by the words alone', () => {
    const story = new Story();
    story.says('my name is');
    assert.deepEqual(story.judged('eager'), [], 'nor is a reply made in vain');
    assert.equal(
      story.waitMs(() => story.over('my name is')),
      settings.maxWaitMs - 200,
    );
  });

  test('a turn that goes on after all begins the longest wait anew and keeps what was prepared', () => {
    const story = new Story();
    story.says(TEXT);
    story.judged('eager');
    story.atMs += 400;
    assert.equal(
      story.waitMs(() => story.judged('resumed')),
      settings.maxWaitMs,
    );
    assert.ok(story.watch.state.prepared !== undefined);
    assert.deepEqual(
      story.over(`${TEXT} Tomorrow.`).filter((kind) => !kind.endsWith('Timer')),
      ['discard', 'prepare'],
    );
    story.rings('endpoint');
    assert.deepEqual(story.watch.released, [`${TEXT} Tomorrow.`]);
  });

  test('replies are prepared for nothing no more often than without it', () => {
    const story = new Story();
    story.says('one thing.');
    let prepared = 0;
    for (let round = 0; round < 6; round += 1) {
      story.words(`${'one more '.repeat(round)}thing.`);
      prepared += story.judged('eager').filter((kind) => kind === 'prepare').length;
      story.judged('resumed');
    }
    assert.equal(prepared, DISCARDED_PER_TURN_MAX + 1);
  });

  test('without a judgement the longest wait ends it: the last words are asked for, and awaited', () => {
    const story = new Story();
    story.says(TEXT);
    assert.deepEqual(story.rings('endpoint'), ['commit']);
    assert.deepEqual(story.tell({ kind: 'committed', utterance: 0 }), ['startTimer']);
    assert.equal(story.phase, 'pausing');
    story.words(TEXT);
    assert.equal(story.phase, 'pausing');
    story.words(TEXT, 0, true);
    assert.deepEqual(story.watch.released, [TEXT]);
    // Its own word on the turn, forced, is late.
    assert.deepEqual(story.judged('ended'), []);
  });

  test('... and taken as they are when no last word comes', () => {
    const story = new Story();
    story.says(TEXT);
    story.rings('endpoint');
    story.tell({ kind: 'committed', utterance: 0 });
    story.rings('finalWords');
    assert.deepEqual(story.watch.released, [TEXT]);
  });

  test('a sound without words gives the floor back', () => {
    const story = new Story();
    story.voice();
    story.silence();
    story.rings('endpoint');
    story.tell({ kind: 'committed', utterance: 0 });
    story.words('', 0, true);
    assert.equal(story.phase, 'listening');
  });

  test('the voice is back: the end of what was said before is not the end of the turn', () => {
    const story = new Story();
    story.says(TEXT);
    story.voice();
    story.over(TEXT);
    assert.equal(story.phase, 'pausing', 'as far as it knows it is over');
    story.atMs += 100;
    story.words('And a high chair', 1);
    assert.equal(story.phase, 'pausing', 'words alone may be an echo of before');
    story.judged('started', 1);
    assert.equal(story.phase, 'listening');
    story.silence();
    story.over('And a high chair.', 1);
    story.rings('endpoint');
    assert.deepEqual(story.watch.released, [`${TEXT} And a high chair.`]);
  });
});

describe('while the answer is on its way', () => {
  function answered(): Story {
    const story = new Story();
    story.says(TEXT);
    story.atMs += 150;
    story.over(TEXT);
    assert.equal(story.phase, 'thinking');
    return story;
  }

  test('a new turn takes it back when there is a voice', () => {
    const story = new Story();
    story.voice();
    story.words(TEXT);
    story.over(TEXT);
    story.rings('endpoint');
    assert.equal(story.phase, 'thinking');
    story.words('And a high chair', 1);
    assert.deepEqual(story.judged('started', 1).slice(0, 1), ['withhold']);
    assert.equal(story.phase, 'listening');
    story.silence();
    story.over('And a high chair.', 1);
    story.rings('endpoint');
    assert.equal(story.watch.released.at(-1), `${TEXT} And a high chair.`);
  });

  test('new words without a voice take it back', () => {
    const story = answered();
    story.words('Wait', 1);
    assert.equal(story.phase, 'pausing');
    story.over('Wait, for three.', 1);
    story.rings('endpoint');
    assert.equal(story.watch.released.at(-1), `${TEXT} Wait, for three.`);
  });

  test('a turn that begins without a voice or a word does not', () => {
    const story = answered();
    assert.deepEqual(story.judged('started', 1), []);
    assert.equal(story.phase, 'thinking');
  });

  test('a turn that goes on after the longest wait takes it back', () => {
    const story = new Story();
    story.says(TEXT);
    story.rings('endpoint');
    story.tell({ kind: 'committed', utterance: 0 });
    story.rings('finalWords');
    assert.equal(story.phase, 'thinking');
    assert.equal(story.judged('resumed')[0], 'withhold');
    assert.equal(story.phase, 'pausing');
  });

  test('ends and guesses are no news then', () => {
    const story = answered();
    for (const judgement of ['eager', 'ended'] as const) assert.deepEqual(story.judged(judgement), []);
    story.speaks();
    for (const judgement of ['started', 'eager', 'resumed', 'ended'] as const) {
      assert.deepEqual(story.judged(judgement, 0), [], `${judgement} of an old turn`);
      assert.deepEqual(story.judged(judgement, 1), [], `${judgement} over the agent`);
    }
  });

  test('nothing is asked for when the voice stops', () => {
    const story = answered();
    assert.deepEqual(story.silence(), []);
    story.speaks();
    assert.deepEqual(story.silence(), []);
  });
});

describe('over the agent', () => {
  function speaking(): Story {
    const story = new Story();
    story.says(TEXT);
    story.atMs += 150;
    story.over(TEXT);
    story.speaks();
    story.atMs += 1_000;
    return story;
  }

  test('the voice holds it, and words end it, as without a judge', () => {
    const story = speaking();
    assert.ok(story.voice().includes('hold'));
    assert.ok(story.words('Stop', 1).includes('interrupt'));
    assert.equal(story.phase, 'listening');
    story.silence();
    story.atMs += 200;
    story.over('Stop, I need a table for three.', 1);
    // Having cut in once it is careful for a while.
    story.rings('endpoint');
    assert.equal(story.watch.released.at(-1), 'Stop, I need a table for three.');
  });

  test('a voice that stops is judged by its words without asking for them', () => {
    const story = speaking();
    story.voice();
    assert.deepEqual(story.silence(), ['stopTimer', 'startTimer']);
    assert.equal(story.phase, 'doubting');
    story.rings('verdict');
    assert.equal(story.phase, 'speaking');
  });

  test('what was a whole turn when the agent had finished is answered after the floor', () => {
    const story = new Story({ interruption: { ...settings.interruption, enabled: false } });
    story.says(TEXT);
    story.atMs += 150;
    story.over(TEXT);
    story.speaks();
    story.voice();
    story.over('And a high chair.', 1);
    story.silence();
    story.atMs += 3_000;
    const replyId = story.watch.onLine ?? -1;
    const waitMs = story.waitMs(() => story.tell({ kind: 'replyPlayed', replyId, atMs: story.atMs }));
    assert.equal(waitMs, settings.minWaitMs);
    story.rings('endpoint');
    assert.equal(story.watch.released.at(-1), 'And a high chair.');
  });
});

describe('when the ears change', () => {
  test('the silence under way is judged by its words, which are asked for', () => {
    const story = new Story();
    story.says(TEXT);
    const kinds = story.tell({ kind: 'judgeChanged', atMs: story.atMs, judge: 'words' });
    assert.deepEqual(kinds, ['commit', 'startTimer', 'prepare']);
    story.tell({ kind: 'committed', utterance: 0 });
    story.words(TEXT, 0, true);
    story.rings('endpoint');
    assert.deepEqual(story.watch.released, [TEXT]);
  });

  test('judgements of who is not asked for them are no news', () => {
    const story = new Story();
    story.tell({ kind: 'judgeChanged', atMs: 0, judge: 'words' });
    story.says(TEXT);
    for (const judgement of ['started', 'eager', 'resumed', 'ended'] as const) {
      assert.deepEqual(story.judged(judgement), []);
    }
  });

  test('a silence whose last words were asked for before ends all the same', () => {
    const story = new Story();
    story.tell({ kind: 'judgeChanged', atMs: 0, judge: 'words' });
    story.says(TEXT);
    story.tell({ kind: 'committed', utterance: 0 });
    story.tell({ kind: 'judgeChanged', atMs: story.atMs, judge: 'stt' });
    story.words(TEXT, 0, true);
    assert.equal(story.phase, 'pausing');
    assert.deepEqual(story.rings('endpoint'), ['commit']);
    story.rings('finalWords');
    assert.deepEqual(story.watch.released, [TEXT]);
  });
});
