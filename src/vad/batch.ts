// The memory in which windows travel to the model and their probabilities back. It is shared with
// the worker, so that a message between the threads is two small numbers, whatever the batch holds.

/** 32 ms at 8 kHz: the only window that Silero's 8 kHz branch takes. */
export const WINDOW_BYTES = 256;
export const WINDOW_MS = 32;
/** What the model wants to see again of the window before. */
export const CONTEXT_BYTES = 32;
export const RECORD_BYTES = CONTEXT_BYTES + WINDOW_BYTES;
/** A run of 32 takes about 1.5 ms; above it a window costs hardly less and all of them wait longer. */
export const BATCH_WINDOWS_MAX = 32;

const LANES_AT = 0;
const PROBABILITIES_AT = LANES_AT + BATCH_WINDOWS_MAX * 4;
const FRESH_AT = PROBABILITIES_AT + BATCH_WINDOWS_MAX * 4;
const CODES_AT = FRESH_AT + BATCH_WINDOWS_MAX;
const BATCH_BYTES = CODES_AT + BATCH_WINDOWS_MAX * RECORD_BYTES;

/** Up to 32 windows of as many sessions. The number of windows used goes beside it. */
export interface Batch {
  readonly memory: SharedArrayBuffer;
  /** Whose window it is: where the model keeps that session's state. */
  readonly lanes: Uint32Array;
  /** 1 for a session's first window: its state starts from zero, whatever the lane had before. */
  readonly fresh: Uint8Array;
  /** Mu-law: context and window, one record after the other. */
  readonly codes: Uint8Array;
  /** The answers, 0..1. */
  readonly probabilities: Float32Array;
}

/** A new batch, or the other thread's view of one. */
export function openBatch(memory = new SharedArrayBuffer(BATCH_BYTES)): Batch {
  return {
    memory,
    lanes: new Uint32Array(memory, LANES_AT, BATCH_WINDOWS_MAX),
    probabilities: new Float32Array(memory, PROBABILITIES_AT, BATCH_WINDOWS_MAX),
    fresh: new Uint8Array(memory, FRESH_AT, BATCH_WINDOWS_MAX),
    codes: new Uint8Array(memory, CODES_AT, BATCH_WINDOWS_MAX * RECORD_BYTES),
  };
}
