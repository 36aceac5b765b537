// A carrier that counts what it plays instead of playing it, so that a thousand calls take seconds. Marks can be
// lost, late and doubled.
import { BYTES_PER_MS } from '../../src/audio/mulaw.ts';
import type { Timer } from '../../src/base/clock.ts';
import type { Chance } from './chance.ts';
import type { VirtualClock } from './virtualClock.ts';

/** From us to the carrier and back. */
const WAY_MS = 60;
const LATE_MS_MAX = 3_000;

/** Sound without a pause, on the clock. */
export interface Sound {
  readonly fromMs: number;
  toMs: number;
}

export class SoundingCarrier {
  readonly sounds: Sound[] = [];
  /** What came after the stream was closed. */
  lateMessages = 0;
  onMark: (name: string) => void = () => undefined;
  readonly #clock: VirtualClock;
  readonly #chance: Chance;
  readonly #faultShare: number;
  readonly #echoes = new Map<Timer, string>();
  #closed = false;

  constructor(clock: VirtualClock, chance: Chance, faultShare: number) {
    this.#clock = clock;
    this.#chance = chance;
    this.#faultShare = faultShare;
  }

  sendMedia(mulaw: Uint8Array): void {
    if (this.#refused()) return;
    const nowMs = this.#clock.nowMs();
    const last = this.sounds.at(-1);
    const durationMs = mulaw.length / BYTES_PER_MS;
    if (last !== undefined && last.toMs >= nowMs) last.toMs += durationMs;
    else this.sounds.push({ fromMs: nowMs, toMs: nowMs + durationMs });
  }

  sendMark(name: string): void {
    if (this.#refused()) return;
    const playedInMs = Math.max(0, this.silentFromMs - this.#clock.nowMs());
    const faulty = this.#chance.happens(this.#faultShare);
    const fault = faulty ? this.#chance.pick(['lost', 'late', 'twice']) : 'none';
    if (fault === 'lost') return;
    this.#echoIn(playedInMs + WAY_MS + (fault === 'late' ? this.#chance.between(0, LATE_MS_MAX) : 0), name);
    if (fault === 'twice') this.#echoIn(playedInMs + WAY_MS + this.#chance.between(0, LATE_MS_MAX), name);
  }

  sendClear(): void {
    if (this.#refused()) return;
    const last = this.sounds.at(-1);
    if (last !== undefined) last.toMs = Math.min(last.toMs, this.#clock.nowMs());
    const marks = [...this.#echoes.values()];
    this.#forgetEchoes();
    for (const name of marks) this.#echoIn(WAY_MS, name);
  }

  close(): void {
    this.#closed = true;
    const last = this.sounds.at(-1);
    if (last !== undefined) last.toMs = Math.min(last.toMs, this.#clock.nowMs());
    this.#forgetEchoes();
  }

  /** When what has been written will have been played. */
  get silentFromMs(): number {
    return this.sounds.at(-1)?.toMs ?? 0;
  }

  #echoIn(delayMs: number, name: string): void {
    const timer = this.#clock.after(delayMs, () => {
      this.#echoes.delete(timer);
      this.onMark(name);
    });
    this.#echoes.set(timer, name);
  }

  #forgetEchoes(): void {
    for (const timer of this.#echoes.keys()) timer.cancel();
    this.#echoes.clear();
  }

  #refused(): boolean {
    if (this.#closed) this.lateMessages += 1;
    return this.#closed;
  }
}
