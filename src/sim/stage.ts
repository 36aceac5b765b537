// What the demo and the benches stand on: simulated providers, and real gateways as processes of their own,
// each with a simulated carrier in front of it and callers who ring up there.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sleep, type Clock } from '../base/clock.ts';
import { defined } from '../base/defined.ts';
import { isRecord } from '../base/json.ts';
import type { Random } from '../base/random.ts';
import { sayable } from '../sentence/sayable.ts';
import type { TurnRow } from '../store/port.ts';
import type { SimTimings } from './behaviour.ts';
import type { Brain } from './brain.ts';
import { prepareCaller, type Caller, type CallerReport, type CallerStep } from './caller.ts';
import { Carrier } from './carrier.ts';
import type { CarrierCall } from './carrierCall.ts';
import { tokensOf } from './chatWire.ts';
import { startGateway, type GatewayProcess } from './gatewayProcess.ts';
import type { SpeechVoice, Spoken } from './openaiSpeech.ts';
import {
  openSimulatedProviders,
  type ProviderFaults,
  type ProviderWatch,
  type SimulatedProviders,
} from './providers.ts';
import type { Ear } from './turnTally.ts';
import { openVoice, toSampleRate, type Voice } from './voice.ts';

export const PUBLIC_URL = 'https://voice.example.com';
export const ACCOUNT = { sid: `AC${'d'.repeat(32)}`, token: 'a-token-for-the-simulation' };
export const CALLER_NUMBER = '+15550100123';
export const AGENT_NUMBER = '+15550100456';
export const AGENT_FILE = path.join(import.meta.dirname, '..', '..', 'agents', 'front-desk.yaml');
/** How the agent speaks: another than the caller. */
const AGENT_SPEECH = { voice: 'en-us+f3', rate: 165 };
const STORED_MS_MAX = 5_000;

export interface StageOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly timings: SimTimings;
  readonly brain: Brain;
  /** What is really said for a text; the text itself otherwise. Equal words are synthesised once. */
  readonly pronounced?: (text: string) => string;
  /** How the agent sounds, where it matters how long; a real voice otherwise. */
  readonly agentVoice?: SpeechVoice;
  readonly onSpoken?: (spoken: Spoken) => void;
  readonly watch?: ProviderWatch;
  readonly openEar?: () => Ear;
  readonly faults?: ProviderFaults;
  /** Of each carrier: calls whose sound and evidence are kept; the oldest go. */
  readonly callsKept?: number;
}

export interface HouseOptions {
  /** Left where it is at the end; without it a folder that is removed. */
  readonly dataDir?: string;
  /** Over what every gateway here is started with. */
  readonly env?: Readonly<Record<string, string>>;
  /** For taskset. */
  readonly cores?: string;
  /** For node itself. */
  readonly nodeArgs?: readonly string[];
  /** From `src`, in the gateway's place. */
  readonly program?: string;
}

/** A gateway and the carrier that brings it calls. */
export interface House {
  readonly gateway: GatewayProcess;
  readonly carrier: Carrier;
}

/** A call that is over. */
export interface HeldCall {
  readonly call: CarrierCall;
  readonly report: CallerReport;
}

/** Owns all that was opened on it. */
export class Stage {
  readonly providers: SimulatedProviders;
  readonly voice: Voice;
  readonly #options: StageOptions;
  readonly #closing: (() => Promise<unknown> | void)[] = [];

  readonly #agentVoice: SpeechVoice;

  private constructor(
    options: StageOptions,
    providers: SimulatedProviders,
    voice: Voice,
    agentVoice: SpeechVoice,
  ) {
    this.#options = options;
    this.#agentVoice = agentVoice;
    this.providers = providers;
    this.voice = voice;
    this.#closing.push(() => providers.close());
  }

  static async open(options: StageOptions): Promise<Stage> {
    const voice = await openVoice();
    const { clock, random, timings, brain, onSpoken, watch, openEar, faults, pronounced = same } = options;
    const agentVoice = options.agentVoice ?? openAgentVoice(voice, pronounced);
    const providers = await openSimulatedProviders({
      clock,
      random,
      timings,
      brain,
      voice: agentVoice,
      ...defined({ onSpoken, watch, openEar, faults }),
    });
    return new Stage(options, providers, voice, agentVoice);
  }

  /** Other providers that are quite like the first ones, know the same sounds, and never fail unless told to. */
  async openProviders(faults?: ProviderFaults): Promise<SimulatedProviders> {
    const { clock, random, timings, brain } = this.#options;
    const { book } = this.providers;
    const providers = await openSimulatedProviders({
      clock,
      random,
      timings,
      brain,
      voice: this.#agentVoice,
      book,
      ...defined({ faults }),
    });
    this.#closing.push(() => providers.close());
    return providers;
  }

