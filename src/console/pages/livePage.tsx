// The calls that go on: a row each, which stays where it is while words come and go in it.
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { systemClock } from '../../base/clock.ts';
import { ask, failureText } from '../api.ts';
import { duration, many, milliseconds } from '../format.ts';
import { useFeed, useNow } from '../hooks.ts';
import {
  reduceLive,
  withoutEnded,
  withStoredCalls,
  type Floor,
  type LiveList,
  type LiveRow,
} from '../liveCalls.ts';
import { directionOf, otherOf, OutcomeTag } from '../parts/callTags.tsx';
import { linkTo } from '../address.ts';
import { moveByArrows } from '../shortcuts.ts';
import type { CallPageAnswer } from '../wire.ts';

/** A call that has ended stays so long, for whoever was reading. */
const ENDED_SHOWN_MS = 20_000;

export function LivePage(): VNode {
  const [list, setList] = useState<LiveList>([]);
  const [failure, setFailure] = useState<string>();
  const [asked, setAsked] = useState(false);
  const nowMs = useNow(1_000);
  const round = useRef(0);
  const load = async (): Promise<void> => {
    const own = (round.current += 1);
    try {
      const { calls } = await ask<CallPageAnswer>('/v1/calls?live=true&limit=200');
      if (own !== round.current) return;
      setList((before) => withStoredCalls(gone(before, calls), calls));
      setFailure(undefined);
    } catch (error) {
      setFailure(failureText(error));
    }
    setAsked(true);
  };
  useFeed(
    undefined,
    () => void load(),
    (event) => setList((before) => reduceLive(before, event)),
  );
  const shown = withoutEnded(list, nowMs - ENDED_SHOWN_MS);
  const going = shown.filter(({ endedAtMs }) => endedAtMs === undefined).length;
  return (
    <>
      <div class="page-head">
        <h1>Live calls</h1>
        <p class="quiet" aria-live="polite">
          {going === 0 ? 'None just now' : many(going, 'call')}
        </p>
      </div>
      {failure !== undefined && (
        <p class="notice warn" role="alert">
          Calls that began before this page was opened may be missing: {failure}
        </p>
      )}
      {shown.length === 0 ? (
        <p class="empty">{asked ? 'Nobody is calling. A call appears here as it comes in.' : 'Asking …'}</p>
      ) : (
        <ul class="rows live-rows" onKeyDown={moveByArrows}>
          {shown.map((live) => (
            <LiveCall key={live.row.callSid} live={live} nowMs={nowMs} />
          ))}
        </ul>
      )}
    </>
  );
}

/** What the database no longer tells of was missed ending, unless it began so lately that it is not stored yet. */
function gone(list: LiveList, stored: CallPageAnswer['calls']): LiveList {
  const sids = new Set(stored.map(({ callSid }) => callSid));
  const lately = systemClock.wallMs() - ENDED_SHOWN_MS;
  return list.filter(
    ({ row, endedAtMs }) =>
      sids.has(row.callSid) || endedAtMs !== undefined || Date.parse(row.startedAt) > lately,
  );
}

const FLOORS: Readonly<Record<Floor, string>> = {
  caller: 'Caller speaks',
  agent: 'Agent speaks',
  thinking: 'Agent thinks',
  quiet: 'Quiet',
};

function LiveCall({ live, nowMs }: { readonly live: LiveRow; readonly nowMs: number }): VNode {
  const { row, floor, speaker, words, turns, responseMs, endedAtMs } = live;
  const lastedMs = (endedAtMs ?? nowMs) - Date.parse(row.startedAt);
  return (
    <li data-call={row.callSid}>
      <a class="row live-row" data-stop href={linkTo('call', [row.callSid])}>
        <span class="row-who">
          <strong class="number">{otherOf(row)}</strong>
          <span class="quiet small">
            {directionOf(row)} · {row.agent}
          </span>
        </span>
        <span class="row-words">
          <span class={`floor ${endedAtMs === undefined ? floor : 'ended'}`}>
            {endedAtMs === undefined ? FLOORS[floor] : 'Ended'}
          </span>
          <span class={`words ${speaker ?? ''}`}>{words === '' ? ' ' : words}</span>
        </span>
        <span class="row-figures">
          <span class="number">{duration(lastedMs)}</span>
          <span class="quiet small number">
            {many(turns, 'turn')}
            {responseMs === undefined ? '' : ` · ${milliseconds(responseMs)}`}
          </span>
        </span>
        {endedAtMs !== undefined && (
          <OutcomeTag row={{ ...row, endedAt: '', outcome: row.outcome ?? 'completed' }} />
        )}
      </a>
    </li>
  );
}
