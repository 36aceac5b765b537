// Each call's transcript, kept up to date while the call goes on: handed over and forgotten by the call, written
// behind it, on a connection of its own. News of the same turn replaces what still waits.
import type { Knex } from 'knex';
import { Background } from '../base/background.ts';
import { sleep, type Clock } from '../base/clock.ts';
import { isDataError } from './commit.ts';
import type { TranscriptTurn, TranscriptWriter } from './port.ts';
import { storableText } from './text.ts';

/** Several calls' news go together, and who reads hardly sees the wait. */
const GATHER_MS = 250;
/** Calls in one statement: three parameters each. */
const BATCH_CALLS_MAX = 200;
/** Some kilobytes each: while the database is away the oldest calls' news go, which their turns' rows hold as well. */
export const WAITING_CALLS_MAX = 1_000;
const RETRY_MS = 1_000;
const CLOSE_MS = 2_000;

type Turns = Map<number, TranscriptTurn>;

export interface TranscriptsOptions {
  /** Writes the news of all these calls, in one statement. */
  readonly upsert: (news: ReadonlyMap<string, ReadonlyMap<number, TranscriptTurn>>) => Promise<void>;
  readonly clock: Clock;
  /** False: whoever flushes waits for nothing but the database. */
  readonly gathering: boolean;
  /** News of so many calls were given up. */
  readonly onDropped: (calls: number) => void;
  readonly onKept: (durationMs: number, calls: number) => void;
  readonly onError: (error: unknown) => void;
}

export class Transcripts implements TranscriptWriter {
  readonly #options: TranscriptsOptions;
  readonly #background: Background;
  /** In the order in which each call's first news came. */
  #waiting = new Map<string, Turns>();
  #round: Promise<void> | undefined;
  #closed = false;
  #stop = new AbortController();

  constructor(options: TranscriptsOptions) {
    this.#options = options;
    this.#background = new Background(options.onError);
  }

  get waitingCalls(): number {
    return this.#waiting.size;
  }

  turnChanged(callSid: string, index: number, turn: TranscriptTurn): void {
    if (this.#closed) return this.#options.onDropped(1);
    const turns = this.#waiting.get(callSid) ?? new Map();
    turns.set(index, turn);
    this.#waiting.set(callSid, turns);
    this.#bound();
    if (this.#round === undefined) this.#begin();
  }

  /** Resolves when what was told so far is kept or given up, or after `timeoutMs`. */
  async flush(timeoutMs: number): Promise<void> {
    const { clock } = this.#options;
    const enough = new AbortController();
    const timer = clock.after(timeoutMs, () => enough.abort());
    this.#hurry();
    while (this.#round !== undefined && !enough.signal.aborted) {
      const late = new Promise<void>((resolve) => {
        enough.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await Promise.race([this.#round, late]);
    }
    timer.cancel();
  }

  /** Tries for some seconds, counts the rest as dropped, and ends. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await this.flush(CLOSE_MS);
    this.#closed = true;
    const left = this.#waiting.size;
    this.#waiting.clear();
    if (left > 0) this.#options.onDropped(left);
    this.#hurry();
    await this.#background.idle();
  }

  #begin(): void {
    this.#round = this.#keepAll().finally(() => {
      this.#round = undefined;
    });
    this.#background.run(this.#round);
  }

  /** One statement at a time, until nothing waits. */
  async #keepAll(): Promise<void> {
    let pauseMs = this.#options.gathering ? GATHER_MS : 0;
    while (this.#waiting.size > 0) {
      await this.#pause(pauseMs);
      pauseMs = (await this.#keepSome()) ? 0 : RETRY_MS;
    }
  }

  /** False when the database could not be reached: the news wait on, behind what came meanwhile for the same turns. */
  async #keepSome(): Promise<boolean> {
    const { clock, upsert, onKept, onError, onDropped } = this.#options;
    const batch = new Map([...this.#waiting].slice(0, BATCH_CALLS_MAX));
    if (batch.size === 0) return true;
    for (const callSid of batch.keys()) this.#waiting.delete(callSid);
    const startedAtMs = clock.nowMs();
    try {
      await upsert(batch);
      onKept(clock.nowMs() - startedAtMs, batch.size);
      return true;
    } catch (error) {
      onError(error);
      if (isDataError(error) || this.#closed) {
        onDropped(batch.size);
        return true;
      }
      this.#putBack(batch);
      return false;
    }
  }

  #putBack(batch: ReadonlyMap<string, Turns>): void {
    const newer = this.#waiting;
    this.#waiting = new Map(batch);
    for (const [callSid, turns] of newer) {
      this.#waiting.set(callSid, new Map([...(batch.get(callSid) ?? []), ...turns]));
    }
    this.#bound();
  }

  #bound(): void {
    const oldest = this.#waiting.keys().next();
    if (this.#waiting.size <= WAITING_CALLS_MAX || oldest.done === true) return;
    this.#waiting.delete(oldest.value);
    this.#options.onDropped(1);
  }

  async #pause(delayMs: number): Promise<void> {
    if (delayMs === 0) return;
    // Ended early by whoever flushes: that is no failure.
    await sleep(this.#options.clock, delayMs, this.#stop.signal).catch(() => undefined);
  }

  #hurry(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
  }
}

/** The calls in the order of their ids, so that two instances never wait for each other crosswise. */
export async function upsertTranscripts(
  knex: Knex,
  news: ReadonlyMap<string, ReadonlyMap<number, TranscriptTurn>>,
  at: Date,
): Promise<void> {
  const rows = [...news]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([callSid, turns]) => ({
      call_sid: storableText(callSid),
      turns: JSON.stringify(Object.fromEntries([...turns].map(([index, turn]) => [index, storable(turn)]))),
      updated_at: at,
    }));
  await knex('transcripts')
    .insert(rows)
    .onConflict('call_sid')
    .merge({ turns: knex.raw('transcripts.turns || excluded.turns'), updated_at: at });
}

function storable({ callerText, heardText }: TranscriptTurn): TranscriptTurn {
  return { callerText: storableText(callerText), heardText: storableText(heardText) };
}
