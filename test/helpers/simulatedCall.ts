// One whole call on the virtual clock, out of a seed: a caller who speaks, pauses, interrupts, coughs and hangs
// up, providers and a carrier that fail, and what has to hold whatever comes of it.
import assert from 'node:assert/strict';
import { FRAME_MS, silence } from '../../src/audio/mulaw.ts';
import { intentsOf } from '../../src/agent/intentPlan.ts';
import { fixedLines } from '../../src/agent/lines.ts';
import { parseAgentFile } from '../../src/agent/file.ts';
import { Background } from '../../src/base/background.ts';
import { Breaker } from '../../src/base/breaker.ts';
import { LatencyWindow } from '../../src/base/latencyWindow.ts';
import { seededRandom } from '../../src/base/random.ts';
import { withFallback } from '../../src/llm/fallback.ts';
import type { LanguageModel } from '../../src/llm/port.ts';
import { fallbackTextToSpeech } from '../../src/tts/fallback.ts';
import type { TextToSpeech } from '../../src/tts/port.ts';
import { silentLogger, type Logger } from '../../src/base/logger.ts';
import { APOLOGY_MS } from '../../src/call/deadAir.ts';
import { STALLED_MS_MAX } from '../../src/call/protectedWords.ts';
import { Calls } from '../../src/call/calls.ts';
import { turnSettingsOf } from '../../src/call/turnSettings.ts';
import type { LiveEvent } from '../../src/events/event.ts';
import { openMetrics } from '../../src/metrics/metrics.ts';
import type { CallEnded, CallStarted, TurnRow } from '../../src/store/port.ts';
import { wordsOf } from '../../src/turn/said.ts';
import { STEADY_MS } from '../../src/turn/steadyVoice.ts';
import { FINAL_WORDS_MS } from '../../src/turn/turn.ts';
import type { MediaStreamListener } from '../../src/twilio/mediaStream.ts';
import { INFO, LETTER_MS } from './callRig.ts';
import { Chance } from './chance.ts';
import { coarseWheel, keepingWriter, simulatedWorld, ToldDetector } from './simulatedWorld.ts';
import { SoundingCarrier } from './soundingCarrier.ts';
import { UnreliableEars, unreliableFetch, unreliableModel, unreliableVoice } from './unreliableProviders.ts';
import { settlePromises, VirtualClock } from './virtualClock.ts';

const AGENT = `
name: simulated
greeting: Hello, this is Robin. How can I help you?
prompt: You are Robin.
providers:
  stt: [{ provider: openai, model: simulated }]
  llm: [{ provider: openai, model: simulated }]
  tts: [{ provider: openai, model: simulated, voice: simulated }]
interruption:
  protected: [it is ready tomorrow, it takes a moment]
limits:
  idle: [{ afterSeconds: 5, say: Are you there? }]
intents:
  confirm_yes: { say: "Lovely, it is settled then." }
  permission_no: { say: Then I wish you a good day., end: true }
  hesitation: { steer: They hesitate. }
tools:
  - builtin: end_call
  - builtin: play_digits
  - builtin: transfer
    to: { reception: "+15550001111" }
    say: I will put you through.
  - name: look_up
    description: Looks something up.
    url: https://tools.example/look-up
    timeoutMs: 3000
    filler: Let me look that up.
`;

const SENTENCES = [
  'I would like to book a table for tomorrow.',
  'Can you tell me when you open?',
  'my number is five five five',
  'um I think',
  'Yes please.',
  'The name is Peterson and I live in Springfield.',
  'No',
] as const;
const KEYS = ['4171#', '4171', '12', '1*2#', '#', '55512345678901'] as const;
const BACKCHANNELS = ['mhm', 'yeah', 'okay', 'uh huh'] as const;

