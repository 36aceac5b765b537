// One connection to the simulated Deepgram: the audio that came, the words that were recognised in it, and messages that
// leave a while after the audio they are about. What is said of the words is the dialect's.
import type { RawData, WebSocket } from 'ws';
import { BYTES_PER_MS, decodeMulaw } from '../audio/mulaw.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { isRecord, parseJson, type JsonRecord } from '../base/json.ts';
import type { Random } from '../base/random.ts';
import { jittered, type SimFault, type SimTimings } from './behaviour.ts';
import { Recogniser, type HeardWord, type Phrasebook } from './recogniser.ts';

/** What all connections together saw. */
export interface DeepgramCounts {
  sessions: number;
  openSessions: number;
  heardMs: number;
  keepAlives: number;
  /** `Finalize` and `ForceEndTurn`. */
  asked: number;
}

export interface DeepgramSettings {
  readonly book: Phrasebook;
  readonly timings: () => SimTimings;
  readonly random: Random;
  readonly clock: Clock;
  readonly updateMs: number;
  readonly fault: SimFault | undefined;
  readonly counts: DeepgramCounts;
}

/** What a dialect answers with; `asked` answers come after the time of a final, all others after that of words. */
export type Messages = readonly JsonRecord[];

export interface DeepgramDialect {
  readonly greeting: JsonRecord | undefined;
  /** Every 20 ms of audio: all words so far, of which new ones may have come; `due` when it is time for an update. */
  heard(words: readonly HeardWord[], audioMs: number, due: boolean): Messages;
  /** Text from the client; undefined for what it doesn't know. */
  told(type: string, words: readonly HeardWord[], audioMs: number): Messages | undefined;
  /** What closes the connection after a message that isn't known or can't be read; none ignores it. */
  readonly refusal: JsonRecord | undefined;
}

const STEP_BYTES = 20 * BYTES_PER_MS;
/** Neither audio nor KeepAlive for so long: the connection is closed. */
const IDLE_MS = 10_000;
const GARBAGE = [
  'not json',
  'null',
  '[]',
  '{"type":7}',
  '{"type":"TurnInfo"}',
  '{"type":"Results","channel":null}',
];

export class DeepgramStream {
  readonly #socket: WebSocket;
  readonly #dialect: DeepgramDialect;
  readonly #settings: DeepgramSettings;
  readonly #recogniser: Recogniser;
  readonly #timers = new Set<Timer>();
  readonly #queued: JsonRecord[] = [];
  #idleTimer: Timer | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  #audioMs = 0;
  #saidMs = 0;
  #sentItems = 0;

  constructor(socket: WebSocket, dialect: DeepgramDialect, settings: DeepgramSettings) {
    this.#socket = socket;
    this.#dialect = dialect;
    this.#settings = settings;
    this.#recogniser = new Recogniser(settings.book);
    settings.counts.sessions += 1;
    settings.counts.openSessions += 1;
    socket.on('message', (data: RawData, isBinary: boolean) => this.#onMessage(data as Buffer, isBinary));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#onClose());
  }

  /** All that was recognised until now. */
  get words(): readonly HeardWord[] {
    return this.#recogniser.words;
  }

  greet(): void {
    const { fault } = this.#settings;
    if (fault?.kind === 'garbage') for (const text of GARBAGE) this.#socket.send(text);
    this.#waitForMore();
    const { greeting } = this.#dialect;
    if (greeting !== undefined) this.send(greeting);
  }

  /** Any message, whatever the connection is doing. */
  send(message: JsonRecord): void {
    const { fault } = this.#settings;
    if (fault?.kind === 'hang' || fault?.kind === 'garbage') return;
    const over = (fault?.kind === 'stall' || fault?.kind === 'cut') && this.#sentItems >= fault.afterItems;
    if (over && fault.kind === 'cut') return this.cut();
    if (over) return undefined;
    if (message['type'] !== 'Connected') this.#sentItems += 1;
    return this.#socket.send(JSON.stringify(message));
  }

  /** The connection breaks. */
  cut(): void {
    this.#socket.terminate();
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    this.#waitForMore();
    if (isBinary) this.#onAudio(data);
    else this.#onText(data.toString());
  }

  #onAudio(data: Buffer): void {
    // The way of old to end a stream.
    if (data.length === 0) return this.#socket.close();
    const { counts, updateMs } = this.#settings;
    counts.heardMs += data.length / BYTES_PER_MS;
    let audio: Uint8Array = Buffer.concat([this.#rest, data]);
    for (; audio.length >= STEP_BYTES; audio = audio.subarray(STEP_BYTES)) {
      this.#recogniser.push(decodeMulaw(audio.subarray(0, STEP_BYTES)));
      this.#audioMs += STEP_BYTES / BYTES_PER_MS;
      const messages = this.#dialect.heard(
        this.words,
        this.#audioMs,
        this.#audioMs - this.#saidMs >= updateMs,
      );
      if (messages.length > 0) this.#saidMs = this.#audioMs;
      this.#later(this.#settings.timings().sttWordsMs, messages);
    }
    this.#rest = audio.slice();
    return undefined;
  }

  #onText(text: string): void {
    const message = parseJson(text);
    const type = isRecord(message) && typeof message['type'] === 'string' ? message['type'] : '';
    const { counts, timings } = this.#settings;
    if (type === 'CloseStream') return this.#socket.close();
    if (type === 'KeepAlive') counts.keepAlives += 1;
    if (type === 'Finalize' || type === 'ForceEndTurn') counts.asked += 1;
    const answers = this.#dialect.told(type, this.words, this.#audioMs);
    if (answers !== undefined) return this.#later(timings().sttFinalMs, answers);
    if (this.#dialect.refusal === undefined) return undefined;
    this.send(this.#dialect.refusal);
    return this.#socket.close(1011);
  }

  /** Whatever the delays, messages leave in the order of the audio. */
  #later(delayMs: number, messages: Messages): void {
    const { clock, random, timings } = this.#settings;
    for (const message of messages) {
      this.#queued.push(message);
      const timer = clock.after(jittered(delayMs, timings(), random), () => {
        this.#timers.delete(timer);
        const next = this.#queued.shift();
        if (next !== undefined) this.send(next);
      });
      this.#timers.add(timer);
    }
  }

  #waitForMore(): void {
    this.#idleTimer?.cancel();
    this.#idleTimer = this.#settings.clock.after(IDLE_MS, () => this.#socket.close(1011, 'NET-0001'));
  }

  #onClose(): void {
    this.#settings.counts.openSessions -= 1;
    this.#idleTimer?.cancel();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
