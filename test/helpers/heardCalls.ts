// Callers who interrupt, on the virtual clock: the real call, turn machine and playout against the simulated carrier,
// whose line knows to the frame what it played. The agent speaks with the simulated voice, whose words have known
// places, so what was heard can be told without recognising anything.
import assert from 'node:assert/strict';
import { BYTES_PER_MS, encodeMulaw } from '../../src/audio/mulaw.ts';
import { isRecord, parseJson } from '../../src/base/json.ts';
import { seededRandom } from '../../src/base/random.ts';
import { sleep } from '../../src/base/clock.ts';
import { sayable } from '../../src/sentence/sayable.ts';
import { ANSWERS } from '../../src/sim/benchTalk.ts';
import { CarrierLine } from '../../src/sim/carrierLine.ts';
import type { CarrierSocketListener } from '../../src/sim/carrierSocket.ts';
import { CarrierWheel } from '../../src/sim/carrierWheel.ts';
import { plain } from '../../src/sim/recogniser.ts';
import { TURN_TEXTS } from '../../src/sim/turnTexts.ts';
import { toSampleRate, trimSilence, type Voice, type VoiceOptions } from '../../src/sim/voice.ts';
import { writtenWords, type WordTime } from '../../src/sim/voiceWords.ts';
import type { SpeechChunk } from '../../src/tts/port.ts';
import type { MediaStreamListener } from '../../src/twilio/mediaStream.ts';
import { CallRig, INFO } from './callRig.ts';
import { Chance } from './chance.ts';
import { settlePromises, VirtualClock } from './virtualClock.ts';

/** What is wrong on the line, or happens before the caller interrupts. */
export const CONDITIONS = [
  'plain',
  'a mark lost',
  'all marks lost',
  'marks late',
  'marks doubled',
  'cleared marks come back',
  'jitter',
  'held and resumed before',
] as const;
export type Condition = (typeof CONDITIONS)[number];

/** One interruption: the words that the carrier played, and those that the gateway believes were heard. */
export interface Interruption {
  readonly condition: Condition;
  readonly wordTimes: boolean;
  readonly reply: string;
  readonly played: readonly string[];
  readonly stored: readonly string[];
}

/** Between us and the carrier, one way; a call keeps its own. */
const WAY_MS = [10, 60] as const;
/** On top, each message: with `jitter` of the line, and without. */
const JITTER_MS = 80;
const LATE_MS = [50, 800] as const;
const INTERRUPTIONS_A_CALL = 8;
/** When the caller cuts in, from the first frame that is played of the reply. */
const CUT_AFTER_MS = [150, 7_000] as const;
const VOICES: readonly VoiceOptions[] = [
  { voice: 'en-us+f3', rate: 165 },
  { voice: 'en', rate: 190, pitch: 40 },
  { voice: 'en-us', rate: 145 },
  { voice: 'en-us+m3', rate: 175, pitch: 60 },
];
const SHORT = ['We are open until six this evening.', 'Yes, of course, I will do that for you right now.'];
const REPLIES = [...SHORT, ...ANSWERS, ...TURN_TEXTS.tuning.long.map(({ reply }) => reply)];
/** Faster than it is spoken the voice arrives, in pieces of no whole number of frames. */
const VOICE_SPEED = 4;
const PIECE_BYTES = 601;
const GREETING = 'Hello, this is Robin.';
const CUT_IN = ['stop', 'please', 'wait'];

interface Piece {
  readonly text: string;
  readonly mulaw: Uint8Array;
  readonly words: readonly WordTime[];
}

/** `count` interruptions of one kind, several to a call. The same seed gives the same ones. */
export async function interruptions(
  condition: Condition,
  count: number,
  seed: number,
  voice: Voice,
): Promise<readonly Interruption[]> {
  const found: Interruption[] = [];
  for (let call = 0; found.length < count; call += 1) {
    assert.ok(call < count, `${condition}: too few interruptions came about`);
    const chance = new Chance(seed * 1_000 + 100 * CONDITIONS.indexOf(condition) + call);
    const speech = await agentSpeech(call % VOICES.length, chance.happens(0.5), voice);
    const held = new HeardCall(condition, chance, speech);
    found.push(...(await held.run(Math.min(INTERRUPTIONS_A_CALL, count - found.length))));
  }
  return found;
}

