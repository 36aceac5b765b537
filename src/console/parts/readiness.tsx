// Says when the gateway takes no new calls, and why.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { systemClock, type Timer } from '../../base/clock.ts';
import { addressOf } from '../api.ts';

const AGAIN_MS = 15_000;

interface ReadinessAnswer {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

export function Readiness(): VNode | null {
  const [answer, setAnswer] = useState<ReadinessAnswer>();
  useEffect(() => {
    const stop = new AbortController();
    let timer: Timer;
    const load = async (): Promise<void> => {
      try {
        // 503 is an answer, too.
        const response = await fetch(addressOf('/readyz'), { signal: stop.signal });
        setAnswer((await response.json()) as ReadinessAnswer);
      } catch {
        // That the gateway does not answer is said elsewhere.
        if (stop.signal.aborted) return;
        setAnswer(undefined);
      }
      timer = systemClock.after(AGAIN_MS, () => void load());
    };
    void load();
    return () => {
      stop.abort();
      timer?.cancel();
    };
  }, []);
  if (answer === undefined || answer.ready) return null;
  return (
    <p class="notice warn readiness" role="status">
      The gateway takes no new calls: {answer.reasons.join(', ').replaceAll('_', ' ')}.
    </p>
  );
}
