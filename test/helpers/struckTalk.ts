// One talk on the virtual clock, at providers of which one is struck at some moment: what the caller notices of it, turn by
// turn. The fail-over is the product's own.
import assert from 'node:assert/strict';
import { BYTES_PER_MS, FRAME_MS } from '../../src/audio/mulaw.ts';
import { parseAgentFile } from '../../src/agent/file.ts';
import { fixedLines } from '../../src/agent/lines.ts';
import { Background } from '../../src/base/background.ts';
import { Breaker } from '../../src/base/breaker.ts';
import { LatencyWindow } from '../../src/base/latencyWindow.ts';
import { seededRandom } from '../../src/base/random.ts';
import { Calls } from '../../src/call/calls.ts';
import type { LiveEvent } from '../../src/events/event.ts';
import { withFallback } from '../../src/llm/fallback.ts';
import type { LlmRequest } from '../../src/llm/port.ts';
import { openMetrics } from '../../src/metrics/metrics.ts';
import type { ChaosStage } from '../../src/sim/chaosLane.ts';
import type { FaultName } from '../../src/sim/struckProvider.ts';
import { fallbackTextToSpeech } from '../../src/tts/fallback.ts';
import type { MediaStreamListener } from '../../src/twilio/mediaStream.ts';
import { INFO, LETTER_MS } from './callRig.ts';
import { Chance } from './chance.ts';
import { coarseWheel, simulatedWorld, TICK_MS, ToldDetector } from './simulatedWorld.ts';
import { SoundingCarrier } from './soundingCarrier.ts';
import { NO_WORD, struckEars, struckModel, struckVoice, type Struck } from './struckProviders.ts';
import { settlePromises, VirtualClock } from './virtualClock.ts';

const AGENT = `
name: struck
greeting: Hello there.
prompt: Be brief.
providers:
  stt: [{ provider: openai, model: simulated }]
  llm: [{ provider: openai, model: simulated }]
  tts: [{ provider: openai, model: simulated, voice: simulated }]
limits: { idle: [] }
`;
export const QUESTIONS = [
  'I would like to book a table for tomorrow.',
  'Can you tell me when you open on Saturday?',
  'How do I get there from the old station?',
] as const;
const WORDS = QUESTIONS.join(' ').split(' ');

const parsed = parseAgentFile(AGENT, 'struck.yaml');
assert.ok(parsed.ok);
const { agent } = parsed;
const lines = new Set(fixedLines(agent));
const metrics = openMetrics({ callsActive: () => 0, pendingWrites: () => 0 });

const HANGOVER_MS = 200;
const ONSET_MS = 80;
/** The agent has finished when it was silent for so long; nobody waits for an answer for longer than that. */
const QUIET_MS = 600;
const PATIENCE_MS = 15_000;
const AFTERMATH_MS = 150_000;

export interface TalkOptions {
  readonly seed: number;
  readonly stage: ChaosStage;
  /** Whether another one stands behind the one that is struck. */
  readonly second: boolean;
  /** Undefined: nothing happens. */
  readonly fault: { readonly name: FaultName; readonly fromMs: number; readonly toMs: number } | undefined;
}

export interface TalkedTurn {
  readonly question: string;
  readonly beganAtMs: number;
  readonly silentAtMs: number;
  /** From the end of speech to the first sound; undefined when there was none. */
  readonly soundAfterMs: number | undefined;
  /** ... and all silence inside what the agent said then. */
  readonly waitMs: number | undefined;
  readonly overAtMs: number;
}

export interface Talked {
  readonly turns: readonly TalkedTurn[];
  /** What the model was asked by the caller, in order. */
  readonly asked: readonly string[];
  /** It ended before the caller hung up. */
  readonly lost: boolean;
  readonly events: readonly LiveEvent[];
}

export class StruckTalk {
  readonly #options: TalkOptions;
  readonly #clock = new VirtualClock(settlePromises);
  readonly #asked: string[] = [];
  readonly #events: LiveEvent[] = [];
  readonly #bugs: unknown[] = [];
  readonly #background = new Background((error) => this.#bugs.push(error));
  readonly #carrier: SoundingCarrier;
  readonly #watchers = new Set<() => void>();
  #fault: FaultName | undefined;
  readonly #detector = new ToldDetector();
  #stream: MediaStreamListener | undefined;
  #over = false;
  readonly #calls: Calls;

