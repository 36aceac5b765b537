// Keeps the agent's own words, come back over a loudspeaker, out of what the caller has said.
import { isEcho, mayBeEcho, spokenWindow } from './echo.ts';
import { askedSoFar, unheardText } from './expectation.ts';
import { turnLanguage } from './language/language.ts';
import type { Utterance } from './said.ts';
import type { TurnSettings, TurnState } from './state.ts';

/** After so many echoes in a call, sound over the agent no longer holds it: words that are not its own do. */
export const ECHOES_TRUSTED_MAX = 2;
/** Two words are enough to tell an echo, but the answer to a question may well repeat two of its words. */
const ECHO_WORDS_MIN = 2;
const ECHO_WORDS_MIN_WHEN_ASKED = 3;

/** The words of an utterance, from its first, that were found to be the agent's. */
export interface EchoSeen {
  readonly utterance: number;
  readonly words: number;
}

/** `news` without the agent's words, and the state that knows of them. New echo is looked for only while the agent speaks. */
export function withoutEcho(
  state: TurnState,
  news: Utterance,
  settings: TurnSettings,
): { readonly state: TurnState; readonly text: string } {
  const words = news.text.split(/\s+/u).filter((word) => word !== '');
  const known = state.echo?.utterance === news.utterance ? state.echo.words : 0;
  const text = known === 0 ? news.text : words.slice(known).join(' ');
  if (text === '' || windowOf(state) === '') return { state, text };
  const wordsMin = known > 0 ? 1 : isAsking(state, settings) ? ECHO_WORDS_MIN_WHEN_ASKED : ECHO_WORDS_MIN;
  if (!isEcho(text, windowOf(state), alwaysOf(settings), wordsMin)) return { state, text };
  const echo = { utterance: news.utterance, words: words.length };
  return { state: { ...state, echo, echoes: state.echoes + (known === 0 ? 1 : 0) }, text: '' };
}

/** One word that the agent is just saying: too little to tell whose it is. An answer may well be one of the question's. */
export function mayBeOwn(text: string, state: TurnState, settings: TurnSettings): boolean {
  return !isAsking(state, settings) && mayBeEcho(text, windowOf(state));
}

/** Nothing but echo has been heard since the turn before. */
export function onlyEcho(state: TurnState): boolean {
  return (
    state.echo !== undefined &&
    state.echo.utterance > state.oldUtterance &&
    state.said.every((one) => one.text === '')
  );
}

function isAsking(state: TurnState, settings: TurnSettings): boolean {
  return state.agent !== undefined && askedSoFar(state.agent, turnLanguage(settings.language)) !== undefined;
}

function windowOf({ phase, agent }: TurnState): string {
  if (phase.kind !== 'speaking' && phase.kind !== 'doubting') return '';
  return agent?.replyId === phase.replyId ? spokenWindow(agent.heardText, unheardText(agent)) : '';
}

function alwaysOf(settings: TurnSettings): readonly string[] {
  return [...settings.interruption.always, ...turnLanguage(settings.language).overAgent.always];
}
