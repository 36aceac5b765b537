// One call as the page shows it: what is stored, and what events tell since. Pure: view and event in, view out.
import type { LiveEvent } from '../events/event.ts';
import type { CallAnswer, CallRow, Timings, TurnAnswer } from './wire.ts';

export interface ToolView {
  readonly name: string;
  /** Undefined while it runs. */
  readonly durationMs: number | undefined;
}

export interface TurnView {
  readonly index: number;
  /** ms since 1970: when it was decided that the caller had finished; of the first word until then. */
  readonly startedAtMs: number;
  /** What the caller said, as far as it is final. */
  readonly callerText: string;
  /** Words that may still change. */
  readonly partialText: string;
  /** All that the agent began to say, or all that was generated once that is known. */
  readonly agentText: string;
  /** As much of it as was played. */
  readonly heardText: string;
  readonly interrupted: boolean;
  /** What the caller said over the agent. */
  readonly cutInText: string;
  /** A reply is being made, although the caller may go on. */
  readonly prepared: boolean;
  /** It was decided that the caller had finished: `callerText` is what was asked. */
  readonly begun: boolean;
  /** How often it was over and then was not. */
  readonly withdrawn: number;
  readonly finished: boolean;
  readonly source: string;
  readonly speculated: boolean;
  readonly timings: Timings;
  readonly tools: readonly ToolView[];
}

export interface CallView {
  readonly callSid: string;
  /** Undefined until the call's beginning is known. */
  readonly row: CallRow | undefined;
  /** By their numbers. */
  readonly turns: readonly TurnView[];
  /** How it was taken up again, and when. */
  readonly resumed: readonly { readonly how: string; readonly atMs: number }[];
}

export function emptyCall(callSid: string): CallView {
  return { callSid, row: undefined, turns: [], resumed: [] };
}

/** With what is stored; what events have told of a turn since it was read stands. */
export function withStored(view: CallView, stored: CallAnswer): CallView {
  const { turns, transcript: _words, ...row } = stored;
  const told = new Map(view.turns.map((turn) => [turn.index, turn]));
  for (const turn of turns) {
    const live = told.get(turn.index);
    if (live?.finished === true && live.agentText.length > turn.agentText.length) continue;
    told.set(turn.index, { ...turnOf(turn), tools: live?.tools ?? [], withdrawn: live?.withdrawn ?? 0 });
  }
  return {
    ...view,
    row: view.row?.endedAt == null ? row : { ...row, endedAt: row.endedAt ?? view.row.endedAt },
    turns: ordered(told),
  };
}

export function reduceCall(view: CallView, event: LiveEvent): CallView {
  if (event.callSid !== view.callSid) return view;
  switch (event.type) {
    case 'call.started':
      return view.row === undefined ? { ...view, row: rowOf(event) } : view;
    case 'call.resumed':
      return { ...view, resumed: [...view.resumed, { how: event.how, atMs: event.at }] };
    case 'call.ended': {
      if (view.row === undefined) return view;
      const endedAt = new Date(event.at).toISOString();
      return { ...view, row: { ...view.row, endedAt, outcome: event.outcome as CallRow['outcome'] } };
    }
    default:
      return inTurn(view, event);
  }
}

type TurnEvent = Extract<LiveEvent, { readonly turn: number }>;

function inTurn(view: CallView, event: TurnEvent): CallView {
  const before = view.turns.find(({ index }) => index === event.turn) ?? newTurn(event.turn, event.at);
  const after = reduceTurn(before, event);
  // Words are told under the turn that would be next. When the one before begins again, they are its own.
  const begun = event.type === 'turn.started' || event.type === 'turn.withdrawn';
  const others = view.turns.filter(({ index }) => (begun ? index < event.turn : index !== event.turn));
  return { ...view, turns: [...others, after].toSorted((a, b) => a.index - b.index) };
}

