// What stands in the page's place while the gateway does not let it look.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { logIn, type Access } from './session.ts';

export function Door({ access }: { readonly access: Exclude<Access, { kind: 'granted' }> }): VNode {
  return (
    <main class="door">
      <div class="door-card">
        <h1 class="wordmark">Turnpike</h1>
        {access.kind === 'unknown' && <p class="quiet">Asking the gateway …</p>}
        {access.kind === 'wanted' && <Login refused={access.refused} />}
        {access.kind === 'elsewhere' && (
          <p>
            This gateway has no <code>ADMIN_TOKEN</code>, so it answers its own machine alone. Set one and
            start it again, or open the console there.
          </p>
        )}
        {access.kind === 'unreachable' && (
          <>
            <p role="alert">{access.message}</p>
            <button type="button" class="primary" onClick={() => void logIn()}>
              Try again
            </button>
          </>
        )}
      </div>
    </main>
  );
}

function Login({ refused }: { readonly refused: boolean }): VNode {
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), [refused]);
  const onSubmit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const token = input.current?.value.trim() ?? '';
    if (token === '') return;
    setBusy(true);
    await logIn(token);
    setBusy(false);
  };
  return (
    <form onSubmit={(event) => void onSubmit(event)}>
      <label for="token">Admin token</label>
      <input
        ref={input}
        id="token"
        type="password"
        autocomplete="current-password"
        required
        aria-invalid={refused}
        aria-describedby="token-note"
      />
      <p id="token-note" class={refused ? 'bad' : 'quiet'} role={refused ? 'alert' : undefined}>
        {refused
          ? 'That is not the token.'
          : 'The value of ADMIN_TOKEN. It is kept for this tab and sent in a header, never in an address.'}
      </p>
      <button type="submit" class="primary" disabled={busy}>
        Log in
      </button>
    </form>
  );
}
