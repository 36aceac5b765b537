// What the caller notices of the agent round one utterance: when its old speech fell silent, and when
// its reply came and was heard. All times are those of the carrier's socket and playout.
import { FRAME_MS } from '../audio/mulaw.ts';

/** Silence this long ends a piece of the agent's speech; within a sentence it pauses for less. */
export const SPEECH_GAP_MS_MAX = 300;

/** What the caller did, and what came of it. Undefined is what did not happen (yet). */
export interface CallerTurn {
  readonly kind: 'greeting' | 'say' | 'interrupt' | 'backchannel' | 'sound' | 'press';
  readonly said: string;
  /** The frame with the first voiced sample was sent. */
  readonly startOfSpeechAtMs: number | undefined;
  /** The frame with the last voiced sample was sent; for the greeting, the call was answered. */
  readonly endOfSpeechAtMs: number | undefined;
  /** The first audible media message of the reply came in at the carrier's socket. */
  readonly firstReplyFrameAtMs: number | undefined;
  /** Its first audible frame began to be played to the caller. */
  readonly firstReplyHeardAtMs: number | undefined;
  /** The agent was audible when the caller began. */
  readonly overAgent: boolean;
  /** Then: the last frame of that speech that was played, before silence or a clear. */
  readonly lastAgentFrameAtMs: number | undefined;
  /** The agent began to speak while the caller still did: its reply's times mean nothing. */
  readonly cutInAtMs: number | undefined;
  /** The gateway emptied the carrier's buffer after the caller began. */
  readonly cleared: boolean;
  /** The agent had its time to reply, and did not. */
  readonly missed: boolean;
}

/** How long the caller waited, ms: from the end of their speech to the reply at the carrier's socket; undefined without one. */
export function waitOf({
  endOfSpeechAtMs: endedMs,
  firstReplyFrameAtMs: repliedMs,
}: Pick<CallerTurn, 'endOfSpeechAtMs' | 'firstReplyFrameAtMs'>): number | undefined {
  return endedMs === undefined || repliedMs === undefined ? undefined : repliedMs - endedMs;
}

type Changing<T> = { -readonly [Key in keyof T]: T[Key] };

export class TurnWatch {
  readonly #gapMs: number;
  readonly #turn: Changing<CallerTurn>;
  /** The end of the last audible frame. */
  #lastLoudEndMs: number | undefined;
  /** Whether what the agent was saying when the caller began is over. */
  #oldSpeechOver = true;

  /** `gapMs`: silence that ends a piece of the agent's speech. */
  constructor(kind: CallerTurn['kind'], said: string, gapMs: number) {
    this.#gapMs = gapMs;
    this.#turn = {
      kind,
      said,
      startOfSpeechAtMs: undefined,
      endOfSpeechAtMs: undefined,
      firstReplyFrameAtMs: undefined,
      firstReplyHeardAtMs: undefined,
      overAgent: false,
      lastAgentFrameAtMs: undefined,
      cutInAtMs: undefined,
      cleared: false,
      missed: false,
    };
  }

  get turn(): CallerTurn {
    return this.#turn;
  }

  /** The caller begins; `agentLoudEndMs` is when the agent was last audible. */
  started(atMs: number, agentLoudEndMs: number | undefined): void {
    this.#turn.startOfSpeechAtMs = atMs;
    this.#lastLoudEndMs = agentLoudEndMs;
    const over = agentLoudEndMs === undefined || atMs - agentLoudEndMs >= this.#gapMs;
    this.#turn.overAgent = !over;
    this.#oldSpeechOver = over;
    if (!over) this.#turn.lastAgentFrameAtMs = agentLoudEndMs - FRAME_MS;
  }

  /** The caller has finished; for a greeting, the call was answered. */
  ended(atMs: number): void {
    this.#turn.endOfSpeechAtMs = atMs;
  }

  /** Audible audio came in. */
  arrived(atMs: number): void {
    this.#letOldSpeechEnd(atMs);
    if (!this.#oldSpeechOver) return;
    const turn = this.#turn;
    if (turn.endOfSpeechAtMs !== undefined) turn.firstReplyFrameAtMs ??= atMs;
    else if (turn.startOfSpeechAtMs !== undefined) turn.cutInAtMs ??= atMs;
  }

  /** An audible frame is being played. */
  heard(atMs: number): void {
    this.#letOldSpeechEnd(atMs);
    this.#lastLoudEndMs = atMs + FRAME_MS;
    const turn = this.#turn;
    if (!this.#oldSpeechOver) turn.lastAgentFrameAtMs = atMs;
    // A tick that was late still counts from when it was due; nothing is heard before it came.
    else if (turn.firstReplyFrameAtMs !== undefined) {
      turn.firstReplyHeardAtMs ??= Math.max(atMs, turn.firstReplyFrameAtMs);
    }
  }

  cleared(): void {
    if (this.#turn.startOfSpeechAtMs === undefined) return;
    this.#turn.cleared = true;
    this.#oldSpeechOver = true;
  }

  miss(): void {
    if (this.#turn.firstReplyHeardAtMs === undefined) this.#turn.missed = true;
  }

  #letOldSpeechEnd(atMs: number): void {
    if (atMs - (this.#lastLoudEndMs ?? -Infinity) >= this.#gapMs) this.#oldSpeechOver = true;
  }
}
