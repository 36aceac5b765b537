// What a rehearsed call has in place of the world: a carrier that plays to nobody, providers that know their text.
import { BYTES_PER_MS, encodeMulaw, FRAME_MS, SAMPLE_RATE_HZ, silence } from '../audio/mulaw.ts';
import { sleep, type Clock } from '../base/clock.ts';
import { isRecord, parseJson } from '../base/json.ts';
import type { LanguageModel } from '../llm/port.ts';
import type { CallWriter } from '../store/port.ts';
import type { SpeechToText, SttEvent } from '../stt/port.ts';
import type { TextToSpeech } from '../tts/port.ts';
import type { StreamSocket } from '../twilio/mediaStream.ts';
import { SocketListeners } from '../twilio/socketListeners.ts';
import type { VadEvent, VoiceDetector } from '../vad/port.ts';

/** Of the shape that ids have, and of no carrier. */
const STREAM_SID = `MZ${'0'.repeat(32)}`;
export const CALL_SID = `CA${'0'.repeat(32)}`;
export const ACCOUNT_SID = `AC${'0'.repeat(32)}`;

const FIRST_TOKEN_MS = 60;
const TOKEN_MS = 10;
const FIRST_AUDIO_MS = 40;
const FINAL_MS = 20;
/** Three pieces a sentence: as a provider sends them. */
const SPOKEN_PIECE_MS = 120;

/** A socket whose other end is ourselves: says what a carrier says, and sends marks back when they were played. */
export class RehearsalSocket extends SocketListeners implements StreamSocket {
  readonly OPEN = 1;
  readonly CLOSED = 3;
  readonly bufferedAmount = 0;
  readyState = 1;
  readonly #clock: Clock;
  #chunk = 0;
  #playedAtMs = 0;
  #mediaMessages = 0;

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
  }

  /** Messages with sound that were sent to the carrier. */
  get mediaMessages(): number {
    return this.#mediaMessages;
  }

  /** Everything that was sent has been played. */
  get isQuiet(): boolean {
    return this.#clock.nowMs() >= this.#playedAtMs;
  }

  send(text: string): void {
    const message = parseJson(text);
    if (!isRecord(message)) return;
    const { event, media, mark } = message;
    if (event === 'media' && isRecord(media)) {
      this.#mediaMessages += 1;
      const durationMs = Buffer.from(String(media['payload']), 'base64').length / BYTES_PER_MS;
      this.#playedAtMs = Math.max(this.#playedAtMs, this.#clock.nowMs()) + durationMs;
    } else if (event === 'mark') {
      this.#clock.after(this.#playedAtMs - this.#clock.nowMs(), () =>
        this.#say({ event: 'mark', streamSid: STREAM_SID, mark }),
      );
    }
  }

  close(): void {
    this.terminate();
  }

  terminate(): void {
    if (this.readyState === this.CLOSED) return;
    this.readyState = this.CLOSED;
    this.tellClosed();
  }

  sayStart(): void {
    const mediaFormat = { encoding: 'audio/x-mulaw', sampleRate: SAMPLE_RATE_HZ, channels: 1 };
    const start = { streamSid: STREAM_SID, callSid: CALL_SID, accountSid: ACCOUNT_SID, mediaFormat };
    this.#say({ event: 'start', streamSid: STREAM_SID, start });
  }

  /** One frame of the caller's, in the carrier's own spelling. */
  sayMedia(mulaw: Uint8Array): void {
    this.#chunk += 1;
    const chunk = String(this.#chunk);
    const timestamp = String(this.#chunk * FRAME_MS);
    const media = { track: 'inbound', chunk, timestamp, payload: Buffer.from(mulaw).toString('base64') };
    this.#say({ event: 'media', sequenceNumber: chunk, media, streamSid: STREAM_SID });
  }

  sayStop(): void {
    this.#say({ event: 'stop', streamSid: STREAM_SID });
  }

  #say(message: object): void {
    if (this.readyState === this.CLOSED) return;
    this.tellMessage(Buffer.from(JSON.stringify(message)), false);
  }
}

/** The process's own detector hears every frame; what it makes of a sound that is no voice is left out. */
export class RehearsalDetector implements VoiceDetector {
  readonly kind: 'silero' | 'energy';
  readonly #detector: VoiceDetector;
  #tell: (event: VadEvent) => void = () => undefined;

  constructor(detector: VoiceDetector) {
    this.kind = detector.kind;
    this.#detector = detector;
  }

  open(listener: (event: VadEvent) => void): ReturnType<VoiceDetector['open']> {
    this.#tell = listener;
    return this.#detector.open(() => undefined, false);
  }

  tell(event: VadEvent): void {
    this.#tell(event);
  }

  /** It is somebody else's. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Ears that are told what to have heard. */
export class RehearsalEars implements SpeechToText {
  readonly provider = 'rehearsal';
  readonly capabilities = { liveWords: true, commitsItself: false };
  readonly #clock: Clock;
  #tell: (event: SttEvent) => void = () => undefined;
  #utterance = 0;
  #text = '';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(_options: unknown, listener: (event: SttEvent) => void): ReturnType<SpeechToText['open']> {
    this.#tell = listener;
    return {
      push: () => undefined,
      commit: () => this.#commit(),
      close: () => {
        this.#tell = () => undefined;
      },
    };
  }

  hear(text: string): void {
    this.#text = text;
    this.#tell({ kind: 'words', utterance: this.#utterance, text });
  }

  #commit(): number {
    const utterance = this.#utterance;
    const text = this.#text;
    this.#utterance += 1;
    this.#text = '';
    this.#clock.after(FINAL_MS, () => this.#tell({ kind: 'final', utterance, text }));
    return utterance;
  }
}

export function rehearsalModel(clock: Clock, words: string): LanguageModel {
  return {
    provider: 'rehearsal',
    model: 'rehearsal',
    async *complete(_request, signal) {
      await sleep(clock, FIRST_TOKEN_MS, signal);
      for (const word of words.split(' ')) {
        yield { kind: 'text', text: `${word} ` };
        await sleep(clock, TOKEN_MS, signal);
      }
      yield { kind: 'finished', reason: 'stop' };
    },
    warmUp: () => Promise.resolve(),
  };
}

export function rehearsalVoice(clock: Clock): TextToSpeech {
  const piece = buzz(SPOKEN_PIECE_MS);
  return {
    provider: 'rehearsal',
    cacheKey: 'rehearsal',
    async *speak(_text, signal) {
      await sleep(clock, FIRST_AUDIO_MS, signal);
      for (let pieces = 0; pieces < 3; pieces += 1) yield { mulaw: piece };
    },
    warmUp: () => Promise.resolve(),
  };
}

/** Keeps nothing. */
export const rehearsalWriter: CallWriter = {
  callStarted: () => undefined,
  turnFinished: () => Promise.resolve(),
  callEnded: () => Promise.resolve(),
  leadFields: () => undefined,
  pendingWrites: 0,
  flush: () => Promise.resolve(),
};

/** A sound as loud as a voice, of 120 pulses a second: enough for what lets no silence through to the model. */
export function buzz(durationMs: number): Uint8Array {
  const samples = new Int16Array(durationMs * BYTES_PER_MS);
  const periodSamples = Math.round(SAMPLE_RATE_HZ / 120);
  for (let i = 0; i < samples.length; i += 1) {
    samples[i] = Math.round(12_000 * Math.exp(-(i % periodSamples) / 12) * Math.cos(i / 2));
  }
  return encodeMulaw(samples);
}

export const quietFrame = silence(FRAME_MS);
export const buzzingFrame = buzz(FRAME_MS);
