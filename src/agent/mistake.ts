// A mistake in an agent's file: where it is, and what was expected there.
import { isMap, isNode, isPair, isScalar, type Document } from 'yaml';
import { z } from 'zod';
import { isRecord } from '../base/json.ts';
import { agentSchema } from './schema.ts';

export type Path = readonly (string | number)[];

export interface Mistake {
  readonly path: Path;
  readonly message: string;
  /** The key itself is wrong, not what stands behind it. */
  readonly atKey?: boolean;
}

/** Of a wrong value; enough to find it. */
const SHOWN_CHARS_MAX = 40;

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** `providers.llm[0].model: `; nothing for the file as a whole. */
export function pathText(path: Path): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${shownKey(part)}`)).join('');
  return text === '' ? '' : `${text.replace(/^\./u, '')}: `;
}

/** Blanks at the edge of a key would not be seen. */
function shownKey(key: string): string {
  return /^\S(?:.*\S)?$/su.test(key) ? key : JSON.stringify(key).slice(0, SHOWN_CHARS_MAX);
}

export function ofIssue(issue: z.core.$ZodIssue, raw: unknown): Mistake[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: `no such key${knownKeys(path, raw)}`,
        atKey: true,
      }));
    case 'invalid_key':
      return issue.issues.map((inner) => ({ path, message: inner.message, atKey: true }));
    case 'invalid_union':
    case 'invalid_type': {
      const value = valueAt(raw, path);
      const expected = withoutPrefix(issue.message).replace(/, received .*$/u, '');
      if (value === undefined && path.length > 0) return [{ path, message: `is required: ${expected}` }];
      return [{ path, message: `${expected}, got ${kindOf(value)}` }];
    }
    default:
      return [{ path, message: withoutPrefix(issue.message) }];
  }
}

/** "Too small: expected number to be >=2" without its first words; our own messages have none. */
function withoutPrefix(message: string): string {
  return message.replace(/^(?:Invalid \w+|Too \w+): /u, '');
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : JSON.stringify(value).slice(0, SHOWN_CHARS_MAX);
}

function valueAt(raw: unknown, path: Path): unknown {
  let value = raw;
  for (const part of path) {
    if (Array.isArray(value)) value = (value as unknown[])[Number(part)];
    else if (isRecord(value)) value = value[part];
    else return undefined;
  }
  return value;
}

/** The keys that are allowed at a place, out of the schema itself. */
function knownKeys(path: Path, raw: unknown): string {
  let schemas: JsonSchema[] = [z.toJSONSchema(agentSchema, { io: 'input', unrepresentable: 'any' })];
  for (const [depth, part] of path.entries()) {
    const builtin = valueAt(raw, [...path.slice(0, depth + 1), 'builtin']);
    schemas = schemas
      .flatMap((schema) => below(schema, part))
      .flatMap((schema) => schema.oneOf ?? schema.anyOf ?? [schema])
      .filter((schema) => typeof schema === 'object')
      .filter((schema) => {
        const own = schema.properties?.builtin;
        return typeof own !== 'object' || own.const === builtin;
      });
  }
  const keys = new Set(schemas.flatMap((schema) => Object.keys(schema.properties ?? {})));
  keys.delete('builtin');
  return keys.size === 0 ? '' : `; expected one of ${[...keys].join(', ')}`;
}

function below(schema: JsonSchema, part: string | number): JsonSchema[] {
  const item = Array.isArray(schema.items) ? [] : [schema.items];
  const next = typeof part === 'number' ? item : [schema.properties?.[part] ?? schema.additionalProperties];
  return next.filter((one) => typeof one === 'object');
}

/** Where in the text a mistake is; of what is missing, the key of the map that lacks it. */
export function offsetOf(document: Document, mistake: Mistake): number {
  const { path } = mistake;
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    const missing = length < path.length;
    const key = keyOffset(document, path.slice(0, length));
    if ((mistake.atKey === true || missing) && key !== undefined) return key;
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function keyOffset(document: Document, path: Path): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const last = path.at(-1);
  const pair = parent.items.find(
    (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(last),
  );
  return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
}