/** How the agent speaks in one call, and all that it may say. */
interface AgentSpeech {
  /** Whether the voice tells when each word is said. */
  readonly wordTimes: boolean;
  readonly replies: readonly string[];
  /** By their text. */
  readonly pieces: ReadonlyMap<string, Piece>;
}

class HeardCall {
  readonly #condition: Condition;
  readonly #chance: Chance;
  readonly #speech: AgentSpeech;
  readonly #rig: CallRig;
  readonly #line: CarrierLine;
  readonly #wayMs: number;
  /** All that the voice was asked for, in that order. */
  readonly #pieces: Piece[] = [];
  #socket: CarrierSocketListener | undefined;
  #listener: MediaStreamListener | undefined;
  #reply = '';
  /** What the carrier had played when the reply under way came in, in ms. */
  #baseMs = 0;
  #replyAtMs: number | undefined;
  #playedMs: number | undefined;

  constructor(condition: Condition, chance: Chance, speech: AgentSpeech) {
    this.#condition = condition;
    this.#chance = chance;
    this.#speech = speech;
    this.#wayMs = chance.between(...WAY_MS);
    this.#rig = new CallRig({
      clock: new VirtualClock(settlePromises),
      answer: () => tokens(this.#reply),
      world: {
        voice: {
          provider: 'simulated',
          cacheKey: 'simulated',
          warmUp: () => Promise.resolve(),
          speak: (text, signal) => this.#speak(text, signal),
        },
      },
    });
    const { clock } = this.#rig;
    this.#line = new CarrierLine({
      clock,
      random: seededRandom(chance.between(1, 1_000_000)),
      wheel: new CarrierWheel(clock),
      dial: (_address, _signature, listener) => this.#dial(listener),
    });
    this.#line.listen({
      onAgentAudio: () => this.#onAgentAudio(),
      onClear: () => {
        this.#playedMs = this.#carrierMs() - this.#baseMs;
      },
    });
  }

  async run(count: number): Promise<readonly Interruption[]> {
    await this.#open();
    const found: Interruption[] = [];
    for (let times = 0; times < count; times += 1) {
      const one = await this.#interruption();
      if (one !== undefined) found.push(one);
    }
    this.#rig.hangsUp();
    this.#line.close();
    await this.#rig.clock.advance(2_000);
    assert.deepEqual(this.#rig.bugs, []);
    return found;
  }

  async #open(): Promise<void> {
    const { clock, calls } = this.#rig;
    const there = lane(clock, () => this.#delayMs());
    const write = (message: object): void => {
      const text = JSON.stringify({ streamSid: STREAM_SID, ...message });
      there(() => this.#socket?.onText(text));
    };
    this.#line.answer();
    const identity = { accountSid: 'AC1', callSid: INFO.callSid, streamSid: STREAM_SID, parameters: {} };
    // It ends with the call.
    void this.#line.open(identity, { address: 'ws://127.0.0.1:1/', signature: 'x' }, () => undefined);
    this.#socket?.onOpen();
    calls.open(INFO, {
      streamSid: STREAM_SID,
      sendMedia: (mulaw) =>
        write({ event: 'media', media: { payload: Buffer.from(mulaw).toString('base64') } }),
      sendMark: (name) => write({ event: 'mark', mark: { name } }),
      sendClear: () => write({ event: 'clear' }),
      listen: (listener) => {
        this.#listener = listener;
      },
      close: () => undefined,
    });
    await this.#silent(20_000);
  }

  /** Undefined when the reply was over before the caller could cut in. */
  async #interruption(): Promise<Interruption | undefined> {
    const chance = this.#chance;
    this.#reply = chance.pick(this.#speech.replies);
    this.#replyAtMs = undefined;
    const rig = this.#rig;
    await rig.says('and how long does that take?');
    const startMs = rig.clock.nowMs();
    while (this.#replyAtMs === undefined) {
      await rig.clock.advance(20);
      assert.ok(rig.clock.nowMs() - startMs < 10_000, 'the agent answers');
    }
    this.#spoilMarks();
    if (this.#condition === 'held and resumed before') await this.#cough();
    await rig.clock.advance(chance.between(...CUT_AFTER_MS));
    this.#playedMs = undefined;
    const told = rig.eventsOf('agent.interrupted').length;
    await this.#cutIn();
    const event = rig.eventsOf('agent.interrupted')[told];
    const played = this.#playedMs;
    await rig.silence();
    await this.#silent(20_000);
    if (event === undefined || played === undefined) return undefined;
    return {
      condition: this.#condition,
      wordTimes: this.#speech.wordTimes,
      reply: this.#reply,
      played: this.#wordsWithin(played),
      stored: writtenWords(event.heardText).map(plain),
    };
  }

  #spoilMarks(): void {
    const stream = this.#line.stream;
    const chance = this.#chance;
    switch (this.#condition) {
      case 'a mark lost':
        stream?.faultMarks({ kind: 'lose', count: chance.between(1, 3) });
        return;
      case 'all marks lost':
        stream?.faultMarks({ kind: 'lose', count: Infinity });
        return;
      case 'marks late':
        stream?.faultMarks({ kind: 'delay', count: Infinity, delayMs: chance.between(...LATE_MS) });
        return;
      case 'marks doubled':
        stream?.faultMarks({ kind: 'duplicate', count: Infinity });
        return;
      case 'jitter':
        stream?.jitter(JITTER_MS);
        return;
      default:
    }
  }

  /** Makes the agent pause and go on. */
  async #cough(): Promise<void> {
    const { clock } = this.#rig;
    await clock.advance(this.#chance.between(100, 1_000));
    await this.#rig.voice();
    await clock.advance(this.#chance.between(50, 200));
    await this.#rig.silence();
    await clock.advance(this.#chance.between(400, 1_500));
  }

  async #cutIn(): Promise<void> {
    const { clock } = this.#rig;
    await this.#rig.voice();
    for (const word of CUT_IN) {
      // Where only marks that a clear sends back are of interest, the judgement is quicker than the lead.
      await clock.advance(this.#condition === 'cleared marks come back' ? 30 : this.#chance.between(80, 300));
      this.#rig.words(word);
    }
    await clock.advance(500);
  }

  /** Until the agent has nothing more to say, at most so long. */
  async #silent(maxMs: number): Promise<void> {
    const { clock } = this.#rig;
    let quietMs = 0;
    let before = this.#carrierMs();
    for (let ms = 0; ms < maxMs && quietMs < 2_500; ms += 100) {
      await clock.advance(100);
      const now = this.#carrierMs();
      quietMs = now === before ? quietMs + 100 : 0;
      before = now;
    }
  }

  #carrierMs(): number {
    return this.#line.stream?.playout.playedMs ?? 0;
  }

  #onAgentAudio(): void {
    if (this.#replyAtMs !== undefined || this.#reply === '') return;
    this.#replyAtMs = this.#rig.clock.nowMs();
    // All that came before was played or cleared.
    this.#baseMs = this.#carrierMs();
  }

  /** The reply's words of which half lies within its first `playedMs`. */
  #wordsWithin(playedMs: number): readonly string[] {
    const heard: string[] = [];
    let startMs = 0;
    for (const piece of this.#piecesOfReply()) {
      for (const { word, startMs: from, endMs: to } of piece.words) {
        if (startMs + (from + to) / 2 <= playedMs) heard.push(plain(word));
      }
      startMs += piece.mulaw.length / BYTES_PER_MS;
    }
    return heard;
  }

  /** The last so many that were asked for which begin the reply. */
  #piecesOfReply(): readonly Piece[] {
    const all = writtenWords(this.#reply).map(plain).join(' ');
    for (let from = this.#pieces.length - 1; from >= 0; from -= 1) {
      const pieces = this.#pieces.slice(from);
      const text = writtenWords(pieces.map((piece) => piece.text).join(' '))
        .map(plain)
        .join(' ');
      const first = writtenWords(pieces[0]?.text ?? '')
        .map(plain)
        .join(' ');
      if (all.startsWith(text) && all.startsWith(first) && text !== '') return pieces;
    }
    throw new Error(`the voice was not asked for: ${this.#reply}`);
  }

  async *#speak(text: string, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    const piece = this.#speech.pieces.get(text);
    assert.ok(piece, `the agent was not to say '${text}'`);
    this.#pieces.push(piece);
    const { clock } = this.#rig;
    await sleep(clock, this.#chance.between(80, 250), signal);
    for (let at = 0; at < piece.mulaw.length; at += PIECE_BYTES) {
      const mulaw = piece.mulaw.subarray(at, at + PIECE_BYTES);
      const [fromMs, toMs] = [at / BYTES_PER_MS, (at + mulaw.length) / BYTES_PER_MS];
      const last = at + PIECE_BYTES >= piece.mulaw.length;
      const wordTimes = piece.words.filter(({ startMs }) => startMs >= fromMs && (startMs < toMs || last));
      yield this.#speech.wordTimes ? { mulaw, wordTimes } : { mulaw };
      await sleep(clock, (toMs - fromMs) / VOICE_SPEED, signal);
    }
  }

  /** The carrier's end of the media socket. */
  #dial(listener: CarrierSocketListener) {
    this.#socket = listener;
    const back = lane(this.#rig.clock, () => this.#delayMs());
    return {
      bufferedBytes: 0,
      send: (text: string): void => {
        if (text.startsWith('{"event":"media"')) return;
        const message = parseJson(text);
        if (!isRecord(message) || message['event'] !== 'mark' || !isRecord(message['mark'])) return;
        const name = String(message['mark']['name']);
        back(() => this.#listener?.onMark(name));
      },
      close: (): void => undefined,
      cut: (): void => undefined,
    };
  }

  #delayMs(): number {
    const jitterMs = this.#condition === 'jitter' ? JITTER_MS : 2;
    return this.#wayMs + this.#chance.between(0, jitterMs);
  }
}

