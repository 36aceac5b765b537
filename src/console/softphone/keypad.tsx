// The keys of the phone, on the page and on the keyboard.
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { useStore } from '../store.ts';
import { mute, phone, press, pressed } from './softphone.ts';
import { KEYS, type PhoneKey } from './wire.ts';

const NAMES: Readonly<Partial<Record<PhoneKey, string>>> = { '*': 'star', '#': 'hash' };

export function Keypad({ enabled }: { readonly enabled: boolean }): VNode {
  const keyed = useStore(pressed);
  useEffect(() => {
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, []);
  return (
    <div class="keypad">
      <p class="small quiet">
        {keyed === '' ? 'Keys, also on the keyboard' : <span class="number">{keyed.slice(-24)}</span>}
      </p>
      <div role="group" aria-label="Keypad">
        {KEYS.map((key) => (
          <button
            key={key}
            type="button"
            aria-label={NAMES[key]}
            disabled={!enabled}
            onClick={() => press(key)}
          >
            {key}
          </button>
        ))}
      </div>
    </div>
  );
}

/** Not while something is typed, and not as part of a shortcut of the browser's. */
function onKeyDown(event: KeyboardEvent): void {
  const { target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) return;
  if (target instanceof HTMLSelectElement) return;
  const now = phone.get();
  if (key === 'm' && 'muted' in now) mute(!now.muted);
  const found = KEYS.find((one) => one === key);
  if (found !== undefined) press(found);
}
