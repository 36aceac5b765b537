// A call that nobody made, held when the process starts: every frame goes the whole way (parsing, the voice
// detector, the ears, the turn, a reply, the playout, marks) in time that is stepped and not waited for, so that
// the first caller does not pay for code that has never run. No provider is asked, no row, event or metric tells of it.
import { setImmediate } from 'node:timers/promises';
import { FRAME_MS } from '../audio/mulaw.ts';
import { Background } from '../base/background.ts';
import { sleep, type Clock } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import { silentLogger, type Logger } from '../base/logger.ts';
import { SteppedClock } from '../base/steppedClock.ts';
import { openUnseenMetrics } from '../metrics/metrics.ts';
import { PlayoutWheel } from '../playout/wheel.ts';
import { MediaStream } from '../twilio/mediaStream.ts';
import { Calls } from './calls.ts';
import type { CallInfo } from './port.ts';
import {
  ACCOUNT_SID,
  buzzingFrame,
  CALL_SID,
  quietFrame,
  RehearsalDetector,
  RehearsalEars,
  rehearsalModel,
  RehearsalSocket,
  rehearsalVoice,
  rehearsalWriter,
} from './rehearsalParts.ts';
import type { CallWorld } from './world.ts';

/** The second goes through code that the first has compiled; a third one shows nothing new. */
const TURNS = 2;
const CALLER_WORDS = 'I would like to ask about something.';
const AGENT_WORDS = 'Certainly, I can do that for you. What day would you like?';
/** Stepped, not waited for: more than a greeting and more than an answer take. */
const GREETING_MS_MAX = 30_000;
const ANSWER_MS_MAX = 10_000;
const SPOKEN_MS = 600;
const CALLER_DBFS = -20;
/** As a detector's hangover. */
const HANGOVER_MS = 200;
/** After the carrier's stop, for what is closed with a delay. */
const CLOSING_MS = 5_000;
/** Where steps pause, so that the voice model on its thread and the calls that are there already keep up. */
const PAUSE_EVERY_MS = 100;

export interface Rehearsed {
  /** Answers that were played to their end. */
  readonly turns: number;
  readonly framesIn: number;
  readonly messagesOut: number;
}

/**
 * Holds the call with what of `world` does nothing outside. `clock` is the real one. Takes some tenths of a second,
 * in pieces of about a millisecond; throws the reason when `signal` aborts, and when the call did not go as it should.
 */
export async function rehearseCall(world: CallWorld, clock: Clock, signal: AbortSignal): Promise<Rehearsed> {
  const rehearsal = new Rehearsal(world, clock, signal);
  try {
    return await rehearsal.hold();
  } finally {
    await rehearsal.close();
  }
}

class Rehearsal {
  readonly #clock: SteppedClock;
  readonly #realClock: Clock;
  readonly #signal: AbortSignal;
  readonly #socket: RehearsalSocket;
  readonly #detector: RehearsalDetector;
  readonly #ears: RehearsalEars;
  readonly #background: Background;
  readonly #calls: Calls;
  readonly #greets: boolean;
  readonly #bugs: string[] = [];
  #framesIn = 0;
  #turns = 0;

  constructor(world: CallWorld, clock: Clock, signal: AbortSignal) {
    this.#realClock = clock;
    this.#signal = signal;
    this.#clock = new SteppedClock(clock);
    this.#socket = new RehearsalSocket(this.#clock);
    this.#detector = new RehearsalDetector(world.detector);
    this.#ears = new RehearsalEars(this.#clock);
    this.#background = new Background((error) => this.#bugs.push(errorText(error)));
    this.#greets = world.agent.greeting !== undefined;
    this.#calls = new Calls(this.#worldInside(world));
  }