/** The pieces of sentences with a protected phrase: the rest of one that has got stuck is waited for first. */
const PROTECTED = /twelve dollars|ready tomorrow|takes a moment/u;
/** Ends with the beginning of what is protected. */
const PROTECTED_CUT = /\b(?:and it is(?: ready)?|It takes(?: a)?)$/u;

/** What the log says when another session of the ears takes over. */
const LISTENS = 'another connection listens';
const FRAME = silence(FRAME_MS);
const TALK_MS = 15_000;
/** Longer than a lost stream is waited for, a call says its last words, and any provider hangs. */
const AFTERMATH_MS = 150_000;
const HANGOVER_MS = 200;
const ONSET_MS = 80;
/** The wheel's tick, the carrier's way and the steps in which the caller listens. */
const MARGIN_MS = 300;

// A registry is dear, and nothing here depends on what it counts.
const metrics = openMetrics({ callsActive: () => 0, pendingWrites: () => 0 });

const parsed = parseAgentFile(AGENT, 'simulated.yaml');
assert.ok(parsed.ok);
const { agent } = parsed;
const intents = intentsOf(agent);
const lines = new Set(fixedLines(agent));
const fillers = new Set<string>(agent.lines.fillers);

interface Stream {
  readonly carrier: SoundingCarrier;
  listener: MediaStreamListener | undefined;
  closedByUs: number;
  over: boolean;
}

export class SimulatedCall {
  readonly clock = new VirtualClock(settlePromises);
  readonly rows: TurnRow[] = [];
  readonly started: CallStarted[] = [];
  readonly ended: CallEnded[] = [];
  readonly events: LiveEvent[] = [];
  readonly bugs: unknown[] = [];
  readonly streams: Stream[] = [];
  /** What befell the providers, and how often. */
  readonly faults = new Map<string, number>();
  /** Whether another provider stands behind each. */
  second = false;
  /** How often another provider, or another connection to the same, went on, by stage. */
  readonly switches = { stt: 0, llm: 0, tts: 0 };
  /** From the end of a whole sentence of the caller's to one of the agent's, where they waited for it. */
  readonly waitsMs: number[] = [];
  readonly background = new Background((error) => this.bugs.push(error));
  readonly #onFault = (name: string): void => void this.faults.set(name, (this.faults.get(name) ?? 0) + 1);
  readonly #caller: Chance;
  readonly #line: Chance;
  readonly #ears: UnreliableEars;
  readonly #calls: Calls;
  readonly #markFaults: number;
  readonly #detector = new ToldDetector();
  /** Counts what takes the floor, from whoever it comes: what waited for an answer before need not get one. */
  #overtaken = 0;
  readonly #voiceFaults: boolean;
  /** The detector says that there is a voice, and there is none. */
  #stuck = false;
  /** Whenever the caller, or the line, did something: the agent may then be held, or stop. */
  readonly #disturbedAtMs: number[] = [];
  /** What is said to a machine is cut off, protected or not. */
  #toMachine = false;
  #voiceBreaks: boolean;

