// The numbers of a session's utterances: which one is being heard, which were ended by us and wait for their final.
import type { SttEvent } from './port.ts';

export interface Asked {
  readonly number: number;
  /** Audio that the server had been sent when it was asked for the last words; undefined until it was. */
  readonly audioMs: number | undefined;
}

export class UtteranceQueue {
  readonly #report: (event: SttEvent) => void;
  #open = 0;
  #asked: readonly Asked[] = [];
  #told = '';

  constructor(report: (event: SttEvent) => void) {
    this.#report = report;
  }

  /** Those that we ended and that have no final, the earliest first. */
  get asked(): readonly Asked[] {
    return this.#asked;
  }

  /** The earliest without a final: news of the server are about it. */
  get current(): number {
    return this.#asked[0]?.number ?? this.#open;
  }

  /** Ends the open utterance and answers its number. */
  end(): number {
    const number = this.#open;
    this.#open += 1;
    this.#asked = [...this.#asked, { number, audioMs: undefined }];
    return number;
  }

  sent(number: number, audioMs: number): void {
    this.#asked = this.#asked.map((asked) => (asked.number === number ? { number, audioMs } : asked));
  }

  /** All the words of the current utterance so far. */
  words(text: string): void {
    if (text === this.#told) return;
    this.#told = text;
    this.#report({ kind: 'words', utterance: this.current, text });
  }

  /** The last word on the current utterance; answers its number. */
  final(text: string): number {
    const utterance = this.current;
    if (this.#asked.length === 0) this.#open += 1;
    this.#asked = this.#asked.slice(1);
    this.#told = '';
    this.#report({ kind: 'final', utterance, text });
    return utterance;
  }
}

/** Texts in a row, without the empty ones. */
export function joined(texts: readonly string[]): string {
  return texts
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .join(' ');
}
