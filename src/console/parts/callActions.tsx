// What an operator can do with a live call: end it, put it through, have the agent say something.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { tell } from '../api.ts';
import { useAction } from '../hooks.ts';
import { useShortcuts } from '../shortcuts.ts';
import { FormDialog } from './dialog.tsx';

type Action = 'say' | 'transfer' | 'hangup';

export function CallActions({ callSid }: { readonly callSid: string }): VNode {
  const [open, setOpen] = useState<Action>();
  const [done, setDone] = useState('');
  const [to, setTo] = useState('');
  const [text, setText] = useState('');
  const { busy, failure, run, forget } = useAction();
  const begin = (action: Action): void => {
    forget();
    setDone('');
    setOpen(action);
  };
  useShortcuts([
    { keys: 's', what: 'Call: have the agent say something', run: () => begin('say') },
    { keys: 't', what: 'Call: put it through', run: () => begin('transfer') },
    { keys: 'h', what: 'Call: hang up', run: () => begin('hangup') },
  ]);
  const act = async (action: Action, body: unknown, told: string): Promise<void> => {
    const path = `/v1/calls/${encodeURIComponent(callSid)}/${action}`;
    if (!(await run(() => tell('POST', path, body)))) return;
    setOpen(undefined);
    setDone(told);
    if (action === 'say') setText('');
  };
  // The browser tells that a dialog has closed a moment later, when a key may have opened the next one.
  const common = (action: Action) => ({
    busy,
    failure,
    onClose: () => setOpen((now) => (now === action ? undefined : now)),
  });
  return (
    <div class="call-actions">
      <span class="quiet small" role="status">
        {done}
      </span>
      <button type="button" onClick={() => begin('say')}>
        Say
      </button>
      <button type="button" onClick={() => begin('transfer')}>
        Transfer
      </button>
      <button type="button" class="danger" onClick={() => begin('hangup')}>
        Hang up
      </button>
      {open === 'say' && (
        <FormDialog
          {...common('say')}
          title="Have the agent say"
          does="Say it"
          onSubmit={() => void act('say', { text }, 'The agent says it at its next chance.')}
        >
          <label for="say-text">Words</label>
          <textarea
            id="say-text"
            value={text}
            maxLength={1_000}
            required
            autofocus
            aria-describedby="say-note"
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <p id="say-note" class="quiet small">
            Said when what the agent is saying now is over.
          </p>
        </FormDialog>
      )}
      {open === 'transfer' && (
        <FormDialog
          {...common('transfer')}
          title="Put the caller through"
          does="Transfer"
          onSubmit={() =>
            void act('transfer', { to: to.replace(/[\s()-]/g, '') }, 'The caller is put through.')
          }
        >
          <label for="transfer-to">Number or SIP address</label>
          <input
            id="transfer-to"
            value={to}
            required
            autofocus
            autocomplete="off"
            placeholder="+15550100123"
            onInput={(event) => setTo(event.currentTarget.value)}
          />
          <p class="quiet small">The agent leaves the call.</p>
        </FormDialog>
      )}
      {open === 'hangup' && (
        <FormDialog
          {...common('hangup')}
          danger
          title="Hang up?"
          does="Hang up"
          onSubmit={() => void act('hangup', undefined, 'The call is being ended.')}
        >
          <p>The call ends at once, in the middle of a word if need be.</p>
        </FormDialog>
      )}
    </div>
  );
}
