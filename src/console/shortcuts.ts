// Keys that do something without the mouse. Pages add theirs while they are open; `?` lists all. They can be switched off, and
// are never taken from somebody who is typing or from a browser's own shortcut.
import { useEffect, useRef } from 'preact/hooks';
import { store, type Store } from './store.ts';

export interface Shortcut {
  /** One key, or two after another: `g l`. As `KeyboardEvent.key` names them. */
  readonly keys: string;
  readonly what: string;
  readonly run: () => void;
}

const KEPT_AS = 'turnpike.shortcuts';
/** The second of two keys comes so soon. */
const PAIR_MS = 1_200;

export const shortcuts: Store<readonly Shortcut[]> = store<readonly Shortcut[]>([]);
export const shortcutsOn: Store<boolean> = store(globalThis.localStorage?.getItem(KEPT_AS) !== 'off');

export function switchShortcuts(on: boolean): void {
  localStorage.setItem(KEPT_AS, on ? 'on' : 'off');
  shortcutsOn.set(on);
}

/** Adds these while the component is there. `run` may be a new one at each drawing; keys and words are taken once. */
export function useShortcuts(list: readonly Shortcut[]): void {
  const latest = useRef(list);
  latest.current = list;
  useEffect(() => {
    const own = latest.current.map((shortcut, place) => ({
      ...shortcut,
      run: () => latest.current[place]?.run(),
    }));
    shortcuts.set([...shortcuts.get(), ...own]);
    return () => shortcuts.set(shortcuts.get().filter((one) => !own.includes(one)));
  }, []);
}

/** Listens for all of them; answers what ends it. */
export function listenForShortcuts(): () => void {
  let first: { readonly key: string; readonly atMs: number } | undefined;
  const onKey = (event: KeyboardEvent): void => {
    if (!shortcutsOn.get() || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey)
      return;
    if (isTaken(event) || document.querySelector('dialog[open]') !== null) return;
    // When it was pressed, however late a busy page hears of it.
    const atMs = event.timeStamp;
    const pair = first !== undefined && atMs - first.atMs < PAIR_MS ? `${first.key} ${event.key}` : undefined;
    const found = shortcuts.get().find(({ keys }) => keys === pair || keys === event.key);
    first = found === undefined ? { key: event.key, atMs } : undefined;
    if (found === undefined) return;
    event.preventDefault();
    found.run();
  };
  addEventListener('keydown', onKey);
  return () => removeEventListener('keydown', onKey);
}

/** Somebody is typing, or the key presses what has the focus. */
function isTaken({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('input, textarea, select, [contenteditable]') !== null) return true;
  return key === ' ' && target.closest('button, a, summary') !== null;
}

/** In a list of links or buttons, the arrows go from one to the next. For `onKeyDown` of what is round them. */
export function moveByArrows(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined || !(event.currentTarget instanceof HTMLElement)) return;
  const stops = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-stop]')];
  const place = stops.findIndex((stop) => stop === document.activeElement);
  const next = stops[place + step];
  if (place < 0 || next === undefined) return;
  event.preventDefault();
  next.focus();
}
