// What pages do again and again: ask and show the answer, tick, follow events, and draw at most once a frame.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { systemClock, type Timer } from '../base/clock.ts';
import type { LiveEvent } from '../events/event.ts';
import { ask, failureText } from './api.ts';
import { openFeed, type FeedState } from './feed.ts';
import { store, type Store } from './store.ts';

export interface Answered<T> {
  /** The last good answer; it stays while the next one is awaited. */
  readonly data: T | undefined;
  /** Why the last question was not answered. */
  readonly failure: string | undefined;
  readonly busy: boolean;
  readonly again: () => void;
}

/** Asks for `path` (undefined: nothing), and again every so often if told so. */
export function useAnswer<T>(path: string | undefined, everyMs?: number): Answered<T> {
  const [data, setData] = useState<T>();
  const [failure, setFailure] = useState<string>();
  const [busy, setBusy] = useState(path !== undefined);
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (path === undefined) return undefined;
    const stop = new AbortController();
    let timer: Timer | undefined;
    const load = async (): Promise<void> => {
      setBusy(true);
      try {
        setData(await ask<T>(path, stop.signal));
        setFailure(undefined);
      } catch (error) {
        if (stop.signal.aborted) return;
        setFailure(failureText(error));
      }
      setBusy(false);
      if (everyMs !== undefined) timer = systemClock.after(everyMs, () => void load());
    };
    void load();
    return () => {
      stop.abort();
      timer?.cancel();
    };
  }, [path, everyMs, round]);
  return { data, failure, busy, again: useCallback(() => setRound((before) => before + 1), []) };
}

/** Milliseconds since 1970, a new one every so often. */
export function useNow(everyMs: number): number {
  const [nowMs, setNowMs] = useState(() => systemClock.wallMs());
  useEffect(() => {
    let timer: Timer;
    const tick = (): void => {
      setNowMs(systemClock.wallMs());
      timer = systemClock.after(everyMs, tick);
    };
    timer = systemClock.after(everyMs, tick);
    return () => timer.cancel();
  }, [everyMs]);
  return nowMs;
}

/** What the feed of the page that is open is worth, for the frame. */
export const feedState: Store<FeedState> = store<FeedState>({ kind: 'none' });

/** Follows events while the component is there; `onOpen` and `onEvent` may be new ones at each drawing. */
export function useFeed(
  callSid: string | undefined,
  onOpen: () => void,
  onEvent: (event: LiveEvent) => void,
): void {
  const latest = useRef({ onOpen, onEvent });
  latest.current = { onOpen, onEvent };
  useEffect(
    () =>
      openFeed({
        ...(callSid === undefined ? {} : { callSid }),
        onOpen: () => latest.current.onOpen(),
        onEvent: (event) => latest.current.onEvent(event),
        onState: feedState.set,
      }),
    [callSid],
  );
}

/** An action that is under way or has failed, for a button and the line beside it. */
export function useAction(): {
  readonly busy: boolean;
  readonly failure: string | undefined;
  /** Answers whether it went well. */
  readonly run: (work: () => Promise<unknown>) => Promise<boolean>;
  readonly forget: () => void;
} {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string>();
  const run = async (work: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setFailure(undefined);
    try {
      await work();
      return true;
    } catch (error) {
      setFailure(failureText(error));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, failure, run, forget: () => setFailure(undefined) };
}
