// A carrier as Twilio behaves, on the virtual clock.
import { BYTES_PER_MS } from '../../src/audio/mulaw.ts';
import type { VirtualClock } from './virtualClock.ts';

/** Plays in real time when it is told to, echoes marks, empties on clear. */
export class FakeCarrier {
  readonly clock: VirtualClock;
  readonly messages: { readonly atMs: number; readonly bytes: number }[] = [];
  readonly written: number[] = [];
  /** Bytes really played, in order. */
  readonly played: number[] = [];
  echo: (name: string) => void = () => undefined;
  loseMarks = false;
  #queue: ({ readonly byte: number } | { readonly mark: string })[] = [];
  cleared = 0;

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  sendMedia(mulaw: Uint8Array): void {
    this.messages.push({ atMs: this.clock.nowMs(), bytes: mulaw.length });
    for (const byte of mulaw) {
      this.#queue.push({ byte });
      this.written.push(byte);
    }
  }

  sendMark(name: string): void {
    this.#queue.push({ mark: name });
    this.#echoDue();
  }

  sendClear(): void {
    this.cleared += 1;
    const marks = this.#queue.flatMap((item) => ('mark' in item ? [item.mark] : []));
    this.#queue = [];
    for (const mark of marks) this.#later(mark);
  }

  get bufferedMs(): number {
    return this.#queue.filter((item) => 'byte' in item).length / BYTES_PER_MS;
  }

  /** Plays one millisecond. */
  playMs(): void {
    let bytes = BYTES_PER_MS;
    while (bytes > 0 && this.#queue.length > 0) {
      const item = this.#queue[0];
      if (item === undefined || 'mark' in item) this.#echoDue();
      else {
        this.played.push(item.byte);
        this.#queue.shift();
        bytes -= 1;
      }
    }
    this.#echoDue();
  }

  #echoDue(): void {
    for (let item = this.#queue[0]; item !== undefined && 'mark' in item; item = this.#queue[0]) {
      this.#queue.shift();
      this.#later(item.mark);
    }
  }

  #later(mark: string): void {
    if (!this.loseMarks) this.clock.after(0, () => this.echo(mark));
  }
}
