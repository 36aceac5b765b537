// An agent's file from YAML text: an agent, or every mistake at once, each with its line and column.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { errorText } from '../base/errors.ts';
import { crossChecks } from './checks.ts';
import { ofIssue, offsetOf, pathText } from './mistake.ts';
import { agentSchema, type AgentFile } from './schema.ts';

/** A long prompt has some 20,000 characters; anything far above is no agent's file. */
export const AGENT_FILE_CHARS_MAX = 262_144;

export type ParsedAgentFile =
  | { readonly ok: true; readonly agent: AgentFile }
  | { readonly ok: false; readonly mistakes: readonly string[] };

/** The file cannot be used. `mistakes` has one line for each thing that is wrong with it. */
export class AgentFileError extends Error {
  override readonly name = 'AgentFileError';
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[], cause?: unknown) {
    super(mistakes.join('\n'), { cause });
    this.mistakes = mistakes;
  }
}

/** Throws an `AgentFileError` when the file cannot be read or is wrong. */
export async function loadAgentFile(filePath: string): Promise<AgentFile> {
  let text: string;
  try {
    text = await readFile(filePath, 'utf8');
  } catch (error) {
    throw new AgentFileError([`${filePath}: cannot be read (${errorText(error)})`], error);
  }
  const parsed = parseAgentFile(text, path.basename(filePath));
  if (!parsed.ok) throw new AgentFileError(parsed.mistakes);
  return parsed.agent;
}

/** Never throws. `fileName` stands in front of every mistake: `front-desk.yaml:3:1: prompt: is required`. */
export function parseAgentFile(text: string, fileName: string): ParsedAgentFile {
  if (text.length > AGENT_FILE_CHARS_MAX) {
    return refuse([`${fileName}: expected at most ${AGENT_FILE_CHARS_MAX} characters, got ${text.length}`]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${fileName}:${line}:${col}`;
  };
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0) return refuse(broken.map((error) => `${at(error.pos[0])}: ${error.message}`));

  let raw: unknown;
  try {
    raw = document.toJS();
  } catch (error) {
    // Aliases that grow without end.
    return refuse([`${fileName}:1:1: ${errorText(error)}`]);
  }
  const result = agentSchema.safeParse(raw);
  const mistakes = [
    ...(result.success ? [] : result.error.issues.flatMap((issue) => ofIssue(issue, raw))),
    ...crossChecks(raw),
  ];
  if (!result.success || mistakes.length > 0) {
    const placed = mistakes.map((mistake) => ({ mistake, offset: offsetOf(document, mistake) }));
    placed.sort((a, b) => a.offset - b.offset);
    return refuse(
      placed.map(({ mistake, offset }) => `${at(offset)}: ${pathText(mistake.path)}${mistake.message}`),
    );
  }
  return { ok: true, agent: frozen({ ...result.data, version: versionOf(text) }) };
}

function refuse(mistakes: readonly string[]): ParsedAgentFile {
  return { ok: false, mistakes: [...new Set(mistakes)] };
}

function versionOf(text: string): string {
  return createHash('blake2b512').update(text).digest('hex').slice(0, 8);
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}
