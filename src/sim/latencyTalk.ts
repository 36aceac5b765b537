// The conversations of the latency table, the same in every condition: what two callers say, what is answered, and a
// voice that takes as long for an answer as the table has it.
import { normalisedWords } from '../llm/responseCache.ts';
import { SEED_TIMINGS, type SimTimings } from './behaviour.ts';
import { benchAgent } from './benchAgent.ts';
import type { Brain } from './brain.ts';
import { tokensOf } from './chatWire.ts';
import type { SpeechVoice } from './openaiSpeech.ts';

export const TURN_KINDS = ['first', 'fresh', 'repeated', 'intent', 'hurried'] as const;
/**
 * Of the first call after the start; never asked before; asked by the call before in the same place; what a line of the
 * agent's file answers; of a caller who says to be in a hurry.
 */
export type TurnKind = (typeof TURN_KINDS)[number];

export interface TalkTurn {
  readonly kind: TurnKind;
  readonly say: string;
}

export const FIRST_CALL: readonly TalkTurn[] = [
  { kind: 'first', say: 'Can I bring my daughter along?' },
  { kind: 'fresh', say: 'What does a new crown cost?' },
  { kind: 'intent', say: 'When are you open on Sunday?' },
  { kind: 'fresh', say: 'Where can I leave my bicycle?' },
  { kind: 'hurried', say: 'Quick, I have no time, how much is a filling?' },
  { kind: 'fresh', say: 'Do you take my insurance?' },
  { kind: 'intent', say: 'What are your opening hours?' },
  { kind: 'fresh', say: 'Is there a lift in the building?' },
];

/** Begins while the first goes on, and repeats what was answered there by then. */
export const SECOND_CALL: readonly TalkTurn[] = [
  ...FIRST_CALL.slice(0, 4).map(({ kind, say }): TalkTurn => ({
    kind: kind === 'intent' ? kind : 'repeated',
    say,
  })),
  { kind: 'fresh', say: 'Who is going to be my dentist?' },
  { kind: 'hurried', say: 'Just tell me, I am in a rush, may I pay by card?' },
  { kind: 'fresh', say: 'Should I come with an old X-ray?' },
];

/** The providers of the inherited table. */
export const LATENCY_TIMINGS: SimTimings = {
  ...SEED_TIMINGS,
  llmFirstTokenMs: 500,
  llmTokenMs: 20,
  llmColdMs: 2_000,
  ttsFirstByteMs: 200,
  ttsSpeed: 5,
};
/** So many are whole after 2,000 ms: the first after 500. */
export const ANSWER_TOKENS = 76;
/** Of all the sound of an answer, ms. */
const WHOLE_SYNTHESIS_MS = 1_200;
const ANSWER_MS = (WHOLE_SYNTHESIS_MS - LATENCY_TIMINGS.ttsFirstByteMs) * LATENCY_TIMINGS.ttsSpeed;
/** Somebody who talks that fast is told so by the agent's file: else half an answer would be suspected. */
const SPEED = 2;

const TOPICS: readonly string[] = [
  'a child',
  'a crown',
  'Sunday',
  'a bike',
  'a filling',
  'your plan',
  'our hours',
  'the lift',
  'a dentist',
  'a card',
  'an image',
];
const OTHER_TOPIC = 'all that';
const SHORT_ANSWERS: Readonly<Record<string, string>> = {
  'a filling': 'A filling is one hundred and forty.',
  'a card': 'Yes, any card will do.',
};
/** One for each question, in the order in which they are asked. */
const QUESTIONS = [...new Set([...FIRST_CALL, ...SECOND_CALL].map(({ say }) => say))];

/** Of `ANSWER_TOKENS` tokens and `ANSWER_MS` of sound; three fifths of it are the first sentence, which has a clause first. */
export function wholeAnswer(topic: string): string {
  return `If what you would like to know is about ${topic}, then we can see you on Friday at ten or late in the day, so please tell me which of these two is the better one for you and then I will put it down at once. If none of them is good for you, then I can look at the days of the week after that for you as well, if you like to.`;
}

const ANSWER_CHARS = wholeAnswer(TOPICS[0] ?? '').length;

/** Says what the question asks for; to somebody in a hurry, where it is told so, in a sentence. */
export function latencyBrain(): Brain {
  const topicOf = new Map(
    QUESTIONS.map((say, place) => [normalisedWords(say), TOPICS[place] ?? OTHER_TOPIC]),
  );
  return (messages) => {
    const asked = messages.findLast(({ role }) => role === 'user')?.content ?? '';
    const topic = topicOf.get(normalisedWords(asked)) ?? OTHER_TOPIC;
    const hurried =
      messages.at(-1)?.role === 'system' && /short sentence/u.test(messages.at(-1)?.content ?? '');
    return { text: (hurried ? SHORT_ANSWERS[topic] : undefined) ?? wholeAnswer(topic) };
  };
}

/** A tone, as long for each character as for any other. */
export function evenVoice(): SpeechVoice {
  const sampleRateHz = 24_000;
  return {
    say(text) {
      const samples = new Int16Array(Math.round((soundMs(text) * sampleRateHz) / 1_000));
      for (let at = 0; at < samples.length; at += 1) {
        samples[at] = Math.round(8_000 * Math.sin((2 * Math.PI * 300 * at) / sampleRateHz));
      }
      return Promise.resolve({ samples, sampleRateHz, words: [] });
    },
  };
}

function soundMs(text: string): number {
  return (text.length * ANSWER_MS) / ANSWER_CHARS;
}

/** How long the simulated model takes for the whole of `text`, and the voice for all of its sound. */
export function serialMs(text: string): { readonly completionMs: number; readonly synthesisMs: number } {
  const { llmFirstTokenMs, llmTokenMs, ttsFirstByteMs, ttsSpeed } = LATENCY_TIMINGS;
  return {
    completionMs: llmFirstTokenMs + (tokensOf(text).length - 1) * llmTokenMs,
    synthesisMs: ttsFirstByteMs + soundMs(text) / ttsSpeed,
  };
}

/** The agent's file: whatever it has answered it may answer again, and opening hours need no model. */
export function latencyAgent(): string {
  return benchAgent({
    name: 'latency',
    greeting: 'Hello, how can I help you?',
    prompt: 'You answer the phone of a dental practice.',
    repeatable: true,
    voice: { speed: SPEED },
    intents: {
      opening_hours: {
        phrases: ['opening hours', 'are you open'],
        say: 'We are open from eight to six, Monday to Friday.',
      },
    },
    // What is measured is how long an answer takes, not how that is covered up.
    limits: { idle: [], deadAirMs: 60_000 },
  });
}
