// The calls that go on, as a list: which, since when, and the last that was said. Pure, as `callView.ts`.
import type { LiveEvent } from '../events/event.ts';
import { rowOf } from './callView.ts';
import type { CallRow } from './wire.ts';

export type Floor = 'caller' | 'agent' | 'thinking' | 'quiet';

export interface LiveRow {
  readonly row: CallRow;
  readonly floor: Floor;
  readonly speaker: 'caller' | 'agent' | undefined;
  /** The last words of whoever spoke last. */
  readonly words: string;
  readonly turns: number;
  /** The last wait of the caller, in ms. */
  readonly responseMs: number | undefined;
  /** ms since 1970; undefined while it goes on. */
  readonly endedAtMs: number | undefined;
}

/** The eldest first: a new one is added below and moves no other. */
export type LiveList = readonly LiveRow[];

/** What is stored as going on, with what events have told of them. A call that is neither is gone. */
export function withStoredCalls(list: LiveList, stored: readonly CallRow[]): LiveList {
  const known = new Map(list.map((live) => [live.row.callSid, live]));
  const rows = stored.map((row) => known.get(row.callSid) ?? newRow(row));
  const sids = new Set(stored.map(({ callSid }) => callSid));
  const others = list.filter(({ row }) => !sids.has(row.callSid));
  return [...rows, ...others].toSorted((a, b) => a.row.startedAt.localeCompare(b.row.startedAt));
}

/** Those that have ended before this, ms since 1970, are not shown any longer. */
export function withoutEnded(list: LiveList, beforeMs: number): LiveList {
  const left = list.filter(({ endedAtMs }) => endedAtMs === undefined || endedAtMs >= beforeMs);
  return left.length === list.length ? list : left;
}

export function reduceLive(list: LiveList, event: LiveEvent): LiveList {
  const place = list.findIndex(({ row }) => row.callSid === event.callSid);
  const before = list[place];
  if (before === undefined) {
    return event.type === 'call.started' ? [...list, newRow(rowOf(event))] : list;
  }
  const after = reduceRow(before, event);
  return after === before ? list : list.with(place, after);
}

function reduceRow(live: LiveRow, event: LiveEvent): LiveRow {
  switch (event.type) {
    case 'transcript.partial':
    case 'transcript.final':
      // Words of a turn that has begun, told once more as final, are nobody who speaks.
      if (event.turn <= live.turns) return live;
      return { ...live, floor: 'caller', speaker: 'caller', words: event.text };
    case 'turn.started':
      return { ...live, floor: 'thinking', speaker: 'caller', words: event.callerText, turns: event.turn };
    case 'turn.withdrawn':
      return { ...live, floor: 'caller', turns: event.turn - 1 };
    case 'agent.said':
      return { ...live, floor: 'agent', speaker: 'agent', words: event.text };
    case 'agent.interrupted':
      return { ...live, floor: 'caller' };
    case 'turn.finished': {
      const floor = live.floor === 'agent' ? 'quiet' : live.floor;
      return { ...live, floor, turns: event.turn, responseMs: event.timings['response'] ?? live.responseMs };
    }
    case 'call.ended':
      return { ...live, floor: 'quiet', endedAtMs: event.at };
    default:
      return live;
  }
}

function newRow(row: CallRow): LiveRow {
  return {
    row,
    floor: 'quiet',
    speaker: undefined,
    words: '',
    turns: Math.max(0, row.turnCount - 1),
    responseMs: undefined,
    endedAtMs: undefined,
  };
}
