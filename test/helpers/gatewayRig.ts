// The whole gateway in this process, between a simulated carrier and simulated providers on real sockets.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { isRecord } from '../../src/base/json.ts';
import { seededRandom } from '../../src/base/random.ts';
import { readConfig } from '../../src/config.ts';
import type { LiveEvent } from '../../src/events/event.ts';
import { openGateway, type Gateway } from '../../src/gateway.ts';
import { openLog } from '../../src/log/log.ts';
import type { SimMessage, SimReply } from '../../src/sim/brain.ts';
import {
  prepareCaller,
  type CallerOptions,
  type CallerReport,
  type CallerStep,
} from '../../src/sim/caller.ts';
import { Carrier } from '../../src/sim/carrier.ts';
import type { CarrierCall } from '../../src/sim/carrierCall.ts';
import type { Answer } from '../../src/sim/carrierOutgoing.ts';
import { serveCarrierRest } from '../../src/sim/carrierRest.ts';
import { watchEvents, type EventFeed } from '../../src/sim/eventFeed.ts';
import { PlayedWords } from '../../src/sim/played.ts';
import { plain } from '../../src/sim/recogniser.ts';
import { SimServer } from '../../src/sim/server.ts';
import { openVoice, type Voice } from '../../src/sim/voice.ts';
import type { CallSummary, TurnRow } from '../../src/store/port.ts';
import type { ServerLimits } from '../../src/server/options.ts';
import { openFaultyProviders, type FaultyProviders } from './faultyProviders.ts';

export const PUBLIC_URL = 'https://voice.example.com';
export const ACCOUNT_SID = `AC${'e'.repeat(32)}`;
export const AUTH_TOKEN = 'the-auth-token-of-the-account';
export const API_KEY = 'sk-a-key-that-nobody-may-see';
export const CALLER_NUMBER = '+15550100123';
export const AGENT_NUMBER = '+15550100456';
export const GREETING = 'Hello, this is Robin.';
export const SORRY = 'Sorry about that.';
export const GOODBYE = 'Goodbye then.';

const OPENAI_EARS = '{ provider: openai, model: gpt-live-transcribe }';

/** A short-spoken agent. `more` are further top-level keys, `turnTaking` further ones of that, `stt` its ears. */
export function agentYaml(providersUrl: string, more = '', turnTaking = '', stt = OPENAI_EARS): string {
  return `
name: test-agent
greeting: ${GREETING}
prompt: You are Robin.
callerNumber: "${AGENT_NUMBER}"
turnTaking: { minWaitMs: 150, maxWaitMs: 2500${turnTaking} }
providers:
  stt: [${stt}]
  llm: [{ provider: openai, model: sim, firstTokenMs: 2000, idleMs: 1500 }]
  tts:
    - { provider: openai, model: sim, voice: first, firstAudioMs: 2000 }
    - { provider: openai, model: sim, voice: second, baseUrl: "${providersUrl}/backup/v1", apiKeyEnv: BACKUP_KEY }
lines:
  sorry: ${SORRY}
  goodbye: ${GOODBYE}
  reconnected: We were cut off.
  fillers: []
voicemail: { say: Please call us back. }
recording: true
${more}`;
}

export const TALK_TOOLS = `
tools:
  - builtin: end_call
  - builtin: transfer
    to: { reception: "+15550001111" }
    say: Putting you through.
`;

export const LONG_ANSWER =
  'We are open from eight to six on every working day, and on Saturday mornings from nine until one in the afternoon.';

