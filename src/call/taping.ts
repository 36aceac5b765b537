// A call that is taped: all that happens to it passes a place where it can be noted, and told again later in the same
// order. What is noted, and where it is kept, is the tape's own affair.
import type { MediaStream } from '../twilio/mediaStream.ts';
import type { CallInfo, CallStream, LiveCall } from './port.ts';
import type { CallSnapshot } from './snapshot.ts';
import type { CallWorld } from './world.ts';

/** What the calls of a process do with a call, and others have them do. */
export type CallDeed =
  /** The phone rings; `ears`: they are opened. */
  | { readonly kind: 'rang'; readonly ears: boolean }
  /** A stream is there. `snapshot`: what another instance has left of the call. */
  | {
      readonly kind: 'opened';
      readonly stream: CallStream;
      readonly snapshot: CallSnapshot | undefined;
    }
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'transfer'; readonly to: string }
  | { readonly kind: 'hangUp' }
  | { readonly kind: 'answeredBy'; readonly answeredBy: string };

/** Of one call, whatever streams it has one after the other. */
export interface CallTape {
  /** What the parts of the call are given for the process's world. */
  readonly world: CallWorld;
  /** Does it when all that happened before has come to rest: at once, mostly. */
  happens(deed: CallDeed, work: () => void): void;
  /** Nothing more of the call is of interest. Idempotent. */
  end(): void;
}

export interface CallTapes {
  /** Undefined: this call is not taped. The answer is always the same for the same call. */
  open(info: CallInfo, world: CallWorld): CallTape | undefined;
}

/** Only a stream that tells its very messages can be taped. */
export function canBeTaped(stream: CallStream): stream is CallStream & Pick<MediaStream, 'tap'> {
  return stream.tap !== undefined;
}

/** The tapes of the calls that there are. */
export class RunningTapes {
  readonly #world: CallWorld;
  readonly #tapes = new Map<string, CallTape>();

  constructor(world: CallWorld) {
    this.#world = world;
  }

  /** The tape of a call, put in unless it runs; `begun`: too late, for it can't be told from its beginning any more. */
  of(info: CallInfo, begun = false): CallTape | undefined {
    const running = this.#tapes.get(info.callSid);
    if (running !== undefined || begun) return running;
    const tape = this.#world.tapes?.open(info, this.#world);
    if (tape !== undefined) this.#tapes.set(info.callSid, tape);
    return tape;
  }

  /** Does it, noted when the call is taped. */
  happens(callSid: string, deed: CallDeed, work: () => void): void {
    const tape = this.#tapes.get(callSid);
    if (tape === undefined) work();
    else tape.happens(deed, work);
  }

  /** The call, for whoever acts on it from outside. */
  live(call: LiveCall): LiveCall {
    const tape = this.#tapes.get(call.info.callSid);
    return tape === undefined ? call : tapedLive(tape, call);
  }

  end(callSid: string): void {
    this.#tapes.get(callSid)?.end();
    this.#tapes.delete(callSid);
  }
}

function tapedLive(tape: CallTape, call: LiveCall): LiveCall {
  return {
    info: call.info,
    hangUp: () => tape.happens({ kind: 'hangUp' }, () => call.hangUp()),
    transfer: (to) => tape.happens({ kind: 'transfer', to }, () => call.transfer(to)),
    say: (text) => {
      // Something else is under way in this very moment: then it is taken, and may find no room.
      let taken = true;
      tape.happens({ kind: 'say', text }, () => {
        taken = call.say(text);
      });
      return taken;
    },
  };
}
