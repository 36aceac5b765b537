// A million messages, most of them damaged, at streams as the server opens them: none may throw, and memory may not grow.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { MediaStream, type StreamSocket } from '../twilio/mediaStream.ts';
import { shown, type BenchReport } from './benchReport.ts';
import { anyMessage } from './mangled.ts';

const SEED = 61;
const STEPS = 10;
/** Made once: to make a message takes longer than to read it. */
const KINDS = 20_000;

export interface FuzzOptions {
  readonly frames: number;
}

export interface FuzzResult {
  readonly frames: number;
  readonly refused: number;
  readonly understood: number;
  readonly streams: number;
  readonly thrown: readonly string[];
  /** After each tenth, garbage collected. */
  readonly heapMb: readonly number[];
  readonly tookMs: number;
}

type OnMessage = (data: Buffer, isBinary: boolean) => void;

/** A socket that nobody is at the other end of: what is said on it is given to whoever listens. */
class QuietSocket implements StreamSocket {
  readonly bufferedAmount = 0;
  readonly OPEN = 1;
  readonly CLOSED = 3;
  readyState = 1;
  #onMessage: OnMessage = () => undefined;
  #onClose: () => void = () => undefined;

  on(event: string, listener: (...given: never[]) => void): void {
    if (event === 'message') this.#onMessage = listener as OnMessage;
    if (event === 'close') this.#onClose = listener;
  }
  says(text: string): void {
    this.#onMessage(Buffer.from(text), false);
  }
  send(): void {}
  close(): void {
    this.terminate();
  }
  terminate(): void {
    if (this.readyState === this.CLOSED) return;
    this.readyState = this.CLOSED;
    this.#onClose();
  }
}

export async function fuzzFrames({ frames }: FuzzOptions): Promise<FuzzResult> {
  const random = seededRandom(SEED);
  const messages = Array.from({ length: Math.min(KINDS, frames) }, () => anyMessage(random));
  const collect = collector();
  const seen = { refused: 0, understood: 0, streams: 0, thrown: [] as string[] };
  const heapMb: number[] = [];
  const beganAtMs = systemClock.nowMs();
  let socket = openStream(seen);
  for (let sent = 0; sent < frames; sent += 1) {
    // Closed for its hundred bad ones: the next one comes.
    if (socket.readyState === socket.CLOSED) socket = openStream(seen);
    const message = messages[Math.floor(random.next() * messages.length)] ?? '';
    try {
      socket.says(message);
    } catch (error) {
      if (seen.thrown.length < 20) seen.thrown.push(`${String(error)} for ${message.slice(0, 200)}`);
    }
    if ((sent + 1) % Math.ceil(frames / STEPS) === 0) {
      // The timers of streams that are closed are cancelled in the meantime.
      await new Promise((resolve) => setImmediate(resolve));
      heapMb.push(collect());
    }
  }
  socket.terminate();
  return { ...seen, frames, heapMb, tookMs: systemClock.nowMs() - beganAtMs };
}

function openStream(seen: { refused: number; understood: number; streams: number }): QuietSocket {
  const socket = new QuietSocket();
  const stream = new MediaStream(socket, { startWithinMs: 10_000, bufferedBytesMax: 1_048_576 }, systemClock);
  const understood = (): void => void (seen.understood += 1);
  seen.streams += 1;
  stream.listen({
    onMedia: understood,
    onMark: understood,
    onDtmf: understood,
    onEnded: () => undefined,
    onRefused: () => (seen.refused += 1),
  });
  return socket;
}

/** Collects garbage, and answers what is left of the heap, in MB. */
function collector(): () => number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return () => {
    collect();
    return process.memoryUsage().heapUsed / 1_048_576;
  };
}

export async function benchFuzz(options: FuzzOptions): Promise<BenchReport> {
  const result = await fuzzFrames(options);
  const { frames, refused, understood, streams, thrown, heapMb, tookMs } = result;
  const half = heapMb.slice(Math.floor(heapMb.length / 2));
  const grownMb = (half.at(-1) ?? NaN) - (half[0] ?? NaN);
  return {
    title: `${frames} messages, most of them damaged, at ${streams} streams`,
    tables: [
      {
        heading: ['', 'measured', 'wanted'],
        rows: [
          ['thrown', shown(thrown.length), '0'],
          ['refused and counted', shown(refused), ''],
          ['understood', shown(understood), ''],
          ['a message, \u00b5s', shown((tookMs * 1_000) / frames, 1), ''],
          ['heap after each tenth, MB', heapMb.map((mb) => shown(mb, 1)).join(' '), ''],
          ['... grown in the second half, MB', shown(grownMb, 2), 'at most 2'],
        ],
      },
    ],
    notes: thrown,
    figures: result,
  };
}
