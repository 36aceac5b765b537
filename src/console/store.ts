// A value that pages share and are drawn anew for. Smaller than a library for it, and all that is needed.
import { useEffect, useState } from 'preact/hooks';

export interface Store<T> {
  readonly get: () => T;
  readonly set: (value: T) => void;
  /** Calls back after each change, until the answer is called. */
  readonly watch: (onChange: () => void) => () => void;
}

export function store<T>(initial: T): Store<T> {
  let value = initial;
  const watchers = new Set<() => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const watcher of watchers) watcher();
    },
    watch(onChange) {
      watchers.add(onChange);
      return () => void watchers.delete(onChange);
    },
  };
}

/** The value as it is now; the component is drawn again when it changes. */
export function useStore<T>(from: Pick<Store<T>, 'get' | 'watch'>): T {
  const [value, setValue] = useState<T>(() => from.get());
  useEffect(() => {
    const update = (): void => setValue(() => from.get());
    // It may have changed between drawing and watching.
    update();
    return from.watch(update);
  }, [from]);
  return value;
}
