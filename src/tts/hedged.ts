// A voice that is asked a second time when its first audio is late. The same voice again, never the next one of the
// list: a sentence in somebody else's voice would be worse than a late one. To be put under the cache, which would
// give both requests the same synthesis, and round the provider, so that every real request counts.
import type { Breaker } from '../base/breaker.ts';
import type { Clock } from '../base/clock.ts';
import type { Hedging } from '../base/hedging.ts';
import type { LatencyWindow } from '../base/latencyWindow.ts';
import { race, type Contender } from '../base/race.ts';
import type { SpeechChunk, TextToSpeech } from './port.ts';

export interface HedgedOptions {
  readonly clock: Clock;
  /** Of this voice. */
  readonly latencies: LatencyWindow;
  /** Told how each request fared. */
  readonly breaker?: Breaker;
  /** Undefined: the times are kept, and nothing is asked twice. */
  readonly hedging: Hedging | undefined;
}

export function hedgedTextToSpeech(
  voice: TextToSpeech,
  { clock, latencies, hedging, breaker }: HedgedOptions,
): TextToSpeech {
  return {
    provider: voice.provider,
    cacheKey: voice.cacheKey,
    warmUp: (signal) => voice.warmUp(signal),
    speak(text, signal, span) {
      const asked: Contender<SpeechChunk> = {
        latencies,
        run: (stop) => voice.speak(text, stop, span),
        ...(breaker === undefined ? {} : { breaker }),
      };
      return race([asked], { clock, hedging, begins: (chunk) => chunk.mulaw.length > 0 }, signal);
    },
  };
}
