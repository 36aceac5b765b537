// How the next reply should be: by how the caller speaks and by how quick the line to the model is. Pure, and small
// on purpose: it leans on what can be counted, and says nothing when there is nothing to say.

/** One turn of the caller's, as far as it was noticed. */
export interface CallerTurn {
  readonly text: string;
  /** How long there was voice; absent when nobody measured it. */
  readonly voicedMs?: number | undefined;
  /** The caller cut the agent's answer to it short. */
  readonly cutAnswer: boolean;
}

export interface LineState {
  /** Of the model that is asked first; undefined while too little is known. */
  readonly firstTokenP95Ms: number | undefined;
}

/** From the agent's file. */
export interface AdaptLimits {
  readonly enabled: boolean;
  /** A first token later than this, at the 95th percentile, is a slow line. */
  readonly slowMs: number;
  readonly tones: readonly Tone[];
}

export const TONES = ['hurried', 'hesitant', 'hostile'] as const;
export type Tone = (typeof TONES)[number];

export interface Adaptation {
  readonly tone: Tone | undefined;
  readonly slowLine: boolean;
  /** For the turn's event and log: which and why, in a few words without anything that was said. */
  readonly why: readonly string[];
  /** For the end of the prompt; empty when the reply is to be as always. */
  readonly note: string;
}

export const AS_ALWAYS: Adaptation = { tone: undefined, slowLine: false, why: [], note: '' };

/** What somebody says now and then means nothing: so many turns back count. */
const TURNS_LOOKED_AT = 4;
/** Conversation has two to three words a second; four is somebody who wants to be done. */
const HURRIED_WORDS_PER_SECOND = 4;
const SHORT_TURN_WORDS = 4;
const HOSTILE =
  /\b(?:stupid|idiots?|ridiculous|useless|shut up|damn|hell|fuck\w*|shit\w*|bullshit|scam\w*|stop calling|sick of|leave me alone)\b/giu;
/** "damn good", "what the hell of a day" are rare on a phone; a denial is not: "not stupid". */
const DENIED = /\b(?:not|isn't|wasn't|never)\s+(?:\w+\s+)?$/iu;
const HESITATION =
  /\b(?:u+m+|u+h+|e+r+m*|hmm+|well|i guess|i'm not sure|i don't know|maybe|sort of|kind of)\b/giu;
const HURRY =
  /\b(?:quick(?:ly)?|hurry|in a rush|no time|just tell me|get to the point|make it short|busy)\b/iu;

const NOTES: Readonly<Record<Tone, string>> = {
  hurried: 'The caller is in a hurry: answer in one short sentence, without pleasantries.',
  hesitant: 'The caller hesitates: be patient, offer at most two choices, and ask one easy question.',
  hostile:
    'The caller is annoyed: stay calm, do not argue, acknowledge it once in a few words, and come to the point.',
};
const SLOW_NOTE = 'Begin with a sentence of at most six words.';

/** `turns` are the caller's, the latest last, the one to be answered included. */
export function adapt(turns: readonly CallerTurn[], line: LineState, limits: AdaptLimits): Adaptation {
  if (!limits.enabled) return AS_ALWAYS;
  const judged = judgeTone(turns.slice(-TURNS_LOOKED_AT));
  const tone = judged !== undefined && limits.tones.includes(judged.tone) ? judged : undefined;
  const slowLine = line.firstTokenP95Ms !== undefined && line.firstTokenP95Ms > limits.slowMs;
  if (tone === undefined && !slowLine) return AS_ALWAYS;
  return {
    tone: tone?.tone,
    slowLine,
    why: [
      ...(tone === undefined ? [] : [`${tone.tone}: ${tone.why}`]),
      ...(slowLine ? [`slow line: first token p95 ${Math.round(line.firstTokenP95Ms ?? 0)} ms`] : []),
    ],
    note: [tone === undefined ? '' : NOTES[tone.tone], slowLine ? SLOW_NOTE : ''].filter(Boolean).join(' '),
  };
}

/** The gravest of what applies: an annoyed caller in a hurry is annoyed first. */
function judgeTone(turns: readonly CallerTurn[]): { readonly tone: Tone; readonly why: string } | undefined {
  const now = turns.at(-1);
  if (now === undefined) return undefined;
  const hostileWords =
    hostileWordsIn(now.text) * 2 +
    turns.slice(0, -1).reduce((sum, { text }) => sum + hostileWordsIn(text), 0);
  if (hostileWords >= 2) return { tone: 'hostile', why: 'hostile words' };
  if (HURRY.test(now.text)) return { tone: 'hurried', why: 'the caller says so' };
  const cuts = turns.filter(({ cutAnswer }) => cutAnswer).length;
  if (cuts >= 2) return { tone: 'hurried', why: `${cuts} answers cut short` };
  const pace = wordsPerSecond(turns);
  if (pace !== undefined && pace >= HURRIED_WORDS_PER_SECOND && isShort(turns)) {
    return { tone: 'hurried', why: `${pace.toFixed(1)} words a second in short turns` };
  }
  const hesitations = turns.reduce((sum, { text }) => sum + (text.match(HESITATION)?.length ?? 0), 0);
  if (hesitations >= 2 && HESITATION_IN.test(now.text)) {
    return { tone: 'hesitant', why: `${hesitations} hesitations` };
  }
  return undefined;
}

/** Without `g`: a pattern that remembers its place would answer by turns. */
const HESITATION_IN = new RegExp(HESITATION.source, 'iu');

function hostileWordsIn(text: string): number {
  return [...text.matchAll(HOSTILE)].filter(({ index }) => !DENIED.test(text.slice(0, index))).length;
}

function wordsPerSecond(turns: readonly CallerTurn[]): number | undefined {
  const measured = turns.filter(({ voicedMs }) => voicedMs !== undefined && voicedMs > 0);
  const voicedMs = measured.reduce((sum, turn) => sum + (turn.voicedMs ?? 0), 0);
  // A single word tells no pace.
  if (measured.length < 2 || voicedMs < 1_000) return undefined;
  return (measured.reduce((sum, { text }) => sum + wordsIn(text), 0) * 1_000) / voicedMs;
}

function isShort(turns: readonly CallerTurn[]): boolean {
  return turns.length >= 2 && turns.every(({ text }) => wordsIn(text) <= SHORT_TURN_WORDS);
}

function wordsIn(text: string): number {
  return text.split(/\s+/u).filter(Boolean).length;
}
