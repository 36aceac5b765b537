// The words of one call as its events tell them: who said what, what is not sure yet, and what of the agent was heard. Pure.
import type { LiveEvent } from '../../events/event.ts';
import type { TurnAnswer } from '../wire.ts';

export interface Said {
  readonly who: 'caller' | 'agent';
  readonly turn: number;
  readonly text: string;
  /** Of the caller: it may still change. Of the agent: it is still being said. */
  readonly live: boolean;
  /** Tells it from the others of its turn. */
  readonly at: number;
  /** The caller spoke over it; `text` is what was heard. */
  readonly cut: boolean;
}

export interface Words {
  readonly lines: readonly Said[];
  /** Of the caller's line that is live: the words that are final. */
  readonly settled: string;
}

export const NO_WORDS: Words = { lines: [], settled: '' };
/** Some hours of talk; the oldest go. */
const LINES_MAX = 1_000;

/** The words after this event; the same object when it tells none. */
export function withEvent(words: Words, event: LiveEvent): Words {
  switch (event.type) {
    case 'transcript.partial':
    case 'transcript.final':
      return withWords(words, event.turn, event.text, event.type === 'transcript.final');
    case 'turn.started':
      return callerSays(upTo(words, event.turn), event.turn, event.callerText, '', false);
    case 'turn.withdrawn': {
      // What of the answer stands there was not heard; the caller goes on.
      const question = upTo(without(words, event.turn), event.turn);
      return callerSays(question, event.turn, event.callerText, event.callerText);
    }
    case 'agent.said':
      return inserted(words, {
        who: 'agent',
        turn: event.turn,
        at: event.at,
        text: event.text,
        live: true,
        cut: false,
      });
    case 'agent.interrupted':
      return agentHeard(words, event.turn, event.heardText, true);
    case 'turn.finished':
      return agentHeard(words, event.turn, event.heardText, event.interrupted);
    default:
      return words;
  }
}

/** With the turns that are stored as finished: events of some may have been missed. */
export function withStoredTurns(
  words: Words,
  turns: readonly Pick<TurnAnswer, 'index' | 'callerText' | 'heardText' | 'interrupted'>[],
): Words {
  const stored = new Set(turns.map(({ index }) => index));
  const others = words.lines.filter(({ turn }) => !stored.has(turn));
  const told = turns.flatMap(({ index, callerText, heardText, interrupted }) => {
    const both: readonly Said[] = [
      { who: 'caller', turn: index, at: 0, text: callerText, live: false, cut: false },
      { who: 'agent', turn: index, at: 0, text: heardText, live: false, cut: interrupted },
    ];
    return both.filter(({ text }) => text !== '');
  });
  // In the order of the turns; within one they stand as they did.
  const lines = [...told, ...others].toSorted((a, b) => a.turn - b.turn).slice(-LINES_MAX);
  return { ...words, lines };
}

function withWords(words: Words, turn: number, text: string, final: boolean): Words {
  const line = words.lines.find((one) => one.who === 'caller' && one.turn === turn);
  // What was asked stands: its words may be told once more, as final, and what goes on takes the turn back first.
  if (line?.live === false) return words;
  // Those of another turn, whose beginning was missed, are not this one's.
  const settled = line === undefined ? '' : words.settled;
  const whole = joined(settled, text);
  return callerSays(words, turn, whole, final ? whole : settled);
}

function callerSays(words: Words, turn: number, text: string, settled: string, live = true): Words {
  if (text === '') return { ...words, settled };
  const line: Said = { who: 'caller', turn, at: 0, text, live, cut: false };
  const at = words.lines.findIndex((one) => one.who === 'caller' && one.turn === turn);
  if (at < 0) return { ...inserted(words, line), settled };
  return { lines: words.lines.with(at, line), settled };
}

/** Words are told under the turn that would be next. When the one before begins again, they are its own. */
function upTo(words: Words, turn: number): Words {
  return { ...words, lines: words.lines.filter((one) => one.turn <= turn) };
}

/** All of the agent's sentences in a turn, as they were heard in the end. */
function agentHeard(words: Words, turn: number, heardText: string, cut: boolean): Words {
  const spoke = words.lines.some((one) => one.who === 'agent' && one.turn === turn);
  if (!spoke || heardText === '') return without(words, turn);
  return inserted(without(words, turn), { who: 'agent', turn, at: 0, text: heardText, live: false, cut });
}

/** Behind what belongs to its turn, also when the caller is heard to go on already. */
function inserted(words: Words, line: Said): Words {
  const at = words.lines.findLastIndex(({ turn }) => turn <= line.turn) + 1;
  return { ...words, lines: words.lines.toSpliced(at, 0, line).slice(-LINES_MAX) };
}

function without(words: Words, turn: number): Words {
  return { ...words, lines: words.lines.filter((one) => one.who !== 'agent' || one.turn !== turn) };
}

function joined(before: string, text: string): string {
  return before === '' ? text : `${before} ${text}`;
}
