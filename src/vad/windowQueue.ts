// Collects the windows of all sessions into batches for the model, and hands the answers back.
import type { Clock, Timer } from '../base/clock.ts';
import { BATCH_WINDOWS_MAX, openBatch, RECORD_BYTES, WINDOW_MS, type Batch } from './batch.ts';
import type { ModelThread, OpenModelThread } from './modelThread.ts';
import type { VoiceWindow } from './voiceWindow.ts';

/**
 * Half a second of windows, and the oldest has waited as long: what a session is behind by then is of no use to the
 * conversation. The oldest are dropped.
 */
const BEHIND_WINDOWS = 16;
const BEHIND_MS = BEHIND_WINDOWS * WINDOW_MS;
/** More than the network holds back of speech and then lets through at once; the model is through with them in 0.1 s. */
export const WAITING_WINDOWS_MAX = 64;
/** One being run, one waiting in the thread so that it never idles, and two being filled or read here. */
const BATCHES = 4;
/** A run takes 2 ms; a thread that does not answer for so long is stuck. */
const ANSWER_MS_MAX = 2_000;
/**
 * Up to so many sessions a window is sent as it comes and is judged after 1 ms; waiting would save 1 % of
 * a core. With 50 it would cost 30 % of a core, against 15 with a wait of 8 ms (judged after 6, p99 11) and
 * 11 with one of 16 (judged after 12, p99 19).
 */
const UNBATCHED_LANES_MAX = 8;
const TICK_MS = 8;

export type Scored = (window: VoiceWindow, probability: number) => void;

export interface QueueListener {
  /** The model is gone; `close` and `Lane.takeUnjudged` are all that is left to call. At most once. */
  failed(error: unknown): void;
  /** A window was judged `delayMs` after it was pushed. */
  judged(delayMs: number): void;
}

/** One session's way to the model and back. Windows are judged in order, some not at all. */
export interface Lane {
  push(window: VoiceWindow): void;
  /** The windows that no answer has come for, oldest first; none will come for them. */
  takeUnjudged(): readonly VoiceWindow[];
  close(): void;
}

interface Pushed {
  readonly window: VoiceWindow;
  readonly pushedAtMs: number;
  /** The session's first. */
  readonly fresh: boolean;
}

interface LaneState {
  readonly index: number;
  readonly judged: Scored;
  readonly measured: boolean;
  readonly waiting: Pushed[];
  /** Sent to the model, oldest first. */
  readonly asked: Pushed[];
  started: boolean;
  closed: boolean;
}

interface Slot {
  readonly batch: Batch;
  /** Whose windows are in it, while the model has it. */
  lanes: readonly LaneState[];
  askedAtMs: number;
}