  constructor(seed: number) {
    const chance = new Chance(seed);
    this.#caller = chance.branch();
    this.#line = chance.branch();
    // A third of the calls knows no fault of a kind, a third few, a third many.
    const share = (): number => chance.pick([0, 0.05, 0.25]);
    this.#markFaults = share();
    this.#voiceFaults = chance.happens(0.3);
    const onFault = this.#onFault;
    this.#ears = new UnreliableEars(this.clock, chance.branch(), share(), onFault);
    const model = unreliableModel(this.clock, chance.branch(), share(), onFault);
    const brokenShare = share();
    this.#voiceBreaks = brokenShare > 0;
    const voice = unreliableVoice(this.clock, chance.branch(), brokenShare, lines, onFault);
    const fetch = unreliableFetch(this.clock, chance.branch(), share(), onFault);
    const speculate = chance.happens(0.8);
    const firstSentence = chance.happens(0.9);
    const { clock } = this;
    this.#calls = new Calls(
      simulatedWorld({
        agent,
        intents,
        clock,
        logger: this.#logger(),
        metrics,
        events: { publish: (event) => void this.events.push(event) },
        writer: keepingWriter(this),
        detector: this.#detector,
        ...this.#providers(seed, chance, model, voice),
        wheel: coarseWheel(clock),
        turnSettings: { ...turnSettingsOf(agent, speculate), giveUpAfterMs: 5_000 },
        firstSentence,
        background: this.background,
        fetch,
      }),
    );
  }

  /** In every second call each of them has another one behind it, which fails as it pleases. */
  #providers(seed: number, chance: Chance, model: LanguageModel, voice: TextToSpeech) {
    const { provider } = this.#ears;
    this.second = chance.happens(0.5);
    if (!this.second) return { ears: [provider], model, voice };
    const { clock } = this;
    const random = seededRandom(seed);
    const onFault = this.#onFault;
    const share = (): number => chance.pick([0, 0.05, 0.25]);
    const breakers = (): readonly Breaker[] => [1, 2].map(() => new Breaker({ clock, random }));
    const kept = () => ({
      clock,
      breakers: breakers(),
      latencies: [1, 2].map(() => new LatencyWindow(clock)),
    });
    const secondModel = unreliableModel(clock, chance.branch(), share(), onFault);
    const brokenShare = share();
    this.#voiceBreaks ||= brokenShare > 0;
    const secondVoice = unreliableVoice(clock, chance.branch(), brokenShare, lines, onFault);
    return {
      ears: [provider, { ...provider, provider: 'second' }],
      earBreakers: breakers(),
      model: withFallback([model, secondModel], { ...kept(), onSwitch: () => void (this.switches.llm += 1) }),
      voice: fallbackTextToSpeech([voice, secondVoice], {
        ...kept(),
        onFallback: () => void (this.switches.tts += 1),
      }),
    };
  }

  /** The call, its end, and everything that has to hold of it. Throws what doesn't. */
  async run(): Promise<void> {
    this.#connect();
    while (this.clock.nowMs() < TALK_MS && this.#isLive) await this.#act();
    if (this.#isLive) this.#end(this.#caller.happens(0.7) ? 'stop' : 'closed');
    await this.#pass(AFTERMATH_MS);
    this.#checkEnd();
    this.#checkTurns();
    this.#checkSilences();
  }

  // --- what happens ---

  async #act(): Promise<void> {
    const caller = this.#caller;
    const draw = caller.between(1, 100);
    if (draw <= 55) return this.#converse(caller.pick(SENTENCES));
    if (draw <= 65) return this.#speak(caller.pick(BACKCHANNELS));
    if (draw <= 70) return this.#cough();
    if (draw <= 76) return this.#type(caller.pick(KEYS));
    if (draw <= 84) return this.#pass(caller.between(100, 2_500));
    if (draw <= 89) return this.#pass(caller.between(3_000, 8_000));
    if (draw <= 94) return this.#loseStream();
    if (draw <= 96) return this.#fromOutside();
    if (draw <= 97) return this.#end('stop');
    if (draw <= 98) return this.#pass(20_000);
    this.#disturbedAtMs.push(this.clock.nowMs());
    this.#ears.hear('hello');
    return this.#pass(300);
  }

  /** Speaks, perhaps pauses in the middle, and mostly waits for the answer. */
  async #converse(text: string): Promise<void> {
    const losses = this.#ears.losses;
    const eventsBefore = this.events.length;
    let last = text;
    await this.#speak(text);
    if (this.#caller.happens(0.25)) {
      await this.#pass(this.#caller.between(50, 1_200));
      last = this.#caller.pick(SENTENCES);
      await this.#speak(last);
    }
    if (this.#caller.happens(0.8)) await this.#awaitAnswer(losses, eventsBefore, /[.?]$/u.test(last));
  }

  async #speak(text: string): Promise<void> {
    const noticed = !this.#line.happens(0.05);
    if (noticed) await this.#voice();
    for (const word of text.split(' ')) {
      if (!this.#isLive) return;
      await this.#pass(word.length * LETTER_MS);
      this.#disturbedAtMs.push(this.clock.nowMs());
      this.#ears.hear(word);
    }
    // A television, or a detector that is stuck: the voice stays on until the caller has spoken again.
    if (noticed) {
      if (this.#voiceFaults && this.#line.happens(0.1)) this.#stuck = true;
      else await this.#silence();
    }
  }

  async #cough(): Promise<void> {
    await this.#voice();
    await this.#pass(this.#caller.between(50, 900));
    await this.#silence();
  }

  /** Presses keys, and mostly waits for the answer. */
  async #type(keys: string): Promise<void> {
    const losses = this.#ears.losses;
    const eventsBefore = this.events.length;
    for (const key of keys) {
      await this.#pass(this.#caller.between(100, 1_000));
      if (!this.#isLive) return;
      this.#overtaken += 1;
      this.#disturbedAtMs.push(this.clock.nowMs());
      this.streams.at(-1)?.listener?.onDtmf(key);
    }
    await this.#pass(HANGOVER_MS);
    if (this.#caller.happens(0.8)) await this.#awaitAnswer(losses, eventsBefore);
  }

  async #voice(): Promise<void> {
    await this.#pass(ONSET_MS);
    this.#overtaken += 1;
    this.#disturbedAtMs.push(this.clock.nowMs());
    const levelDbfs = this.#caller.between(-24, -18);
    if (this.#isLive && !this.#stuck)
      this.#detector.tell({ kind: 'voiceStarted', voiceAtMs: this.clock.nowMs() - ONSET_MS, levelDbfs });
  }

  async #silence(): Promise<void> {
    this.#stuck = false;
    this.#disturbedAtMs.push(this.clock.nowMs());
    await this.#pass(HANGOVER_MS);
    const silenceAtMs = this.clock.nowMs() - HANGOVER_MS;
    const speechMs = this.#caller.between(0, 500);
    if (this.#isLive) this.#detector.tell({ kind: 'voiceStopped', silenceAtMs, speechMs });
  }

  async #loseStream(): Promise<void> {
    // The second stream may be there before the first one's end is seen.
    if (this.#line.happens(0.3)) return this.#connect();
    this.#end('closed');
    if (this.#line.happens(0.2)) return;
    await this.#pass(this.#line.between(100, 4_000));
    // A call that we had ended is not connected again.
    if (this.#calls.afterStream(INFO.callSid).kind === 'connect') this.#connect();
  }

  #fromOutside(): void {
    const call = this.#calls.find(INFO.callSid);
    const what = this.#line.pick(['say', 'say', 'say', 'hangUp', 'transfer', 'machine']);
    this.#toMachine ||= what === 'machine';
    if (what === 'say') call?.say('Please hold the line.');
    else if (what === 'hangUp') call?.hangUp();
    else if (what === 'transfer') call?.transfer('+15550001111');
    else this.#calls.answeredBy(INFO.callSid, 'machine_start');
  }

  #connect(): void {
    const carrier = new SoundingCarrier(this.clock, this.#line.branch(), this.#markFaults);
    const stream: Stream = { carrier, listener: undefined, closedByUs: 0, over: false };
    this.streams.push(stream);
    carrier.onMark = (name) => stream.listener?.onMark(name);
    this.#overtaken += 1;
    this.#calls.open(INFO, {
      streamSid: `MZ${this.streams.length}`,
      sendMedia: (mulaw) => carrier.sendMedia(mulaw),
      sendMark: (name) => carrier.sendMark(name),
      sendClear: () => carrier.sendClear(),
      listen: (listener) => {
        stream.listener = listener;
      },
      close: () => {
        stream.closedByUs += 1;
        stream.over = true;
        carrier.close();
      },
    });
  }

  #end(reason: 'stop' | 'closed'): void {
    const stream = this.streams.at(-1);
    if (stream === undefined || stream.over) return;
    stream.over = true;
    stream.listener?.onEnded(reason);
  }

  /** The caller's line is silent or speaks; what was asked to happen then, happens. */
  async #pass(durationMs: number): Promise<void> {
    const stream = this.streams.at(-1);
    if (stream?.over === false) stream.listener?.onMedia(FRAME, this.clock.nowMs());
    await this.clock.advance(durationMs);
  }

  get #isLive(): boolean {
    return this.streams.at(-1)?.over === false;
  }

  #logger(): Logger {
    const logger: Logger = {
      ...silentLogger,
      info: (_fields, message) => void (message === LISTENS && (this.switches.stt += 1)),
      error: (fields, message) => void this.bugs.push({ message, ...fields }),
      child: () => logger,
    };
    return logger;
  }

  // --- what has to hold ---

  /** The caller has just finished, listens, and is not kept waiting. `whole`: with a sentence that nobody waits for the rest of. */
  async #awaitAnswer(lossesBefore: number, eventsBefore: number, whole = false): Promise<void> {
    const silentAtMs = this.clock.nowMs() - HANGOVER_MS;
    const overtaken = this.#overtaken;
    const eventsAfter = this.events.length;
    for (;;) {
      await this.#pass(100);
      if (!this.#isLive || overtaken !== this.#overtaken || this.#ears.losses > lossesBefore) return;
      const nowMs = this.clock.nowMs();
      const since = nowMs - silentAtMs;
      const knownAtMs = Math.max(silentAtMs, this.#lastWordsAtMs());
      // Those that were heard over the agent may be judged when it has finished.
      const soundsUntilMs = this.streams.at(-1)?.carrier.silentFromMs ?? 0;
      const news = this.events.slice(eventsBefore);
      const heard = news.some((event) => event.type.startsWith('transcript.'));
      if (!heard && nowMs > silentAtMs + 2_000) return;
      const saidSince = this.events
        .slice(eventsAfter)
        .filter((event) => event.type === 'agent.said')
        .some((event) => !fillers.has(event.text));
      if (saidSince) {
        if (whole) this.waitsMs.push(since);
        return;
      }
      const decidedMs = agent.turnTaking.maxWaitMs + FINAL_WORDS_MS + (this.#stuck ? STEADY_MS : 0);
      const before = this.events.slice(0, eventsAfter).findLast((event) => event.type === 'agent.said');
      const stalledMs = before !== undefined && PROTECTED.test(before.text) ? STALLED_MS_MAX : 0;
      const soundDueMs = Math.max(
        silentAtMs + agent.limits.deadAirMs + stalledMs,
        Math.max(knownAtMs, soundsUntilMs) + decidedMs,
      );
      if (soundsUntilMs < silentAtMs) {
        assert.ok(nowMs <= soundDueMs + MARGIN_MS, `no sound for ${since} ms at ${nowMs}`);
      }
      const sentenceDueMs = Math.max(
        silentAtMs + APOLOGY_MS,
        knownAtMs + decidedMs,
        soundsUntilMs + APOLOGY_MS,
      );
      assert.ok(nowMs <= sentenceDueMs + MARGIN_MS, `no sentence for ${since} ms at ${nowMs}`);
    }
  }

  #lastWordsAtMs(): number {
    const last = this.events.findLast((event) => event.type.startsWith('transcript.'));
    return last === undefined ? 0 : last.at - this.clock.wallMs() + this.clock.nowMs();
  }

  #checkEnd(): void {
    assert.deepEqual(this.bugs, [], 'no bug');
    assert.equal(this.started.length, 1, 'started once');
    assert.equal(this.ended.length, 1, 'ended once');
    assert.equal(this.events.at(-1)?.type, 'call.ended', 'nothing is told after the end');
    assert.equal(this.#calls.activeCount, 0);
    for (const stream of this.streams) {
      assert.equal(stream.closedByUs, 1, 'each stream is closed once');
      assert.equal(stream.carrier.lateMessages, 0, 'nothing is sent to a closed stream');
    }
    assert.equal(this.#detector.opened, 0, 'each voice detector is closed once');
    assert.equal(this.#ears.open, 0, 'each session of the ears is closed once');
    assert.equal(this.clock.pendingTimers, 0, 'no timer is left');
    assert.equal(this.background.count, 0, 'no promise is left');
  }

  /** As the carrier has it: from the turn taken to the reply's end there is never a longer silence than the file allows. */
  #checkSilences(): void {
    const startedAtMs = this.clock.wallMs() - this.clock.nowMs();
    for (const [at, event] of this.events.entries()) {
      if (event.type !== 'turn.started') continue;
      const over = this.events
        .slice(at + 1)
        .find((one) => one.type === 'turn.finished' || one.type === 'turn.started');
      const fromMs = event.at - startedAtMs;
      const toMs = (over?.at ?? 0) - startedAtMs;
      if (over?.type !== 'turn.finished' || over.turn !== event.turn) continue;
      // Whoever is spoken over, or cut off, may fall silent.
      if (this.#disturbedAtMs.some((ms) => ms >= fromMs - HANGOVER_MS && ms <= toMs + HANGOVER_MS)) continue;
      let soundUntilMs = fromMs;
      for (const sound of this.streams.flatMap(({ carrier }) => carrier.sounds)) {
        if (sound.toMs <= fromMs || sound.fromMs >= toMs) continue;
        this.#checkSilence(soundUntilMs, sound.fromMs);
        soundUntilMs = Math.max(soundUntilMs, sound.toMs);
      }
      this.#checkSilence(soundUntilMs, toMs);
    }
  }

  #checkSilence(fromMs: number, toMs: number): void {
    const silentMs = toMs - fromMs;
    assert.ok(
      silentMs <= agent.limits.deadAirMs + MARGIN_MS,
      `the waiting caller hears nothing for ${silentMs} ms from ${fromMs}`,
    );
  }

  #checkTurns(): void {
    const known = new Map<number, TurnRow>();
    for (const row of this.rows) {
      const before = known.get(row.index);
      if (before !== undefined) {
        // A row may be put right when its digits turn out to be part of a number that nobody else sees.
        const corrected = row.callerText.includes('[digits]') || row.callerText.includes('[card number]');
        if (!corrected)
          assert.equal(row.callerText, before.callerText, `turn ${row.index} is told of two questions`);
        assert.ok(row.agentText.startsWith(before.agentText), `turn ${row.index} loses what was said in it`);
      }
      known.set(row.index, row);
      assert.ok(
        isWithin(wordsOf(row.heardText), wordsOf(row.agentText)),
        `heard: ${row.heardText}; said: ${row.agentText}`,
      );
    }
    // A sentence that the voice broke off is over before its end, protected or not.
    const spared = this.#toMachine || this.#voiceBreaks;
    for (const event of spared ? [] : this.events) {
      if (event.type === 'agent.interrupted') assert.doesNotMatch(event.heardText, PROTECTED_CUT);
    }
    const indexes = [...known.keys()].sort((a, b) => a - b);
    const holes = (indexes.at(-1) ?? -1) + 1 - indexes.length;
    // A stream that is lost before a word was said leaves no row.
    assert.ok(holes < this.streams.length, `turns ${indexes.join(' ')} of ${this.streams.length} streams`);
  }
}

/** All of `some`, in its order, is in `all`. */
function isWithin(some: readonly string[], all: readonly string[]): boolean {
  let found = 0;
  for (const word of all) if (word === some[found]) found += 1;
  return found === some.length;
}
