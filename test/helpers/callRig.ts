// A whole call on the virtual clock: the real call, turn, playout, conversation; a carrier that plays in real
// time; ears, a model and a voice that take the times they are given.
import { BYTES_PER_MS, FRAME_MS, silence } from '../../src/audio/mulaw.ts';
import { Background } from '../../src/base/background.ts';
import { sleep, type Timer } from '../../src/base/clock.ts';
import { parseAgentFile } from '../../src/agent/file.ts';
import type { AgentFile } from '../../src/agent/schema.ts';
import { Calls } from '../../src/call/calls.ts';
import type { CallInfo, CallStream } from '../../src/call/port.ts';
import type { CallWorld } from '../../src/call/world.ts';
import type { LiveEvent } from '../../src/events/event.ts';
import type { ChatMessage, LlmEvent, LlmRequest } from '../../src/llm/port.ts';
import { openMetrics } from '../../src/metrics/metrics.ts';
import type { CallEnded, CallStarted, TurnRow } from '../../src/store/port.ts';
import type { SttEvent } from '../../src/stt/port.ts';
import type { MediaStreamListener } from '../../src/twilio/mediaStream.ts';
import { FakeCarrier } from './fakeCarrier.ts';
import { keepingWriter, simulatedWorld, ToldDetector } from './simulatedWorld.ts';
import { VirtualClock, settle } from './virtualClock.ts';

const AGENT = `
name: test-agent
greeting: Hello, this is Robin.
prompt: You are Robin.
providers:
  stt: [{ provider: openai, model: fake }]
  llm: [{ provider: openai, model: fake }]
  tts: [{ provider: openai, model: fake, voice: fake }]
lines:
  sorry: Sorry about that.
  goodbye: Goodbye then.
  reconnected: We were cut off.
limits:
  idle: [{ afterSeconds: 5, say: Are you there? }]
tools:
  - builtin: end_call
  - builtin: transfer
    to: { reception: "+15550001111" }
    say: I will put you through.
`;

/** What the model does on a request: pieces of text and calls of tools, or a failure. */
export type Answer = readonly (string | LlmEvent | Error)[];

export const INFO: CallInfo = {
  callSid: 'CA00000000000000000000000000000001',
  accountSid: 'AC00000000000000000000000000000001',
  direction: 'inbound',
  from: '+15550000001',
  to: '+15550000002',
  leadId: undefined,
  variables: {},
};

/** How long each letter is spoken. */
export const LETTER_MS = 60;

/** Letters become tones, the rest pauses: heard text is placed by what sounds. */
export function spokenAudio(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * LETTER_MS * BYTES_PER_MS);
  for (let i = 0; i < bytes.length; i += 1) {
    const letter = /\w/.test(text[Math.floor(i / (LETTER_MS * BYTES_PER_MS))] ?? ' ');
    bytes[i] = letter ? (i % 8 < 4 ? 0x90 : 0x10) : 0xff;
  }
  return bytes;
}

export interface RigOptions {
  /** One that moves on more quickly, where nothing waits for more than promises. */
  readonly clock?: VirtualClock;
  readonly answer?: (messages: readonly ChatMessage[], request: LlmRequest) => Answer;
  readonly agentYaml?: string;
  readonly world?: Partial<CallWorld>;
  readonly llmFirstTokenMs?: number;
  readonly ttsFirstByteMs?: number;
  /** 20 ms of what the caller's line sounds like, whatever is said on it; else it is silent. */
  readonly lineSound?: Uint8Array;
  /** A sentence that the voice cannot say. */
  readonly mute?: (text: string) => boolean;
}

