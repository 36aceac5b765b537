// What the gateway's own parts cost a core that does nothing else: the codec, the playout, the sentence splitter.
import { FRAME_BYTES, FRAME_MS } from '../audio/mulaw.ts';
import { sleep, systemClock, type Clock, type Timer } from '../base/clock.ts';
import { Playout, type PlayoutListener } from '../playout/playout.ts';
import { Speech } from '../playout/speech.ts';
import { PlayoutWheel } from '../playout/wheel.ts';
import { SpeechText } from '../sentence/speechText.ts';
import { SentenceSplitter } from '../sentence/splitter.ts';
import { formatMark, formatMedia, parseInbound } from '../twilio/frame.ts';
import type { BenchValue } from './benchAudio.ts';
import { tokensOf } from './chatWire.ts';
import { median } from './statistics.ts';

const ROUNDS = 7;
const ROUND_MS = 60;
const STREAM_SID = `MZ${'a'.repeat(32)}`;
const TALKING_CALLS = 200;
const SPEECH_MS = 10_000;
const REPLY =
  'We are open Monday to Friday from 8:00 to 18:30, e.g. on the 3rd of May. On Saturdays Dr. Silva is here until one. Which day would suit you?';

/** Medians of seven rounds. */
export async function benchWork(): Promise<readonly BenchValue[]> {
  const inbound = inboundFrame();
  const mulaw = new Uint8Array(2 * FRAME_BYTES).map((_unused, index) => (index * 37) % 256);
  const frame = mulaw.subarray(0, FRAME_BYTES);
  const inUs = await costUs(() => parseInbound(inbound.toString('utf8')));
  const outUs = await costUs(() => Buffer.from(formatMedia(STREAM_SID, frame)));
  const out40Us = await costUs(() => Buffer.from(formatMedia(STREAM_SID, mulaw)));
  const playoutUs = await medianOfRounds(playoutFrameUs);
  const tokens = tokensOf(REPLY);
  const splitUs = await costUs(() => split(tokens));
  return [
    { name: 'codec: frame in, bytes to mu-law', value: inUs, unit: 'us a frame' },
    { name: 'codec: frame out, mu-law to bytes', value: outUs, unit: 'us a frame' },
    { name: 'codec: message of two frames out', value: out40Us, unit: 'us a message' },
    { name: 'codec, in and out', value: 1_000_000 / (inUs + outUs), unit: 'frames/s a core' },
    { name: `playout with the codec, ${TALKING_CALLS} calls`, value: playoutUs, unit: 'us a frame' },
    { name: 'playout with the codec', value: 1_000_000 / playoutUs, unit: 'frames/s a core' },
    { name: 'sentence splitting', value: splitUs / tokens.length, unit: 'us a token' },
    {
      name: `a reply of ${REPLY.length} characters`,
      value: splitUs,
      unit: 'us',
    },
  ];
}

/** As Twilio writes it, as it comes from the socket. */
function inboundFrame(): Buffer {
  const payload = Buffer.from(new Uint8Array(FRAME_BYTES).map((_unused, index) => (index * 91) % 256));
  return Buffer.from(
    `{"event":"media","sequenceNumber":"4711","media":{"track":"inbound","chunk":"4710","timestamp":"94200","payload":"${payload.toString('base64')}"},"streamSid":"${STREAM_SID}"}`,
  );
}

function split(tokens: readonly string[]): number {
  const options = { language: 'en-US', earlyClause: true };
  const text = new SpeechText(options);
  const splitter = new SentenceSplitter(options);
  let pieces = 0;
  for (const token of tokens) pieces += splitter.push(text.push(token)).length;
  return pieces + splitter.push(text.end()).length + splitter.end().length;
}

/** Microseconds for one `work`. */
export async function costUs(work: () => unknown): Promise<number> {
  return medianOfRounds(() => {
    const startedAtMs = systemClock.nowMs();
    let done = 0;
    let tookMs = 0;
    while (tookMs < ROUND_MS) {
      for (let n = 0; n < 100; n += 1) work();
      done += 100;
      tookMs = systemClock.nowMs() - startedAtMs;
    }
    return (tookMs * 1_000) / done;
  });
}

/** After one round to warm up. */
async function medianOfRounds(round: () => number): Promise<number> {
  round();
  const values: number[] = [];
  for (let n = 0; n < ROUNDS; n += 1) {
    values.push(round());
    await sleep(systemClock, 0);
  }
  return median(values);
}

/** Time that passes as fast as the work is done: what is left of a playout's seconds is what it costs. */
class WorkClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Map<object, { readonly atMs: number; readonly callback: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer = { cancel: () => void this.#timers.delete(timer) };
    this.#timers.set(timer, { atMs: this.#nowMs + delayMs, callback });
    return timer;
  }

  /** Rings what is due by then; there is the wheel's one timer while all calls talk. */
  advanceTo(atMs: number): void {
    for (;;) {
      const due = [...this.#timers].find(([, timer]) => timer.atMs <= atMs);
      if (due === undefined) break;
      const [key, timer] = due;
      this.#timers.delete(key);
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      timer.callback();
    }
    this.#nowMs = atMs;
  }
}

const unheard: PlayoutListener = {
  onStarted: () => undefined,
  onHeard: () => undefined,
  onProgress: () => undefined,
  onSentence: () => undefined,
  onPlayed: () => undefined,
  onWritten: () => undefined,
  onLate: () => undefined,
  onUnderrun: () => undefined,
};

/** All calls talk for ten seconds, everything but the socket: wheel, playout, marks, codec. */
function playoutFrameUs(): number {
  const clock = new WorkClock();
  const wheel = new PlayoutWheel(clock);
  let frames = 0;
  const calls = Array.from({ length: TALKING_CALLS }, (_unused, index) => {
    const marks: string[] = [];
    const playout = new Playout(
      {
        sendMedia: (mulaw) => {
          Buffer.from(formatMedia(STREAM_SID, mulaw));
          frames += mulaw.length / FRAME_BYTES;
        },
        sendMark: (name) => {
          Buffer.from(formatMark(STREAM_SID, name));
          marks.push(name);
        },
        sendClear: () => undefined,
      },
      unheard,
      wheel,
      clock,
    );
    return { playout, marks, speech: longSpeech(index) };
  });
  const startedAtMs = systemClock.nowMs();
  for (const { playout, speech } of calls) playout.play(speech);
  for (let atMs = FRAME_MS; atMs < SPEECH_MS - 1_000; atMs += FRAME_MS) {
    clock.advanceTo(atMs);
    // The carrier sends marks back; when does not matter here.
    for (const { playout, marks } of calls) for (const name of marks.splice(0)) playout.echoed(name);
  }
  const tookMs = systemClock.nowMs() - startedAtMs;
  for (const { playout } of calls) playout.close();
  return (tookMs * 1_000) / frames;
}

function longSpeech(id: number): Speech {
  const speech = new Speech(id);
  const writer = speech.add('A long speech');
  for (let atMs = 0; atMs < SPEECH_MS; atMs += 500)
    writer.write(new Uint8Array((500 / FRAME_MS) * FRAME_BYTES));
  writer.end();
  speech.end();
  return speech;
}
