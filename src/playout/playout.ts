// From the agent's speech to messages on the call, on time: never more than a lead ahead, so that the
// agent can be stopped; never late, so that it does not stutter. What was heard follows from the same clock.
import { strict as assert } from 'node:assert';
import { BYTES_PER_MS, FRAME_BYTES, MULAW_SILENCE } from '../audio/mulaw.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { heardText } from './heard.ts';
import { Marks } from './marks.ts';
import type { Speech } from './speech.ts';
import type { PlayoutWheel } from './wheel.ts';

/** What may lie unplayed at the carrier: short enough to fall silent quickly, long enough for a late tick. */
export const LEAD_MS = 160;
/** Audio in one message: two frames cost one send, and a send is most of what a frame costs (docs/decisions/playout-lead.md). */
export const MESSAGE_MS = 40;
/** A mark at least this often bounds what we don't know of the caller's hearing. */
const MARK_EVERY_MS = 500;
/** The last mark is taken for lost when it has not come back this long after its audio should have been played. */
const LAST_MARK_GRACE_MS = 1_000;

/** One way to the carrier takes no longer: marks that come back later than twice this were late for other reasons. */
const WAY_MS_MAX = 150;

const MESSAGE_BYTES = MESSAGE_MS * BYTES_PER_MS;
assert(MESSAGE_BYTES % FRAME_BYTES === 0, 'a message is whole frames');
assert(MESSAGE_MS * 2 <= LEAD_MS, 'one message plays while the next is written');

/** The call's outbound side. Each is synchronous and copies what it is given. */
export interface PlayoutOutput {
  sendMedia(mulaw: Uint8Array): void;
  sendMark(name: string): void;
  sendClear(): void;
}

export interface PlayoutListener {
  /** The speech's first audio was written. */
  onStarted(speechId: number, atMs: number): void;
  /** The carrier says that the speech's beginning was played. */
  onHeard(speechId: number, atMs: number): void;
  /** A mark came back: more of it was heard. Every 500 ms or so. */
  onProgress(speechId: number): void;
  /** A sentence begins to be written. */
  onSentence(speechId: number, sentence: number): void;
  /** All of it was played. The playout is free for another. */
  onPlayed(speechId: number): void;
  /** Audio as it was written, due to be played at `playAtMs`; valid during the call only. */
  onWritten(mulaw: Uint8Array, playAtMs: number): void;
  /** A message was written so much later than it was due. */
  onLate(lateMs: number): void;
  /** The caller heard so much silence inside the speech, because audio was not there in time. */
  onUnderrun(silentMs: number): void;
}

export interface Heard {
  readonly speechId: number;
  readonly text: string;
  readonly audioMs: number;
  /** So much less it may be, had the carrier stood still since the last mark that came back. More it can't be. */
  readonly errorMs: number;
  /** For so long the caller has heard nothing, because all that was written has been played. */
  readonly dryMs: number;
  /** It is all of the speech, to its end: nothing was cut, though the carrier may not have said so yet. */
  readonly whole: boolean;
}

type Wheel = Pick<PlayoutWheel, 'add' | 'remove'>;

type Phase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'playing'; readonly speech: Speech }
  | { readonly kind: 'held'; readonly speech: Speech }
  /** All is written; the last mark is awaited. */
  | { readonly kind: 'finishing'; readonly speech: Speech; readonly lastMark: string; readonly timer: Timer };

// Written into for every message of every call: sending is synchronous, so one is enough.
const message = new Uint8Array(MESSAGE_BYTES);

export class Playout {
  readonly #output: PlayoutOutput;
  readonly #listener: PlayoutListener;
  readonly #wheel: Wheel;
  readonly #clock: Clock;
  readonly #marks = new Marks();
  readonly #onTick = (nowMs: number): void => this.#pump(nowMs);

  #phase: Phase = { kind: 'idle' };
  /** Bytes of the current speech written to the carrier, padding of its last frame included. */
  #sentBytes = 0;
  /** The carrier's buffer was last empty when byte `#anchorByte` was written, at `#anchorAtMs`. */
  #anchorByte = 0;
  #anchorAtMs = 0;
  /** Since when there is audio to write; until then nothing is late. */
  #readyAtMs = 0;
  #starved = false;
  #held = false;
  #resumedAtMs = 0;
  #markedByte = 0;
  #announced = -1;
  /** The carrier's word: at least so much was played. */
  #ackedByte = 0;
  #firstMark: string | undefined;
  /** How long a mark takes to come back beyond its audio: the way there and back. */
  #echoDelayMs: number | undefined;

  constructor(output: PlayoutOutput, listener: PlayoutListener, wheel: Wheel, clock: Clock) {
    this.#output = output;
    this.#listener = listener;
    this.#wheel = wheel;
    this.#clock = clock;
  }

  /** The speech that has the line, held or not. */
  get speech(): Speech | undefined {
    return this.#phase.kind === 'idle' ? undefined : this.#phase.speech;
  }

