// What the providers said in a taped call, sorted by what they were asked: for when the call goes another way than then
// and asks at other times, or for other things.
import type { LlmEvent } from '../llm/port.ts';
import type { SttEvent } from '../stt/port.ts';
import type { SpeechChunk } from '../tts/port.ts';
import type { FetchedAnswer, Happening } from './records.ts';
import type { Reel } from './reel.ts';

export interface Piece<T> {
  /** After it was asked for. */
  readonly afterUs: number;
  /** Undefined: that was all. */
  readonly piece: T | undefined;
  /** What it failed with, if it did. */
  readonly failure?: unknown;
}

/** One answer or one sentence. */
export interface Script<T> {
  readonly number: number;
  /** By which the same question is known again. */
  readonly key: string;
  readonly askedAtUs: number;
  readonly pieces: readonly Piece<T>[];
}

export interface SessionScript {
  readonly place: number;
  readonly events: readonly { readonly atUs: number; readonly event: SttEvent }[];
  readonly committedAtUs: ReadonlyMap<number, number>;
}

export interface Scripts {
  readonly answers: ReadonlyMap<number, Script<LlmEvent>>;
  readonly speeches: ReadonlyMap<number, Script<SpeechChunk>>;
  readonly fetches: ReadonlyMap<number, Script<FetchedAnswer>>;
  readonly sessions: ReadonlyMap<number, SessionScript>;
  /** What was answered before, by the beginning of its key. */
  readonly known: ReadonlyMap<string, readonly string[]>;
}

interface Growing<T> extends Script<T> {
  readonly pieces: Piece<T>[];
}

export function scriptsOf({ lines }: Reel): Scripts {
  const answers = new Map<number, Growing<LlmEvent>>();
  const speeches = new Map<number, Growing<SpeechChunk>>();
  const fetches = new Map<number, Growing<FetchedAnswer>>();
  const sessions = new Map<
    number,
    SessionScript & {
      readonly events: { readonly atUs: number; readonly event: SttEvent }[];
      readonly committedAtUs: Map<number, number>;
    }
  >();
  const known = new Map<string, readonly string[]>();
  for (const line of lines) {
    const { atUs } = line;
    if (line.kind === 'happening') {
      addPiece(line.happening, atUs, { answers, speeches, fetches });
      if (line.happening[0] === 'heard')
        sessions.get(line.happening[1])?.events.push({ atUs, event: line.happening[2] });
      continue;
    }
    const [name, number, ...rest] = line.doing;
    if (name === 'known' && Array.isArray(rest[0])) known.set(String(number), rest[0] as string[]);
    if (typeof number !== 'number') continue;
    const script = { number, askedAtUs: atUs, pieces: [] };
    if (name === 'asked') answers.set(number, { ...script, key: String(rest[1]) });
    else if (name === 'speak') speeches.set(number, { ...script, key: String(rest[0]) });
    else if (name === 'fetch') fetches.set(number, { ...script, key: rest.map(String).join(' ') });
    else if (name === 'listen')
      sessions.set(number, { place: Number(rest[0]), events: [], committedAtUs: new Map() });
    else if (name === 'commit') sessions.get(number)?.committedAtUs.set(Number(rest[0]), atUs);
  }
  return { answers, speeches, fetches, sessions, known };
}

interface Asked {
  readonly answers: ReadonlyMap<number, Growing<LlmEvent>>;
  readonly speeches: ReadonlyMap<number, Growing<SpeechChunk>>;
  readonly fetches: ReadonlyMap<number, Growing<FetchedAnswer>>;
}

function addPiece(happening: Happening, atUs: number, { answers, speeches, fetches }: Asked): void {
  switch (happening[0]) {
    case 'wrote':
      return add(answers.get(happening[1]), atUs, { piece: happening[2] });
    case 'spoke':
      return add(speeches.get(happening[1]), atUs, { piece: happening[2] });
    case 'over': {
      const [, what, number, ...failure] = happening;
      const last = { piece: undefined, ...(failure.length === 0 ? {} : { failure: failure[0] }) };
      return what === 'model' ? add(answers.get(number), atUs, last) : add(speeches.get(number), atUs, last);
    }
    case 'fetched':
      return add(fetches.get(happening[1]), atUs, { piece: happening[2] });
    case 'unfetched':
      return add(fetches.get(happening[1]), atUs, { piece: undefined, failure: happening[2] });
    default:
      return undefined;
  }
}

function add<T>(script: Growing<T> | undefined, atUs: number, piece: Omit<Piece<T>, 'afterUs'>): void {
  script?.pieces.push({ afterUs: atUs - script.askedAtUs, ...piece });
}

/** The one that was asked the same and is not used yet; else, `orNext`, the next one; undefined when there is none. */
export function takeScript<T>(
  scripts: ReadonlyMap<number, Script<T>>,
  used: Set<number>,
  key: string,
  orNext: boolean,
): Script<T> | undefined {
  const all = [...scripts.values()];
  const unused = all.filter(({ number }) => !used.has(number));
  const same = unused.find((one) => one.key === key);
  // What was said before can be said again, but the question after the next has another answer.
  const chosen = same ?? (orNext ? unused[0] : all.find((one) => one.key === key));
  if (chosen !== undefined) used.add(chosen.number);
  return chosen;
}