export class CallRig {
  readonly clock: VirtualClock;
  readonly events: LiveEvent[] = [];
  readonly rows: TurnRow[] = [];
  readonly started: CallStarted[] = [];
  readonly ended: CallEnded[] = [];
  readonly requests: LlmRequest[] = [];
  readonly bugs: unknown[] = [];
  readonly background = new Background((error) => this.bugs.push(error));
  readonly metrics = openMetrics({ callsActive: () => this.calls.activeCount, pendingWrites: () => 0 });
  readonly agent: AgentFile;
  readonly world: CallWorld;
  readonly calls: Calls;
  carrier: FakeCarrier;
  streamClosed = 0;
  readonly closeCodes: (number | undefined)[] = [];
  sttSessions = 0;
  readonly #options: RigOptions;
  #stream: MediaStreamListener | undefined;
  readonly #detector = new ToldDetector();
  #stt: (event: SttEvent) => void = () => undefined;
  #utterance = 0;
  #said = '';

  constructor(options: RigOptions = {}) {
    this.#options = options;
    this.clock = options.clock ?? new VirtualClock();
    this.carrier = new FakeCarrier(this.clock);
    const parsed = parseAgentFile(options.agentYaml ?? AGENT, 'test.yaml');
    if (!parsed.ok) throw new Error(parsed.mistakes.join('\n'));
    this.agent = parsed.agent;
    this.world = this.#world();
    this.calls = new Calls(this.world);
  }

  /** The carrier's stream is there; `resumed`: the call had one before. */
  open(info: CallInfo = INFO, resumed = false): void {
    this.carrier = new FakeCarrier(this.clock);
    const { carrier } = this;
    const stream: CallStream = {
      streamSid: 'MZ1',
      sendMedia: (mulaw) => carrier.sendMedia(mulaw),
      sendMark: (name) => carrier.sendMark(name),
      sendClear: () => carrier.sendClear(),
      listen: (listener) => {
        this.#stream = listener;
        carrier.echo = (name) => listener.onMark(name);
      },
      close: (code) => {
        this.streamClosed += 1;
        this.closeCodes.push(code);
      },
    };
    this.calls.open(info, stream, resumed);
  }

  /** The carrier's stream is over before anybody listens. */
  openEnded(info: CallInfo = INFO): void {
    const ignore = (): void => undefined;
    this.calls.open(info, {
      streamSid: 'MZ1',
      sendMedia: ignore,
      sendMark: ignore,
      sendClear: ignore,
      close: ignore,
      listen: (listener) => listener.onEnded('stop'),
    });
  }

  /** Time passes: the carrier plays and the caller's line is silent. */
  async run(durationMs: number): Promise<void> {
    for (let ms = 0; ms < durationMs; ms += 1) {
      const atFrame = ms % FRAME_MS === 0;
      if (atFrame) this.#stream?.onMedia(this.#options.lineSound ?? silence(FRAME_MS), this.clock.nowMs());
      // To come to rest costs more than all the rest of a millisecond.
      if (atFrame || !this.clock.pass(1)) await this.clock.advance(1);
      this.carrier.playMs();
    }
  }

  /** The caller speaks for as long as the text is, with words as they come, and falls silent. Resolves when the voice has stopped. */
  async says(text: string): Promise<void> {
    await this.voice();
    for (const word of text.split(' ')) {
      await this.run(word.length * LETTER_MS);
      this.words(word);
    }
    await this.silence();
  }

  async voice(levelDbfs = -20): Promise<void> {
    this.#detector.tell({ kind: 'voiceStarted', voiceAtMs: this.clock.nowMs() - 80, levelDbfs });
    await this.run(0);
  }

  words(word: string): void {
    this.#said = this.#said === '' ? word : `${this.#said} ${word}`;
    this.#stt({ kind: 'words', utterance: this.#utterance, text: this.#said });
  }

  /** The voice stops 200 ms ago, as a detector with that hangover says. */
  async silence(): Promise<void> {
    await this.run(200);
    this.#detector.tell({ kind: 'voiceStopped', silenceAtMs: this.clock.nowMs() - 200, speechMs: undefined });
  }

  /** The caller presses keys, one after the other, at a person's pace. */
  async presses(keys: string, everyMs = 250): Promise<void> {
    for (const key of keys) {
      this.#stream?.onDtmf(key);
      await this.run(everyMs);
    }
  }

  hangsUp(): void {
    this.#stream?.onEnded('stop');
  }

