// The part of JSON schema (draft 2020-12) that tools' parameters are written in.
import { isRecord, type JsonRecord } from '../base/json.ts';

/** Keywords that say something to a reader and ask nothing of a value. */
const ANNOTATIONS = new Set([
  '$schema',
  '$comment',
  'title',
  'description',
  'default',
  'examples',
  'format',
  'deprecated',
]);
const CHECKED = new Set([
  'type',
  'enum',
  'const',
  'anyOf',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'minLength',
  'maxLength',
  'pattern',
]);
/** The model needs to hear what is wrong, not all of it. */
const MISTAKES_MAX = 5;

/** Keywords in a schema that `mistakesIn` would pass over: a schema with any of them promises too much. */
export function unknownKeywords(schema: unknown): readonly string[] {
  if (!isRecord(schema)) return [];
  const own = Object.keys(schema).filter((keyword) => !CHECKED.has(keyword) && !ANNOTATIONS.has(keyword));
  const properties = isRecord(schema.properties) ? Object.values(schema.properties) : [];
  const choices: readonly unknown[] = Array.isArray(schema.anyOf) ? schema.anyOf : [];
  const below = [...properties, ...choices, schema.items, schema.additionalProperties];
  return [...new Set([...own, ...below.flatMap(unknownKeywords)])];
}

/** What is wrong with a value, in words that a model can act on; empty when it fits. Never throws. */
export function mistakesIn(value: unknown, schema: unknown): readonly string[] {
  const mistakes: string[] = [];
  check(value, schema, 'arguments', mistakes);
  return mistakes.slice(0, MISTAKES_MAX);
}

function check(value: unknown, schema: unknown, where: string, mistakes: string[]): void {
  if (schema === false) mistakes.push(`${where} is not wanted`);
  if (!isRecord(schema)) return;
  const types = typesOf(schema);
  if (types.length > 0 && !types.some((type) => hasType(value, type))) {
    mistakes.push(`${where} must be of type ${types.join(' or ')}`);
    return;
  }
  if (Array.isArray(schema.enum) && !schema.enum.some((one) => sameJson(one, value))) {
    mistakes.push(`${where} must be one of ${schema.enum.map((one) => JSON.stringify(one)).join(', ')}`);
  }
  if ('const' in schema && !sameJson(schema.const, value)) {
    mistakes.push(`${where} must be ${JSON.stringify(schema.const)}`);
  }
  if (Array.isArray(schema.anyOf) && !schema.anyOf.some((one) => mistakesIn(value, one).length === 0)) {
    mistakes.push(`${where} fits none of its kinds`);
  }
  if (typeof value === 'string') checkText(value, schema, where, mistakes);
  else if (typeof value === 'number') checkNumber(value, schema, where, mistakes);
  else if (Array.isArray(value)) checkList(value, schema, where, mistakes);
  else if (isRecord(value)) checkObject(value, schema, where, mistakes);
}

function checkObject(value: JsonRecord, schema: JsonRecord, where: string, mistakes: string[]): void {
  const properties = isRecord(schema.properties) ? schema.properties : {};
  const required: readonly unknown[] = Array.isArray(schema.required) ? schema.required : [];
  for (const name of required) {
    if (typeof name === 'string' && !Object.hasOwn(value, name)) mistakes.push(`${where}.${name} is missing`);
  }
  for (const [name, part] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name);
    check(part, known ? properties[name] : schema.additionalProperties, `${where}.${name}`, mistakes);
  }
}

function checkList(value: readonly unknown[], schema: JsonRecord, where: string, mistakes: string[]): void {
  if (value.length < bound(schema.minItems, -Infinity)) mistakes.push(`${where} has too few items`);
  if (value.length > bound(schema.maxItems, Infinity)) mistakes.push(`${where} has too many items`);
  for (const [place, item] of value.entries()) check(item, schema.items, `${where}[${place}]`, mistakes);
}

function checkNumber(value: number, schema: JsonRecord, where: string, mistakes: string[]): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (value < bound(minimum, -Infinity)) mistakes.push(`${where} must be at least ${String(minimum)}`);
  if (value > bound(maximum, Infinity)) mistakes.push(`${where} must be at most ${String(maximum)}`);
  if (value <= bound(exclusiveMinimum, -Infinity))
    mistakes.push(`${where} must be above ${String(exclusiveMinimum)}`);
  if (value >= bound(exclusiveMaximum, Infinity))
    mistakes.push(`${where} must be below ${String(exclusiveMaximum)}`);
}

function checkText(value: string, schema: JsonRecord, where: string, mistakes: string[]): void {
  // The schema counts characters, not the units that JavaScript stores them in.
  const chars = Array.from(value).length;
  if (chars < bound(schema.minLength, -Infinity)) mistakes.push(`${where} is too short`);
  if (chars > bound(schema.maxLength, Infinity)) mistakes.push(`${where} is too long`);
  if (typeof schema.pattern === 'string' && !fitsPattern(value, schema.pattern)) {
    mistakes.push(`${where} must look like ${schema.pattern}`);
  }
}

/** A pattern that is no regular expression fits nothing: the mistake shows at the first call. */
function fitsPattern(value: string, pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return false;
  }
}

function typesOf(schema: JsonRecord): readonly string[] {
  if (typeof schema.type === 'string') return [schema.type];
  return Array.isArray(schema.type) ? schema.type.filter((type) => typeof type === 'string') : [];
}

function hasType(value: unknown, type: string): boolean {
  switch (type) {
    case 'object':
      return isRecord(value);
    case 'array':
      return Array.isArray(value);
    case 'null':
      return value === null;
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function sameJson(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

function bound(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
