// How well intents are found: precision and recall of each, and of all in the mean of the intents.
import type { LabelledPhrase } from './intentPhrases.ts';

export interface IntentScore {
  readonly intent: string;
  /** Phrases that are labelled so. */
  readonly labelled: number;
  /** 1 where nothing was found: nothing found is nothing wrong. */
  readonly precision: number;
  /** 1 where nothing is labelled so. */
  readonly recall: number;
  /** The harmonic mean of both. */
  readonly f1: number;
}

export interface IntentScores {
  readonly each: readonly IntentScore[];
  /** The mean over the intents, each counting alike. */
  readonly macro: Omit<IntentScore, 'intent' | 'labelled'>;
  readonly mistakes: readonly {
    readonly text: string;
    readonly missed: readonly string[];
    readonly wrong: readonly string[];
  }[];
}

export function scoreIntents(
  names: readonly string[],
  phrases: readonly LabelledPhrase[],
  find: (text: string) => readonly string[],
): IntentScores {
  const judged = phrases.map(({ text, intents }) => ({ text, intents, found: find(text) }));
  const each = names.map((intent) => {
    const right = judged.filter((one) => one.intents.includes(intent) && one.found.includes(intent)).length;
    const found = judged.filter((one) => one.found.includes(intent)).length;
    const labelled = judged.filter((one) => one.intents.includes(intent)).length;
    const precision = found === 0 ? 1 : right / found;
    const recall = labelled === 0 ? 1 : right / labelled;
    return { intent, labelled, precision, recall, f1: f1Of(precision, recall) };
  });
  const mean = (of: (score: IntentScore) => number): number =>
    each.reduce((sum, score) => sum + of(score), 0) / each.length;
  return {
    each,
    macro: {
      precision: mean((one) => one.precision),
      recall: mean((one) => one.recall),
      f1: mean((one) => one.f1),
    },
    mistakes: judged
      .map(({ text, intents, found }) => ({
        text,
        missed: intents.filter((intent) => !found.includes(intent)),
        wrong: found.filter((intent) => !intents.includes(intent)),
      }))
      .filter(({ missed, wrong }) => missed.length + wrong.length > 0),
  };
}

function f1Of(precision: number, recall: number): number {
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}
