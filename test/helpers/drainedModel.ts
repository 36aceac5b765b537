// The real thread of the voice model, and a way to wait until it owes nothing: so that a test can push
// a call faster than it was spoken and still hear every answer where a call would.
import { openModelThread, type OpenModelThread } from '../../src/vad/modelThread.ts';

export class DrainedModel {
  #owedBatches = 0;
  #waiting: (() => void)[] = [];

  readonly open: OpenModelThread = async (batches, listener, clock) => {
    const answered = (batch: number): void => {
      listener.answered(batch);
      this.#owe(this.#owedBatches - 1);
    };
    const thread = await openModelThread(
      batches,
      { ...listener, answered, failed: (error) => listener.failed(error) },
      clock,
    );
    return {
      ask: (batch, windows) => {
        this.#owe(this.#owedBatches + 1);
        thread.ask(batch, windows);
      },
      close: () => {
        this.#owe(0);
        return thread.close();
      },
    };
  };

  async drained(): Promise<void> {
    if (this.#owedBatches === 0) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #owe(batches: number): void {
    this.#owedBatches = batches;
    if (batches > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
