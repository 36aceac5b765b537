// The silence round a sentence. Providers begin with up to 200 ms of it, which the caller would wait
// through, and end with as much or more, which makes one sentence's end and the next one's beginning a hole.
import { BYTES_PER_MS, levelDbfs } from '../audio/mulaw.ts';

/** Kept before the first sound: a soft consonant begins below the threshold. */
export const LEAD_MS_MAX = 20;
/** Kept after the last sound: about the pause of a speaker between two sentences. */
export const TAIL_MS_MAX = 180;
/**
 * Windows below this level are silence. Speech lies about -20 dBFS and its faintest sound, a "th" that begins a
 * sentence, was measured 30-35 dB under that; the pauses of synthetic voices are near to digital silence.
 */
const QUIET_DBFS = -56;
/** Short, so that little is held back at the end of a chunk. */
const WINDOW_MS = 5;
const WINDOW_BYTES = WINDOW_MS * BYTES_PER_MS;
const LEAD_BYTES_MAX = LEAD_MS_MAX * BYTES_PER_MS;
const TAIL_BYTES_MAX = TAIL_MS_MAX * BYTES_PER_MS;

export interface SilenceTrim {
  /** True once there was a sound. */
  readonly heard: boolean;
  /** What can be said by now; may be empty. A pause inside a sentence stays whole, but its part beyond TAIL_MS_MAX waits for what follows it. */
  push(mulaw: Uint8Array): Uint8Array;
  /** The rest, without the silence at the end. */
  end(): Uint8Array;
}

/** For one sentence. However it is cut into pieces, the output put together is the same. */
export function trimSilence(): SilenceTrim {
  let heard = false;
  /** Silence that may be cut: before the first sound its last LEAD_MS_MAX, later what exceeds TAIL_MS_MAX. */
  let held: Uint8Array[] = [];
  /** Silence since the last sound, held or not. */
  let quietBytes = 0;
  /** Less than a window. */
  let rest: Uint8Array = new Uint8Array(0);

  const take = (window: Uint8Array, out: Uint8Array[]): void => {
    if (levelDbfs(window) >= QUIET_DBFS) {
      heard = true;
      quietBytes = 0;
      out.push(...held, window);
      held = [];
      return;
    }
    quietBytes += window.length;
    if (!heard) {
      held.push(window);
      while (held.length * WINDOW_BYTES > LEAD_BYTES_MAX) held.shift();
    } else if (quietBytes <= TAIL_BYTES_MAX) {
      out.push(window);
    } else {
      held.push(window);
    }
  };

  return {
    get heard() {
      return heard;
    },
    push(mulaw) {
      const all = rest.length === 0 ? mulaw : Buffer.concat([rest, mulaw]);
      const out: Uint8Array[] = [];
      let done = 0;
      for (; done + WINDOW_BYTES <= all.length; done += WINDOW_BYTES) {
        take(all.subarray(done, done + WINDOW_BYTES), out);
      }
      rest = all.slice(done);
      return Buffer.concat(out);
    },
    end() {
      const out: Uint8Array[] = [];
      if (rest.length > 0) take(rest, out);
      return Buffer.concat(out);
    },
  };
}
