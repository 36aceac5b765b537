// Calls of the past: searched by words, numbers and outcome, newest first, as far back as one asks.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { systemClock } from '../../base/clock.ts';
import { ask, failureText } from '../api.ts';
import { dateAndTime, duration, many } from '../format.ts';
import type { PageProps } from '../pages.ts';
import { directionOf, otherOf, OutcomeTag } from '../parts/callTags.tsx';
import { linkTo } from '../address.ts';
import { goTo } from '../route.ts';
import { moveByArrows, useShortcuts } from '../shortcuts.ts';
import { OUTCOMES, type CallPageAnswer, type CallRow } from '../wire.ts';

const PAGE_ROWS = 50;
/** Typing pauses so long before it is looked for. */
const TYPED_MS = 250;

export function CallsPage({ query }: PageProps): VNode {
  const [q, outcome] = [query.get('q') ?? '', query.get('outcome') ?? ''];
  const { calls, next, busy, failure, more } = useCalls(q, outcome);
  const input = useRef<HTMLInputElement>(null);
  useShortcuts([{ keys: '/', what: 'Calls: search', run: () => input.current?.focus() }]);
  return (
    <>
      <div class="page-head">
        <h1>Calls</h1>
        <form class="search end" role="search" onSubmit={(event) => event.preventDefault()}>
          <SearchBox
            input={input}
            value={q}
            onTyped={(text) => goTo(linkTo('calls', [], { q: text, outcome }), true)}
          />
          <label class="visually-hidden" for="outcome">
            Outcome
          </label>
          <select
            id="outcome"
            value={outcome}
            onChange={(event) => goTo(linkTo('calls', [], { q, outcome: event.currentTarget.value }), true)}
          >
            <option value="">Any outcome</option>
            {Object.entries(OUTCOMES).map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        </form>
      </div>
      {failure !== undefined && (
        <p class="notice bad" role="alert">
          {failure}
        </p>
      )}
      {calls.length > 0 && (
        <ul class="rows" onKeyDown={moveByArrows} aria-busy={busy}>
          {calls.map((row) => (
            <PastCall key={row.callSid} row={row} />
          ))}
        </ul>
      )}
      {calls.length === 0 && failure === undefined && (
        <p class="empty">
          {busy ? 'Asking …' : q + outcome === '' ? 'There was no call yet.' : 'No call fits.'}
        </p>
      )}
      {next !== null && (
        <p class="more">
          {calls.length < PAGE_ROWS && q + outcome !== '' && (
            <span class="quiet">Looked back to {dateAndTime(next)}.</span>
          )}
          <button type="button" onClick={more} disabled={busy}>
            {q + outcome === '' ? 'Older calls' : 'Look further back'}
          </button>
        </p>
      )}
    </>
  );
}

function PastCall({ row }: { readonly row: CallRow }): VNode {
  const endedAtMs = row.endedAt === null ? undefined : Date.parse(row.endedAt);
  return (
    <li data-call={row.callSid}>
      <a class="row call-row" data-stop href={linkTo('call', [row.callSid])}>
        <span class="row-who">
          <strong class="number">{otherOf(row) === '' ? 'unknown' : otherOf(row)}</strong>
          <span class="quiet small">
            {directionOf(row)} · {row.agent}
          </span>
        </span>
        <span class="row-outcome">
          <OutcomeTag row={row} />
        </span>
        <span class="row-figures">
          <span class="number">{dateAndTime(row.startedAt)}</span>
          <span class="quiet small number">
            {endedAtMs === undefined ? '' : `${duration(endedAtMs - Date.parse(row.startedAt))} · `}
            {many(Math.max(0, row.turnCount - 1), 'turn')}
          </span>
        </span>
      </a>
    </li>
  );
}

interface SearchBoxProps {
  readonly input: { current: HTMLInputElement | null };
  readonly value: string;
  readonly onTyped: (text: string) => void;
}

function SearchBox({ input, value, onTyped }: SearchBoxProps): VNode {
  const [text, setText] = useState(value);
  const latest = useRef(onTyped);
  latest.current = onTyped;
  useEffect(() => {
    if (text.trim() === value) return undefined;
    const timer = systemClock.after(TYPED_MS, () => latest.current(text.trim()));
    return () => timer.cancel();
  }, [text, value]);
  return (
    <>
      <label class="visually-hidden" for="search">
        Words that were said, a number, or a call’s sid
      </label>
      <input
        ref={input}
        id="search"
        type="search"
        value={text}
        maxLength={200}
        placeholder="Words, number or sid"
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </>
  );
}

interface Found {
  readonly calls: readonly CallRow[];
  readonly next: string | null;
  readonly busy: boolean;
  readonly failure: string | undefined;
  readonly more: () => void;
}

/** Pages of calls, one below the other; anew when what is looked for changes. */
function useCalls(q: string, outcome: string): Found {
  const [pages, setPages] = useState<readonly CallPageAnswer[]>([]);
  const [busy, setBusy] = useState(true);
  const [failure, setFailure] = useState<string>();
  const stop = useRef<AbortController>(undefined);
  const load = async (before: string | null, kept: readonly CallPageAnswer[]): Promise<void> => {
    stop.current?.abort();
    const own = (stop.current = new AbortController());
    const given = Object.entries({ q, outcome, before: before ?? '' }).filter(([, value]) => value !== '');
    const search = new URLSearchParams([['limit', String(PAGE_ROWS)], ...given]);
    setBusy(true);
    try {
      const page = await ask<CallPageAnswer>(`/v1/calls?${search.toString()}`, own.signal);
      setPages([...kept, page]);
      setFailure(undefined);
    } catch (error) {
      if (own.signal.aborted) return;
      setFailure(failureText(error));
    }
    setBusy(false);
  };
  useEffect(() => {
    void load(null, []);
    return () => stop.current?.abort();
  }, [q, outcome]);
  const next = pages.at(-1)?.next ?? null;
  return {
    calls: pages.flatMap(({ calls }) => calls),
    next,
    busy,
    failure,
    more: () => void load(next, pages),
  };
}
