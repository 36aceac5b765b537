// Keeps the agent's own words, come back over a loudspeaker, out of what the caller has said.
import { isEcho, mayBeEcho, saysBesides, spokenWindow } from './echo.ts';
import { askedSoFar, unheardText } from './expectation.ts';
import { judge } from './judge.ts';
import { turnLanguage } from './language/language.ts';
import { isAside, isCallersLevel } from './loudness.ts';
import type { Utterance } from './said.ts';
import type { TurnSettings, TurnState } from './state.ts';

/** After so many echoes in a call, sound over the agent no longer holds it: words that are not its own do. */
export const ECHOES_TRUSTED_MAX = 2;
/** Two words are enough to tell an echo, but the answer to a question may well repeat two of its words. */
const ECHO_WORDS_MIN = 2;
const ECHO_WORDS_MIN_WHEN_ASKED = 3;

type News = Utterance & { readonly atMs: number };

/** An echo is over so long after the agent's last sound: the way there and back, and the recogniser's delay. */
const ECHO_TAIL_MS = 900;

/** The words of an utterance, from its first, that were found to be the agent's. */
export interface EchoSeen {
  readonly utterance: number;
  readonly words: number;
}

/**
 * `news` without the agent's words and without what was said aside, and the state that knows of them. New echo is
 * looked for only while the agent speaks and a little after.
 */
export function withoutEcho(
  state: TurnState,
  news: News,
  settings: TurnSettings,
): { readonly state: TurnState; readonly text: string } {
  if (isSaidAside(state, news, settings)) return { state, text: '' };
  const words = news.text.split(/\s+/u).filter((word) => word !== '');
  const known = state.echo?.utterance === news.utterance ? state.echo.words : 0;
  const text = known === 0 ? news.text : words.slice(known).join(' ');
  const window = windowOf(state, news.atMs);
  if (text === '' || window === '') return { state, text };
  const wordsMin = known > 0 ? 1 : isAsking(state, settings) ? ECHO_WORDS_MIN_WHEN_ASKED : ECHO_WORDS_MIN;
  if (!isEcho(text, window, alwaysOf(settings), wordsMin)) return { state, text };
  const echo = { utterance: news.utterance, words: words.length };
  return { state: { ...state, echo, echoes: state.echoes + (known === 0 ? 1 : 0) }, text: '' };
}

/** One word that the agent is just saying: too little to tell whose it is. An answer may well be one of the question's. */
export function mayBeOwn(text: string, state: TurnState, atMs: number, settings: TurnSettings): boolean {
  return !isAsking(state, settings) && mayBeEcho(text, windowOf(state, atMs));
}

/** All that was said since the turn before was the agent's after all. */
export function ownWords(state: TurnState): TurnState {
  const last = state.said.findLast(({ text }) => text !== '');
  if (last === undefined) return state;
  const echo = { utterance: last.utterance, words: last.text.trim().split(/\s+/u).length };
  const said = state.said.map((one) => ({ ...one, text: '' }));
  return { ...state, echo, echoes: state.echoes + 1, said };
}

/**
 * The voice in which these words were said was too faint for the caller. What always interrupts does so faintly too:
 * a caller may have turned away.
 */
function isSaidAside(state: TurnState, news: News, settings: TurnSettings): boolean {
  const sounding =
    state.phase.kind === 'speaking' ||
    state.phase.kind === 'doubting' ||
    isRecent(state.playedAtMs, news.atMs);
  const aside = news.utterance <= state.loudness.aside || (sounding && isAside(state, settings));
  if (!aside) return false;
  const language = turnLanguage(settings.language);
  const alwaysOnly = { ...settings.interruption, minWords: Infinity };
  if (judge(news.text, alwaysOnly, language, undefined) !== 'interrupt') return true;
  return !saysBesides(news.text, state.agent?.text ?? '', alwaysOf(settings));
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

function windowOf(state: TurnState, atMs: number): string {
  const { phase, agent, playedAtMs, loudness } = state;
  if (agent === undefined) return '';
  const onLine = phase.kind === 'speaking' || phase.kind === 'doubting';
  const sounding = onLine
    ? agent.replyId === phase.replyId
    : loudness.overAgent && isRecent(playedAtMs, atMs) && !isCallersLevel(state);
  return sounding ? spokenWindow(agent.heardText, unheardText(agent)) : '';
}

/** Whether what is heard now may still come from what the agent said last. */
export function isRecent(playedAtMs: number | undefined, atMs: number): boolean {
  return playedAtMs !== undefined && atMs - playedAtMs <= ECHO_TAIL_MS;
}

function alwaysOf(settings: TurnSettings): readonly string[] {
  return [...settings.interruption.always, ...turnLanguage(settings.language).overAgent.always];
}
