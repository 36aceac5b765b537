// The labelled phrases that the intents are measured with: two halves, told apart by a hash of the words, so that
// nobody chooses which phrase is in which. Patterns are made better by the mistakes of the tuning half alone.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

export type Half = 'tuning' | 'heldOut';

export interface LabelledPhrase {
  readonly text: string;
  /** None: a phrase that means none of them. */
  readonly intents: readonly string[];
  readonly half: Half;
}

/** Seed of the hash: another one makes other halves. */
const SEED = 'intents 1';
const FILE = path.join(import.meta.dirname, '../../test/agent/intents.phrases.txt');

/** Throws when a line cannot be read. */
export function readIntentPhrases(): readonly LabelledPhrase[] {
  return readFileSync(FILE, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [labels = '', text] = line.split(' | ');
      if (text === undefined) throw new Error(`no labels: ${line}`);
      return { text, intents: labels === '-' ? [] : labels.split(','), half: halfOf(text) };
    });
}

function halfOf(text: string): Half {
  const [first = 0] = createHash('blake2b512').update(`${SEED}\n${text}`).digest();
  return first % 2 === 0 ? 'tuning' : 'heldOut';
}
