// One call: who, since when, what can be done with it, its recording once there is one, and turn by turn what was said.
import type { VNode } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { systemClock, type Timer } from '../../base/clock.ts';
import { ApiFailure, ask, failureText } from '../api.ts';
import { emptyCall, reduceCall, withStored, type CallView } from '../callView.ts';
import { dateAndTime, duration, many } from '../format.ts';
import { useFeed, useNow } from '../hooks.ts';
import type { PageProps } from '../pages.ts';
import { CallActions } from '../parts/callActions.tsx';
import { directionOf, otherOf, OutcomeTag } from '../parts/callTags.tsx';
import { Recording } from '../parts/recording.tsx';
import { Turn } from '../parts/turn.tsx';
import type { Moment } from '../parts/waveform.tsx';
import { linkTo } from '../address.ts';
import type { CallAnswer } from '../wire.ts';

/** A call, and its end, are stored behind what happens: asked for again until they are there. */
const STORED_RETRY_MS = 700;
const STORED_RETRIES_MAX = 12;

export function CallPage({ rest: [callSid = ''] }: PageProps): VNode {
  return <CallOf key={callSid} callSid={callSid} />;
}

function CallOf({ callSid }: { readonly callSid: string }): VNode {
  const { view, failure } = useCall(callSid);
  const [seek, setSeek] = useState<{ readonly atS: number }>();
  const { row, turns } = view;
  const startedAtMs = row === undefined ? 0 : Date.parse(row.startedAt);
  const moments = useMemo(() => momentsOf(view), [view]);
  useFollow(turns, row?.endedAt == null);
  if (row === undefined) {
    return (
      <>
        <h1>Call</h1>
        <p class="empty">{failure ?? 'Asking …'}</p>
      </>
    );
  }
  const hasEnded = row.endedAt !== null;
  return (
    <>
      <div class="page-head call-head">
        <h1>
          <span class="number">{otherOf(row)}</span>
        </h1>
        <OutcomeTag row={row} />
        <p class="quiet small call-facts">
          {directionOf(row)} · {row.agent} · {dateAndTime(row.startedAt)} · <Lasted row={row} /> ·{' '}
          {many(turns.filter(({ callerText }) => callerText !== '').length, 'turn')}
          {view.resumed.length > 0 && ` · taken up again (${view.resumed.map(({ how }) => how).join(', ')})`}
          {row.leadId !== null && (
            <>
              {' '}
              · <a href={linkTo('leads', [row.leadId])}>lead</a>
            </>
          )}
        </p>
        <div class="end">{!hasEnded && <CallActions callSid={callSid} />}</div>
      </div>
      {failure !== undefined && (
        <p class="notice warn" role="alert">
          {failure}
        </p>
      )}
      <section class="card recording" aria-label="Recording">
        {!hasEnded ? (
          <p class="recording-note quiet">The recording can be seen and heard when the call is over.</p>
        ) : row.recording === null ? (
          <p class="recording-note quiet">There is no recording of this call.</p>
        ) : (
          <Recording callSid={callSid} moments={moments} seek={seek} />
        )}
      </section>
      <ol class="turns" aria-label="Turns">
        {turns.map((turn) => (
          <Turn
            key={turn.index}
            turn={turn}
            startedAtMs={startedAtMs}
            onListen={
              row.recording === null
                ? undefined
                : () => setSeek({ atS: Math.max(0, (turn.startedAtMs - startedAtMs) / 1_000 - LEAD_S) })
            }
          />
        ))}
      </ol>
      {turns.length === 0 && <p class="empty">Nothing was said yet.</p>}
      <p class="sid small">{callSid}</p>
    </>
  );
}

/** A turn's time is when the caller had finished: their words are before it. */
const LEAD_S = 3;

function Lasted({ row }: { readonly row: NonNullable<CallView['row']> }): VNode {
  const nowMs = useNow(1_000);
  const endMs = row.endedAt === null ? nowMs : Date.parse(row.endedAt);
  return <span class="number">{duration(endMs - Date.parse(row.startedAt))}</span>;
}

/** What is stored and what happens, as one view that is kept up to date. */
function useCall(callSid: string): { readonly view: CallView; readonly failure: string | undefined } {
  const [view, setView] = useState<CallView>(() => emptyCall(callSid));
  const [failure, setFailure] = useState<string>();
  const timer = useRef<Timer>(undefined);
  const load = async (retries = STORED_RETRIES_MAX): Promise<void> => {
    timer.current?.cancel();
    try {
      const stored = await ask<CallAnswer>(`/v1/calls/${encodeURIComponent(callSid)}`);
      setView((before) => withStored(before, stored));
      setFailure(undefined);
      if (stored.endedAt === null && retries > 0) again(retries);
    } catch (error) {
      // A call that has just begun is not stored yet.
      const unknown = error instanceof ApiFailure && error.status === 404;
      setFailure(unknown ? 'There is no such call, or it has not begun yet.' : failureText(error));
      if (unknown && retries > 0) again(retries);
    }
  };
  const again = (retries: number): void => {
    timer.current = systemClock.after(STORED_RETRY_MS, () => void load(retries - 1));
  };
  useFeed(
    callSid,
    // What happened before the line was open may not be stored yet.
    () => void load(),
    (event) => {
      setView((before) => reduceCall(before, event));
      // The recording and the last turn are known when the end is stored.
      if (event.type === 'call.ended' || event.type === 'call.started') void load();
    },
  );
  useEffect(() => () => timer.current?.cancel(), []);
  return { view, failure };
}

function momentsOf({ row, turns }: CallView): readonly Moment[] {
  if (row === undefined) return [];
  const startMs = Date.parse(row.startedAt);
  const answered = turns.filter(({ index }) => index > 0);
  return answered.map(({ startedAtMs, index }) => ({
    atS: Math.max(0, (startedAtMs - startMs) / 1_000),
    name: String(index),
  }));
}

/** While the call goes on, who stands at the page's end stays there as it grows. */
function useFollow(turns: CallView['turns'], live: boolean): void {
  const atEnd = useRef(true);
  useEffect(() => {
    const page = document.documentElement;
    const onScroll = (): void => {
      atEnd.current = page.scrollHeight - page.clientHeight - page.scrollTop < 80;
    };
    addEventListener('scroll', onScroll, { passive: true });
    return () => removeEventListener('scroll', onScroll);
  }, []);
  useEffect(() => {
    if (live && atEnd.current) document.documentElement.scrollTop = document.documentElement.scrollHeight;
  }, [turns, live]);
}
