// One answer of the model, sentence of the voice or answer of a tool, as the tape has it, for a call that asks for it at a time of its own.
import type { Happening } from './records.ts';
import type { Script } from './scripts.ts';

export interface Telling<T> {
  readonly piece: (piece: T) => Happening;
  readonly over: (...failure: readonly [] | readonly [unknown]) => Happening;
  /** What the tape does not have. */
  readonly instead: () => Happening;
}

export class Reading<T> {
  readonly #script: Script<T> | undefined;
  readonly #tell: Telling<T>;
  readonly #askedAtUs: number;
  #at = 0;
  /** Infinity: nobody waits for the next piece. */
  #wantedAtUs = Infinity;

  constructor(script: Script<T> | undefined, tell: Telling<T>, askedAtUs: number) {
    this.#script = script;
    this.#tell = tell;
    this.#askedAtUs = askedAtUs;
  }

  want(nowUs: number): void {
    this.#wantedAtUs = nowUs;
  }

  /** The next piece comes as long after it was asked for as then, and not before it is wanted. */
  get dueUs(): number {
    return Math.max(this.#wantedAtUs, this.#askedAtUs + (this.#script?.pieces[this.#at]?.afterUs ?? 0));
  }

  /** On the tape the next piece came. */
  skip(): void {
    this.#wantedAtUs = Infinity;
    this.#at += 1;
  }

  next(): Happening {
    this.skip();
    if (this.#script === undefined) return this.#at === 1 ? this.#tell.instead() : this.#tell.over();
    const read = this.#script.pieces[this.#at - 1];
    if (read?.piece !== undefined) return this.#tell.piece(read.piece);
    // One that was not heard to its end then has no end on the tape.
    return read !== undefined && 'failure' in read ? this.#tell.over(read.failure) : this.#tell.over();
  }
}
