// How quickly the providers of the agent's file lately began to answer, shared by every call of the process.
import type { Clock } from './clock.ts';
import { LatencyWindow } from './latencyWindow.ts';

export class ProviderLatencies {
  readonly #clock: Clock;
  readonly #windows = new Map<string, LatencyWindow>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Of the entry (provider and model) at this place, from 0, of the file's list; always the same for the same. */
  of(stage: 'llm' | 'tts', place: number): LatencyWindow {
    const name = `${stage} ${place}`;
    const known = this.#windows.get(name);
    if (known !== undefined) return known;
    const made = new LatencyWindow(this.#clock);
    this.#windows.set(name, made);
    return made;
  }
}
