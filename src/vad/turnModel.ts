// The turn model that a process has. One thread serves all calls, one turn at a time; a question that can't be answered
// in time is dropped and counted, because the text judges the turn meanwhile and waits for nobody.
import type { Clock, Timer } from '../base/clock.ts';
import type { EndVerdict, TurnModel, TurnModelSession } from './turnModelPort.ts';
import { openTurnThread, type OpenTurnThread, type TurnThread } from './turnModelThread.ts';

/** The shortest wait for a caller is hardly longer: an answer after it would come too late. */
export const ANSWER_MS_MAX = 150;
/** A run takes tens of milliseconds, so more than these cannot be answered in time. */
export const WAITING_ASKS_MAX = 8;
/** A run that takes this long will never end. */
export const STUCK_MS_MAX = 2_000;

export interface TurnModelOptions {
  /** The ONNX file. */
  readonly file: string;
  /** The model can't be had, or is lost: the text alone judges from now on. At most once. */
  readonly onLost: (error: unknown) => void;
}

export interface MeasuredTurnModel extends TurnModel {
  /** Questions that got no answer, or one too late to be told. Those that a newer one replaced are among them. */
  readonly unanswered: number;
}

/** Never rejects: a model that can't be used answers nothing, and says so through `onLost`. */
export async function openTurnModel(
  options: TurnModelOptions,
  clock: Clock,
  openThread: OpenTurnThread = openTurnThread,
): Promise<MeasuredTurnModel> {
  const model = new SharedTurnModel(options.onLost, clock);
  await model.load(options.file, openThread);
  return model;
}

type Listener = (verdict: EndVerdict) => void;

interface Ask {
  readonly listener: Listener;
  readonly mulaw: Uint8Array;
  readonly silenceAtMs: number;
  readonly deadline: Timer;
}

class SharedTurnModel implements MeasuredTurnModel {
  readonly #onLost: (error: unknown) => void;
  readonly #clock: Clock;
  #thread: TurnThread | undefined;
  #closed: Promise<void> | undefined;
  /** The oldest first; at most one of a session. */
  readonly #waiting: Ask[] = [];
  /** What the thread is busy with; its `ask` is gone when nobody wants the answer any more. */
  #running: { ask: Ask | undefined; readonly stuck: Timer } | undefined;
  #unanswered = 0;

  constructor(onLost: (error: unknown) => void, clock: Clock) {
    this.#onLost = onLost;
    this.#clock = clock;
  }

  get unanswered(): number {
    return this.#unanswered;
  }

  async load(file: string, openThread: OpenTurnThread): Promise<void> {
    const listener = {
      judged: (probability: number) => this.#onJudged(probability),
      failed: (error: Error) => this.#onFailed(error),
    };
    try {
      this.#thread = await openThread(file, listener, this.#clock);
    } catch (error) {
      this.#onLost(error);
    }
  }

  open(listener: Listener): TurnModelSession {
    // A function of the session's own, so that two sessions are told apart by it.
    const own: Listener = (verdict) => listener(verdict);
    let closed = false;
    return {
      ask: (mulaw, silenceAtMs) => {
        this.#drop(own);
        if (!closed) this.#ask(own, mulaw, silenceAtMs);
      },
      close: () => {
        closed = true;
        this.#drop(own);
      },
    };
  }

  close(): Promise<void> {
    for (const ask of this.#waiting.splice(0)) this.#forget(ask);
    this.#forget(this.#running?.ask);
    this.#running?.stuck.cancel();
    this.#running = undefined;
    this.#closed ??= this.#thread?.close() ?? Promise.resolve();
    this.#thread = undefined;
    return this.#closed;
  }

  #ask(listener: Listener, mulaw: Uint8Array, silenceAtMs: number): void {
    if (this.#thread === undefined) return;
    const deadline = this.#clock.after(ANSWER_MS_MAX, () => this.#drop(listener));
    this.#waiting.push({ listener, mulaw, silenceAtMs, deadline });
    // The oldest has waited longest and is the least likely to be answered in time.
    if (this.#waiting.length > WAITING_ASKS_MAX) this.#forget(this.#waiting.shift());
    this.#runNext();
  }

  /** Nobody wants the answer to this session's question any more. */
  #drop(listener: Listener): void {
    const index = this.#waiting.findIndex((ask) => ask.listener === listener);
    if (index >= 0) this.#forget(this.#waiting.splice(index, 1)[0]);
    if (this.#running?.ask?.listener !== listener) return;
    this.#forget(this.#running.ask);
    this.#running.ask = undefined;
  }

  #forget(ask: Ask | undefined): void {
    if (ask === undefined) return;
    ask.deadline.cancel();
    this.#unanswered += 1;
  }

  #runNext(): void {
    if (this.#running !== undefined || this.#thread === undefined) return;
    const ask = this.#waiting.shift();
    if (ask === undefined) return;
    const stuck = this.#clock.after(STUCK_MS_MAX, () =>
      this.#onFailed(new Error(`the turn model did not answer for ${STUCK_MS_MAX} ms`)),
    );
    this.#running = { ask, stuck };
    this.#thread.judge(ask.mulaw);
  }

  #onJudged(probability: number): void {
    if (this.#running === undefined) return;
    const { ask, stuck } = this.#running;
    stuck.cancel();
    this.#running = undefined;
    this.#runNext();
    if (ask === undefined) return;
    ask.deadline.cancel();
    ask.listener({ probability, silenceAtMs: ask.silenceAtMs });
  }

  #onFailed(error: Error): void {
    if (this.#thread === undefined) return;
    // Kept in `#closed`, which `close` answers.
    void this.close();
    this.#onLost(error);
  }
}
