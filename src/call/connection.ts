// The life of a call's connection. Pure; the second, smaller machine beside the turn.
//
//   live --ending wanted--> ending --nothing more to say--> closed
//    ^                        |
//    +---- the caller objects-+          live or ending --stream over--> closed
import type { CallOutcome } from '../store/port.ts';

/** How we end a call. Forced: not even the caller's voice stops it. */
export type Ending =
  | { readonly kind: 'hangup'; readonly outcome: CallOutcome; readonly forced: boolean }
  | { readonly kind: 'dial'; readonly to: string; readonly forced: boolean };

export type Connection =
  | { readonly kind: 'live' }
  /** The agent says its last words. */
  | { readonly kind: 'ending'; readonly ending: Ending }
  | { readonly kind: 'closed'; readonly why: Ending | 'caller_hung_up' | 'stream_lost' | 'broke' };

/** Why a call is over. */
export type CallClosed = Extract<Connection, { kind: 'closed' }>['why'];

export type ConnectionEvent =
  | { readonly kind: 'endingWanted'; readonly ending: Ending; readonly speaking: boolean }
  | { readonly kind: 'speechOver' }
  | { readonly kind: 'interrupted' }
  /** The last words took too long. */
  | { readonly kind: 'endingTimedOut' }
  | { readonly kind: 'streamEnded'; readonly stopped: boolean }
  /** We are wrong somewhere: nothing of this call can be relied on. */
  | { readonly kind: 'broke' };

/** Answers the next state; whoever moves to `closed` closes everything, once. */
export function reduceConnection(state: Connection, event: ConnectionEvent): Connection {
  if (state.kind === 'closed') return state;
  switch (event.kind) {
    case 'endingWanted':
      // The first wish stands, unless a forced one comes.
      if (state.kind === 'ending' && !event.ending.forced) return state;
      return event.speaking
        ? { kind: 'ending', ending: event.ending }
        : { kind: 'closed', why: event.ending };
    case 'speechOver':
    case 'endingTimedOut':
      return state.kind === 'ending' ? { kind: 'closed', why: state.ending } : state;
    case 'interrupted':
      return state.kind === 'ending' && !state.ending.forced ? { kind: 'live' } : state;
    case 'streamEnded':
      if (state.kind === 'ending')
        return { kind: 'closed', why: event.stopped ? 'caller_hung_up' : state.ending };
      return { kind: 'closed', why: event.stopped ? 'caller_hung_up' : 'stream_lost' };
    case 'broke':
      return { kind: 'closed', why: 'broke' };
    default:
      return event satisfies never;
  }
}

/** How a closed call is counted and stored. */
export function outcomeOf(why: CallClosed): CallOutcome {
  if (why === 'caller_hung_up') return 'completed';
  if (why === 'stream_lost') return 'abandoned';
  if (why === 'broke') return 'failed';
  return why.kind === 'dial' ? 'transferred' : why.outcome;
}

/** How the call was to end, if that was for us to say. */
export function endingOf(why: CallClosed): Ending {
  return typeof why === 'object' ? why : hangupOf(outcomeOf(why));
}

/** As if we had ended it so. */
export function hangupOf(outcome: CallOutcome): Ending {
  return { kind: 'hangup', outcome, forced: true };
}

/** Twilio's words for a call that came to nothing; it is `completed` when the caller left before the stream was there. */
const NEVER_STARTED: Readonly<Record<string, CallOutcome>> = {
  busy: 'busy',
  'no-answer': 'no_answer',
  completed: 'abandoned',
  canceled: 'abandoned',
};

/** How a call without a stream is counted and stored, by Twilio's word for it. */
export function outcomeOfStatus(status: string): CallOutcome {
  return NEVER_STARTED[status] ?? 'failed';
}
