// A text-to-speech that does what the test says, one chunk at a time.
import { Channel } from '../../src/base/channel.ts';
import type { SpeechChunk, TextToSpeech } from '../../src/tts/port.ts';

export interface Asked {
  readonly text: string;
  readonly signal: AbortSignal;
  /** A chunk of so many bytes of this value. */
  readonly send: (bytes: number, value?: number, chunk?: Partial<SpeechChunk>) => void;
  readonly end: () => void;
  readonly fail: (error: unknown) => void;
}

export interface ScriptedSpeech extends TextToSpeech {
  /** Everything that was asked for, in order; each waits to be told what to answer. */
  readonly asked: readonly Asked[];
}

export function scriptedSpeech(provider = 'scripted'): ScriptedSpeech {
  const asked: Asked[] = [];
  return {
    provider,
    cacheKey: provider,
    asked,
    async *speak(text, signal): AsyncGenerator<SpeechChunk, void, undefined> {
      signal.throwIfAborted();
      const channel = new Channel<SpeechChunk>(1_000);
      const onAbort = (): void => channel.fail(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      asked.push({
        text,
        signal,
        send: (bytes, value = 1, chunk = {}) =>
          void channel.push({ mulaw: new Uint8Array(bytes).fill(value), ...chunk }),
        end: () => channel.end(),
        fail: (error) => channel.fail(error),
      });
      yield* { [Symbol.asyncIterator]: () => channel[Symbol.asyncIterator]() };
    },
    warmUp: () => Promise.resolve(),
  };
}
