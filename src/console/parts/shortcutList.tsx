// What `?` shows.
import type { VNode } from 'preact';
import { shortcuts, shortcutsOn, switchShortcuts } from '../shortcuts.ts';
import { useStore } from '../store.ts';
import { Dialog } from './dialog.tsx';

const NAMES: Readonly<Record<string, string>> = { ' ': 'Space', ArrowLeft: '←', ArrowRight: '→' };

export function ShortcutList({ onClose }: { readonly onClose: () => void }): VNode {
  const list = useStore(shortcuts);
  const on = useStore(shortcutsOn);
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl class="shortcut-list">
        {list.map(({ keys, what }) => (
          <div key={keys}>
            <dt>
              {keys === ' ' ? (
                <kbd>Space</kbd>
              ) : (
                keys.split(' ').map((key) => <kbd key={key}>{NAMES[key] ?? key}</kbd>)
              )}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>↑</kbd>
            <kbd>↓</kbd>
          </dt>
          <dd>In a list: the call or lead above, below</dd>
        </div>
      </dl>
      <div class="dialog-foot spread">
        <label class="check">
          <input
            type="checkbox"
            checked={on}
            onChange={(event) => switchShortcuts(event.currentTarget.checked)}
          />
          Single keys do something
        </label>
        <button type="button" class="primary" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
