// Labelled texts for judges: lines of `label | context | text` beside the tests. One half tunes, the other judges.
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Labelled {
  readonly label: string;
  /** What the agent said. */
  readonly agent: string;
  readonly text: string;
}

export function readLabelled(folder: string, name: string): readonly Labelled[] {
  return readFileSync(path.join(folder, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [label = '', agent = '', text = ''] = line.split('|').map((part) => part.trim());
      return { label, agent, text };
    });
}

export interface Score {
  readonly wrong: readonly string[];
  /** Of those given a label, the share that has it. */
  readonly precision: ReadonlyMap<string, number>;
}

export function scoreOf(rows: readonly Labelled[], judge: (row: Labelled) => string): Score {
  const given = new Map<string, number>();
  const right = new Map<string, number>();
  const wrong: string[] = [];
  for (const row of rows) {
    const verdict = judge(row);
    given.set(verdict, (given.get(verdict) ?? 0) + 1);
    if (verdict === row.label) right.set(verdict, (right.get(verdict) ?? 0) + 1);
    else wrong.push(`${row.label} taken for ${verdict}: ${row.agent} | ${row.text}`);
  }
  const precision = new Map([...given].map(([label, count]) => [label, (right.get(label) ?? 0) / count]));
  return { wrong, precision };
}
