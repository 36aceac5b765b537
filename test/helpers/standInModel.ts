// In place of the voice model's thread: answers when a test says so, what a test says.
import { RECORD_BYTES, type Batch } from '../../src/vad/batch.ts';
import type { ModelListener, ModelThread, OpenModelThread } from '../../src/vad/modelThread.ts';

export interface AskedWindow {
  readonly lane: number;
  readonly fresh: boolean;
  readonly codes: Uint8Array;
}

export class StandInModel implements ModelThread {
  /** Batches that wait for their answer, oldest first. */
  readonly asked: { readonly batch: number; readonly windows: readonly AskedWindow[] }[] = [];
  closes = 0;
  #batches: readonly Batch[] = [];
  #listener: ModelListener | undefined;

  readonly open: OpenModelThread = (batches, listener) => {
    this.#batches = batches;
    this.#listener = listener;
    return Promise.resolve(this);
  };

  ask(batch: number, windows: number): void {
    const memory = this.#batches[batch];
    if (memory === undefined) throw new Error(`no batch ${batch}`);
    const asked = Array.from({ length: windows }, (_unused, index) => ({
      lane: memory.lanes[index] ?? -1,
      fresh: memory.fresh[index] === 1,
      codes: memory.codes.slice(index * RECORD_BYTES, (index + 1) * RECORD_BYTES),
    }));
    this.asked.push({ batch, windows: asked });
  }

  /** Answers the oldest batch. */
  answer(probabilityOf: (window: AskedWindow) => number): void {
    const oldest = this.asked.shift();
    if (oldest === undefined) throw new Error('nothing was asked');
    const probabilities = this.#batches[oldest.batch]?.probabilities;
    for (const [index, window] of oldest.windows.entries())
      probabilities?.fill(probabilityOf(window), index, index + 1);
    this.#listener?.answered(oldest.batch);
  }

  fail(): void {
    this.#listener?.failed(new Error('the stand-in died'));
  }

  close(): Promise<void> {
    this.closes += 1;
    return Promise.resolve();
  }
}
