// The marks under way at the carrier: Twilio echoes a mark when all audio before it has been played,
// at once when nothing is buffered, and when it is flushed by `clear`. So an echo means "played" only
// for a mark that was not cleared before.

/** More than this unanswered means that the carrier does not echo marks: the oldest are forgotten, counted as lost. */
const PENDING_MAX = 256;

export interface Mark {
  readonly name: string;
  /** Bytes of the speech that lie before it. */
  readonly atByte: number;
  /** When its audio should have been played, by our clock. */
  readonly expectedAtMs: number;
}

export class Marks {
  readonly #pending: Mark[] = [];
  #sent = 0;
  #lost = 0;

  /** Marks that never came back, though later ones did or room ran out. */
  get lost(): number {
    return this.#lost;
  }

  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Notes a mark that is being sent; answers its name, never used before in this call. */
  sent(speechId: number, atByte: number, expectedAtMs: number): string {
    this.#sent += 1;
    const name = `${speechId}.${this.#sent}`;
    this.#pending.push({ name, atByte, expectedAtMs });
    if (this.#pending.length > PENDING_MAX) {
      this.#pending.shift();
      this.#lost += 1;
    }
    return name;
  }

  /**
   * A mark came back. Answers it when it means "played", undefined when it was flushed, is unknown or
   * came twice. Earlier ones that are still pending were lost: what lies before a played mark was played.
   */
  echoed(name: string): Mark | undefined {
    const index = this.#pending.findIndex((mark) => mark.name === name);
    if (index < 0) return undefined;
    this.#lost += index;
    return this.#pending.splice(0, index + 1).at(-1);
  }

  /** `clear` was sent, or the speech is over: an echo from now on means nothing. */
  flush(): void {
    this.#pending.length = 0;
  }
}
