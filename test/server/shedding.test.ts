// More callers than a process can serve, on a clock that its work makes go on: the real playout, admission and overload.
import assert from 'node:assert/strict';
import test from 'node:test';
import { BYTES_PER_MS } from '../../src/audio/mulaw.ts';
import type { Clock, Timer } from '../../src/base/clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import { readConfig } from '../../src/config.ts';
import { watchEventLoop } from '../../src/metrics/eventLoop.ts';
import { LEAD_MS, Playout } from '../../src/playout/playout.ts';
import { Speech } from '../../src/playout/speech.ts';
import { PlayoutWheel } from '../../src/playout/wheel.ts';
import { Admission } from '../../src/server/admission.ts';
import { Overload } from '../../src/server/overload.ts';
import { quantile } from '../../src/sim/statistics.ts';
import { FakeCalls } from './harness.ts';

const CALL_MS = 60_000;
/** What one core spends: on each message, and on each turn in one piece. Some 60 calls are all of it. */
const MESSAGE_COST_MS = 0.3;
const TURN_COST_MS = 20;
const TURN_EVERY_MS = 2_000;
const usual = readConfig({});

/** 120 at once would come of it. */
const OFFERED_EVERY_MS = 500;
const RUN_MS = 150_000;

const sound = new Uint8Array(CALL_MS * BYTES_PER_MS).fill(0x90);

interface Pending {
  readonly atMs: number;
  readonly callback: () => void;
  cancelled: boolean;
}

/** An event loop whose work takes time: what falls due meanwhile is late. */
class BusyClock implements Clock {
  #nowMs = 0;
  #pending: Pending[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  spend(durationMs: number): void {
    this.#nowMs += durationMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const entry: Pending = { atMs: this.#nowMs + Math.max(0, delayMs), callback, cancelled: false };
    this.#pending.push(entry);
    return {
      cancel: () => {
        entry.cancelled = true;
      },
    };
  }

  run(untilMs: number): void {
    for (;;) {
      this.#pending = this.#pending.filter(({ cancelled }) => !cancelled);
      const next = this.#pending.reduce<Pending | undefined>(
        (first, entry) => (first === undefined || entry.atMs < first.atMs ? entry : first),
        undefined,
      );
      if (next === undefined || next.atMs > untilMs) return;
      next.cancelled = true;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
    }
  }
}

interface Served {
  readonly refused: number;
  readonly mostCalls: number;
  /** Of the messages of those who were let in. */
  readonly lateP99Ms: number;
  /** Silence in what they heard, as a share. */
  readonly silentShare: number;
}

function serve(sheds: boolean): Served {
  const clock = new BusyClock();
  const random = seededRandom(11);
  const calls = new FakeCalls();
  const bounds = sheds
    ? { lagMsMax: usual.shedLagMs, lateMsMax: usual.shedLateMs }
    : { lagMsMax: Infinity, lateMsMax: Infinity };
  const overload = new Overload({
    clock,
    ...bounds,
    activeCalls: () => calls.activeCount,
    onChange: () => undefined,
  });
  const admission = new Admission(1_000, calls, clock, () => overload.reason !== undefined);
  const wheel = new PlayoutWheel(clock);
  const lateMs: number[] = [];
  let silentMs = 0;
  let spokenMs = 0;
  let refused = 0;
  let mostCalls = 0;
  const stopWatching = watchEventLoop(clock, (lagMs) => overload.lagged(lagMs));

  const begin = (): void => {
    const ignore = (): void => undefined;
    const output = { sendMedia: () => clock.spend(MESSAGE_COST_MS), sendMark: ignore, sendClear: ignore };
    const listener = {
      onStarted: ignore,
      onHeard: ignore,
      onProgress: ignore,
      onSentence: ignore,
      onPlayed: ignore,
      onWritten: (mulaw: Uint8Array) => void (spokenMs += mulaw.length / BYTES_PER_MS),
      onLate: (ms: number) => {
        lateMs.push(ms);
        overload.wroteLate(ms);
      },
      onUnderrun: (ms: number) => void (silentMs += ms),
    };
    const playout = new Playout(output, listener, wheel, clock);
    const speech = new Speech(0);
    const writer = speech.add('All that is said.');
    writer.write(sound);
    writer.end();
    speech.end();
    playout.play(speech);
    calls.activeCount += 1;
    mostCalls = Math.max(mostCalls, calls.activeCount);
    const turn = (): void => {
      clock.spend(TURN_COST_MS);
      turns = clock.after(TURN_EVERY_MS * (0.5 + random.next()), turn);
    };
    let turns = clock.after(TURN_EVERY_MS * random.next(), turn);
    clock.after(CALL_MS - 2_000, () => {
      turns.cancel();
      playout.close();
      calls.activeCount -= 1;
    });
  };
  const offer = (): void => {
    if (admission.refusals.length > 0) refused += 1;
    else begin();
    clock.after(OFFERED_EVERY_MS, offer);
  };
  offer();
  clock.run(RUN_MS);
  stopWatching();
  return { refused, mostCalls, lateP99Ms: quantile(lateMs, 0.99), silentShare: silentMs / spokenMs };
}

test('with more callers than it can serve a process refuses some, and those that it let in are served on time', () => {
  const served = serve(true);
  assert.ok(served.refused > 50 && served.mostCalls > 20, JSON.stringify(served));
  assert.ok(served.lateP99Ms < LEAD_MS, `${served.lateP99Ms} ms late`);
  assert.ok(served.silentShare < 0.005, `${served.silentShare} of it silent`);
});

test('without that all of them would suffer', () => {
  const served = serve(false);
  assert.equal(served.refused, 0);
  assert.ok(served.silentShare > 0.1, JSON.stringify(served));
});
