// What becomes of the ears, told and counted on its way to the call.
import { BYTES_PER_MS } from '../audio/mulaw.ts';
import { failureOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { EarsListener } from './ears.ts';

export function earsListener(
  metrics: Pick<Metrics, 'dropped'>,
  log: Logger,
  news: Omit<EarsListener, 'onFailed' | 'onReplaced' | 'onDropped'>,
): EarsListener {
  return {
    ...news,
    onFailed: (error) => log.warn({ provider: error.provider, ...failureOf(error) }, 'speech-to-text failed'),
    onReplaced: (provider, replayedBytes) =>
      log.info({ provider, replayedMs: replayedBytes / BYTES_PER_MS }, 'another connection listens'),
    onDropped: (audioBytes) => metrics.dropped('stt_audio', audioBytes),
  };
}