  async hold(): Promise<Rehearsed> {
    const options = { startWithinMs: GREETING_MS_MAX, bufferedBytesMax: Infinity };
    const stream = new MediaStream(this.#socket, options, this.#clock);
    this.#socket.sayStart();
    await stream.started;
    this.#calls.open(INFO, stream);
    if (this.#greets) await this.#untilQuiet(GREETING_MS_MAX);
    for (let turn = 1; turn <= TURNS; turn += 1) {
      await this.#callerSpeaks();
      await this.#until(() => this.#turns >= turn, ANSWER_MS_MAX);
    }
    this.#socket.sayStop();
    await this.#pass(CLOSING_MS);
    const [bug] = this.#bugs;
    if (bug !== undefined) throw new Error(bug);
    if (this.#turns < TURNS) throw new Error(`${this.#turns} of ${TURNS} rehearsed turns were answered`);
    return {
      turns: this.#turns,
      framesIn: this.#framesIn,
      messagesOut: this.#socket.mediaMessages,
    };
  }

  /** Ends it wherever it is, and leaves nothing behind. */
  async close(): Promise<void> {
    this.#calls.hangUpAll();
    this.#socket.terminate();
    const idle = this.#background.idle();
    this.#clock.advance(CLOSING_MS);
    await idle;
  }

  async #callerSpeaks(): Promise<void> {
    this.#detector.tell({ kind: 'voiceStarted', voiceAtMs: this.#clock.nowMs(), levelDbfs: CALLER_DBFS });
    const words = CALLER_WORDS.split(' ');
    for (let spokenMs = 0; spokenMs < SPOKEN_MS; spokenMs += FRAME_MS) {
      await this.#step(buzzingFrame);
      this.#ears.hear(
        words.slice(0, Math.ceil((words.length * (spokenMs + FRAME_MS)) / SPOKEN_MS)).join(' '),
      );
    }
    const silenceAtMs = this.#clock.nowMs();
    await this.#pass(HANGOVER_MS);
    this.#detector.tell({ kind: 'voiceStopped', silenceAtMs, speechMs: SPOKEN_MS });
  }

  #untilQuiet(durationMsMax: number): Promise<void> {
    return this.#until(() => this.#socket.mediaMessages > 0 && this.#socket.isQuiet, durationMsMax);
  }

  async #until(condition: () => boolean, durationMsMax: number): Promise<void> {
    for (let ms = 0; ms < durationMsMax && !condition(); ms += FRAME_MS) await this.#step(quietFrame);
  }

  async #pass(durationMs: number): Promise<void> {
    for (let ms = 0; ms < durationMs; ms += FRAME_MS) await this.#step(quietFrame);
  }

  async #step(frame: Uint8Array): Promise<void> {
    this.#framesIn += 1;
    this.#socket.sayMedia(frame);
    this.#clock.advance(FRAME_MS);
    // Not at every step: a timer takes a millisecond.
    if ((this.#framesIn * FRAME_MS) % PAUSE_EVERY_MS === 0) await sleep(this.#realClock, 0, this.#signal);
    else await setImmediate();
    this.#signal.throwIfAborted();
  }

  #worldInside(world: CallWorld): CallWorld {
    const {
      turnModel: _model,
      transcripts: _kept,
      beforeAnswer: _waited,
      adaptive: _adapted,
      responses: _answered,
      tracer: _traced,
      ...rest
    } = world;
    const logger: Logger = {
      ...silentLogger,
      error: (fields) => void this.#bugs.push(String(fields['failure'])),
      child: () => logger,
    };
    return {
      ...rest,
      clock: this.#clock,
      logger,
      metrics: openUnseenMetrics(),
      events: {
        publish: (event) => {
          if (event.type === 'turn.finished' && event.turn > 0 && event.heardText !== '')
            this.#turns = event.turn;
        },
      },
      writer: rehearsalWriter,
      detector: this.#detector,
      ears: [this.#ears],
      model: rehearsalModel(this.#clock, AGENT_WORDS),
      voice: rehearsalVoice(this.#clock),
      wheel: new PlayoutWheel(this.#clock),
      background: this.#background,
      fetch: () => Promise.reject(new Error('nothing is fetched in a rehearsal')),
      openRecording: () => undefined,
    };
  }
}

const INFO: CallInfo = {
  callSid: CALL_SID,
  accountSid: ACCOUNT_SID,
  direction: 'inbound',
  from: '',
  to: '',
  leadId: undefined,
  variables: {},
};
