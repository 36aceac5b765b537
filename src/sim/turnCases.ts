// The calls of the evaluation of turn-taking: one behaviour of one caller each, drawn from a seed. The same seed makes
// the same cases, and a case is the same whichever others are made with it.
import { seededRandom, type Random } from '../base/random.ts';
import type { SpeechPart } from './caller.ts';
import type { MarkFault } from './carrierStream.ts';
import type { EchoOptions } from './callerEcho.ts';
import type { SoundKind } from './turnSounds.ts';
import { TURN_TEXTS, type Half, type Parts, type TurnTexts } from './turnTexts.ts';
import type { VoiceOptions } from './voice.ts';
import type { NoiseOptions } from './voiceNoise.ts';

/** How many of each kind a half has. */
export const CASE_COUNTS = {
  complete: 40,
  openClause: 14,
  comma: 12,
  hesitation: 14,
  wrongStop: 8,
  phone: 12,
  spelling: 8,
  twoSentences: 12,
  yesNo: 14,
  stop: 18,
  no: 8,
  question: 12,
  sentence: 12,
  echoInterrupt: 8,
  lostMark: 8,
  lateMark: 8,
  closingYes: 16,
  backchannel: 40,
  cough: 14,
  knock: 14,
  hiss: 14,
  idleCough: 8,
  idleKnock: 8,
  idleHiss: 8,
  sideTalk: 12,
  echo: 26,
} as const;

export type CaseKind = keyof typeof CASE_COUNTS;

export interface TurnCase {
  readonly id: string;
  readonly half: Half;
  readonly kind: CaseKind;
  readonly speech: VoiceOptions;
  readonly noise: Omit<NoiseOptions, 'random'> | undefined;
  readonly echo: EchoOptions | undefined;
  /** What becomes of the carrier's marks. */
  readonly marks: MarkFault | undefined;
  /** Said first, to make the agent say `reply`. */
  readonly opening: string | undefined;
  /** What the agent says before the behaviour, or while it is shown. */
  readonly reply: string;
  readonly probe: Probe;
  /** For all other chance in the call. */
  readonly seed: number;
}

export type Probe =
  | { readonly kind: 'turn'; readonly parts: readonly SpeechPart[] }
  | { readonly kind: 'interrupt' | 'backchannel'; readonly text: string; readonly afterAgentMs: number }
  /** So long before the agent's closing question is over. */
  | { readonly kind: 'closingAnswer'; readonly text: string; readonly beforeEndMs: number }
  | { readonly kind: 'sound'; readonly sound: SoundKind; readonly afterAgentMs: number }
  /** While nobody speaks, so long after the greeting. */
  | { readonly kind: 'idleSound'; readonly sound: SoundKind; readonly afterMs: number }
  | {
      readonly kind: 'sideTalk';
      readonly text: string;
      readonly speech: VoiceOptions;
      readonly afterAgentMs: number;
    }
  | { readonly kind: 'listen' };

const NOISES: readonly TurnCase['noise'][] = [
  undefined,
  undefined,
  { kind: 'pink', snrDb: 20 },
  { kind: 'white', snrDb: 20 },
  { kind: 'pink', snrDb: 10 },
  { kind: 'white', snrDb: 10 },
  { kind: 'pink', snrDb: 5 },
  { kind: 'white', snrDb: 5 },
];
/** The recogniser that plays the speech-to-text can't tell both from noise. */
const QUIET_NOISES = NOISES.slice(0, 4);
/** Speakers pause this long without having finished; more within a thought than between two numbers. */
const PAUSE_MS = [300, 1_200] as const;
const NUMBER_PAUSE_MS = [300, 900] as const;
const SENTENCE_PAUSE_MS = [150, 450] as const;
/** Within the first sentences of a reply that takes more than ten seconds. */
const OVER_AGENT_MS = [600, 5_500] as const;
/** Over the last words of a question that is clear by then. */
const BEFORE_END_MS = [100, 600] as const;
/** Everybody's words for it, so both halves have them. */
const CLOSING_ANSWERS = ['Yes.', 'Yes, please.', 'Yeah.', 'Okay.', 'Yes, of course.'];
const IDLE_SOUNDS = { idleCough: 'cough', idleKnock: 'knock', idleHiss: 'hiss' } as const;
const IDLE_MS = [700, 2_500] as const;
const LATE_MARK_MS = [50, 800] as const;
const ECHO_DELAY_MS = [120, 250] as const;
const ECHO_ATTENUATION_DB = [12, 20] as const;

/** All cases of a half, in an order that mixes the kinds. */
export function turnCases(half: Half, seed: number): readonly TurnCase[] {
  const cases = Object.entries(CASE_COUNTS).flatMap(([kind, count]) =>
    Array.from({ length: count }, (_unused, index) => caseOf(half, kind as CaseKind, index, seed)),
  );
  return cases.sort((a, b) => a.seed - b.seed || a.id.localeCompare(b.id));
}

