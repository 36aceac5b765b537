// Where a call stands: what another instance has to know of it, told when it changes.
import type { Playout } from '../playout/playout.ts';
import { awaitedReply, isQuiet, unansweredText } from '../turn/floor.ts';
import type { TurnState } from '../turn/state.ts';
import type { Connection, Ending } from './connection.ts';
import type { Conversation } from './conversation.ts';
import type { Lull } from './leaving.ts';
import type { CallInfo } from './port.ts';
import type { Replies } from './replies.ts';
import { snapshotJson, type CallSnapshot } from './snapshot.ts';
import type { CallWorld } from './world.ts';

export interface CallNow {
  readonly conversation: Conversation;
  readonly playout: Pick<Playout, 'speech' | 'heard'>;
  readonly replies: Pick<Replies, 'get'>;
  readonly turn: TurnState;
  readonly connection: Connection;
}

type StandingWorld = Pick<CallWorld, 'checkpoints' | 'clock'>;

export class Standing {
  readonly #world: StandingWorld;
  readonly #info: CallInfo;
  readonly #now: () => CallNow;
  readonly #startedAtMs: number;

  /** Of a call whose stream begins now. */
  constructor(world: StandingWorld, info: CallInfo, now: () => CallNow) {
    this.#world = world;
    this.#info = info;
    this.#now = now;
    this.#startedAtMs = world.clock.nowMs();
  }

  /** For how long its stream has been there. */
  get streamMs(): number {
    return this.#world.clock.nowMs() - this.#startedAtMs;
  }

  /** Something has changed; what it is, is asked for when it is written down. Of a call that is closed others tell. */
  changed(): void {
    if (this.#now().connection.kind === 'closed') return;
    this.#world.checkpoints?.changed(this.#info.callSid, () => ({
      snapshot: snapshotJson(this.snapshot()),
      ended: false,
      streamMs: this.streamMs,
    }));
  }

  /** Whether the caller would lose nothing by a short gap now. */
  get lull(): Lull {
    const { playout, replies, turn, connection } = this.#now();
    if (connection.kind !== 'live') return undefined;
    const awaited = awaitedReply(turn);
    // What a tool has begun is not broken off.
    if (awaited !== undefined) return replies.get(awaited)?.hasActed === false ? 'owed' : undefined;
    return playout.speech === undefined && isQuiet(turn) ? 'quiet' : undefined;
  }

  /** `handedOver`: this instance leaves it on purpose. */
  snapshot(handedOver = false): CallSnapshot {
    const { conversation, playout, replies, turn: state, connection } = this.#now();
    const { speech } = playout;
    const reply = speech === undefined ? undefined : replies.get(speech.id);
    return conversation.snapshot(this.#info, {
      reply,
      heardText: reply?.heardOfAnswer(playout.heard()?.text ?? '') ?? '',
      // The turn that is being answered is a question by now. Of a call that is closed what nobody has answered is history.
      callerText: connection.kind === 'closed' ? '' : unansweredText(state),
      turn: Math.max(state.turn, conversation.turn),
      ending: endingOf(connection),
      handedOver,
    });
  }
}

function endingOf(connection: Connection): Ending | undefined {
  if (connection.kind === 'ending') return connection.ending;
  return connection.kind === 'closed' && typeof connection.why === 'object' ? connection.why : undefined;
}
