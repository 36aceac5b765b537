// A caller with a script: says sentences when it is his turn, interrupts when he is told to, presses keys,
// and takes down how long he had to wait. He lives on the call's 20 ms tick and knows only what he hears.
import { FRAME_BYTES, FRAME_MS, levelDbfs, SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import type { Random } from '../base/random.ts';
import { CallerEcho, type EchoOptions } from './callerEcho.ts';
import { CallerMouth } from './callerMouth.ts';
import { SPEECH_GAP_MS_MAX, TurnWatch, type CallerTurn } from './callerTurn.ts';
import type { CallerVoice, LineListener } from './carrierLine.ts';
import { toSampleRate, trimSilence, type Voice, type VoiceOptions } from './voice.ts';
import { noiseAt, speechLevelDbfs, type NoiseOptions } from './voiceNoise.ts';
import type { WordTime } from './voiceWords.ts';

export type CallerStep =
  /** Waits until the agent has spoken and fallen silent. */
  | { readonly listen: true }
  /** The same, then speaks after a moment's thought. */
  | { readonly say: string }
  /** As `say`: one turn, in parts that are sounds of their own, with silence between them. */
  | { readonly sayInParts: readonly SpeechPart[] }
  /** Speaks over the agent, so long after it began to speak. */
  | { readonly interrupt: string; readonly afterAgentMs: number }
  /** The same, meaning nothing: the agent is expected to go on. */
  | { readonly backchannel: string; readonly afterAgentMs: number }
  /** As a backchannel, but no speech: 8 kHz samples of a cough, a door, somebody else. */
  | { readonly sound: string; readonly samples: Int16Array; readonly afterAgentMs: number }
  /** Presses keys when the agent has fallen silent; with `afterAgentMs`, while it speaks. */
  | { readonly press: string; readonly afterAgentMs?: number }
  /** Says nothing for so long, in ms. */
  | { readonly silence: number }
  | { readonly hangUp: true }
  /** Leaves it to the agent to hang up, for so many ms; then does it himself. */
  | { readonly waitForHangUp: number };

export interface SpeechPart {
  readonly text: string;
  /** Silence before the next part. */
  readonly pauseMs: number;
}

export interface CallerOptions {
  readonly voice: Voice;
  readonly random: Random;
  /** At its end the caller hangs up. */
  readonly steps: readonly CallerStep[];
  /** How he speaks. */
  readonly speech?: VoiceOptions;
  /** The agent has finished when it was silent for so long. */
  readonly silenceMs?: number;
  /** A person's time to answer after that, drawn evenly from this range. */
  readonly reactionMs?: readonly [number, number];
  /** A turn without a reply for so long is missed, and the script goes on. */
  readonly patienceMs?: number;
  /** Softer than this the agent is silent. */
  readonly thresholdDbfs?: number;
  /** In the room, all the time; silence otherwise. */
  readonly noise?: Omit<NoiseOptions, 'random'>;
  /** He hears the agent over a loudspeaker, and so does the line. */
  readonly echo?: EchoOptions;
  /** Each utterance as it will be said, clean, 8 kHz, before the call: for who has to recognise it. */
  readonly onUtterance?: (utterance: Utterance) => void;
}

export interface Utterance {
  readonly text: string;
  readonly samples: Int16Array;
  /** Times from the first sample. */
  readonly words: readonly WordTime[];
}

/** As much of a call as a caller has in his hand. */
export interface PhoneLine {
  listen(listener: LineListener): () => void;
  speakWith(voice: CallerVoice | undefined): void;
  press(keys: string): void;
  hangUp(): void;
  readonly ended: Promise<unknown>;
}

export interface CallerReport {
  /** The greeting first; then what he said and pressed, in order. Backchannels and sounds are not among them. */
  readonly turns: readonly CallerTurn[];
  /** Interruptions (which are turns too), backchannels and sounds. */
  readonly interruptions: readonly CallerTurn[];
  readonly missedTurns: number;
  /** Whether the script came to its end before the call did. */
  readonly completed: boolean;
  /** He was left waiting for the agent to hang up. */
  readonly agentStayed: boolean;
}

type Habits = Required<Pick<CallerOptions, 'silenceMs' | 'reactionMs' | 'patienceMs' | 'thresholdDbfs'>>;
type Settled = CallerOptions & Habits;

const DEFAULTS: Habits = {
  silenceMs: 500,
  reactionMs: [200, 400],
  patienceMs: 10_000,
  thresholdDbfs: -45,
};
/** Nobody listens to one reply for longer. */
const REPLY_MS_MAX = 120_000;
/** A person presses four keys a second. */
const KEY_MS = 250;
const NOISE_LOOP_SAMPLES = 5 * SAMPLE_RATE_HZ;

/** Synthesises all that will be said, so that nothing has to wait for it on the call. */
export async function prepareCaller(options: CallerOptions): Promise<Caller> {
  const utterances = new Map<string, Utterance>();
  for (const text of options.steps.flatMap(textOf)) {
    if (utterances.has(text)) continue;
    const spoken = await options.voice.say(text, options.speech);
    // Without silence round it, so that its last sample is the end of speech.
    const { samples, words } = trimSilence(toSampleRate(spoken, SAMPLE_RATE_HZ), 0);
    const utterance = { text, samples, words };
    utterances.set(text, utterance);
    options.onUtterance?.(utterance);
  }
  return new Caller(options, utterances);
}

function textOf(step: CallerStep): string[] {
  if ('say' in step) return [step.say];
  if ('sayInParts' in step) return step.sayInParts.map(({ text }) => text);
  if ('interrupt' in step) return [step.interrupt];
  return 'backchannel' in step ? [step.backchannel] : [];
}

/** Runs between two ticks; each `yield` answers with the next tick's time. */
type Script = Generator<undefined, void, number>;

export class Caller {
  readonly #options: Settled;
  readonly #utterances: ReadonlyMap<string, Utterance>;
  readonly #mouth: CallerMouth;
  readonly #echo: CallerEcho | undefined;
  readonly #turns: TurnWatch[] = [];
  readonly #interruptions: TurnWatch[] = [];
  /** All that are still told of what the agent does. */
  #watching: TurnWatch[] = [];
  /** The turn whose reply is waited for. */
  #expected: TurnWatch;
  #loudEndMs: number | undefined;
  #waiting = false;
  #completed = false;
  #agentStayed = false;

  constructor(options: CallerOptions, utterances: ReadonlyMap<string, Utterance>) {
    this.#options = { ...DEFAULTS, ...options };
    this.#utterances = utterances;
    this.#echo = options.echo === undefined ? undefined : new CallerEcho(options.echo);
    this.#mouth = new CallerMouth(this.#makeNoise(), this.#echo);
    this.#expected = this.#newWatch('greeting', '');
    this.#watch(this.#expected);
    this.#turns.push(this.#expected);
  }

  /** Goes through the script on this call, once. Resolves when the call is over. */
  async take(line: PhoneLine): Promise<CallerReport> {
    let script: Script | undefined;
    const stopListening = line.listen({
      onTick: (dueMs) => {
        this.#begin(dueMs);
        script ??= this.#started(line, dueMs);
        script.next(dueMs);
      },
      onStreamStarted: (atMs) => this.#begin(atMs),
      onAgentFrame: (atMs, mulaw) => {
        this.#echo?.heard(atMs, mulaw);
        if (!this.#isLoud(mulaw)) return;
        this.#loudEndMs = atMs + FRAME_MS;
        for (const watch of this.#watching) watch.heard(atMs);
      },
      onAgentAudio: (atMs, mulaw) => {
        if (this.#isLoud(mulaw)) for (const watch of this.#watching) watch.arrived(atMs);
      },
      onClear: () => {
        for (const watch of this.#watching) watch.cleared();
      },
    });
    line.speakWith((dueMs) => this.#mouth.next(dueMs));
    await line.ended;
    line.speakWith(undefined);
    stopListening();
    if (this.#waiting) this.#expected.miss();
    return this.#report();
  }

  /** The call is answered: from now on a greeting may come. */
  #begin(atMs: number): void {
    const [greeting] = this.#turns;
    if (greeting?.turn.endOfSpeechAtMs === undefined) greeting?.ended(atMs);
  }

  #started(line: PhoneLine, startMs: number): Script {
    const script = this.#script(line, startMs);
    script.next();
    return script;
  }

  *#script(line: PhoneLine, startMs: number): Script {
    let nowMs = startMs;
    for (const step of this.#options.steps) nowMs = yield* this.#step(step, line, nowMs);
    this.#completed = true;
    line.hangUp();
  }

  *#step(step: CallerStep, line: PhoneLine, nowMs: number): Generator<undefined, number, number> {
    if ('listen' in step) return yield* this.#reply(nowMs);
    if ('say' in step || 'sayInParts' in step) {
      const silentMs = yield* this.#reply(nowMs);
      const speakMs = yield* this.#until(silentMs + this.#reactionMs(), silentMs);
      const parts = 'say' in step ? [{ text: step.say, pauseMs: 0 }] : step.sayInParts;
      return yield* this.#speak('say', textOf(step).join(' '), this.#soundOf(parts), speakMs);
    }
    if ('interrupt' in step) {
      const speakMs = yield* this.#agentSpeaks(step.afterAgentMs, nowMs);
      return yield* this.#speak('interrupt', step.interrupt, this.#samplesOf(step.interrupt), speakMs);
    }
    if ('backchannel' in step) {
      const speakMs = yield* this.#agentSpeaks(step.afterAgentMs, nowMs);
      return yield* this.#speak('backchannel', step.backchannel, this.#samplesOf(step.backchannel), speakMs);
    }
    if ('sound' in step) {
      const soundMs = yield* this.#agentSpeaks(step.afterAgentMs, nowMs);
      return yield* this.#speak('sound', step.sound, step.samples, soundMs);
    }
    if ('press' in step) return yield* this.#press(step, line, nowMs);
    if ('silence' in step) return yield* this.#until(nowMs + step.silence, nowMs);
    if ('waitForHangUp' in step) {
      const lateMs = yield* this.#until(nowMs + step.waitForHangUp, nowMs);
      this.#agentStayed = true;
      return lateMs;
    }
    this.#completed = true;
    line.hangUp();
    return nowMs;
  }

  /** The agent has replied and fallen silent, or has had its chance. */
  *#reply(startMs: number): Generator<undefined, number, number> {
    const { silenceMs, patienceMs } = this.#options;
    this.#waiting = true;
    let nowMs = startMs;
    for (;;) {
      const quietMs = nowMs - Math.max(this.#loudEndMs ?? startMs, startMs);
      const replied = this.#expected.turn.firstReplyHeardAtMs !== undefined;
      if (replied && nowMs - (this.#loudEndMs ?? nowMs) >= silenceMs) break;
      if ((!replied && quietMs >= patienceMs) || nowMs - startMs >= REPLY_MS_MAX) {
        this.#expected.miss();
        break;
      }
      nowMs = yield;
    }
    this.#waiting = false;
    return nowMs;
  }

  /** The agent has been speaking for `afterMs`, or does not speak at all. */
  *#agentSpeaks(afterMs: number, startMs: number): Generator<undefined, number, number> {
    this.#waiting = true;
    let nowMs = startMs;
    for (;;) {
      const heardMs = this.#expected.turn.firstReplyHeardAtMs;
      if (heardMs !== undefined && nowMs >= heardMs + afterMs) break;
      if (heardMs === undefined && nowMs - startMs >= this.#options.patienceMs) {
        this.#expected.miss();
        break;
      }
      nowMs = yield;
    }
    this.#waiting = false;
    return nowMs;
  }

  *#speak(
    kind: 'say' | 'interrupt' | 'backchannel' | 'sound',
    text: string,
    samples: Int16Array,
    startMs: number,
  ): Generator<undefined, number, number> {
    const watch = this.#newWatch(kind, text);
    if (kind === 'say' || kind === 'interrupt') this.#expect(watch);
    if (kind !== 'say') this.#interruptions.push(watch);
    this.#watch(watch);
    this.#mouth.say(samples, {
      onStarted: (dueMs) => watch.started(dueMs, this.#loudEndMs),
      onEnded: (dueMs) => watch.ended(dueMs),
    });
    let nowMs = startMs;
    while (this.#mouth.speaking) nowMs = yield;
    return nowMs;
  }

  #samplesOf(text: string): Int16Array {
    return this.#utterances.get(text)?.samples ?? new Int16Array(0);
  }

  #soundOf(parts: readonly SpeechPart[]): Int16Array {
    const pieces = parts.map(({ text, pauseMs }, index) => {
      const pauseSamples = index === parts.length - 1 ? 0 : Math.round(pauseMs * (SAMPLE_RATE_HZ / 1_000));
      const samples = this.#samplesOf(text);
      const piece = new Int16Array(samples.length + pauseSamples);
      piece.set(samples);
      return piece;
    });
    const whole = new Int16Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let filled = 0;
    for (const piece of pieces) {
      whole.set(piece, filled);
      filled += piece.length;
    }
    return whole;
  }

  *#press(
    step: { readonly press: string; readonly afterAgentMs?: number },
    line: PhoneLine,
    startMs: number,
  ): Generator<undefined, number, number> {
    const { press: keys, afterAgentMs } = step;
    let nowMs =
      afterAgentMs === undefined
        ? yield* this.#reply(startMs)
        : yield* this.#agentSpeaks(afterAgentMs, startMs);
    const watch = this.#newWatch('press', keys);
    this.#expect(watch);
    this.#watch(watch);
    watch.started(nowMs, this.#loudEndMs);
    for (const [index, key] of Array.from(keys).entries()) {
      if (index > 0) nowMs = yield* this.#until(nowMs + KEY_MS, nowMs);
      line.press(key);
    }
    watch.ended(nowMs);
    return nowMs;
  }

  *#until(endMs: number, startMs: number): Generator<undefined, number, number> {
    let nowMs = startMs;
    while (nowMs < endMs) nowMs = yield;
    return nowMs;
  }

  #newWatch(kind: CallerTurn['kind'], said: string): TurnWatch {
    return new TurnWatch(kind, said, Math.min(SPEECH_GAP_MS_MAX, this.#options.silenceMs));
  }

  #expect(watch: TurnWatch): void {
    this.#expected = watch;
    this.#turns.push(watch);
  }

  /** Only the newest of each kind still learns: what the agent says later is no reply to the older ones. */
  #watch(watch: TurnWatch): void {
    this.#watching = watch === this.#expected ? [watch] : [this.#expected, watch];
  }

  #reactionMs(): number {
    const [least, most] = this.#options.reactionMs;
    return least + this.#options.random.next() * (most - least);
  }

  #isLoud(mulaw: Uint8Array): boolean {
    for (let start = 0; start < mulaw.length; start += FRAME_BYTES) {
      const end = Math.min(mulaw.length, start + FRAME_BYTES);
      if (levelDbfs(mulaw, start, end) > this.#options.thresholdDbfs) return true;
    }
    return false;
  }

  #makeNoise(): Int16Array {
    const { noise, random } = this.#options;
    const levels = [...this.#utterances.values()].map(({ samples }) => speechLevelDbfs(samples));
    if (noise === undefined || levels.length === 0) return new Int16Array(0);
    return noiseAt(Math.max(...levels) - noise.snrDb, NOISE_LOOP_SAMPLES, noise.kind, random);
  }

  #report(): CallerReport {
    const turns = this.#turns.map(({ turn }) => turn);
    return {
      turns,
      interruptions: this.#interruptions.map(({ turn }) => turn),
      missedTurns: turns.filter(({ missed }) => missed).length,
      completed: this.#completed,
      agentStayed: this.#agentStayed,
    };
  }
}