function reduceTurn(turn: TurnView, event: TurnEvent): TurnView {
  switch (event.type) {
    // What was asked stands: its words may be told once more, as final, and what goes on takes the turn back first.
    case 'transcript.partial':
      return turn.begun ? turn : { ...turn, partialText: event.text };
    case 'transcript.final':
      if (turn.begun) return turn;
      return { ...turn, partialText: '', callerText: joined(turn.callerText, event.text) };
    case 'turn.prepared':
      return { ...turn, prepared: true };
    case 'turn.started':
      return { ...turn, begun: true, callerText: event.callerText, partialText: '', startedAtMs: event.at };
    case 'turn.withdrawn':
      return {
        ...turn,
        begun: false,
        prepared: false,
        agentText: '',
        heardText: '',
        withdrawn: turn.withdrawn + 1,
      };
    case 'agent.said':
      return { ...turn, agentText: joined(turn.agentText, event.text) };
    case 'agent.heard':
      return { ...turn, heardText: furthest(turn, event.heardText) };
    case 'agent.interrupted':
      return {
        ...turn,
        heardText: furthest(turn, event.heardText),
        interrupted: true,
        cutInText: event.callerText,
      };
    case 'tool.started':
      return { ...turn, tools: [...turn.tools, { name: event.tool, durationMs: undefined }] };
    case 'tool.finished': {
      const place = turn.tools.findLastIndex(
        ({ name, durationMs }) => name === event.tool && durationMs === undefined,
      );
      const done = { name: event.tool, durationMs: event.durationMs };
      return { ...turn, tools: place < 0 ? [...turn.tools, done] : turn.tools.with(place, done) };
    }
    case 'turn.finished':
      return {
        ...turn,
        callerText: event.callerText,
        agentText: event.agentText,
        heardText: event.heardText,
        interrupted: event.interrupted,
        source: event.source,
        speculated: event.speculated,
        timings: event.timings,
        partialText: '',
        begun: true,
        finished: true,
      };
    default:
      return turn;
  }
}

/** All that was said up to the end of what was heard last: that is of the present speech, and the turn may have had others. */
function furthest({ agentText, heardText }: TurnView, heard: string): string {
  const at = agentText.lastIndexOf(heard);
  const upTo = at < 0 ? heard : agentText.slice(0, at + heard.length);
  return upTo.length > heardText.length ? upTo : heardText;
}

export interface HeardParts {
  readonly heard: string;
  /** Made and not played. */
  readonly unheard: string;
}

/** What of the agent's text was played and what was not. Where the two do not fit, each is told whole. */
export function heardParts({ agentText, heardText }: Pick<TurnView, 'agentText' | 'heardText'>): HeardParts {
  const heard = heardText.trimEnd();
  if (agentText.startsWith(heard)) return { heard, unheard: agentText.slice(heard.length) };
  // Played text may lack what nobody speaks, such as markup: then word for word, as far as they go together.
  const words = heard.split(/\s+/).length;
  const rest = agentText.split(/(?<=\s)/).slice(words);
  return { heard, unheard: rest.length === 0 ? '' : ` ${rest.join('')}` };
}

function joined(before: string, more: string): string {
  return before === '' ? more : `${before} ${more}`;
}

function newTurn(index: number, atMs: number): TurnView {
  return {
    index,
    startedAtMs: atMs,
    callerText: '',
    partialText: '',
    agentText: '',
    heardText: '',
    interrupted: false,
    cutInText: '',
    prepared: false,
    begun: false,
    withdrawn: 0,
    finished: false,
    source: '',
    speculated: false,
    timings: {},
    tools: [],
  };
}

function turnOf({
  index,
  startedAt,
  callerText,
  agentText,
  heardText,
  interrupted,
  source,
  ...rest
}: TurnAnswer): TurnView {
  const { speculated, timings } = rest;
  return {
    ...newTurn(index, Date.parse(startedAt)),
    callerText,
    agentText,
    heardText,
    interrupted,
    source,
    speculated,
    timings,
    begun: true,
    finished: true,
  };
}

/** A call that has just begun, before it is stored. */
export function rowOf(event: Extract<LiveEvent, { readonly type: 'call.started' }>): CallRow {
  const { callSid, agent, from, to, at } = event;
  return {
    callSid,
    direction: event.direction as CallRow['direction'],
    agent,
    from,
    to,
    leadId: null,
    startedAt: new Date(at).toISOString(),
    endedAt: null,
    outcome: null,
    recording: null,
    turnCount: 0,
  };
}

function ordered(turns: ReadonlyMap<number, TurnView>): readonly TurnView[] {
  return [...turns.values()].toSorted((a, b) => a.index - b.index);
}
