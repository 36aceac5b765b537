// Sentences to audio: several are synthesised at once, each into its own place of the speech.
import type { Background } from '../base/background.ts';
import type { Clock } from '../base/clock.ts';
import { noSpan, type Span } from '../base/span.ts';
import type { SentenceWriter, Speech } from '../playout/speech.ts';
import type { SpeechChunk, TextToSpeech } from '../tts/port.ts';

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
  readonly #streaming: boolean;
  readonly #times: MouthTimes;
  readonly #span: Span;
  readonly #onFailed: (error: unknown) => void;
  readonly #underWay = new Set<Promise<void>>();
  /** Fillers that are being made and don't sound yet. */
  readonly #unheard = new Set<AbortController>();

  /** Writes the times of the first sentence into `times`. `onFailed` hears of each sentence that could not be spoken. */
  constructor(
    options: {
      readonly speech: Speech;
      readonly voice: TextToSpeech;
      readonly clock: Clock;
      readonly background: Background;
      readonly signal: AbortSignal;
      readonly times: MouthTimes;
      /** Off: a sentence's sound is played when all of it is there. */
      readonly streaming: boolean;
      /** Of the reply. */
      readonly span?: Span;
    },
    onFailed: (error: unknown) => void,
  ) {
    this.#speech = options.speech;
    this.#voice = options.voice;
    this.#clock = options.clock;
    this.#background = options.background;
    this.#signal = options.signal;
    this.#streaming = options.streaming;
    this.#times = options.times;
    this.#span = options.span ?? noSpan;
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

  /**
   * Says something while the caller would hear nothing. It takes its place when its sound is there: what is slow to
   * be spoken keeps nobody waiting. `done` hears whether it was said, which it is not when something else sounds by then.
   */
  fill(text: string, done: (said: boolean) => void): void {
    this.#background.run(this.#interject(text, done));
  }

  /** Nothing more will be said: fillers that don't sound yet are stopped. */
  close(): void {
    for (const unheard of this.#unheard) unheard.abort(new DOMException('it is too late', 'AbortError'));
  }

  /** Resolves when every sentence is whole. */
  async finished(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #interject(text: string, done: (said: boolean) => void): Promise<void> {
    let writer: SentenceWriter | undefined;
    const unheard = new AbortController();
    const signal = AbortSignal.any([this.#signal, unheard.signal]);
    this.#unheard.add(unheard);
    const span = this.#span.child('filler');
    try {
      for await (const chunk of this.#voice.speak(text, signal, span)) {
        if (chunk.mulaw.length === 0) continue;
        this.#unheard.delete(unheard);
        writer ??= this.#speech.addFiller(text);
        if (writer?.write(chunk.mulaw, chunk.wordTimes) !== true) break;
      }
      writer?.end();
    } catch (error) {
      if (!signal.aborted) this.#onFailed(error);
      writer?.end(true);
    }
    span.end();
    this.#unheard.delete(unheard);
    done(writer !== undefined);
  }

  /** Never rejects: a sentence that cannot be spoken is reported, and the speech goes on without it. */
  async #synthesise(text: string, writer: SentenceWriter, times: MouthTimes): Promise<void> {
    const span = this.#span.child('sentence', { attributes: { 'turnpike.characters': text.length } });
    try {
      const sound = this.#voice.speak(text, this.#signal, span);
      for await (const chunk of this.#streaming ? sound : allOf(sound)) {
        if (chunk.mulaw.length === 0) continue;
        times.firstAudioAtMs ??= this.#clock.nowMs();
        if (!writer.write(chunk.mulaw, chunk.wordTimes)) break;
      }
      writer.end();
      span.end();
    } catch (error) {
      if (!this.#signal.aborted) this.#onFailed(error);
      writer.end(true);
      span.end(this.#signal.aborted ? {} : { failure: 'not_spoken' });
    }
  }
}

/** The same when all of it is there, at once; what a voice gave before it failed is given, too. */
async function* allOf(sound: AsyncIterable<SpeechChunk>): AsyncGenerator<SpeechChunk, void, undefined> {
  const chunks: SpeechChunk[] = [];
  try {
    for await (const chunk of sound) chunks.push(chunk);
  } catch (error) {
    yield* chunks;
    throw error;
  }
  yield* chunks;
}