function caseOf(half: Half, kind: CaseKind, index: number, seed: number): TurnCase {
  const id = `${half}-${kind}-${String(index + 1).padStart(2, '0')}`;
  const caseSeed = hash(`${seed} ${id}`);
  const random = seededRandom(caseSeed);
  const texts = TURN_TEXTS[half];
  const echoes = kind === 'echo' || kind === 'echoInterrupt';
  const voice = texts.voices[index % texts.voices.length] ?? 'en';
  return {
    id,
    half,
    kind,
    speech: {
      voice,
      rate: Math.round(between(random, [145, 195])),
      pitch: Math.round(between(random, [40, 60])),
    },
    noise: noiseOf(index, echoes),
    echo: echoes
      ? { delayMs: between(random, ECHO_DELAY_MS), attenuationDb: between(random, ECHO_ATTENUATION_DB) }
      : undefined,
    marks: marksOf(kind, random),
    ...sceneOf(kind, index, texts, random),
    seed: caseSeed,
  };
}

/** In turn, so that each kind has every noise, in other company each time round. */
function noiseOf(index: number, quiet: boolean): TurnCase['noise'] {
  const noises = quiet ? QUIET_NOISES : NOISES;
  return nth(noises, index + Math.floor(index / noises.length));
}

function marksOf(kind: CaseKind, random: Random): MarkFault | undefined {
  if (kind === 'lostMark') return { kind: 'lose', count: Infinity };
  if (kind !== 'lateMark') return undefined;
  return { kind: 'delay', count: Infinity, delayMs: Math.round(between(random, LATE_MARK_MS)) };
}

function sceneOf(
  kind: CaseKind,
  index: number,
  texts: TurnTexts,
  random: Random,
): Pick<TurnCase, 'opening' | 'reply' | 'probe'> {
  const atGreeting = { opening: undefined, reply: texts.greeting };
  switch (kind) {
    case 'complete':
      return { ...atGreeting, probe: turn([nth(texts.complete, index)], PAUSE_MS, random) };
    case 'openClause':
    case 'comma':
    case 'hesitation':
    case 'wrongStop':
      return { ...atGreeting, probe: turn(nth(texts[kind], index), PAUSE_MS, random) };
    case 'twoSentences':
      return { ...atGreeting, probe: turn(nth(texts.twoSentences, index), SENTENCE_PAUSE_MS, random) };
    case 'phone':
    case 'spelling':
    case 'yesNo': {
      const { opening, question, answers } = texts[kind];
      return { opening, reply: question, probe: turn(nth(answers, index), NUMBER_PAUSE_MS, random) };
    }
    case 'closingYes': {
      const { opening, question } = texts.yesNo;
      const beforeEndMs = Math.round(between(random, BEFORE_END_MS));
      const text = nth(CLOSING_ANSWERS, index);
      return { opening, reply: question, probe: { kind: 'closingAnswer', text, beforeEndMs } };
    }
    case 'idleCough':
    case 'idleKnock':
    case 'idleHiss': {
      const sound = IDLE_SOUNDS[kind];
      return { ...atGreeting, probe: { kind: 'idleSound', sound, afterMs: between(random, IDLE_MS) } };
    }
    default:
      return { ...nth(texts.long, index), probe: overAgent(kind, index, texts, random) };
  }
}

function overAgent(kind: CaseKind, index: number, texts: TurnTexts, random: Random): Probe {
  const afterAgentMs = between(random, OVER_AGENT_MS);
  switch (kind) {
    case 'stop':
    case 'no':
    case 'question':
    case 'sentence':
      return { kind: 'interrupt', text: nth(texts[kind], index), afterAgentMs };
    case 'echoInterrupt':
    case 'lostMark':
    case 'lateMark':
      return { kind: 'interrupt', text: nth(texts.sentence, index), afterAgentMs };
    case 'backchannel':
      return { kind: 'backchannel', text: nth(texts.backchannel, index), afterAgentMs };
    case 'sideTalk': {
      // Somebody else: the voice after the caller's.
      const speech = { voice: nth(texts.voices, index + 1) };
      return { kind: 'sideTalk', text: nth(texts.sideTalk, index), speech, afterAgentMs };
    }
    case 'cough':
    case 'knock':
    case 'hiss':
      return { kind: 'sound', sound: kind, afterAgentMs };
    default:
      return { kind: 'listen' };
  }
}

function turn(parts: Parts, pauseMs: readonly [number, number], random: Random): Probe {
  const last = parts.length - 1;
  return {
    kind: 'turn',
    parts: parts.map((text, part) => ({
      text,
      pauseMs: part === last ? 0 : Math.round(between(random, pauseMs)),
    })),
  };
}

function between(random: Random, [least, most]: readonly [number, number]): number {
  return least + random.next() * (most - least);
}

function nth<T>(list: readonly T[], index: number): T {
  return list[index % list.length] as T;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 2_166_136_261;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 16_777_619);
  return value >>> 0;
}
