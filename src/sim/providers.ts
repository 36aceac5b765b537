// All three simulated providers behind one OpenAI-shaped address.
import type { Clock } from '../base/clock.ts';
import { defined } from '../base/defined.ts';
import type { JsonRecord } from '../base/json.ts';
import type { Random } from '../base/random.ts';
import { noFaults, type FaultSource, type SimTimings } from './behaviour.ts';
import type { Brain } from './brain.ts';
import { simulatedChat, type SimulatedChat } from './openaiChat.ts';
import { simulatedRealtime, type RealtimeCounts } from './openaiRealtime.ts';
import { simulatedSpeech, type SpeechVoice, type Spoken } from './openaiSpeech.ts';
import { Phrasebook } from './recogniser.ts';
import { SimServer } from './server.ts';

export interface SimulatedProviders {
  /** For `OPENAI_BASE_URL`. */
  readonly baseUrl: string;
  /** What the STT can recognise: whoever speaks adds the sound of it before. */
  readonly book: Phrasebook;
  readonly chat: SimulatedChat;
  readonly stt: Readonly<RealtimeCounts>;
  /** Changes how the providers behave from now on. */
  setTimings(timings: SimTimings): void;
  close(): Promise<void>;
}

/** What goes wrong at each stage: asked once a request, or a connection. */
export interface ProviderFaults {
  readonly stt: FaultSource;
  /** STT: asked for everything that a connection has to say, however long it stands. */
  readonly sttLive?: FaultSource;
  readonly llm: FaultSource;
  readonly tts: FaultSource;
}

export const NO_FAULTS: ProviderFaults = { stt: noFaults, llm: noFaults, tts: noFaults };

/** The moments at which things go in and out, by the simulators' own clock: what a bench measures between. */
export interface ProviderWatch {
  /** STT: a final is being sent. */
  onFinal(atMs: number, text: string): void;
  /** Model: the last byte of a request came; `body` is the same object for its tokens. */
  onModelAsked(atMs: number, body: JsonRecord): void;
  onToken(atMs: number, body: JsonRecord, text: string): void;
  /** Voice: the last byte of a request came; the first byte of its audio is being sent. */
  onVoiceAsked(atMs: number, text: string): void;
  onVoiceByte(atMs: number, text: string): void;
}

export interface SimulatedProvidersOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly timings: SimTimings;
  readonly brain: Brain;
  readonly voice: SpeechVoice;
  readonly onSpoken?: (spoken: Spoken) => void;
  readonly refusePcmu?: boolean;
  readonly watch?: ProviderWatch;
  readonly faults?: ProviderFaults;
  /** What its ears know, unless they know nothing yet. */
  readonly book?: Phrasebook;
}

export async function openSimulatedProviders(
  options: SimulatedProvidersOptions,
): Promise<SimulatedProviders> {
  const { clock, random, brain, voice, watch, onSpoken, faults = NO_FAULTS } = options;
  const server = new SimServer();
  const book = options.book ?? new Phrasebook();
  let current = options.timings;
  const timings = (): SimTimings => current;
  const stt = simulatedRealtime(server, {
    book,
    timings,
    random,
    clock,
    refusePcmu: options.refusePcmu ?? false,
    faults: faults.stt,
    ...defined({ liveFault: faults.sttLive }),
    onFinal: (atMs, text) => watch?.onFinal(atMs, text),
  });
  const chat = simulatedChat(server, {
    brain,
    timings,
    random,
    clock,
    faults: faults.llm,
    onRequest: (atMs, body) => watch?.onModelAsked(atMs, body),
    onToken: (atMs, body, text) => watch?.onToken(atMs, body, text),
  });
  simulatedSpeech(server, {
    voice,
    timings,
    random,
    clock,
    faults: faults.tts,
    onSpoken: (spoken) => onSpoken?.(spoken),
    onRequest: (atMs, text) => watch?.onVoiceAsked(atMs, text),
    onFirstByte: (atMs, text) => watch?.onVoiceByte(atMs, text),
  });
  const url = await server.listen();
  return {
    baseUrl: `${url}/v1`,
    book,
    chat,
    stt,
    setTimings: (next) => {
      current = next;
    },
    close: () => server.close(),
  };
}