  /** From when on the caller hears nothing of the speech that should sound: it may be ahead of now. Undefined when it is held or over. */
  get silentFromMs(): number | undefined {
    if (this.#phase.kind !== 'playing') return undefined;
    return Math.max(this.#resumedAtMs, this.#sentBytes === 0 ? 0 : this.#playAtMs());
  }

  get lostMarks(): number {
    return this.#marks.lost;
  }

  /** Starts to play; what the speech has goes out at once, the rest as it comes. The line must be free. */
  play(speech: Speech): void {
    assert(this.#phase.kind === 'idle', 'one speech at a time');
    const nowMs = this.#clock.nowMs();
    this.#phase = { kind: 'playing', speech };
    this.#sentBytes = 0;
    this.#anchorByte = 0;
    this.#anchorAtMs = nowMs;
    this.#readyAtMs = nowMs;
    this.#starved = false;
    this.#held = false;
    this.#resumedAtMs = 0;
    this.#markedByte = 0;
    this.#announced = -1;
    this.#ackedByte = 0;
    this.#firstMark = undefined;
    speech.onGrown(() => this.#onGrown());
    this.#wheel.add(this.#onTick);
    this.#pump(nowMs);
  }

  /** Writes no more. The caller still hears what lies at the carrier, at most the lead. */
  hold(): void {
    if (this.#phase.kind !== 'playing') return;
    this.#phase = { kind: 'held', speech: this.#phase.speech };
    this.#held = true;
    this.#wheel.remove(this.#onTick);
  }

  /** Goes on with the very next frame after the one written last. */
  resume(): void {
    if (this.#phase.kind !== 'held') return;
    this.#phase = { kind: 'playing', speech: this.#phase.speech };
    this.#readyAtMs = this.#clock.nowMs();
    this.#resumedAtMs = this.#readyAtMs;
    this.#wheel.add(this.#onTick);
    this.#pump(this.#readyAtMs);
  }

  /** Stops for good: the carrier's buffer is emptied, the rest is not played. Answers what was heard; undefined when nothing played. */
  clear(): Heard | undefined {
    if (this.#phase.kind === 'idle') return undefined;
    // The clear is as long on its way as the audio was: it stops the carrier where our clock stands now.
    const heard = this.#heardAt(this.#phase.speech, this.#clock.nowMs());
    if (this.#sentBytes > 0) this.#output.sendClear();
    this.#free();
    return heard;
  }

  /** What the caller has heard of the current speech by now, or had heard at a time past, by the clock alone. */
  heard(atMs?: number): Heard | undefined {
    if (this.#phase.kind === 'idle') return undefined;
    // What was written a moment ago is still on its way.
    const wayMs = Math.min(WAY_MS_MAX, (this.#echoDelayMs ?? 0) / 2);
    const { speech } = this.#phase;
    // What a mark has acknowledged by now tells nothing of a time past.
    return atMs === undefined
      ? this.#heardAt(speech, this.#clock.nowMs() - wayMs)
      : this.#heardAt(speech, atMs - wayMs, 0);
  }

  /** The carrier sent a mark back. */
  echoed(name: string): void {
    const mark = this.#marks.echoed(name);
    if (mark === undefined || this.#phase.kind === 'idle') return;
    const nowMs = this.#clock.nowMs();
    this.#ackedByte = Math.max(this.#ackedByte, mark.atByte);
    this.#noteEchoDelay(Math.max(0, nowMs - mark.expectedAtMs));
    const { speech } = this.#phase;
    if (this.#firstMark !== undefined) {
      this.#firstMark = undefined;
      this.#listener.onHeard(speech.id, nowMs);
    }
    if (this.#phase.kind === 'finishing' && this.#phase.lastMark === name) this.#finish(speech.id);
    else this.#listener.onProgress(speech.id);
  }

  /** Ends without a word to the carrier: the call is over. Idempotent. */
  close(): void {
    if (this.#phase.kind !== 'idle') this.#free();
  }

  /** By the clock, which never says too little; the marks that came back say what it was at least. */
  #heardAt(speech: Speech, atMs: number, ackedByte = this.#ackedByte): Heard {
    const bytes = Math.max(ackedByte, this.#playedBytes(atMs));
    return {
      speechId: speech.id,
      text: heardText(speech.sentences, bytes),
      audioMs: bytes / BYTES_PER_MS,
      errorMs: Math.max(0, bytes - this.#ackedByte) / BYTES_PER_MS,
      dryMs: Math.max(0, atMs - this.#playAtMs()),
      whole: speech.exhausted && bytes === this.#sentBytes,
    };
  }

  #onGrown(): void {
    if (this.#phase.kind !== 'playing' || !this.#starved) return;
    const nowMs = this.#clock.nowMs();
    this.#readyAtMs = nowMs;
    this.#pump(nowMs);
  }

  /**
   * Writes what is due. Per tick of a talking call: one comparison; per message: a copy of 320 bytes,
   * one send of some 15 us.
   */
  #pump(nowMs: number): void {
    while (this.#phase.kind === 'playing') {
      const { speech } = this.#phase;
      const aheadMs = (this.#sentBytes - this.#playedBytes(nowMs)) / BYTES_PER_MS;
      if (aheadMs > LEAD_MS - MESSAGE_MS) return;
      const bytes = this.#nextMessageBytes(speech, aheadMs);
      if (bytes === 0) {
        if (speech.exhausted) this.#finishing(speech);
        else this.#starved = true;
        return;
      }
      this.#write(speech, bytes, nowMs, aheadMs);
    }
  }

  /** A whole message; less when there is no more to come, or when waiting for more would let the line run dry. */
  #nextMessageBytes(speech: Speech, aheadMs: number): number {
    const available = speech.availableBytes;
    if (available >= MESSAGE_BYTES) return MESSAGE_BYTES;
    if (speech.complete) return available;
    return aheadMs > MESSAGE_MS ? 0 : available - (available % FRAME_BYTES);
  }

  #write(speech: Speech, bytes: number, nowMs: number, aheadMs: number): void {
    const first = this.#sentBytes === 0;
    const sentence = speech.readingSentence;
    const filled = speech.read(message.subarray(0, bytes));
    const padded = Math.ceil(filled / FRAME_BYTES) * FRAME_BYTES;
    message.fill(MULAW_SILENCE, filled, padded);
    // Also when the line has run dry: then it was later than the lead, unless the audio was.
    if (!first) this.#listener.onLate(Math.max(0, nowMs - Math.max(this.#dueAtMs(), this.#readyAtMs)));
    if (aheadMs <= 0) this.#runDry(nowMs, first);
    this.#starved = false;
    this.#held = false;
    const playAtMs = this.#playAtMs();
    const mulaw = message.subarray(0, padded);
    this.#output.sendMedia(mulaw);
    this.#sentBytes += padded;
    this.#listener.onWritten(mulaw, playAtMs);
    if (first) this.#listener.onStarted(speech.id, nowMs);
    this.#announce(speech);
    if (
      first ||
      speech.readingSentence !== sentence ||
      this.#sentBytes - this.#markedByte >= MARK_EVERY_MS * BYTES_PER_MS
    ) {
      const name = this.#mark(speech);
      if (first) this.#firstMark = name;
    }
  }

  /** The carrier had nothing to play: the line starts anew here. */
  #runDry(nowMs: number, first: boolean): void {
    const dryAtMs = this.#playAtMs();
    if (!first && !this.#held && nowMs > dryAtMs) this.#listener.onUnderrun(nowMs - dryAtMs);
    this.#anchorByte = this.#sentBytes;
    this.#anchorAtMs = nowMs;
  }

  #announce(speech: Speech): void {
    while (this.#announced < speech.lastRead) {
      this.#announced += 1;
      this.#listener.onSentence(speech.id, this.#announced);
    }
  }

  #mark(speech: Speech): string {
    const name = this.#marks.sent(speech.id, this.#sentBytes, this.#playAtMs());
    this.#markedByte = this.#sentBytes;
    this.#output.sendMark(name);
    return name;
  }

  #finishing(speech: Speech): void {
    this.#wheel.remove(this.#onTick);
    if (this.#sentBytes === 0) {
      this.#finish(speech.id);
      return;
    }
    const lastMark = this.#mark(speech);
    const graceMs = this.#playAtMs() - this.#clock.nowMs() + LAST_MARK_GRACE_MS;
    const timer = this.#clock.after(graceMs, () => this.#finish(speech.id));
    this.#phase = { kind: 'finishing', speech, lastMark, timer };
  }

  #finish(speechId: number): void {
    this.#free();
    this.#listener.onPlayed(speechId);
  }

  #free(): void {
    if (this.#phase.kind === 'idle') return;
    if (this.#phase.kind === 'finishing') this.#phase.timer.cancel();
    this.#phase.speech.onGrown(undefined);
    this.#wheel.remove(this.#onTick);
    this.#marks.flush();
    this.#phase = { kind: 'idle' };
  }

  /** When the byte after the last one written will be played. */
  #playAtMs(): number {
    return this.#anchorAtMs + (this.#sentBytes - this.#anchorByte) / BYTES_PER_MS;
  }

  /** When the next message has to be written: as soon as the lead has room for it. */
  #dueAtMs(): number {
    return this.#playAtMs() - (LEAD_MS - MESSAGE_MS);
  }

  #playedBytes(atMs: number): number {
    const sinceAnchor = Math.max(0, atMs - this.#anchorAtMs) * BYTES_PER_MS;
    return Math.min(this.#sentBytes, this.#anchorByte + sinceAnchor);
  }

  /** Follows a shorter delay at once and a longer one slowly: delay above the least is queueing, not distance. */
  #noteEchoDelay(delayMs: number): void {
    const known = this.#echoDelayMs;
    this.#echoDelayMs = known === undefined || delayMs < known ? delayMs : known + (delayMs - known) / 10;
  }
}
