// What an audio model's word does to the wait after the caller's words.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { waitMs, type Ending } from '../../src/turn/endpoint.ts';
import { ENDED_PROBABILITY, GOES_ON_PROBABILITY, heardWaitMs } from '../../src/turn/heardEnd.ts';
import { NO_PAUSES, pausedFor, wasCutOff } from '../../src/turn/pauses.ts';
import { firstState, type TurnEffect, type TurnEvent, type TurnState } from '../../src/turn/state.ts';
import { reduceTurn } from '../../src/turn/turn.ts';
import { overAgent, plainTurnSettings } from '../helpers/turnSettings.ts';

const settings = { ...plainTurnSettings, ...overAgent([], []), idleAfterMs: [], speculate: false };
const ENDINGS: readonly Ending[] = ['complete', 'likely', 'unsure', 'collecting', 'open'];

function tellAll(events: readonly TurnEvent[], first: TurnState = firstState()) {
  const effects: TurnEffect[] = [];
  let state = first;
  for (const event of events) {
    const step = reduceTurn(state, event, settings);
    state = step.state;
    effects.push(...step.effects);
  }
  return { state, effects };
}

/** When the wait for the words under way ends, as of the last timer that was started. */
function endsAtMs(effects: readonly TurnEffect[], nowMs: number): number | undefined {
  const last = effects.findLast((effect) => effect.kind === 'startTimer' && effect.timer === 'endpoint');
  return last?.kind === 'startTimer' ? nowMs + last.delayMs : undefined;
}

/** The caller says it, is silent since 1,000 ms, and the detector says so at 1,200 ms. */
function says(text: string): readonly TurnEvent[] {
  return [
    { kind: 'voiceStarted', atMs: 100, voiceAtMs: 0 },
    { kind: 'words', atMs: 900, utterance: 0, text, final: false },
    { kind: 'voiceStopped', atMs: 1_200, silenceAtMs: 1_000 },
  ];
}

function judged(probability: number, silenceAtMs = 1_000): TurnEvent {
  return { kind: 'endJudged', atMs: 1_250, silenceAtMs, probability };
}

test('a doubtful text that sounds finished is waited for like a whole sentence', () => {
  const before = tellAll(says('the blue one'));
  const after = tellAll([judged(0.95)], before.state);
  assert.equal(endsAtMs(after.effects, 1_250), 1_300);
  assert.ok((endsAtMs(before.effects, 1_200) ?? 0) > 1_300);
});

test('what sounds like a pause is waited for as long as the settings allow, even a whole sentence', () => {
  const { effects } = tellAll([...says('I need a table for two.'), judged(0.05)]);
  assert.equal(endsAtMs(effects, 1_250), 2_500);
});

test('a text that wants more is not cut however finished it sounds', () => {
  const before = tellAll(says('my name is'));
  const after = tellAll([judged(1)], before.state);
  assert.equal(endsAtMs(after.effects, 1_250), endsAtMs(before.effects, 1_200));
});

test('a word on another silence is late news', () => {
  const before = tellAll(says('the blue one'));
  const after = tellAll([judged(0.95, 400)], before.state);
  assert.deepEqual([after.effects, after.state], [[], before.state]);
  const goesOn = tellAll([{ kind: 'voiceStarted', atMs: 1_240, voiceAtMs: 1_200 }], before.state);
  assert.deepEqual(tellAll([judged(0.95)], goesOn.state), { state: goesOn.state, effects: [] });
});

test('words that come after the model’s word are judged with it', () => {
  const { effects } = tellAll([
    ...says('the'),
    judged(0.95),
    { kind: 'words', atMs: 1_260, utterance: 0, text: 'the blue one', final: false },
  ]);
  assert.equal(endsAtMs(effects, 1_260), 1_300);
});

test('what is heard never shortens a wait below a whole sentence’s, nor moves it out of the settings', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ENDINGS),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 8 }),
      fc.nat(4),
      (ending, probability, pausesMs, cutOffs) => {
        let pauses = NO_PAUSES;
        for (const pauseMs of pausesMs) pauses = pausedFor(pauses, pauseMs);
        for (let cut = 0; cut < cutOffs; cut += 1) pauses = wasCutOff(pauses);
        const textMs = waitMs(ending, settings, pauses);
        const floorMs = Math.min(textMs, waitMs('complete', settings, pauses));
        const heardMs = heardWaitMs(ending, settings, pauses, probability);
        assert.ok(heardMs >= floorMs && heardMs <= settings.maxWaitMs);
        assert.equal(heardWaitMs(ending, settings, pauses, undefined), textMs);
        const unsure = probability > GOES_ON_PROBABILITY && probability < ENDED_PROBABILITY;
        if (unsure) assert.equal(heardMs, textMs);
        if (ending === 'collecting' || ending === 'open') assert.ok(heardMs >= textMs);
      },
    ),
  );
});
