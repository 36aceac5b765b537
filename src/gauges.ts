// What the metrics read when they are asked, gathered from all over the process.
import type { Clock } from './base/clock.ts';
import type { Calls } from './call/calls.ts';
import type { Load } from './load.ts';
import type { Gauges } from './metrics/series.ts';
import type { Sharing } from './sharing.ts';
import type { Store } from './store/store.ts';
import type { OpenTracer } from './trace/tracer.ts';
import type { MeasuredTurnModel } from './vad/turnModel.ts';
import type { MeasuredVoiceDetector } from './vad/voiceDetector.ts';

/** What is read when the metrics are; not all of it is open yet when they are made. */
export function gaugesOf(
  clock: Clock,
  parts: () => {
    readonly calls: Calls | undefined;
    readonly store: Store | undefined;
    readonly sharing: Sharing;
    readonly detector: MeasuredVoiceDetector | undefined;
    readonly turnModel: MeasuredTurnModel | undefined;
    readonly load: Load;
    readonly tracer: OpenTracer | undefined;
    readonly drainingSinceMs: number | undefined;
  },
): Gauges {
  return {
    callsActive: () => parts().calls?.activeCount ?? 0,
    // Never 0 while it drains, however soon it is asked.
    drainingMs: () => {
      const { drainingSinceMs } = parts();
      return drainingSinceMs === undefined ? 0 : Math.max(1, clock.nowMs() - drainingSinceMs);
    },
    overloaded: () => parts().load.overloaded() !== undefined,
    redisAway: () => parts().sharing.fleet?.up === false,
    pendingWrites: () => parts().store?.writer.pendingWrites ?? 0,
    spool: () => parts().store?.spool ?? { bytes: 0, writable: true },
    droppedSoFar: () => {
      const { sharing, detector, turnModel, tracer } = parts();
      return {
        events: sharing.bus.lostEvents,
        shared_events: sharing.fleet?.lostEvents ?? 0,
        vad_windows: detector?.droppedWindows ?? 0,
        turn_verdicts: turnModel?.unanswered ?? 0,
        spans: tracer?.dropped ?? 0,
      };
    },
  };
}
