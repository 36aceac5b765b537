// How well and how fast the intents are found: the labelled phrases, both halves. The held-out half is the figure.
import { openIntents } from '../agent/intents.ts';
import { INTENT_NAMES } from '../agent/language/language.ts';
import { systemClock } from '../base/clock.ts';
import { shown, type BenchReport, type BenchTable } from './benchReport.ts';
import { readIntentPhrases, type Half } from './intentPhrases.ts';
import { scoreIntents } from './intentScore.ts';

const ROUNDS = 9;
/** Through all phrases in a round, so that a round takes some tens of milliseconds. */
const PASSES = 10;

export function benchIntents(): BenchReport {
  const phrases = readIntentPhrases();
  const builtAtMs = systemClock.nowMs();
  const matcher = openIntents('en-US');
  const buildMs = systemClock.nowMs() - builtAtMs;
  const find = (text: string): readonly string[] => matcher.find(text).map(({ intent }) => intent);
  const halves = (['heldOut', 'tuning'] as const).map((half) => {
    const own = phrases.filter((phrase) => phrase.half === half);
    return { half, phrases: own.length, scores: scoreIntents(INTENT_NAMES, own, find) };
  });
  const textUs = medianUs(() => {
    for (const { text } of phrases) matcher.find(text);
  }, phrases.length);
  const longest = phrases.reduce((a, b) => (b.text.length > a.text.length ? b : a)).text;
  const longestUs = medianUs(() => {
    for (let time = 0; time < phrases.length; time += 1) matcher.find(longest);
  }, phrases.length);
  return {
    title: 'Intents, found in one pass over the words',
    tables: halves.map(({ half, phrases: count, scores }) => tableOf(half, count, scores)),
    notes: [
      `A text takes ${shown(textUs, 1)} us (target: under 50), the longest of them ${shown(longestUs, 1)} us; the automaton is built in ${shown(buildMs, 1)} ms.`,
      'Target on the held-out half: macro precision 0.95, macro recall 0.90. Phrases and patterns are by one hand: real callers will say what neither foresaw.',
      'Found in the held-out half: only the sums were looked at when the patterns were made.',
    ],
    figures: { textUs, longestUs, buildMs, halves },
  };
}

function tableOf(half: Half, count: number, { each, macro }: ReturnType<typeof scoreIntents>): BenchTable {
  const row = (
    name: string,
    labelled: string,
    one: { readonly precision: number; readonly recall: number; readonly f1: number },
  ): readonly string[] => [name, labelled, shown(one.precision, 3), shown(one.recall, 3), shown(one.f1, 3)];
  const heading = half === 'heldOut' ? 'held-out half' : 'tuning half';
  return {
    heading: [heading, 'phrases', 'precision', 'recall', 'F1'],
    rows: [
      ...each.map((one) => row(one.intent, String(one.labelled), one)),
      row('macro', String(count), macro),
    ],
  };
}

/** Of one text, when `work` goes through so many. */
function medianUs(work: () => void, texts: number): number {
  const values: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAtMs = systemClock.nowMs();
    for (let pass = 0; pass < PASSES; pass += 1) work();
    values.push(((systemClock.nowMs() - startedAtMs) * 1_000) / (texts * PASSES));
  }
  return values.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? NaN;
}