  constructor(options: TalkOptions) {
    this.#options = options;
    this.#carrier = new SoundingCarrier(this.#clock, new Chance(options.seed), 0);
    this.#calls = new Calls(
      simulatedWorld({
        agent,
        clock: this.#clock,
        metrics,
        events: { publish: (event) => void this.#events.push(event) },
        detector: this.#detector,
        ...this.#providers(),
        wheel: coarseWheel(this.#clock),
        background: this.#background,
      }),
    );
  }

  /** The whole call. Throws when anything is left of it. */
  async hold(): Promise<Talked> {
    const { fault } = this.#options;
    if (fault !== undefined) {
      this.#clock.after(fault.fromMs, () => this.#befall(fault.name));
      this.#clock.after(fault.toMs, () => this.#befall(undefined));
    }
    this.#connect();
    await this.#agentFinishes();
    const turns: TalkedTurn[] = [];
    for (const question of QUESTIONS) if (!this.#over) turns.push(await this.#turn(question));
    const lost = this.#over;
    this.#stream?.onEnded('stop');
    await this.#clock.advance(AFTERMATH_MS);
    assert.deepEqual(this.#bugs, [], 'no bug');
    assert.equal(this.#clock.pendingTimers, 0, 'no timer is left');
    assert.equal(this.#background.count, 0, 'no promise is left');
    return { turns, asked: this.#asked, lost, events: this.#events };
  }

  #providers() {
    const { stage, second, seed } = this.#options;
    const clock = this.#clock;
    const random = seededRandom(seed);
    const healthy = Object.assign((): undefined => undefined, { onChange: () => () => undefined });
    const struck = Object.assign((): FaultName | undefined => this.#fault, {
      onChange: (listener: () => void) => {
        this.#watchers.add(listener);
        return () => void this.#watchers.delete(listener);
      },
    });
    const places = (of: ChaosStage): readonly (Struck & typeof struck)[] =>
      of !== stage ? [healthy] : second ? [struck, healthy] : [struck];
    const breakersOf = (all: readonly unknown[]): readonly Breaker[] =>
      all.map(() => new Breaker({ clock, random }));
    const kept = (all: readonly unknown[]) => ({
      clock,
      breakers: breakersOf(all),
      latencies: all.map(() => new LatencyWindow(clock)),
    });
    const ears = places('stt').map((one, place) =>
      struckEars(`ears ${place}`, clock, one, (code) => WORDS[code] ?? ''),
    );
    const models = places('llm').map((one, place) =>
      struckModel(`model ${place}`, clock, one, (request) => this.#answer(request)),
    );
    const voices = places('tts').map((one, place) => struckVoice(`voice ${place}`, clock, one, lines));
    return {
      ears,
      earBreakers: breakersOf(ears),
      model: withFallback(models, kept(models)),
      voice: fallbackTextToSpeech(voices, kept(voices)),
    };
  }

  #answer({ messages }: LlmRequest): string {
    const question = messages.findLast(({ role }) => role === 'user')?.content ?? '';
    if (typeof question === 'string') this.#asked.push(question);
    return 'That is quite all right with us here. Shall I look for it in the book of this year?';
  }

  #befall(fault: FaultName | undefined): void {
    this.#fault = fault;
    for (const watcher of this.#watchers) watcher();
  }

  #connect(): void {
    const carrier = this.#carrier;
    carrier.onMark = (name) => this.#stream?.onMark(name);
    this.#calls.open(INFO, {
      streamSid: 'MZ1',
      sendMedia: (mulaw) => carrier.sendMedia(mulaw),
      sendMark: (name) => carrier.sendMark(name),
      sendClear: () => carrier.sendClear(),
      listen: (listener) => {
        this.#stream = listener;
      },
      close: () => {
        this.#over = true;
        carrier.close();
      },
    });
  }

  /** The caller says it, and waits until the agent has said something and fallen silent. */
  async #turn(question: string): Promise<TalkedTurn> {
    const beganAtMs = this.#clock.nowMs();
    await this.#pass(ONSET_MS);
    this.#detector.tell({ kind: 'voiceStarted', voiceAtMs: beganAtMs, levelDbfs: -20 });
    for (const word of question.split(' ')) {
      await this.#pass(word.length * LETTER_MS);
      this.#stream?.onMedia(frameOf(WORDS.indexOf(word)), this.#clock.nowMs());
    }
    const silentAtMs = this.#clock.nowMs();
    await this.#pass(HANGOVER_MS);
    if (!this.#over) this.#detector.tell({ kind: 'voiceStopped', silenceAtMs: silentAtMs, speechMs: 1_500 });
    await this.#agentFinishes(silentAtMs);
    const sounds = this.#carrier.sounds.filter(({ fromMs }) => fromMs >= silentAtMs);
    const [first] = sounds;
    const gapsMs = sounds.reduce(
      (sum, { fromMs }, place) => sum + fromMs - (sounds[place - 1]?.toMs ?? fromMs),
      0,
    );
    const soundAfterMs = first === undefined ? undefined : first.fromMs - silentAtMs;
    const waitMs = soundAfterMs === undefined ? undefined : soundAfterMs + gapsMs;
    return { question, beganAtMs, silentAtMs, soundAfterMs, waitMs, overAtMs: this.#clock.nowMs() };
  }

  async #agentFinishes(sinceMs = 0): Promise<void> {
    const untilMs = this.#clock.nowMs() + PATIENCE_MS;
    for (;;) {
      await this.#pass(TICK_MS);
      const nowMs = this.#clock.nowMs();
      const soundUntilMs = this.#carrier.silentFromMs;
      if (this.#over || nowMs >= untilMs + Math.max(0, soundUntilMs - sinceMs)) return;
      if (soundUntilMs > sinceMs && nowMs >= soundUntilMs + QUIET_MS) return;
    }
  }

  async #pass(durationMs: number): Promise<void> {
    for (let leftMs = durationMs; leftMs > 0; leftMs -= FRAME_MS) {
      if (!this.#over) this.#stream?.onMedia(frameOf(NO_WORD), this.#clock.nowMs());
      await this.#clock.advance(Math.min(FRAME_MS, leftMs));
    }
  }
}

/** 20 ms of the caller's line, with the word that ends in it. */
function frameOf(code: number): Uint8Array {
  const frame = new Uint8Array(FRAME_MS * BYTES_PER_MS).fill(NO_WORD);
  frame[0] = code;
  return frame;
}
