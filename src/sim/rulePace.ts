// The alerts in a hurry: their windows and waits are hours, which no proof can wait for.
import { parse, stringify } from 'yaml';
import { isRecord } from '../base/json.ts';

/** The text of a rules file, each duration in it divided by `pace`, none below a second. */
export function acceleratedRules(text: string, pace: number): string {
  const file: unknown = parse(text);
  return stringify(accelerated(file, pace, ''), { lineWidth: 0 });
}

function accelerated(value: unknown, pace: number, key: string): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => accelerated(one, pace, key));
  if (isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, accelerated(one, pace, name)]),
    );
  }
  if (typeof value !== 'string') return value;
  if (key === 'for') return faster(value, pace);
  if (key !== 'expr') return value;
  return value
    .replaceAll(/\[(\d+s)\]/g, (_all, duration: string) => `[${faster(duration, pace)}]`)
    .replaceAll(/offset (\d+s)/g, (_all, duration: string) => `offset ${faster(duration, pace)}`);
}

function faster(duration: string, pace: number): string {
  return `${Math.max(1, Math.round(Number.parseInt(duration, 10) / pace))}s`;
}
