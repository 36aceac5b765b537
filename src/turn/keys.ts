// Keys on the phone. A key is never a noise nor an "uh-huh": it takes the floor as words do. Gathered with the words,
// and the turn is over by the end key, by as many keys as were asked for, or by a silence after the last one.
import { interrupt, mayInterrupt } from './bargeIn.ts';
import { pause, withhold, wordsInPause } from './endOfTurn.ts';
import { listen } from './floor.ts';
import { anyKeyed, keysDueAtMs, saidSince, spaced, turnText, type Keyed } from './keyed.ts';
import { lastUtterance } from './said.ts';
import type { TurnEffect, TurnEvent, TurnSettings, TurnState, TurnStep } from './state.ts';
import { chain, inPhase, start, stay, stop } from './step.ts';

/** What a phone has. The letters A to D are in the protocol and on no phone. */
const KEY = /^[0-9*#]$/u;

type KeyPressed = Pick<TurnEvent & { kind: 'keyPressed' }, 'key' | 'atMs'>;

export function keyPressed(state: TurnState, pressed: KeyPressed, settings: TurnSettings): TurnStep {
  const { phase } = state;
  if (pressed.key === settings.keys.endKey) {
    // The turn is over already: by as many keys as were asked for, or because the key came late.
    if (phase.kind === 'thinking' && phase.answers === 'caller') return stay(withEndKey(state));
    if (state.endKeyOwed && turnText(state.said, state.keyed) === '')
      return stay({ ...state, endKeyOwed: false });
  }
  const noted = noteKey(state, pressed, settings);
  if (noted.state === state) return noted;
  switch (phase.kind) {
    case 'listening':
    case 'pausing':
      return gather(state, pressed, settings);
    case 'thinking':
      // A line that nobody has heard of yet is said first.
      if (phase.answers === 'nobody') return noted;
      return chain(withhold(state, phase.replyId), (next) => gather(next, pressed, settings));
    case 'speaking':
    case 'doubting': {
      if (!keyMayInterrupt(state, settings)) return noted;
      const { atMs } = pressed;
      // First the floor, then the key: by what was heard of the question it is known how many are asked for.
      return chain(interrupt(state, phase.replyId, atMs, atMs, settings), (next) =>
        // What was keyed over the agent before, and was whole, is answered at once, and goes on with this key.
        next.phase.kind === 'thinking'
          ? chain(withhold(next, next.phase.replyId), (held) => gather(held, pressed, settings))
          : gather(next, pressed, settings),
      );
    }
    case 'ended':
      return stay(state);
    default:
      return phase satisfies never;
  }
}

/** Whether somebody may speak over the agent is another question; a greeting that has to be heard is safe from both. */
function keyMayInterrupt(state: TurnState, settings: TurnSettings): boolean {
  if (!settings.keys.interrupts) return false;
  return mayInterrupt(state, { ...settings, interruption: { ...settings.interruption, enabled: true } });
}

/** A voice that begins after keys may be a noise: it does not keep what was keyed for ever. */
export function keysUnderVoice(state: TurnState, settings: TurnSettings): TurnStep {
  if (state.phase.kind !== 'listening' || keysDueAtMs(state, settings) === undefined) return stay(state);
  return { state, effects: [start('keys', settings.keys.timeoutMs)] };
}

/** The voice goes on and says nothing: the keys are the turn. */
export function keysTimedOut(state: TurnState, atMs: number, settings: TurnSettings): TurnStep {
  const dueAtMs = keysDueAtMs(state, settings);
  const last = state.keyed.at(-1);
  if (state.phase.kind !== 'listening' || dueAtMs === undefined || last === undefined) return stay(state);
  return dueAtMs > atMs
    ? { state, effects: [start('keys', dueAtMs - atMs)] }
    : pause(state, last.atMs, atMs, settings);
}

/** The floor is the caller's: note the key, and wait for the next one as long as what was keyed asks for. */
function gather(state: TurnState, pressed: KeyPressed, settings: TurnSettings): TurnStep {
  const { atMs } = pressed;
  return chain(noteKey(state, pressed, settings), (next) => {
    if (turnText(next.said, next.keyed) === '') return startAgain(next, settings);
    const dueAtMs = keysDueAtMs(next, settings) ?? Infinity;
    if (next.voice === 'on' && dueAtMs > atMs) {
      const wait = Number.isFinite(dueAtMs) ? start('keys', dueAtMs - atMs) : stop('keys');
      return {
        state: inPhase(next, { kind: 'listening' }),
        effects: [stop('endpoint'), stop('finalWords'), wait],
      };
    }
    return pauseAfterKey(next, atMs, settings);
  });
}

/** All was taken back. */
function startAgain(state: TurnState, settings: TurnSettings): TurnStep {
  const effects = [stop('endpoint'), stop('finalWords'), stop('keys')];
  const listening = { state: inPhase(state, { kind: 'listening' }), effects };
  return state.voice === 'on' ? listening : chain(listening, (next) => listen(next, settings));
}

function pauseAfterKey(state: TurnState, atMs: number, settings: TurnSettings): TurnStep {
  const { phase } = state;
  if (phase.kind === 'pausing') {
    const again = inPhase({ ...state, gap: undefined }, { ...phase, silenceAtMs: atMs, waited: false });
    return wordsInPause(again, atMs, settings);
  }
  if (state.voice === 'on' || lastUtterance(state.said) > state.committed)
    return pause(state, atMs, atMs, settings);
  // Nobody has spoken: there are no words to ask for. How long a caller types is no habit of pausing.
  const paused = inPhase(
    { ...state, gap: undefined },
    { kind: 'pausing', silenceAtMs: atMs, waited: false, final: 'known' },
  );
  return chain({ state: paused, effects: [stop('idle')] }, (next) => wordsInPause(next, atMs, settings));
}

// --- what was keyed ---

/** The same state when the key changes nothing; a key that cannot be taken is told. */
function noteKey(state: TurnState, { key, atMs }: KeyPressed, settings: TurnSettings): TurnStep {
  const { endKey, clearKey } = settings.keys;
  const last = state.keyed.at(-1);
  if (key === endKey && turnText(state.said, state.keyed) !== '') return noteEnd(state, atMs);
  if (key === clearKey && last !== undefined && anyKeyed(state.keyed))
    return { state: { ...state, keyed: state.keyed.slice(0, -1) }, effects: [] };
  const count = state.keyed.reduce((sum, { keys }) => sum + keys.length, 0);
  if (!KEY.test(key) || count >= settings.keys.digitsMax) return { state, effects: [{ kind: 'keyDropped' }] };
  // With nothing to end or to take back, such a key is what the caller wants to say: "press the pound key".
  const end = key === endKey ? 'endKey' : count + 1 >= settings.keys.digitsMax ? 'full' : 'open';
  const told = end !== 'open';
  const open = last?.end === 'open' && !last.told && !saidSince(state.said, last);
  return open
    ? noteLast(state, { ...last, keys: last.keys + key, atMs, end, told })
    : noteNew(state, { keys: key, after: saidUpTo(state), atMs, end, told });
}

/** The end key, behind words or keys; pressed twice it says no more than once. */
function noteEnd(state: TurnState, atMs: number): TurnStep {
  const last = state.keyed.at(-1);
  if (last === undefined || saidSince(state.said, last))
    return noteNew(state, { keys: '', after: saidUpTo(state), atMs, end: 'endKey', told: true });
  if (last.end === 'endKey') return stay(state);
  return last.told ? stay(withEndKey(state)) : noteLast(state, { ...last, atMs, end: 'endKey', told: true });
}

function withEndKey(state: TurnState): TurnState {
  const last = state.keyed.at(-1);
  if (last === undefined) return state;
  return { ...state, keyed: [...state.keyed.slice(0, -1), { ...last, end: 'endKey' }] };
}

function noteLast(state: TurnState, last: Keyed): TurnStep {
  return { state: { ...state, keyed: [...state.keyed.slice(0, -1), last] }, effects: tell(state.turn, last) };
}

/** Whoever is speaking has said what comes before: the utterance is cut here, so that the order stays that of time. */
function noteNew(state: TurnState, entry: Keyed): TurnStep {
  const cut: readonly TurnEffect[] = state.voice === 'on' ? [{ kind: 'commit' }] : [];
  return {
    state: { ...state, keyed: [...state.keyed, entry] },
    effects: [...cut, ...tell(state.turn, entry)],
  };
}

function tell(turn: number, { keys, told }: Keyed): readonly TurnEffect[] {
  return keys === '' ? [] : [{ kind: 'keyed', turn: turn + 1, text: spaced(keys), final: told }];
}

function saidUpTo({ said, committed, voice }: TurnState): number {
  return Math.max(lastUtterance(said), voice === 'on' ? committed + 1 : committed);
}
