// The server's own voice detection, by energy: enough for the clean lines that a simulator has.
import { SAMPLE_RATE_HZ } from '../audio/mulaw.ts';

const FRAME_SAMPLES = 160;
const FRAME_MS = (FRAME_SAMPLES * 1_000) / SAMPLE_RATE_HZ;
/** Root mean square in 16-bit steps; 45 dB below full scale. */
const VOICE_RMS = 184;
/** A click is shorter. */
const VOICE_FRAMES_MIN = 2;

export type ServerVadEvent =
  | { readonly kind: 'started'; readonly atMs: number }
  | { readonly kind: 'stopped'; readonly atMs: number };

export class ServerVad {
  readonly #silenceMs: number;
  #power = 0;
  #samples = 0;
  #atMs = 0;
  #voiceFrames = 0;
  #voicedToMs = 0;
  #talking = false;

  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs;
  }

  get talking(): boolean {
    return this.#talking;
  }

  /** What went on was committed by somebody else: what follows is new speech. */
  reset(): void {
    this.#talking = false;
    this.#voiceFrames = 0;
  }

  /** The next 8 kHz samples; times count from the first. */
  push(samples: Int16Array): readonly ServerVadEvent[] {
    const events: ServerVadEvent[] = [];
    for (const sample of samples) {
      this.#power += sample * sample;
      this.#samples += 1;
      if (this.#samples < FRAME_SAMPLES) continue;
      const event = this.#frame(Math.sqrt(this.#power / FRAME_SAMPLES) >= VOICE_RMS);
      if (event !== undefined) events.push(event);
      this.#power = 0;
      this.#samples = 0;
    }
    return events;
  }

  #frame(voiced: boolean): ServerVadEvent | undefined {
    this.#atMs += FRAME_MS;
    this.#voiceFrames = voiced ? this.#voiceFrames + 1 : 0;
    if (voiced) this.#voicedToMs = this.#atMs;
    if (!this.#talking && this.#voiceFrames >= VOICE_FRAMES_MIN) {
      this.#talking = true;
      return { kind: 'started', atMs: this.#atMs - this.#voiceFrames * FRAME_MS };
    }
    if (this.#talking && this.#atMs - this.#voicedToMs >= this.#silenceMs) {
      this.#talking = false;
      return { kind: 'stopped', atMs: this.#voicedToMs };
    }
    return undefined;
  }
}