  /** Starts a gateway of this very tree and its carrier; resolves when it is ready for calls. */
  async openHouse(options: HouseOptions = {}): Promise<House> {
    const { clock } = this.#options;
    const dataDir = options.dataDir ?? this.temporaryFolder();
    const gateway = await startGateway({
      clock,
      env: { ...this.#environment(dataDir), ...options.env },
      ...(options.cores === undefined ? {} : { cores: options.cores }),
      nodeArgs: options.nodeArgs ?? [],
      ...(options.program === undefined ? {} : { program: options.program }),
    });
    this.#closing.push(() => gateway.stop());
    return { gateway, carrier: this.openCarrier(gateway) };
  }

  /** Another carrier for the same gateway. */
  openCarrier(gateway: GatewayProcess): Carrier {
    const { clock, random, callsKept } = this.#options;
    const carrier = new Carrier({
      clock,
      random,
      ...defined({ callsKept }),
      accountSid: ACCOUNT.sid,
      authToken: ACCOUNT.token,
      voiceUrl: `${PUBLIC_URL}/twilio/voice`,
      statusUrl: `${PUBLIC_URL}/twilio/status`,
      publicUrl: PUBLIC_URL,
      dialUrl: gateway.url,
    });
    this.#closing.push(() => carrier.close());
    return carrier;
  }

  /** Has these replies of the brain's synthesised before the calls: 10-100 ms a sentence in which all else stands still. */
  async rehearse(replies: readonly string[]): Promise<void> {
    for (const reply of replies) {
      for await (const piece of sayable(tokensIn(reply), { language: 'en-US', earlyClause: true })) {
        await this.#agentVoice.say(piece);
      }
    }
  }

  /** A folder that goes when the stage does. */
  temporaryFolder(): string {
    const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-'));
    // Before anything that is opened later: it closes after that.
    this.#closing.push(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  /** Somebody who knows what to say, and whom the simulated speech-to-text understands. */
  prepare(steps: readonly CallerStep[]): Promise<Caller> {
    return prepareCaller({
      voice: this.voice,
      random: this.#options.random,
      steps,
      onUtterance: (utterance) => this.providers.book.add(utterance),
    });
  }

  /** Breaks off what is left and closes everything, the last opened first. Rejects if any of it failed. Idempotent. */
  async close(): Promise<void> {
    const faults: unknown[] = [];
    for (let last = this.#closing.pop(); last !== undefined; last = this.#closing.pop()) {
      try {
        await last();
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw new AggregateError(faults, 'the stage did not close');
  }

  #environment(dataDir: string): Record<string, string> {
    return {
      AGENT: AGENT_FILE,
      DATA_DIR: dataDir,
      OPENAI_API_KEY: 'simulated',
      // The simulators take the same machine's time: what is late here says little of the gateway.
      SHED_LAG_MS: '60000',
      SHED_LATE_MS: '60000',
      OPENAI_BASE_URL: this.providers.baseUrl,
      PUBLIC_URL,
      STREAM_URL: PUBLIC_URL.replace('https', 'wss'),
      TWILIO_ACCOUNT_SID: ACCOUNT.sid,
      TWILIO_AUTH_TOKEN: ACCOUNT.token,
    };
  }
}

/** Rings up, and resolves when the call is over. */
export async function hold({ carrier }: House, caller: Caller): Promise<HeldCall> {
  const call = carrier.placeCall({ from: CALLER_NUMBER, to: AGENT_NUMBER });
  return { call, report: await caller.take(call) };
}

/** A call's turns as the API gives them, once the last is there: they are written behind the call. */
export async function storedTurns(url: string, callSid: string, clock: Clock): Promise<readonly TurnRow[]> {
  const deadlineMs = clock.nowMs() + STORED_MS_MAX;
  while (clock.nowMs() < deadlineMs) {
    const response = await fetch(`${url}/v1/calls/${callSid}`);
    const call: unknown = response.ok ? await response.json() : undefined;
    // Our own API: its shape is its contract.
    if (isRecord(call) && call['endedAt'] !== null) return call['turns'] as readonly TurnRow[];
    await sleep(clock, 50);
  }
  throw new Error('the call did not reach the database');
}

async function* tokensIn(text: string): AsyncGenerator<string, void, undefined> {
  yield* tokensOf(text);
}

function same(text: string): string {
  return text;
}

/** Synthesised and brought to the API's rate once: a simulator under load has other things to do. */
function openAgentVoice(voice: Voice, pronounced: (text: string) => string): SpeechVoice {
  const known = new Map<string, Awaited<ReturnType<SpeechVoice['say']>>>();
  return {
    async say(text) {
      const words = pronounced(text);
      const before = known.get(words);
      if (before !== undefined) return before;
      const spoken = toSampleRate(await voice.say(words, AGENT_SPEECH), 24_000);
      known.set(words, spoken);
      return spoken;
    },
  };
}
