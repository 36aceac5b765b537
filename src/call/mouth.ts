// Sentences to audio: several are synthesised at once, each into its own place of the speech.
import type { Background } from '../base/background.ts';
import type { Clock } from '../base/clock.ts';
import type { SentenceWriter, Speech } from '../playout/speech.ts';
import type { TextToSpeech } from '../tts/port.ts';

/** So many sentences are synthesised at once; the model's text waits while they are. */
export const SENTENCES_AT_ONCE_MAX = 3;

export interface MouthTimes {
  ttsAskedAtMs?: number;
  firstAudioAtMs?: number;
}

export class Mouth {
  readonly #speech: Speech;
  readonly #voice: TextToSpeech;
  readonly #clock: Clock;
  readonly #background: Background;
  readonly #signal: AbortSignal;
  readonly #times: MouthTimes;
  readonly #onFailed: (error: unknown) => void;
  readonly #underWay = new Set<Promise<void>>();

  /** Writes the times of the first sentence into `times`. `onFailed` hears of each sentence that could not be spoken. */
  constructor(
    options: {
      readonly speech: Speech;
      readonly voice: TextToSpeech;
      readonly clock: Clock;
      readonly background: Background;
      readonly signal: AbortSignal;
      readonly times: MouthTimes;
    },
    onFailed: (error: unknown) => void,
  ) {
    this.#speech = options.speech;
    this.#voice = options.voice;
    this.#clock = options.clock;
    this.#background = options.background;
    this.#signal = options.signal;
    this.#times = options.times;
    this.#onFailed = onFailed;
  }

  /** Adds the sentence to the speech and starts to synthesise it; resolves when there is room for another. */
  async say(text: string, interruptible = true): Promise<void> {
    const writer = this.#speech.add(text, interruptible);
    this.#times.ttsAskedAtMs ??= this.#clock.nowMs();
    const work = this.#synthesise(text, writer, this.#times).finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
    this.#background.run(work);
    if (this.#underWay.size >= SENTENCES_AT_ONCE_MAX) await Promise.race(this.#underWay);
  }

  /** Says something before the first sentence; false when that sounds already. */
  fill(text: string): boolean {
    const writer = this.#speech.addFirst(text);
    if (writer === undefined) return false;
    const work = this.#synthesise(text, writer, {}).finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
    this.#background.run(work);
    return true;
  }

  /** Resolves when every sentence is whole. */
  async finished(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Never rejects: a sentence that cannot be spoken is reported, and the speech goes on without it. */
  async #synthesise(text: string, writer: SentenceWriter, times: MouthTimes): Promise<void> {
    try {
      for await (const chunk of this.#voice.speak(text, this.#signal)) {
        if (chunk.mulaw.length === 0) continue;
        times.firstAudioAtMs ??= this.#clock.nowMs();
        if (!writer.write(chunk.mulaw, chunk.wordTimes)) break;
      }
    } catch (error) {
      if (!this.#signal.aborted) this.#onFailed(error);
    } finally {
      writer.end();
    }
  }
}
