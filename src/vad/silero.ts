// Voice by Silero's model, behind an energy gate. When the model is gone its sessions go on by loudness.
import { energyProbability } from './energy.ts';
import { EnergyGate } from './gate.ts';
import { NoiseFloor } from './noiseFloor.ts';
import type { Judged, Scorer } from './session.ts';
import { SpeechTail } from './tail.ts';
import type { VoiceWindow } from './voiceWindow.ts';
import type { Lane, WindowQueue } from './windowQueue.ts';

export class SileroScorer implements Scorer {
  readonly #judged: Judged;
  readonly #onClosed: () => void;
  readonly #floor = new NoiseFloor();
  readonly #gate = new EnergyGate();
  readonly #tail = new SpeechTail();
  #speaking = false;
  /** Gone when the model is. */
  #lane: Lane | undefined;

  constructor(queue: WindowQueue, judged: Judged, onClosed: () => void, measured = true) {
    this.#judged = judged;
    this.#onClosed = onClosed;
    this.#lane = queue.openLane((window, probability) => {
      const excessDb = this.#floor.excessDb(window);
      const corrected = this.#tail.judge(probability, excessDb, this.#speaking);
      judged(window, corrected, this.#tail.clear);
    }, measured);
  }

  score(window: VoiceWindow, speaking: boolean): void {
    this.#speaking = speaking;
    const excessDb = this.#floor.hear(window);
    if (this.#lane === undefined) {
      this.#judged(window, energyProbability(excessDb), true);
      return;
    }
    for (const admitted of this.#gate.admit(window, excessDb, speaking)) this.#lane.push(admitted);
  }

  /** From now on by loudness, beginning with what the model still owed. */
  fallBack(): void {
    const owed = this.#lane?.takeUnjudged() ?? [];
    this.#lane?.close();
    this.#lane = undefined;
    for (const window of owed) this.#judged(window, energyProbability(this.#floor.excessDb(window)), true);
  }

  close(): void {
    this.#lane?.close();
    this.#onClosed();
  }
}
