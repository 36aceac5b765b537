// Whether the process keeps up with its calls: what is measured of that goes to the metrics and to whoever lets calls in.
import type { Clock } from './base/clock.ts';
import type { Logger } from './base/logger.ts';
import type { Config } from './config.ts';
import { watchEventLoop } from './metrics/eventLoop.ts';
import type { Metrics } from './metrics/metrics.ts';
import { Overload, type OverloadReason } from './server/overload.ts';

export interface Load {
  /** Why no more calls are to come now, if so. */
  readonly overloaded: () => OverloadReason | undefined;
  /** The same metrics, of which the load hears as well. */
  readonly metrics: Metrics;
  readonly stop: () => void;
}

export function watchLoad(
  { shedLagMs, shedLateMs }: Config,
  clock: Clock,
  logger: Logger,
  metrics: Metrics,
  activeCalls: () => number,
): Load {
  const overload = new Overload({
    clock,
    lagMsMax: shedLagMs,
    lateMsMax: shedLateMs,
    activeCalls,
    onChange: (reason) => {
      if (reason === undefined) logger.info({ calls: activeCalls() }, 'new calls are taken again');
      else logger.warn({ reason, calls: activeCalls() }, 'too slow for more calls: new ones are turned away');
    },
  });
  const stop = watchEventLoop(clock, (lagMs) => {
    metrics.eventLoopLag(lagMs);
    overload.lagged(lagMs);
  });
  return {
    overloaded: () => overload.reason,
    metrics: {
      ...metrics,
      playoutLate: (lateMs) => {
        metrics.playoutLate(lateMs);
        overload.wroteLate(lateMs);
      },
    },
    stop,
  };
}
