// How late the event loop is: the one measure of load that knows nothing of what the load is.
import type { Clock, Timer } from '../base/clock.ts';

const SAMPLE_MS = 50;

/** Asks for a timer every 50 ms and tells how late each one rang. Answers a function that stops it. */
export function watchEventLoop(clock: Clock, onLag: (lagMs: number) => void): () => void {
  let timer: Timer;
  const ask = (): void => {
    const dueMs = clock.nowMs() + SAMPLE_MS;
    timer = clock.after(SAMPLE_MS, () => {
      onLag(Math.max(0, clock.nowMs() - dueMs));
      ask();
    });
  };
  ask();
  return () => timer.cancel();
}
