// The carrier of a call that goes another way than on the tape: it plays what it is sent, and sends marks back.
import { BYTES_PER_MS } from '../audio/mulaw.ts';
import { isRecord, parseJson } from '../base/json.ts';
import { markIn, type Doing } from './records.ts';

/** Until the tape has shown how long marks take to come back. */
const WAY_US = 20_000;

interface Mark {
  readonly name: string;
  /** When its audio will have been played. */
  readonly playedAtUs: number;
}

export class Echoes {
  #playedAtUs = 0;
  #marks: Mark[] = [];
  #wayUs = WAY_US;

  /** The call has sent this. */
  sent(doing: Doing, nowUs: number): void {
    const [name, subject] = doing;
    if (name === 'sound') {
      this.#playedAtUs = Math.max(this.#playedAtUs, nowUs) + (Number(subject) / BYTES_PER_MS) * 1_000;
    } else if (name === 'sent') {
      const message = parseJson(String(subject));
      if (!isRecord(message)) return;
      const { event, mark } = message;
      if (event === 'clear') this.#clear(nowUs);
      else if (event === 'mark' && isRecord(mark))
        this.#marks.push({ name: String(mark['name']), playedAtUs: Math.max(this.#playedAtUs, nowUs) });
    }
  }

  /** On the tape, this came back. */
  heard(text: string, nowUs: number): void {
    const name = markIn(text);
    const mark = this.#marks.find((one) => one.name === name);
    if (mark === undefined) return;
    this.#marks = this.#marks.filter((one) => one !== mark);
    this.#wayUs = Math.max(0, nowUs - mark.playedAtUs);
  }

  /** When the next mark comes back; Infinity: none is under way. */
  get dueUs(): number {
    const [next] = this.#marks;
    return next === undefined ? Infinity : next.playedAtUs + this.#wayUs;
  }

  /** It has come back: its name. */
  take(): string {
    return this.#marks.shift()?.name ?? '';
  }

  #clear(nowUs: number): void {
    this.#playedAtUs = nowUs;
    this.#marks = this.#marks.map(({ name, playedAtUs }) => ({
      name,
      playedAtUs: Math.min(playedAtUs, nowUs),
    }));
  }
}