  breaksOff(): void {
    this.#stream?.onEnded('closed');
  }

  /** Until the agent has said what it has to say. */
  async agentFinishes(maxMs = 20_000): Promise<void> {
    await this.run(20);
    for (let ms = 0; ms < maxMs && this.carrier.bufferedMs > 0; ms += 20) await this.run(20);
    await this.run(20);
  }

  /** The agent speaks within `maxMs`. */
  async agentSpeaks(maxMs = 10_000): Promise<void> {
    for (let ms = 0; ms < maxMs && this.carrier.bufferedMs === 0; ms += 5) await this.run(5);
  }

  eventsOf<T extends LiveEvent['type']>(type: T): readonly Extract<LiveEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<LiveEvent, { type: T }> => event.type === type);
  }

  /** The last word on each turn. */
  turns(): readonly TurnRow[] {
    return [...new Map(this.rows.map((row) => [row.index, row])).values()];
  }

  /** After a call nothing of it is left: no timer, no promise. */
  async leftovers(): Promise<{ readonly timers: number; readonly background: number }> {
    // The carrier's last echoes are its own.
    await this.clock.advance(1);
    await settle();
    return { timers: this.clock.pendingTimers, background: this.background.count };
  }

  #world(): CallWorld {
    const { clock } = this;
    return simulatedWorld({
      agent: this.agent,
      clock,
      metrics: this.metrics,
      events: { publish: (event) => void this.events.push(event) },
      writer: keepingWriter(this),
      detector: this.#detector,
      ears: [
        {
          provider: 'fake',
          capabilities: { liveWords: true, commitsItself: false },
          open: (_options, listener) => {
            this.sttSessions += 1;
            this.#utterance = 0;
            this.#said = '';
            let closed = false;
            const timers = new Set<Timer>();
            this.#stt = (event) => {
              if (!closed) listener(event);
            };
            return {
              push: () => undefined,
              commit: () => {
                const utterance = this.#utterance;
                const text = this.#said;
                this.#utterance += 1;
                this.#said = '';
                const timer = clock.after(150, () => {
                  timers.delete(timer);
                  this.#stt({ kind: 'final', utterance, text });
                });
                timers.add(timer);
                return utterance;
              },
              close: () => {
                closed = true;
                for (const timer of timers) timer.cancel();
              },
            };
          },
        },
      ],
      model: {
        provider: 'fake',
        model: 'fake',
        warmUp: () => Promise.resolve(),
        complete: (request, signal) => this.#complete(request, signal),
      },
      voice: {
        provider: 'fake',
        cacheKey: 'fake',
        warmUp: () => Promise.resolve(),
        speak: (text, signal) => this.#speak(text, signal),
      },
      providers: { llm: 'fake', tts: 'fake' },
      background: this.background,
      ...this.#options.world,
    });
  }

  async *#complete(request: LlmRequest, signal: AbortSignal): AsyncGenerator<LlmEvent, void, undefined> {
    this.requests.push(request);
    const answer = this.#options.answer?.(request.messages, request) ?? [
      'Certainly, I can do that for you. ',
      'What day would you like?',
    ];
    await sleep(this.clock, this.#options.llmFirstTokenMs ?? 300, signal);
    for (const piece of answer) {
      if (piece instanceof Error) throw piece;
      yield typeof piece === 'string' ? { kind: 'text', text: piece } : piece;
      await sleep(this.clock, 20, signal);
    }
    yield { kind: 'finished', reason: 'stop' };
  }

  async *#speak(text: string, signal: AbortSignal): AsyncGenerator<{ mulaw: Uint8Array }, void, undefined> {
    await sleep(this.clock, this.#options.ttsFirstByteMs ?? 100, signal);
    if (this.#options.mute?.(text) === true) throw new Error('the voice is broken');
    const audio = spokenAudio(text);
    for (let at = 0; at < audio.length; at += 1_600) {
      yield { mulaw: audio.subarray(at, at + 1_600) };
      await sleep(this.clock, 50, signal);
    }
  }
}
