// What the caller said and no final has answered yet: the audio of it, and where it was committed. A session that takes over
// from a lost one hears it from here, so that no word is lost with the connection.
import { BYTES_PER_MS } from '../audio/mulaw.ts';
import { MulawRing } from '../audio/mulawRing.ts';
import type { SttSession } from '../stt/port.ts';

/** Few say more on end without a pause that is committed. 120 kB a call. */
export const KEPT_MS = 15_000;
/** The voice is noticed some time after it began, and a soft onset is part of the word. */
const BEFORE_VOICE_BYTES = 500 * BYTES_PER_MS;
/** A provider that commits by itself does so after a silence; its final comes when the next word may be under way. */
const UNASKED_BYTES = 300 * BYTES_PER_MS;
/** Voices whose beginnings are kept apart. */
const VOICES_MAX = 32;

interface Mark {
  readonly utterance: number;
  readonly at: number;
}

export class Unanswered {
  readonly #ring = new MulawRing(KEPT_MS);
  /** The end of what was answered. */
  #from = 0;
  /** Beginnings of voices after it, oldest first. */
  #voices: number[] = [];
  #voiceOn = false;
  /** Committed and not answered, in order. */
  #marks: Mark[] = [];

  push(mulaw: Uint8Array): void {
    this.#ring.push(mulaw);
  }

  /** Somebody has been speaking for `agoMs`. */
  voiceBegan(agoMs: number): void {
    this.#voiceOn = true;
    const at = this.#ring.position - Math.round(agoMs * BYTES_PER_MS) - BEFORE_VOICE_BYTES;
    if (this.#voices.length < VOICES_MAX) this.#voices.push(Math.max(0, at));
  }

  voiceEnded(): void {
    this.#voiceOn = false;
  }

  /** Whether somebody has spoken since the last answer. */
  get voiced(): boolean {
    return this.#voices.length > 0;
  }

  /** The oldest utterance that was committed and isn't answered. */
  get oldest(): number | undefined {
    return this.#marks[0]?.utterance;
  }

  committed(utterance: number): void {
    this.#marks.push({ utterance, at: this.#ring.position });
  }

  /** The final of this utterance has come, asked for or not: what was said in it needs nobody any more. */
  answered(utterance: number): void {
    const mark = this.#marks.findLast((known) => known.utterance <= utterance);
    this.#marks = this.#marks.filter((known) => known.utterance > utterance);
    this.#from = Math.max(this.#from, mark?.at ?? this.#ring.position - UNASKED_BYTES);
    const later = this.#voices.filter((at) => at >= this.#from);
    // A voice that goes on over the end belongs to what follows, too.
    this.#voices = later.length === 0 && this.#voiceOn ? [this.#from] : later;
  }

  /**
   * Has a new session hear it, with its commits, as fast as it takes it: from the first voice on, since what lies before is
   * silence or the agent's echo. Answers what was lost because it took too long, in bytes.
   */
  replayTo(session: SttSession): { readonly replayedBytes: number; readonly lostBytes: number } {
    // What was committed was speech to somebody, whatever the detector says.
    const silence = this.#marks.length > 0 ? 0 : this.#ring.position - BEFORE_VOICE_BYTES;
    const from = Math.max(this.#from, this.#voices[0] ?? silence);
    let at = Math.max(from, this.#ring.oldest);
    const start = at;
    for (const mark of this.#marks) {
      const part = this.#ring.copy(at, mark.at);
      if (part.length > 0) session.push(part);
      session.commit();
      at = Math.max(at, mark.at);
    }
    const rest = this.#ring.copy(at);
    if (rest.length > 0) session.push(rest);
    return { replayedBytes: this.#ring.position - start, lostBytes: start - from };
  }
}
