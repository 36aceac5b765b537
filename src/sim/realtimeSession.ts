// One connection to the simulated Realtime server: its audio buffer, its items, and what it says of them.
import type { RawData, WebSocket } from 'ws';
import { decodeMulaw, SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import { createResampler, type Resampler } from '../audio/resample.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { jittered, type SimTimings } from './behaviour.ts';
import type { RealtimeCounts, RealtimeFault } from './openaiRealtime.ts';
import {
  applyUpdate,
  DEFAULT_CONFIG,
  isLive,
  record,
  sessionOf,
  type RealtimeConfig,
  type Refusal,
} from './realtimeConfig.ts';
import { Recogniser, type HeardWord, type Phrasebook } from './recogniser.ts';
import { RealtimeOutbox, TRANSCRIPTION } from './realtimeOutbox.ts';
import { ServerVad } from './serverVad.ts';
import { transcript, written } from './transcript.ts';

export interface RealtimeSettings {
  readonly book: Phrasebook;
  readonly timings: () => SimTimings;
  readonly random: Random;
  readonly clock: Clock;
  readonly refusePcmu: boolean;
  readonly sessionMsMax: number;
  readonly fault: RealtimeFault | undefined;
  /** What is wrong with every session at this moment, besides. */
  readonly liveFault?: () => RealtimeFault | undefined;
  readonly counts: RealtimeCounts;
  readonly onFinal?: (atMs: number, text: string) => void;
}

/** A stretch of the buffer that was committed. */
interface Item {
  readonly id: string;
  readonly fromMs: number;
  readonly toMs: number;
  complete: boolean;
}

const COMMIT_MS_MIN = 100;
/** A completion that waits for a later one to overtake it waits no longer. */
const OVERTAKE_MS_MAX = 300;
/** As many words as are said in the recogniser's 4 s of history, and more. */
const RECENT_WORDS = 40;
/** Arrivals kept to tell when a word's last audio came: 10 s in pieces of 20 ms. */
const ARRIVALS_MAX = 500;
export class RealtimeSession {
  readonly #socket: WebSocket;
  readonly #query: URLSearchParams;
  readonly #settings: RealtimeSettings;
  readonly #timers = new Set<Timer>();
  readonly #recogniser: Recogniser;
  #config: RealtimeConfig = DEFAULT_CONFIG;
  #configured = false;
  #resampler: Resampler | undefined;
  #vad: ServerVad | undefined;
  #streamMs = 0;
  #committedMs = 0;
  readonly #arrivals: { readonly streamMs: number; readonly atMs: number }[] = [];
  readonly #items: Item[] = [];
  readonly #noted = new Set<HeardWord>();
  readonly #untold: HeardWord[] = [];
  /** Items of which a word has been told. */
  readonly #begun = new Set<string>();
  #overtaken: Item | undefined;
  readonly #outbox: RealtimeOutbox;

  constructor(socket: WebSocket, query: URLSearchParams, settings: RealtimeSettings) {
    this.#socket = socket;
    this.#query = query;
    this.#settings = settings;
    this.#recogniser = new Recogniser(settings.book);
    this.#outbox = new RealtimeOutbox(socket, { clock: settings.clock, fault: () => this.#fault });
    settings.counts.sessions += 1;
    settings.counts.openSessions += 1;
    socket.on('message', (data: RawData) => this.#onMessage(data));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#onClose());
  }

  /** The last accepted configuration. */
  get config(): RealtimeConfig {
    return this.#config;
  }

  /** The model's words for all that was said until now. */
  get words(): readonly HeardWord[] {
    return this.#recogniser.words;
  }

  /** Begins to speak. */
  greet(): void {
    const kind = this.#fault?.kind;
    if (kind === 'hang') return;
    if (kind === 'garbage') return this.#outbox.sendGarbage();
    if (!this.#query.has('intent') && !this.#query.has('model')) {
      this.#refuse({ code: 'missing_model', message: 'You must provide a model parameter.', param: null });
      this.#socket.close(4000, 'invalid_request_error.missing_model');
      return;
    }
    this.send({ type: 'session.created', session: sessionOf(this.#config) });
    this.#later(this.#settings.sessionMsMax, () => this.expire());
  }

  /** Any event, whatever the session is doing. */
  send(event: Readonly<Record<string, unknown>>): void {
    this.#outbox.send(event);
  }

  get #fault(): RealtimeFault | undefined {
    return this.#settings.fault ?? this.#settings.liveFault?.();
  }

  /** What happens after an hour. */
  expire(): void {
    const message = 'Your session hit the maximum duration of 60 minutes.';
    this.#error({ code: 'session_expired', message, param: null }, undefined);
    this.#socket.close(1001);
  }

  /** The connection breaks. */
  cut(): void {
    this.#socket.terminate();
  }

  #onMessage(data: RawData): void {
    let message: unknown;
    try {
      message = JSON.parse((data as Buffer).toString());
    } catch {
      this.#refuse({ code: 'invalid_json', message: 'Could not parse your JSON.', param: null });
      return;
    }
    const event = record(message);
    const eventId = typeof event['event_id'] === 'string' ? event['event_id'] : undefined;
    switch (event['type']) {
      case 'session.update':
        return this.#onUpdate(event['session'], eventId);
      case 'input_audio_buffer.append':
        return this.#onAppend(event['audio'], eventId);
      case 'input_audio_buffer.commit':
        return this.#onCommit(eventId);
      case 'input_audio_buffer.clear':
        this.#committedMs = this.#streamMs;
        this.#vad?.reset();
        return this.send({ type: 'input_audio_buffer.cleared' });
      default:
        return this.#refuse(
          { code: 'invalid_value', message: `Invalid value: '${String(event['type'])}'.`, param: 'type' },
          eventId,
        );
    }
  }

  #onUpdate(session: unknown, eventId: string | undefined): void {
    // With a model in the address it is a conversation.
    if (this.#query.get('intent') !== 'transcription') {
      const message = 'You cannot update a conversation session to a transcription session.';
      return this.#refuse({ code: 'invalid_model', message, param: 'session.type' }, eventId);
    }
    const result = applyUpdate(session, this.#config, this.#settings.refusePcmu);
    if (!result.ok) return this.#refuse(result.refusal, eventId);
    const { config } = result;
    this.#config = config;
    this.#configured = true;
    this.#resampler = config.format === 'audio/pcm' ? createResampler(24_000, SAMPLE_RATE_HZ) : undefined;
    this.#vad = config.silenceMs === undefined ? undefined : new ServerVad(config.silenceMs);
    this.send({ type: 'session.updated', session: sessionOf(config) });
    return undefined;
  }

  #onAppend(audio: unknown, eventId: string | undefined): void {
    this.#settings.counts.appends += 1;
    const bytes = typeof audio === 'string' ? Buffer.from(audio, 'base64') : Buffer.alloc(0);
    if (bytes.length === 0 || (this.#resampler !== undefined && bytes.length % 2 === 1)) {
      const message = 'Invalid audio: expected base64-encoded audio bytes.';
      this.#refuse({ code: 'invalid_value', message, param: 'audio' }, eventId);
      return;
    }
    if (!this.#configured) {
      this.#settings.counts.misreadBytes += bytes.length;
      return;
    }
    const samples = this.#decode(bytes);
    const durationMs = bytes.length / (this.#resampler === undefined ? 8 : 48);
    this.#streamMs += durationMs;
    this.#settings.counts.heardMs += durationMs;
    this.#arrivals.push({ streamMs: this.#streamMs, atMs: this.#settings.clock.nowMs() });
    if (this.#arrivals.length > ARRIVALS_MAX) this.#arrivals.shift();
    this.#recogniser.push(samples);
    if (isLive(this.#config.model)) this.#noteWords();
    this.#detectTurns(samples);
  }

  #decode(bytes: Buffer): Int16Array {
    if (this.#resampler === undefined) return decodeMulaw(bytes);
    const samples = new Int16Array(bytes.length / 2);
    for (let i = 0; i < samples.length; i += 1) samples[i] = bytes.readInt16LE(2 * i);
    return this.#resampler.process(samples);
  }

  /** Words that have just been recognised are told a while after their last sound came. */
  #noteWords(): void {
    const { clock, random, timings } = this.#settings;
    // A word may be found late, but not after so many others.
    for (const word of this.#recogniser.words.slice(-RECENT_WORDS)) {
      if (this.#noted.has(word)) continue;
      this.#noted.add(word);
      const arrival = this.#arrivals.find(({ streamMs }) => streamMs >= word.endMs);
      // A word counts a little before its end has come.
      const saidAtMs = arrival?.atMs ?? clock.nowMs() + word.endMs - this.#streamMs;
      const delayMs = jittered(timings().sttWordsMs, timings(), random);
      this.#later(saidAtMs + delayMs - clock.nowMs(), () => this.#tellNextWord());
      this.#untold.push(word);
    }
  }

  /** Whatever the delays, words come in the order in which they were said. */
  #tellNextWord(): void {
    const word = this.#untold.shift();
    if (word === undefined) return;
    const item = this.#items.find(({ fromMs, toMs }) => isIn(word, fromMs, toMs));
    if (item?.complete === true) return;
    const itemId = item?.id ?? this.#nextItemId;
    const space = this.#begun.has(itemId) ? ' ' : '';
    this.#begun.add(itemId);
    this.send({
      type: `${TRANSCRIPTION}.delta`,
      item_id: itemId,
      content_index: 0,
      delta: `${space}${written(word)}`,
    });
  }

  get #nextItemId(): string {
    return `item_${this.#items.length + 1}`;
  }

  #detectTurns(samples: Int16Array): void {
    for (const { kind, atMs } of this.#vad?.push(samples) ?? []) {
      const itemId = this.#nextItemId;
      if (kind === 'started') {
        const startMs = Math.max(0, atMs - this.#config.prefixPaddingMs);
        this.send({ type: 'input_audio_buffer.speech_started', audio_start_ms: startMs, item_id: itemId });
      } else {
        this.send({ type: 'input_audio_buffer.speech_stopped', audio_end_ms: atMs, item_id: itemId });
        this.#commitItem();
      }
    }
  }

  #onCommit(eventId: string | undefined): void {
    const bufferedMs = this.#streamMs - this.#committedMs;
    if (bufferedMs >= COMMIT_MS_MIN) {
      this.#settings.counts.commits += 1;
      this.#vad?.reset();
      this.#commitItem();
      return;
    }
    this.#settings.counts.emptyCommits += 1;
    const message = `Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has ${bufferedMs.toFixed(2)}ms of audio.`;
    this.#error({ code: 'input_audio_buffer_commit_empty', message, param: null }, eventId);
  }

  #commitItem(): void {
    const { random, timings } = this.#settings;
    const previous = this.#items.at(-1)?.id ?? null;
    const item = { id: this.#nextItemId, fromMs: this.#committedMs, toMs: this.#streamMs, complete: false };
    this.#items.push(item);
    this.#committedMs = item.toMs;
    this.send({ type: 'input_audio_buffer.committed', item_id: item.id, previous_item_id: previous });
    const content = [{ type: 'input_audio', transcript: null }];
    this.send({
      type: 'conversation.item.added',
      item: { id: item.id, type: 'message', role: 'user', status: 'completed', content },
      previous_item_id: previous,
    });
    this.#later(jittered(timings().sttFinalMs, timings(), random), () => this.#finish(item));
  }

  #finish(item: Item): void {
    if (this.#fault?.kind !== 'outOfOrder') {
      this.#complete(item);
    } else if (this.#overtaken === undefined) {
      this.#overtaken = item;
      this.#later(OVERTAKE_MS_MAX, () => this.#finishOvertaken());
    } else {
      this.#complete(item);
      this.#finishOvertaken();
    }
  }

  #finishOvertaken(): void {
    const item = this.#overtaken;
    this.#overtaken = undefined;
    if (item !== undefined) this.#complete(item);
  }

  #complete(item: Item): void {
    if (item.complete) return;
    item.complete = true;
    const about = { item_id: item.id, content_index: 0 };
    if (this.#fault?.kind === 'failedItems') {
      const error = {
        type: 'server_error',
        code: 'transcription_failed',
        message: 'Input transcription failed.',
        param: null,
      };
      this.send({ type: `${TRANSCRIPTION}.failed`, ...about, error });
      return;
    }
    const words = this.#recogniser.words.filter((word) => isIn(word, item.fromMs, item.toMs));
    const text = transcript(words);
    // Models without live words tell them now: `whisper-1` all at once, the others one by one.
    if (!isLive(this.#config.model)) {
      const deltas = this.#config.model === 'whisper-1' ? [text] : text.split(/(?= )/);
      for (const delta of deltas)
        if (delta !== '') this.send({ type: `${TRANSCRIPTION}.delta`, ...about, delta });
    }
    const usage = { type: 'duration', seconds: (item.toMs - item.fromMs) / 1_000 };
    this.#settings.onFinal?.(this.#settings.clock.nowMs(), text);
    this.send({ type: `${TRANSCRIPTION}.completed`, ...about, transcript: text, usage });
  }

  #refuse(refusal: Refusal, eventId?: string): void {
    this.#settings.counts.refusals += 1;
    this.#error(refusal, eventId);
  }

  #error(refusal: Refusal, eventId: string | undefined): void {
    this.send({
      type: 'error',
      error: { type: 'invalid_request_error', ...refusal, event_id: eventId ?? null },
    });
  }

  #later(delayMs: number, callback: () => void): void {
    const timer = this.#settings.clock.after(delayMs, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
  }

  #onClose(): void {
    this.#settings.counts.openSessions -= 1;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}

/** A word belongs where its middle is. */
function isIn(word: HeardWord, fromMs: number, toMs: number): boolean {
  const middleMs = (word.startMs + word.endMs) / 2;
  return middleMs >= fromMs && middleMs < toMs;
}
