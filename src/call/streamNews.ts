// What the carrier's stream tells, counted on its way to the call.
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { MediaStreamListener } from '../twilio/mediaStream.ts';

export interface StreamNews extends Pick<MediaStreamListener, 'onMedia' | 'onMark' | 'onDtmf'> {
  /** The stream is over; `stopped`: because the carrier said so, and not by a lost connection. */
  readonly onEnded: (stopped: boolean) => void;
}

export function streamListener(
  metrics: Pick<Metrics, 'frames' | 'rejected'>,
  log: Logger,
  news: StreamNews,
): MediaStreamListener {
  const { frames } = metrics;
  return {
    onMedia: (mulaw, timestampMs) => {
      frames.in += 1;
      news.onMedia(mulaw, timestampMs);
    },
    onMark: (name) => news.onMark(name),
    onDtmf: (key) => news.onDtmf(key),
    onRefused: (failure) => {
      metrics.rejected('message');
      log.debug({ failure }, 'refused a message');
    },
    onEnded: (reason) => {
      if (reason === 'too_slow') metrics.rejected('too_slow');
      news.onEnded(reason === 'stop');
    },
  };
}