/** A model that does as it is told in so many words. */
export function obedientBrain(messages: readonly SimMessage[]): SimReply {
  const last = messages.at(-1);
  if (last?.role === 'tool') return { text: `The answer is ${last.content}.` };
  const words = messages.findLast((message) => message.role === 'user')?.content ?? '';
  if (/goodbye/i.test(words)) {
    return { text: 'Have a lovely day.', toolCalls: [{ name: 'end_call', arguments: '{}' }] };
  }
  if (/reception/i.test(words)) {
    return { toolCalls: [{ name: 'transfer', arguments: '{"to":"reception"}' }] };
  }
  const city = /weather in (\w+)/i.exec(words)?.[1];
  if (city !== undefined) {
    return { toolCalls: [{ name: 'get_weather', arguments: JSON.stringify({ city }) }] };
  }
  if (/number three/i.test(words)) {
    return { text: 'I can look it up for you. Then I will call you back tomorrow.' };
  }
  const number = /number \w+/i.exec(words)?.[0];
  if (number !== undefined) return { text: `Here is ${number}.` };
  if (/hours/i.test(words)) return { text: LONG_ANSWER };
  return { text: 'I can help you with that.' };
}

export interface StoredCall extends Omit<CallSummary, 'endedAt' | 'startedAt'> {
  readonly transcript: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly turns: readonly TurnRow[];
}

export interface Held {
  readonly call: CarrierCall;
  readonly report: CallerReport;
}

/** How somebody speaks and listens who is in a hurry. */
const HURRIED = { silenceMs: 450, reactionMs: [40, 80], patienceMs: 15_000, speech: { rate: 210 } } as const;
const READY_MS_MAX = 30_000;

let voice: Promise<Voice> | undefined;

export interface GatewayRigOptions {
  /** Further keys of the agent's file. */
  readonly agent?: string;
  /** The entries of `providers.stt`, for the address of the simulated providers; OpenAI's unless told. */
  readonly stt?: (providersUrl: string) => string;
  /** The turn model's file, which then lies beside the agent's. */
  readonly turnModel?: Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly limits?: Partial<ServerLimits>;
  /** A build of the console. */
  readonly consoleDir?: string;
  /** What the one does who is called by the gateway. */
  readonly callee?: (call: CarrierCall) => Answer;
}

export class GatewayRig {
  readonly gateway: Gateway;
  readonly providers: FaultyProviders;
  readonly carrier: Carrier;
  readonly events: LiveEvent[];
  /** Every line of the log. */
  readonly log: readonly string[];
  readonly played: PlayedWords;
  readonly dataDir: string;
  readonly #voice: Voice;
  readonly #rest: SimServer;
  readonly #feed: EventFeed;

  private constructor(parts: {
    readonly gateway: Gateway;
    readonly providers: FaultyProviders;
    readonly carrier: Carrier;
    readonly events: LiveEvent[];
    readonly log: readonly string[];
    readonly played: PlayedWords;
    readonly dataDir: string;
    readonly voice: Voice;
    readonly rest: SimServer;
    readonly feed: EventFeed;
  }) {
    this.gateway = parts.gateway;
    this.providers = parts.providers;
    this.carrier = parts.carrier;
    this.events = parts.events;
    this.log = parts.log;
    this.played = parts.played;
    this.dataDir = parts.dataDir;
    this.#voice = parts.voice;
    this.#rest = parts.rest;
    this.#feed = parts.feed;
  }

  /** Resolves when the gateway is ready for calls. */
  static async open(options: GatewayRigOptions = {}): Promise<GatewayRig> {
    const { providers, played, voice: speaking } = await openSpeakingProviders();
    const dataDir = await mkdtemp(path.join(tmpdir(), 'turnpike-test-'));
    const agentPath = path.join(dataDir, 'agent.yaml');
    const { turnModel } = options;
    if (turnModel !== undefined) await writeFile(path.join(dataDir, 'turn.onnx'), turnModel);
    const named = turnModel === undefined ? '' : ', model: turn.onnx';
    const stt = options.stt?.(providers.url);
    await writeFile(agentPath, agentYaml(providers.url, options.agent ?? TALK_TOOLS, named, stt));
    const rest = new SimServer();
    const restUrl = await rest.listen();
    const log: string[] = [];
    const config = readConfig({
      ...environment({ providersUrl: providers.url, dataDir, agentPath }),
      TWILIO_API_BASE_URL: restUrl,
      LOG_LEVEL: 'debug',
      ...options.env,
    });
    const logger = openLog(config.logLevel, { write: (line) => void log.push(line) }, config.secrets);
    const gateway = await openGateway(config, logger, options);
    const carrier = newCarrier(gateway.url, options.callee);
    serveCarrierRest(rest, carrier);
    const events: LiveEvent[] = [];
    const feed = await watchEvents(gateway.url, (event) => events.push(event));
    const rig = new GatewayRig({
      gateway,
      providers,
      carrier,
      events,
      log,
      played,
      dataDir,
      rest,
      feed,
      voice: speaking,
    });
    const isWarm = async (): Promise<boolean> =>
      !(await (await fetch(`${gateway.url}/readyz`)).text()).includes('warming_up');
    await eventually(isWarm, 'it is warm', READY_MS_MAX);
    return rig;
  }

