// Parts of an agent's file as they were written: what is of another shape counts as empty.
import { isRecord, type JsonRecord } from '../base/json.ts';

export function asFields(value: unknown): JsonRecord {
  return isRecord(value) ? value : {};
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** For the end of a mistake: `; there are opening, close`. */
export function known(names: readonly string[]): string {
  return names.length === 0 ? '' : `; there are ${names.join(', ')}`;
}