export class WindowQueue {
  readonly #clock: Clock;
  readonly #listener: QueueListener;
  readonly #slots: readonly Slot[] = Array.from({ length: BATCHES }, () => ({
    batch: openBatch(),
    lanes: [],
    askedAtMs: 0,
  }));
  /** Lane numbers that have been given back; used again, since the model keeps memory for each. */
  readonly #freeIndexes: number[] = [];
  #usedIndexes = 0;
  #openLanes = 0;
  /** Those that have a window waiting; the one that has had its turn goes to the end. */
  readonly #ready = new Set<LaneState>();
  #thread: ModelThread | undefined;
  #closed: Promise<void> | undefined;
  #tick: Timer | undefined;
  /** There was no batch left to send what is waiting in. */
  #overdue = false;
  #droppedWindows = 0;

  private constructor(listener: QueueListener, clock: Clock) {
    this.#listener = listener;
    this.#clock = clock;
  }

  /** Rejects when the model can't be had. */
  static async open(
    openThread: OpenModelThread,
    listener: QueueListener,
    clock: Clock,
  ): Promise<WindowQueue> {
    const queue = new WindowQueue(listener, clock);
    queue.#thread = await openThread(
      queue.#slots.map((slot) => slot.batch),
      { answered: (batch) => queue.#onAnswered(batch), failed: (error) => queue.#onFailed(error) },
      clock,
    );
    return queue;
  }

  /** Windows that were never judged because the model was behind. */
  get droppedWindows(): number {
    return this.#droppedWindows;
  }

  /** One that is not `measured` is left out of what is told of delays and counted of drops. */
  openLane(judged: Scored, measured = true): Lane {
    const index = this.#freeIndexes.pop() ?? this.#usedIndexes++;
    const lane: LaneState = {
      index,
      judged,
      measured,
      waiting: [],
      asked: [],
      started: false,
      closed: false,
    };
    this.#openLanes += 1;
    return {
      push: (window) => this.#push(lane, window),
      takeUnjudged: () => [...lane.asked.splice(0), ...lane.waiting.splice(0)].map(({ window }) => window),
      close: () => this.#closeLane(lane),
    };
  }

  /** Ends the thread. What is unjudged stays so. Idempotent. */
  close(): Promise<void> {
    this.#tick?.cancel();
    this.#tick = undefined;
    this.#closed ??= this.#thread?.close() ?? Promise.resolve();
    this.#thread = undefined;
    return this.#closed;
  }

  #push(lane: LaneState, window: VoiceWindow): void {
    if (lane.closed || this.#thread === undefined) return;
    const nowMs = this.#clock.nowMs();
    lane.waiting.push({ window, pushedAtMs: nowMs, fresh: !lane.started });
    lane.started = true;
    if (isBehind(lane.waiting, nowMs)) this.#dropOldest(lane);
    this.#ready.add(lane);
    if (this.#openLanes <= UNBATCHED_LANES_MAX || this.#ready.size >= BATCH_WINDOWS_MAX) this.#send();
    else this.#tick ??= this.#clock.after(TICK_MS, () => this.#send());
  }

  #dropOldest(lane: LaneState): void {
    const dropped = lane.waiting.shift();
    const next = lane.waiting[0];
    if (lane.measured) this.#droppedWindows += 1;
    // The lane's state may still be that of another session.
    if (dropped?.fresh === true && next !== undefined) lane.waiting[0] = { ...next, fresh: true };
  }

  #closeLane(lane: LaneState): void {
    if (lane.closed) return;
    lane.closed = true;
    this.#openLanes -= 1;
    this.#ready.delete(lane);
    // Safe although its last windows may be in the thread: the next session's first one is fresh.
    this.#freeIndexes.push(lane.index);
  }

  /** Sends all that waits, as far as there are batches to send it in; the rest goes with the next answer. */
  #send(): void {
    this.#tick?.cancel();
    this.#tick = undefined;
    this.#overdue = false;
    const thread = this.#thread;
    if (thread === undefined) return;
    while (this.#ready.size > 0) {
      const index = this.#slots.findIndex((slot) => slot.lanes.length === 0);
      const slot = this.#slots[index];
      if (slot === undefined) {
        this.#overdue = true;
        this.#checkStuck();
        return;
      }
      slot.lanes = this.#fill(slot.batch);
      slot.askedAtMs = this.#clock.nowMs();
      thread.ask(index, slot.lanes.length);
    }
  }

  #fill(batch: Batch): readonly LaneState[] {
    const lanes: LaneState[] = [];
    for (const lane of [...this.#ready].slice(0, BATCH_WINDOWS_MAX)) {
      this.#ready.delete(lane);
      const pushed = lane.waiting.shift();
      if (pushed === undefined) continue;
      if (lane.waiting.length > 0) this.#ready.add(lane);
      batch.lanes[lanes.length] = lane.index;
      batch.fresh[lanes.length] = pushed.fresh ? 1 : 0;
      batch.codes.set(pushed.window.codes, lanes.length * RECORD_BYTES);
      lane.asked.push(pushed);
      lanes.push(lane);
    }
    return lanes;
  }

  #onAnswered(index: number): void {
    const slot = this.#slots[index];
    if (slot === undefined || this.#thread === undefined) return;
    const lanes = slot.lanes;
    const probabilities = slot.batch.probabilities.slice(0, lanes.length);
    slot.lanes = [];
    if (this.#overdue) this.#send();
    const nowMs = this.#clock.nowMs();
    for (const [position, lane] of lanes.entries()) {
      const pushed = lane.asked.shift();
      if (pushed === undefined || lane.closed) continue;
      if (lane.measured) this.#listener.judged(nowMs - pushed.pushedAtMs);
      lane.judged(pushed.window, probabilities[position] ?? 0);
    }
  }

  #checkStuck(): void {
    const oldestMs = Math.min(...this.#slots.map((slot) => slot.askedAtMs));
    const waitedMs = this.#clock.nowMs() - oldestMs;
    if (waitedMs > ANSWER_MS_MAX)
      this.#onFailed(new Error(`the voice model did not answer for ${waitedMs} ms`));
  }

  #onFailed(error: Error): void {
    if (this.#thread === undefined) return;
    // Kept in `#closed`, which `close` answers.
    void this.close();
    this.#listener.failed(error);
  }
}

function isBehind(waiting: readonly Pushed[], nowMs: number): boolean {
  if (waiting.length > WAITING_WINDOWS_MAX) return true;
  return waiting.length > BEHIND_WINDOWS && nowMs - (waiting[0]?.pushedAtMs ?? nowMs) >= BEHIND_MS;
}