  /** Somebody calls, and goes through the steps. */
  async hold(steps: readonly CallerStep[]): Promise<Held> {
    const { call, report } = await this.begin(steps);
    return { call, report: await report };
  }

  /** The same, while the call goes on. */
  async begin(
    steps: readonly CallerStep[],
    habits: Partial<CallerOptions> = {},
  ): Promise<{ readonly call: CarrierCall; readonly report: Promise<CallerReport> }> {
    const caller = await this.caller(steps, habits);
    const call = this.carrier.placeCall({ from: CALLER_NUMBER, to: AGENT_NUMBER });
    return { call, report: caller.take(call) };
  }

  async caller(
    steps: readonly CallerStep[],
    habits: Partial<CallerOptions> = {},
  ): ReturnType<typeof prepareCaller> {
    return hurriedCaller({ steps, habits, voice: this.#voice, providers: this.providers });
  }

  /** Has the gateway call somebody; what they do is `callee`'s to say. */
  async place(to: string): Promise<CarrierCall> {
    const response = await fetch(`${this.gateway.url}/v1/calls`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ to }),
    });
    assert.equal(response.status, 202);
    const { callSid } = (await response.json()) as { readonly callSid: string };
    const call = this.carrier.find(callSid);
    assert.ok(call !== undefined);
    return call;
  }

  /** The call as the API gives it, once its end is stored. */
  async stored(callSid: string): Promise<StoredCall> {
    return storedCall(this.gateway.url, callSid);
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.gateway.url}/metrics`)).text();
  }

  eventsOf(callSid: string): readonly LiveEvent[] {
    return this.events.filter((event) => event.callSid === callSid);
  }

  /**
   * Fails unless the caller heard these words, in this order, and no others. Where a machine that is too busy has
   * left silence inside the speech, words round it may be missing.
   */
  assertHeard(call: CarrierCall, text: string): void {
    const heard = this.wordsHeard(call);
    if (call.gaps.length === 0) {
      assert.deepEqual(heard, wordsOf(text));
      return;
    }
    const left = [...wordsOf(text)];
    for (const word of heard) {
      const at = left.indexOf(word);
      assert.ok(at >= 0, `"${heard.join(' ')}" was heard of "${text}"`);
      left.splice(0, at + 1);
    }
    assert.ok(heard.length * 2 >= wordsOf(text).length, `no more than "${heard.join(' ')}" was heard`);
  }

  /** What the caller heard, as words. */
  wordsHeard(call: CarrierCall): readonly string[] {
    return this.played.wordsIn(call.playedMulaw()).map(({ word }) => plain(word));
  }

  /** What the model was asked after the caller had said this; the last such request. */
  askedAfter(callerText: string): readonly { readonly role: string; readonly content: unknown }[] {
    const asked = this.providers.chat.requests.findLast((request) =>
      messagesOf(request.body).some(({ role, content }) => role === 'user' && content === callerText),
    );
    assert.ok(asked !== undefined, `the model was asked after "${callerText}"`);
    return messagesOf(asked.body);
  }

  /** Closes everything but the data folder. */
  async closeAll(): Promise<void> {
    this.#feed.close();
    await this.carrier.close();
    await this.gateway.close();
    await this.#rest.close();
    await this.providers.close();
  }

  async close(): Promise<void> {
    await this.closeAll();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** Somebody whose sentences the providers will recognise. */
export async function hurriedCaller(options: {
  readonly steps: readonly CallerStep[];
  readonly habits?: Partial<CallerOptions>;
  readonly voice: Voice;
  readonly providers: FaultyProviders;
}): ReturnType<typeof prepareCaller> {
  const { steps, habits = {}, voice, providers } = options;
  return prepareCaller({
    ...HURRIED,
    ...habits,
    voice,
    random: seededRandom(11),
    steps,
    onUtterance: (utterance) => providers.book.add(utterance),
  });
}

/** What the providers say, and how the caller hears it. */
export async function openSpeakingProviders(): Promise<{
  readonly providers: FaultyProviders;
  readonly played: PlayedWords;
  readonly voice: Voice;
}> {
  const speaking = await (voice ??= openVoice());
  const played = new PlayedWords();
  const providers = await openFaultyProviders({
    brain: obedientBrain,
    voice: { say: (text) => speaking.say(text, { voice: 'en-us+f3', rate: 200 }) },
    onSpoken: played.learn,
  });
  return { providers, played, voice: speaking };
}

export function environment(where: {
  readonly providersUrl: string;
  readonly dataDir: string;
  readonly agentPath: string;
}): Record<string, string> {
  return {
    PORT: '0',
    DATA_DIR: where.dataDir,
    AGENT: where.agentPath,
    OPENAI_API_KEY: API_KEY,
    OPENAI_BASE_URL: `${where.providersUrl}/v1`,
    TOOL_HOSTS: '127.0.0.1,localhost',
    BACKUP_KEY: 'sk-another-key',
    DEEPGRAM_API_KEY: API_KEY,
    PUBLIC_URL,
    TWILIO_ACCOUNT_SID: ACCOUNT_SID,
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    // Tests share the machine: what is late says nothing of the gateway.
    SHED_LAG_MS: '60000',
    SHED_LATE_MS: '60000',
  };
}

/** No two calls have the same sid, as at Twilio: also for a gateway that is started again with what was kept. */
const carriersChance = seededRandom(5);

export function newCarrier(gatewayUrl: string, callee?: (call: CarrierCall) => Answer): Carrier {
  return new Carrier({
    clock: systemClock,
    random: carriersChance,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    voiceUrl: `${PUBLIC_URL}/twilio/voice`,
    statusUrl: `${PUBLIC_URL}/twilio/status`,
    publicUrl: PUBLIC_URL,
    dialUrl: gatewayUrl,
    ...(callee === undefined ? {} : { callee }),
  });
}

/** The call as a gateway's API gives it, once its end is stored. */
export async function storedCall(gatewayUrl: string, callSid: string): Promise<StoredCall> {
  let stored: unknown;
  await eventually(async () => {
    const response = await fetch(`${gatewayUrl}/v1/calls/${callSid}`);
    stored = await response.json();
    return response.ok && isRecord(stored) && stored['endedAt'] !== null;
  }, 'the end of the call is stored');
  return stored as StoredCall;
}

/** Waits for what happens in other places than this thread. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 20_000,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    assert.ok(performance.now() < deadlineMs, `waited ${timeoutMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Words as they sound, of a text. */
export function wordsOf(text: string): readonly string[] {
  return text.split(/\s+/).map(plain).filter(Boolean);
}

function messagesOf(
  body: Readonly<Record<string, unknown>>,
): readonly { readonly role: string; readonly content: unknown }[] {
  const { messages } = body;
  return Array.isArray(messages)
    ? messages.filter(isRecord).map(({ role, content }) => ({ role: String(role), content }))
    : [];
}
