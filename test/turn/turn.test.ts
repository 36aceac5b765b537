import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  firstState,
  type TurnEffect,
  type TurnEvent,
  type TurnSettings,
  type TurnState,
} from '../../src/turn/state.ts';
import { DISCARDED_PER_TURN_MAX } from '../../src/turn/endOfTurn.ts';
import { reduceTurn } from '../../src/turn/turn.ts';
import { overAgent, plainTurnSettings } from '../helpers/turnSettings.ts';

const settings: TurnSettings = {
  ...plainTurnSettings,
  ...overAgent(['stop', 'wait'], ['mhm', 'uh huh', 'yeah', 'right']),
  idleAfterMs: [8_000, 10_000],
};

/** Plays events through the machine and keeps what it answered. */
class Story {
  state: TurnState = firstState();
  readonly effects: TurnEffect[] = [];
  readonly #settings: TurnSettings;
  constructor(own: Partial<TurnSettings> = {}) {
    this.#settings = { ...settings, ...own };
  }

  tell(event: TurnEvent): readonly TurnEffect[] {
    const step = reduceTurn(this.state, event, this.#settings);
    this.state = step.state;
    this.effects.push(...step.effects);
    return step.effects;
  }

  /** The effects of one kind since the beginning. */
  all<K extends TurnEffect['kind']>(kind: K): readonly Extract<TurnEffect, { kind: K }>[] {
    return this.effects.filter((effect): effect is Extract<TurnEffect, { kind: K }> => effect.kind === kind);
  }

  /** The caller says `text` as utterance `utterance` and falls silent at `atMs`; the final comes 150 ms after. */
  said(text: string, utterance: number, atMs: number): void {
    this.tell({ kind: 'voiceStarted', atMs: atMs - 1_000, voiceAtMs: atMs - 1_100 });
    this.tell({ kind: 'words', atMs: atMs - 10, utterance, text, final: false });
    this.tell({ kind: 'voiceStopped', atMs: atMs + 200, silenceAtMs: atMs });
    this.tell({ kind: 'committed', utterance });
    this.tell({ kind: 'words', atMs: atMs + 350, utterance, text, final: true });
  }

  /** The same, as far as it is known before the final: `fromMs` is when the voice began. */
  saidLive(text: string, utterance = 0, fromMs = 0): void {
    this.tell({ kind: 'voiceStarted', atMs: fromMs + 100, voiceAtMs: fromMs });
    this.tell({ kind: 'words', atMs: fromMs + 900, utterance, text, final: false });
    this.tell({ kind: 'voiceStopped', atMs: fromMs + 1_200, silenceAtMs: fromMs + 1_000 });
    this.tell({ kind: 'committed', utterance });
  }

  ring(
    timer: 'endpoint' | 'finalWords' | 'lasting' | 'verdict' | 'idle',
    atMs: number,
  ): readonly TurnEffect[] {
    return this.tell({ kind: 'timerRang', timer, atMs });
  }
}

function kinds(effects: readonly TurnEffect[]): string[] {
  return effects.map((effect) => effect.kind);
}

/** A story in which the agent is speaking its answer to "Hello there." as reply 1. */
function speaking(own: Partial<TurnSettings> = {}): Story {
  const story = new Story(own);
  story.tell({ kind: 'opened', line: { kind: 'greeting' } });
  story.tell({ kind: 'replyStarted', replyId: 0 });
  story.tell({ kind: 'replyPlayed', replyId: 0, atMs: 2_000 });
  story.said('Hello there.', 0, 4_000);
  if (story.state.phase.kind === 'pausing') story.ring('endpoint', 4_400);
  const release = story.all('release').at(-1);
  assert.ok(release !== undefined);
  story.tell({ kind: 'replyStarted', replyId: release.replyId });
  assert.equal(story.state.phase.kind, 'speaking');
  return story;
}

test('the greeting is said first and then the caller has the floor', () => {
  const story = new Story();
  assert.deepEqual(kinds(story.tell({ kind: 'opened', line: { kind: 'greeting' } })), [
    'stopTimer',
    'sayLine',
  ]);
  story.tell({ kind: 'replyStarted', replyId: 0 });
  story.tell({ kind: 'replyPlayed', replyId: 0, atMs: 2_000 });
  assert.equal(story.state.phase.kind, 'listening');
});

test('at the first silence the STT is committed and a reply is prepared, before the wait is over', () => {
  const story = new Story();
  story.tell({ kind: 'voiceStarted', atMs: 100, voiceAtMs: 0 });
  story.tell({ kind: 'words', atMs: 900, utterance: 0, text: 'What are your opening hours?', final: false });
  const effects = story.tell({ kind: 'voiceStopped', atMs: 1_200, silenceAtMs: 1_000 });
  assert.ok(kinds(effects).includes('commit'));
  assert.deepEqual(
    story.all('prepare').map((effect) => effect.callerText),
    ['What are your opening hours?'],
  );
  assert.deepEqual(story.all('release'), []);
});

test('the prepared reply is released when the final differs only in case and punctuation', () => {
  const story = new Story();
  story.saidLive('what are your hours');
  story.tell({ kind: 'words', atMs: 1_350, utterance: 0, text: 'What are your hours?', final: true });
  if (story.state.phase.kind === 'pausing') story.ring('endpoint', 1_400);
  assert.equal(story.all('prepare').length, 1);
  assert.deepEqual(
    story.all('release').map(({ replyId, speculated }) => [replyId, speculated]),
    [[0, true]],
  );
});

test('a final with other words drops the prepared reply and prepares another', () => {
  const story = new Story();
  story.saidLive('I need a point');
  story.tell({ kind: 'words', atMs: 1_350, utterance: 0, text: 'I need an appointment.', final: true });
  assert.deepEqual(
    story.all('discard').map((effect) => effect.replyId),
    [0],
  );
  if (story.state.phase.kind === 'pausing') story.ring('endpoint', 1_400);
  assert.deepEqual(
    story.all('release').map((effect) => effect.replyId),
    [1],
  );
});

test('a caller who goes on after a pause is not cut off, and the whole is answered once', () => {
  const story = new Story();
  story.said('I would like to book', 0, 1_000);
  assert.equal(story.state.phase.kind, 'pausing');
  story.said('an appointment on Tuesday.', 1, 3_000);
  if (story.state.phase.kind === 'pausing') story.ring('endpoint', 3_400);
  assert.deepEqual(
    story.all('release').map((effect) => effect.callerText),
    ['I would like to book an appointment on Tuesday.'],
  );
});

test('a cough in the pause keeps the prepared reply', () => {
  const story = new Story();
  story.said('What time do you open', 0, 1_000);
  story.tell({ kind: 'voiceStarted', atMs: 1_400, voiceAtMs: 1_300 });
  assert.deepEqual(story.all('discard'), []);
  story.tell({ kind: 'voiceStopped', atMs: 1_600, silenceAtMs: 1_450 });
  story.tell({ kind: 'committed', utterance: 1 });
  story.tell({ kind: 'words', atMs: 1_700, utterance: 1, text: '', final: true });
  story.ring('endpoint', 2_200);
  assert.deepEqual(
    story.all('release').map((effect) => effect.replyId),
    [0],
  );
});

test('the caller going on before the first frame takes the reply back', () => {
  const story = new Story();
  story.said('Can I book for Monday?', 0, 1_000);
  if (story.state.phase.kind === 'pausing') story.ring('endpoint', 1_400);
  const turn = story.state.turn;
  assert.equal(story.all('release').length, 1);
  const effects = story.tell({ kind: 'voiceStarted', atMs: 1_500, voiceAtMs: 1_450 });
  assert.deepEqual(
    kinds(effects).filter((kind) => !kind.endsWith('Timer')),
    ['withhold'],
  );
  assert.equal(story.state.turn, turn - 1);
  story.tell({ kind: 'words', atMs: 2_000, utterance: 1, text: 'Or Tuesday?', final: false });
  story.tell({ kind: 'voiceStopped', atMs: 2_300, silenceAtMs: 2_100 });
  story.tell({ kind: 'committed', utterance: 1 });
  story.tell({ kind: 'words', atMs: 2_450, utterance: 1, text: 'Or Tuesday?', final: true });
  if (story.state.phase.kind === 'pausing') story.ring('endpoint', 2_500);
  assert.equal(story.all('release').at(-1)?.callerText, 'Can I book for Monday? Or Tuesday?');
  assert.equal(story.state.turn, turn);
});

test('a noise without words gives the floor back without a reply', () => {
  const story = new Story();
  story.tell({ kind: 'voiceStarted', atMs: 100, voiceAtMs: 0 });
  story.tell({ kind: 'voiceStopped', atMs: 400, silenceAtMs: 200 });
  story.tell({ kind: 'committed', utterance: 0 });
  story.tell({ kind: 'words', atMs: 550, utterance: 0, text: '', final: true });
  story.ring('endpoint', 1_000);
  assert.equal(story.state.phase.kind, 'listening');
  assert.deepEqual(story.all('prepare'), []);
});

test('an STT that never says its last word is answered from the live words', () => {
  const story = new Story();
  story.saidLive('Tomorrow');
  story.ring('endpoint', 1_300);
  assert.deepEqual(story.all('release'), []);
  story.ring('finalWords', 2_400);
  assert.equal(story.all('release').length, 1);
});

test('words that the voice detector missed are still a turn', () => {
  const story = new Story();
  story.tell({ kind: 'words', atMs: 900, utterance: 0, text: 'Hello?', final: false });
  story.tell({ kind: 'committed', utterance: 0 });
  story.tell({ kind: 'words', atMs: 1_100, utterance: 0, text: 'Hello?', final: true });
  story.ring('endpoint', 1_200);
  assert.equal(story.all('release').length, 1);
});

test('a voice over the agent holds it at once', () => {
  const story = speaking();
  assert.ok(kinds(story.tell({ kind: 'voiceStarted', atMs: 6_000, voiceAtMs: 5_900 })).includes('hold'));
  assert.equal(story.state.phase.kind, 'doubting');
});

test('a cough over the agent holds it for a moment and lets it go on', () => {
  const story = speaking();
  story.tell({ kind: 'voiceStarted', atMs: 6_000, voiceAtMs: 5_900 });
  story.tell({ kind: 'voiceStopped', atMs: 6_200, silenceAtMs: 6_050 });
  const effects = story.ring('verdict', 6_650);
  assert.deepEqual(effects.filter((effect) => effect.kind === 'resume').length, 1);
  assert.deepEqual(story.all('interrupt'), []);
  assert.deepEqual(
    story.all('bargeIn').map((effect) => effect.outcome),
    ['resumed'],
  );
});

test('"mhm" over the agent lets it go on and is no turn of its own', () => {
  const story = speaking();
  story.tell({ kind: 'voiceStarted', atMs: 6_000, voiceAtMs: 5_900 });
  story.tell({ kind: 'voiceStopped', atMs: 6_300, silenceAtMs: 6_150 });
  story.tell({ kind: 'words', atMs: 6_400, utterance: 1, text: 'Mhm.', final: true });
  assert.equal(story.state.phase.kind, 'speaking');
  story.tell({ kind: 'replyPlayed', replyId: 1, atMs: 9_000 });
  assert.equal(story.state.phase.kind, 'listening');
  assert.equal(story.all('prepare').length, 1, 'only the answer to the first turn');
});

test('"stop" interrupts as soon as it is heard, and becomes the next turn', () => {
  const story = speaking();
  story.tell({ kind: 'voiceStarted', atMs: 6_000, voiceAtMs: 5_900 });
  const effects = story.tell({ kind: 'words', atMs: 6_300, utterance: 1, text: 'Stop', final: false });
  assert.ok(kinds(effects).includes('interrupt'));
  story.tell({ kind: 'voiceStopped', atMs: 6_500, silenceAtMs: 6_300 });
  story.tell({ kind: 'committed', utterance: 1 });
  story.tell({ kind: 'words', atMs: 6_650, utterance: 1, text: 'Stop.', final: true });
  if (story.state.phase.kind === 'pausing') story.ring('endpoint', 6_700);
  assert.equal(story.all('release').at(-1)?.callerText, 'Stop.');
});

test('"yes" at the end of what the agent says is no turn, and "yes please" is, when that is its last word', () => {
  for (const { last, prepared } of [
    { last: 'Yes.', prepared: 1 },
    { last: 'Yes please, I need it today.', prepared: 2 },
  ]) {
    const story = speaking({ interruption: { ...settings.interruption, backchannels: ['yes'] } });
    story.tell({ kind: 'voiceStarted', atMs: 6_000, voiceAtMs: 5_900 });
    story.tell({ kind: 'words', atMs: 6_200, utterance: 1, text: 'Yes', final: false });
    story.tell({ kind: 'voiceStopped', atMs: 6_500, silenceAtMs: 6_300 });
    story.tell({ kind: 'committed', utterance: 1 });
    story.tell({ kind: 'replyPlayed', replyId: 1, atMs: 6_550 });
    story.tell({ kind: 'words', atMs: 6_650, utterance: 1, text: last, final: true });
    assert.equal(story.all('prepare').length, prepared, last);
  }
});

test('a late "stop", after the agent was let go on, is still obeyed', () => {
  const story = speaking();
  story.tell({ kind: 'voiceStarted', atMs: 6_000, voiceAtMs: 5_900 });
  story.tell({ kind: 'voiceStopped', atMs: 6_200, silenceAtMs: 6_050 });
  story.ring('verdict', 6_650);
  story.tell({ kind: 'words', atMs: 6_900, utterance: 1, text: 'Stop it', final: true });
  assert.equal(story.all('interrupt').length, 1);
});

test('voice that lasts interrupts, and without a word when it lasts twice as long', () => {
  const story = speaking();
  story.tell({ kind: 'voiceStarted', atMs: 6_000, voiceAtMs: 5_900 });
  assert.deepEqual(story.all('startTimer').at(-1), { kind: 'startTimer', timer: 'lasting', delayMs: 600 });
  assert.deepEqual(kinds(story.ring('lasting', 6_600)), ['startTimer']);
  assert.deepEqual(story.all('startTimer').at(-1), { kind: 'startTimer', timer: 'lasting', delayMs: 500 });
  assert.ok(kinds(story.ring('lasting', 7_100)).includes('interrupt'));
});

test('voice that lasts interrupts with whatever words are known', () => {
  const story = speaking();
  story.tell({ kind: 'voiceStarted', atMs: 6_000, voiceAtMs: 5_900 });
  story.tell({ kind: 'words', atMs: 6_500, utterance: 1, text: 'uh', final: false });
  assert.ok(kinds(story.ring('lasting', 6_600)).includes('interrupt'));
});

test('the beginning of "I see" waits for its end, and "I" alone is the caller\u2019s turn', () => {
  for (const { last, interrupts } of [
    { last: 'I see', interrupts: 0 },
    { last: 'I', interrupts: 1 },
    { last: 'I need', interrupts: 1 },
  ]) {
    const story = speaking();
    story.tell({ kind: 'voiceStarted', atMs: 6_000, voiceAtMs: 5_900 });
    story.tell({ kind: 'words', atMs: 6_250, utterance: 1, text: 'I', final: false });
    assert.equal(story.all('interrupt').length, 0);
    story.tell({ kind: 'voiceStopped', atMs: 6_500, silenceAtMs: 6_300 });
    story.tell({ kind: 'words', atMs: 6_650, utterance: 1, text: last, final: true });
    assert.equal(story.all('interrupt').length, interrupts, last);
  }
});

test('a whole sentence is answered before the STT has said its last word on it', () => {
  const story = new Story();
  story.saidLive('Are you open today?');
  story.ring('endpoint', 1_300);
  assert.equal(story.all('release').length, 1);
  story.tell({ kind: 'words', atMs: 1_400, utterance: 0, text: 'are you open today', final: true });
  assert.deepEqual(story.all('withhold'), []);
});

test('a last word that changes the sentence is answered anew, at once, and the next turns wait for theirs', () => {
  const story = new Story();
  story.saidLive('Are you open today?');
  story.ring('endpoint', 1_300);
  story.tell({ kind: 'words', atMs: 1_400, utterance: 0, text: 'Are you open Sunday?', final: true });
  assert.equal(story.all('withhold').length, 1);
  assert.deepEqual(
    story.all('release').map(({ callerText }) => callerText),
    ['Are you open today?', 'Are you open Sunday?'],
  );
  const replyId = story.all('release').at(-1)?.replyId ?? -1;
  story.tell({ kind: 'replyStarted', replyId });
  story.tell({ kind: 'replyPlayed', replyId, atMs: 4_000 });
  story.saidLive('Are you open on Monday?', 1, 5_000);
  story.ring('endpoint', 6_300);
  assert.equal(story.all('release').length, 2);
});

test('old news of a voice does not count as voice that lasted: its end may be right behind', () => {
  const story = speaking();
  const effects = story.tell({ kind: 'voiceStarted', atMs: 6_000, voiceAtMs: 3_000 });
  const lasting = effects.find((effect) => effect.kind === 'startTimer' && effect.timer === 'lasting');
  assert.ok(lasting?.kind === 'startTimer' && lasting.delayMs > 0);
});

test('an agent that may not be interrupted goes on, and what was said meanwhile is its next turn', () => {
  const story = speaking({ interruption: { ...settings.interruption, enabled: false } });
  story.tell({ kind: 'voiceStarted', atMs: 6_000, voiceAtMs: 5_900 });
  story.tell({ kind: 'words', atMs: 6_300, utterance: 1, text: 'What about Friday?', final: false });
  story.tell({ kind: 'voiceStopped', atMs: 7_000, silenceAtMs: 6_800 });
  assert.deepEqual(story.all('hold'), []);
  story.tell({ kind: 'replyPlayed', replyId: 1, atMs: 9_000 });
  assert.equal(story.state.phase.kind, 'pausing');
});

test('a greeting that may not be interrupted is said to its end, and what was said over it is the first turn', () => {
  const story = new Story();
  story.tell({ kind: 'opened', line: { kind: 'greeting' } });
  story.tell({ kind: 'replyStarted', replyId: 0 });
  const text = 'This call is recorded.';
  story.tell({ kind: 'replyHeard', replyId: 0, heardText: 'This', text, whole: true, protectedMs: 3_000 });
  story.said('Stop, I need a doctor.', 0, 2_000);
  assert.deepEqual([...story.all('hold'), ...story.all('interrupt')], []);
  story.tell({ kind: 'replyPlayed', replyId: 0, atMs: 4_000 });
  assert.equal(story.state.phase.kind, 'pausing');
});

test('late news of an utterance that was answered falls through', () => {
  const story = speaking();
  const before = story.state;
  assert.deepEqual(
    story.tell({ kind: 'words', atMs: 6_000, utterance: 0, text: 'Hello there my friend.', final: true }),
    [],
  );
  assert.deepEqual(story.state, before);
});

test('news of a reply that was dropped falls through', () => {
  const story = speaking();
  const before = story.state;
  assert.deepEqual(story.tell({ kind: 'replyPlayed', replyId: 77, atMs: 6_000 }), []);
  assert.deepEqual(story.state, before);
});

test('nobody speaking is asked for, step by step, then given up', () => {
  const story = new Story();
  story.tell({ kind: 'opened', line: undefined });
  for (const step of [0, 1]) {
    const effects = story.ring('idle', 10_000 * (step + 1));
    const line = effects.find((effect) => effect.kind === 'sayLine');
    assert.deepEqual(line?.line, { kind: 'idle', step });
    story.tell({ kind: 'replyStarted', replyId: line?.replyId ?? -1 });
    story.tell({ kind: 'replyPlayed', replyId: line?.replyId ?? -1, atMs: 10_000 * (step + 1) + 1_000 });
  }
  assert.deepEqual(kinds(story.ring('idle', 40_000)), ['giveUp']);
});

test('a line wanted while the agent speaks is said after it', () => {
  const story = speaking();
  assert.deepEqual(story.tell({ kind: 'lineWanted', line: { kind: 'text', text: 'One more thing.' } }), []);
  const effects = story.tell({ kind: 'replyPlayed', replyId: 1, atMs: 9_000 });
  assert.ok(effects.some((effect) => effect.kind === 'sayLine' && effect.line.kind === 'text'));
});

test('speculation is bounded: after two dropped replies the next is made only when the turn is sure', () => {
  const story = new Story();
  for (let pause = 0; pause < 5; pause += 1)
    story.said(`and number ${pause} of many`, pause, 1_000 + 3_000 * pause);
  assert.ok(story.all('discard').length <= DISCARDED_PER_TURN_MAX);
  story.ring('endpoint', 20_000);
  const release = story.all('release').at(-1);
  assert.equal(release?.speculated, false);
  assert.ok(release?.callerText.includes('number 4'));
});

test('with speculation off a reply is made and released at once when the turn is sure', () => {
  const story = new Story({ speculate: false });
  story.said('Hello there.', 0, 1_000);
  if (story.state.phase.kind === 'pausing') story.ring('endpoint', 1_400);
  assert.deepEqual(
    story.effects.filter(({ kind }) => kind === 'prepare' || kind === 'release').map(({ kind }) => kind),
    ['prepare', 'release'],
  );
  assert.equal(story.all('release')[0]?.speculated, false);
});

test('words that the detector missed are finished with the turn they fall in: what is said next is new', () => {
  const story = new Story();
  story.tell({ kind: 'opened', line: { kind: 'greeting' } });
  story.tell({ kind: 'replyStarted', replyId: 0 });
  story.tell({ kind: 'words', atMs: 900, utterance: 0, text: 'yeah', final: false });
  const kindsAtEnd = kinds(story.tell({ kind: 'replyPlayed', replyId: 0, atMs: 1_000 }));
  assert.ok(kindsAtEnd.includes('commit'), 'the ears begin a new utterance');
  story.tell({ kind: 'committed', utterance: 0 });
  story.said('I need a table.', 1, 4_000);
  story.ring('endpoint', 6_000);
  assert.equal(story.all('release').at(-1)?.callerText, 'I need a table.');
});

test('an utterance that was finished already is not finished again when its turn is over', () => {
  const story = new Story();
  story.tell({ kind: 'opened', line: undefined });
  story.said('I need a table.', 0, 2_000);
  story.ring('endpoint', 4_000);
  const replyId = story.all('release').at(-1)?.replyId ?? -1;
  assert.deepEqual(kinds(story.tell({ kind: 'replyStarted', replyId })), []);
});

const someEvent: fc.Arbitrary<TurnEvent> = fc.oneof(
  fc.record({ kind: fc.constant('voiceStarted' as const), atMs: fc.nat(60_000), voiceAtMs: fc.nat(60_000) }),
  fc.record({
    kind: fc.constant('voiceStopped' as const),
    atMs: fc.nat(60_000),
    silenceAtMs: fc.nat(60_000),
  }),
  fc.record({
    kind: fc.constant('words' as const),
    atMs: fc.nat(60_000),
    utterance: fc.nat(6),
    text: fc.constantFrom(
      '',
      'mhm',
      'stop',
      'I want',
      'I want a table.',
      'yes and',
      'yes',
      'book a table',
      'um',
    ),
    final: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('committed' as const), utterance: fc.nat(6) }),
  fc.record({
    kind: fc.constant('timerRang' as const),
    atMs: fc.nat(60_000),
    timer: fc.constantFrom(
      'endpoint' as const,
      'finalWords' as const,
      'lasting' as const,
      'verdict' as const,
      'idle' as const,
    ),
  }),
  fc.record({ kind: fc.constant('replyStarted' as const), replyId: fc.nat(12) }),
  fc.record({
    kind: fc.constant('replyHeard' as const),
    replyId: fc.nat(12),
    heardText: fc.constantFrom('', 'I want', 'Shall I book a table'),
    text: fc.constant('Shall I book a table for you?'),
    whole: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('replyPlayed' as const), replyId: fc.nat(12), atMs: fc.nat(60_000) }),
  fc.constant({ kind: 'lineWanted' as const, line: { kind: 'text' as const, text: 'x' } }),
);

test('whatever happens in whatever order: one live reply, ids never reused, and the end is the end', () => {
  fc.assert(
    fc.property(fc.array(someEvent, { maxLength: 200 }), fc.boolean(), (events, speculate) => {
      const story = new Story({ speculate });
      story.tell({ kind: 'opened', line: { kind: 'greeting' } });
      let lastId = -1;
      /** Made and neither dropped, interrupted nor played. */
      const alive = new Set<number>();
      /** Has the line. */
      let onLine: number | undefined;
      let held = false;
      const carryOut = (effects: readonly TurnEffect[]): void => {
        for (const effect of effects) {
          switch (effect.kind) {
            case 'prepare':
            case 'sayLine':
              assert.ok(effect.replyId > lastId, 'a reply id is never used twice');
              lastId = effect.replyId;
              alive.add(effect.replyId);
              if (effect.kind === 'sayLine') {
                assert.equal(onLine, undefined, 'a line is said only when the line is free');
                onLine = effect.replyId;
                held = false;
              }
              break;
            case 'release':
              assert.ok(alive.has(effect.replyId), 'only what lives is released');
              assert.equal(onLine, undefined, 'never two replies at once');
              assert.notEqual(effect.callerText, '');
              onLine = effect.replyId;
              held = false;
              break;
            case 'withhold':
              assert.equal(onLine, effect.replyId);
              onLine = undefined;
              break;
            case 'discard':
              assert.ok(alive.delete(effect.replyId), 'only what lives is dropped');
              assert.notEqual(onLine, effect.replyId, 'what is heard is interrupted, not dropped');
              break;
            case 'interrupt':
              assert.equal(onLine, effect.replyId, 'only what has the line is interrupted');
              alive.delete(effect.replyId);
              onLine = undefined;
              break;
            case 'hold':
              assert.equal(held, false);
              held = true;
              break;
            case 'resume':
              assert.equal(held, true);
              held = false;
              break;
            default:
              break;
          }
        }
      };
      carryOut(story.effects);
      for (const event of events) {
        // The playout reports only what has the line.
        if ((event.kind === 'replyStarted' || event.kind === 'replyPlayed') && event.replyId !== onLine) {
          assert.deepEqual(story.tell(event), [], 'news of another reply falls through');
          continue;
        }
        if (event.kind === 'replyPlayed' && held) continue;
        if (event.kind === 'replyPlayed') {
          alive.delete(event.replyId);
          onLine = undefined;
        }
        carryOut(story.tell(event));
        assert.ok(alive.size <= 2, 'one on the line and at most one prepared');
      }
      story.tell({ kind: 'callEnded' });
      assert.equal(story.state.phase.kind, 'ended');
      for (const event of events) assert.deepEqual(story.tell(event), [], 'nothing happens after the end');
    }),
    { numRuns: 500 },
  );
});

test('from wherever it has come, a call goes on: silence and words lead to an answer', () => {
  fc.assert(
    fc.property(fc.array(someEvent, { maxLength: 60 }), (events) => {
      const story = new Story();
      story.tell({ kind: 'opened', line: { kind: 'greeting' } });
      for (const event of events) story.tell(event);
      // Whatever is being said is played to its end, whoever speaks falls silent.
      let atMs = 100_000;
      const drain = (): void => {
        for (let round = 0; round < 40; round += 1) {
          atMs += 3_000;
          const { phase } = story.state;
          if (phase.kind === 'thinking' || phase.kind === 'speaking' || phase.kind === 'doubting') {
            story.tell({ kind: 'replyStarted', replyId: phase.replyId });
            story.tell({ kind: 'replyPlayed', replyId: phase.replyId, atMs });
          }
          for (const timer of ['endpoint', 'finalWords', 'verdict'] as const) story.ring(timer, atMs);
        }
      };
      story.tell({ kind: 'voiceStopped', atMs, silenceAtMs: atMs - 200 });
      drain();
      const floor: string = story.state.phase.kind;
      assert.equal(floor, 'listening', 'the caller has the floor again');
      const released = story.all('release').length;
      story.said('Are you still there?', 1_000, atMs + 5_000);
      if (story.state.phase.kind === 'pausing') story.ring('endpoint', atMs + 9_000);
      assert.equal(story.all('release').length, released + 1);
      assert.ok(story.all('release').at(-1)?.callerText.endsWith('Are you still there?'));
    }),
    { numRuns: 500 },
  );
});

test('a voice of which no word was understood is told so, twice at most, and a short noise is not', () => {
  const story = new Story();
  const mumble = (atMs: number, voiceMs: number, utterance: number): readonly TurnEffect[] => {
    story.tell({ kind: 'voiceStarted', atMs: atMs + 80, voiceAtMs: atMs });
    story.tell({ kind: 'voiceStopped', atMs: atMs + voiceMs + 200, silenceAtMs: atMs + voiceMs });
    story.tell({ kind: 'committed', utterance });
    story.tell({ kind: 'words', atMs: atMs + voiceMs + 300, utterance, text: '', final: true });
    const effects = story.ring('endpoint', atMs + voiceMs + 1_500);
    const line = effects.find((effect) => effect.kind === 'sayLine');
    if (line !== undefined)
      story.tell({ kind: 'replyPlayed', replyId: line.replyId, atMs: atMs + voiceMs + 3_000 });
    return effects;
  };
  assert.ok(!kinds(mumble(1_000, 120, 0)).includes('sayLine'));
  assert.ok(kinds(mumble(11_000, 500, 1)).includes('sayLine'));
  assert.ok(kinds(mumble(21_000, 500, 2)).includes('sayLine'));
  assert.ok(!kinds(mumble(31_000, 500, 3)).includes('sayLine'));
});

test('no reply is prepared for a turn that is plainly going on', () => {
  const story = new Story();
  story.said('I would like to', 0, 1_000);
  assert.deepEqual(story.all('prepare'), []);
  story.said('book a table.', 1, 3_000);
  assert.equal(story.all('prepare').length, 1);
});