const speeches = new Map<number, Promise<Omit<AgentSpeech, 'wordTimes'>>>();

/** Synthesised before the calls and once: on the virtual clock nothing waits for an engine. */
async function agentSpeech(number: number, wordTimes: boolean, voice: Voice): Promise<AgentSpeech> {
  const known = speeches.get(number) ?? prepareSpeech(number, voice);
  speeches.set(number, known);
  return { wordTimes, ...(await known) };
}

async function prepareSpeech(number: number, voice: Voice): Promise<Omit<AgentSpeech, 'wordTimes'>> {
  const replies = REPLIES.filter((_reply, index) => index % VOICES.length === number);
  const pieces = new Map<string, Piece>();
  const prepare = async (text: string): Promise<void> => {
    const said = toSampleRate(await voice.say(text, VOICES[number]), 8_000);
    const { samples, words } = trimSilence(said, 100);
    pieces.set(text, { text, mulaw: encodeMulaw(samples), words });
  };
  await prepare(GREETING);
  for (const reply of replies) {
    for await (const text of sayable(each(tokens(reply)), { language: 'en-US', earlyClause: true })) {
      await prepare(text);
    }
  }
  return { replies, pieces };
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T, void, undefined> {
  yield* items;
}

const STREAM_SID = `MZ${'1'.repeat(32)}`;

/** One direction of a connection: what is sent arrives later, and in order. */
function lane(clock: VirtualClock, delayMs: () => number): (arrives: () => void) => void {
  let lastAtMs = 0;
  return (arrives) => {
    lastAtMs = Math.max(lastAtMs, clock.nowMs() + delayMs());
    clock.after(lastAtMs - clock.nowMs(), arrives);
  };
}

function tokens(reply: string): readonly string[] {
  return reply.match(/\S+\s*/gu) ?? [];
}
