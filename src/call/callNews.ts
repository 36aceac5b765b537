// A call that goes on, or is over, as it is told to the store, the metrics, the watchers, the log and other instances.
import type { CallOutcome } from '../store/port.ts';
import type { CallInfo } from './port.ts';
import { snapshotJson, type CallSnapshot } from './snapshot.ts';
import type { CallWorld } from './world.ts';

/** Why the call had no stream for a while. */
export type ResumedHow = 'stream' | 'crash' | 'handover';

/** For a database that answers: with one that doesn't, the next instance goes on without what was said. */
export const FLUSH_MS = 500;

/** Another stream is there. */
export function tellResumed(world: CallWorld, callSid: string, how: ResumedHow): void {
  const { metrics, events, clock, logger } = world;
  metrics.callResumed(how);
  events.publish({ type: 'call.resumed', callSid, at: clock.wallMs(), how });
  logger.info({ callSid, how }, 'a call goes on');
}

/** There will be no other stream. */
export function tellEnded(
  world: CallWorld,
  info: CallInfo,
  outcome: CallOutcome,
  recording: string | undefined,
  durationMs: number,
): void {
  const { clock, writer, metrics, events, background } = world;
  const at = clock.wallMs();
  const { callSid } = info;
  const safe = writer.callEnded({ callSid, outcome, endedAt: new Date(at), recording });
  metrics.callEnded(info.direction, outcome);
  // After its turns, which are told when they are safe.
  background.run(safe.then(() => events.publish({ type: 'call.ended', callSid, at, outcome, durationMs })));
}

/** For other instances, at once: the carrier is going to ask one. */
export function tellOthers(
  { checkpoints, background }: CallWorld,
  snapshot: CallSnapshot,
  ended: boolean,
  streamMs?: number,
): void {
  if (checkpoints === undefined) return;
  const state = {
    snapshot: snapshotJson(snapshot),
    ended,
    ...(streamMs === undefined ? {} : { streamMs }),
  };
  checkpoints.changed(snapshot.info.callSid, () => state);
  background.run(checkpoints.flush(FLUSH_MS));
}
