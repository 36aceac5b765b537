// A session of speech-to-text in a call that goes another way than on the tape: the caller says what was said then, at the same
// times; the last words on what the call asks for come as long after it asks as they did then.
import type { SttEvent, SttSession } from '../stt/port.ts';
import type { SessionScript } from './scripts.ts';

/** For what was never asked on the tape. */
const FINAL_US = 150_000;

interface Told {
  readonly event: SttEvent;
  /** Infinity: it is not asked for yet. */
  dueUs: number;
  readonly afterAskedUs: number;
}

export class ToldSession {
  readonly #told: Told[];
  #utterance = 0;

  /** Undefined: the tape has no such session, and it hears nothing. */
  constructor(script: SessionScript | undefined) {
    this.#told = (script?.events ?? []).map(({ atUs, event }) => {
      const askedAtUs = event.kind === 'final' ? script?.committedAtUs.get(event.utterance) : undefined;
      return askedAtUs === undefined
        ? { event, dueUs: atUs, afterAskedUs: 0 }
        : { event, dueUs: Infinity, afterAskedUs: atUs - askedAtUs };
    });
  }

  /** On the tape it was asked for this utterance now. */
  committed(utterance: number, nowUs: number): void {
    this.#utterance = utterance + 1;
    const final = this.#told.find(({ event }) => event.kind === 'final' && event.utterance === utterance);
    if (final !== undefined && final.dueUs === Infinity) final.dueUs = nowUs + final.afterAskedUs;
  }

  /** On the tape it has said the next thing. */
  said(event: SttEvent): void {
    this.#told.shift();
    if (event.kind === 'final') this.#utterance = Math.max(this.#utterance, event.utterance + 1);
  }

  commit(nowUs: number): number {
    const utterance = this.#utterance;
    if (!this.#told.some(({ event }) => event.kind === 'final' && event.utterance === utterance)) {
      const event: SttEvent = { kind: 'final', utterance, text: '' };
      this.#told.push({ event, dueUs: nowUs + FINAL_US, afterAskedUs: 0 });
    }
    this.committed(utterance, nowUs);
    return utterance;
  }

  get dueUs(): number {
    return Math.min(Infinity, ...this.#told.map(({ dueUs }) => dueUs));
  }

  /** What is due first. */
  take(): SttEvent | undefined {
    const { dueUs } = this;
    const at = this.#told.findIndex((told) => told.dueUs === dueUs);
    const [told] = at < 0 ? [] : this.#told.splice(at, 1);
    if (told?.event.kind === 'final') this.#utterance = Math.max(this.#utterance, told.event.utterance + 1);
    return told?.event;
  }

  /** As the call has it. */
  session(commit: () => number, close: () => void): SttSession {
    return { push: () => undefined, commit, close };
  }
}
