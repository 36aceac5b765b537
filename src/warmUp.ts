// What the first caller would otherwise wait for, made ready before there is one: at the start of the process, and
// again for each call while its phone rings. Failing costs time, never calls.
import { setMaxListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { fixedLines } from './agent/lines.ts';
import { render, systemPrompt, toolSpecs } from './agent/prompt.ts';
import type { AgentFile } from './agent/schema.ts';
import type { Clock } from './base/clock.ts';
import { errorText } from './base/errors.ts';
import type { Logger } from './base/logger.ts';
import type { CallInfo } from './call/port.ts';
import { rehearseCall } from './call/rehearsal.ts';
import type { CallWorld } from './call/world.ts';
import type { LanguageModel } from './llm/port.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { SpeechToText } from './stt/port.ts';
import type { CachedTextToSpeech } from './tts/cache.ts';
import { pcmToSpeech } from './tts/pcmSpeech.ts';
import type { TextToSpeech } from './tts/port.ts';

/** All of it together; what is not ready by then is made when it is needed. */
const WARM_UP_MS_MAX = 15_000;
/** New calls are not kept away for longer: what goes on after it goes on beside them. */
const UNREADY_MS_MAX = 5_000;
/** A word is enough to wake a model; some that think first refuse to answer in less. */
const WARM_UP_TOKENS_MAX = 16;
/** Longer than this a phone hardly rings once its stream is asked for. */
const RINGING_MS_MAX = 3_000;
/** Callers who ring together share what was opened for the first of them: some servers close after 5 s of silence. */
const RINGING_EVERY_MS = 4_000;
const VOICE_RATE_HZ = 24_000;
/** As a provider sends it. */
const VOICE_PIECE_BYTES = 4_800;

export interface WarmUpDeps {
  readonly agent: AgentFile;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'warmedUp'>;
  readonly model: LanguageModel;
  readonly voice: TextToSpeech;
  /** In order of preference; empty when nothing is kept. */
  readonly caches: readonly Pick<CachedTextToSpeech, 'prime'>[];
  readonly ears: readonly SpeechToText[];
  readonly world: CallWorld;
}

type Step = (signal: AbortSignal) => Promise<unknown>;

export interface WarmUp {
  /** Resolves when new calls may come: when all is done, or after some seconds. Never rejects. */
  readonly ready: Promise<void>;
  /** Resolves when all is done, has failed or was stopped. Never rejects. */
  readonly done: Promise<void>;
  /** Ends it wherever it is; resolves with `done`. */
  stop(): Promise<void>;
}

/** Starts at once and in the background; says in the log what took how long, and counts what failed. */
export function startWarmUp(deps: WarmUpDeps): WarmUp {
  const { clock } = deps;
  const stop = new AbortController();
  // Each fixed line listens to it: many are no leak.
  setMaxListeners(0, stop.signal);
  const timers = [clock.after(WARM_UP_MS_MAX, () => stop.abort(new Error('warming up took too long')))];
  const done = runSteps(deps, stop.signal).finally(() => {
    for (const timer of timers) timer.cancel();
  });
  const waited = new Promise<void>((resolve) => void timers.push(clock.after(UNREADY_MS_MAX, resolve)));
  return {
    ready: Promise.race([done, waited]),
    done,
    stop: () => {
      stop.abort(new Error('the process ends'));
      return done;
    },
  };
}

async function runSteps(deps: WarmUpDeps, signal: AbortSignal): Promise<void> {
  const { clock, logger, metrics } = deps;
  const startedAtMs = clock.nowMs();
  const lines = fixedLines(deps.agent);
  const tookMs: Record<string, number> = {};
  const failed: string[] = [];
  const work = Object.entries(stepsOf(deps, lines)).map(async ([step, run]) => {
    const begunAtMs = clock.nowMs();
    try {
      await run(signal);
      metrics.warmedUp(step, 'ok');
    } catch (error) {
      failed.push(step);
      metrics.warmedUp(step, 'failed');
      logger.warn({ step, failure: errorText(error) }, 'warming up failed');
    }
    tookMs[step] = Math.round(clock.nowMs() - begunAtMs);
  });
  await Promise.all(work);
  const durationMs = Math.round(clock.nowMs() - startedAtMs);
  logger.info({ durationMs, tookMs, lines: lines.length, failed }, 'warm-up completed');
}

/** Side by side; each throws when it fails, and as soon as the signal aborts. */
function stepsOf(deps: WarmUpDeps, lines: readonly string[]): Readonly<Record<string, Step>> {
  const { agent, model, voice, caches, ears, world, clock } = deps;
  return {
    connections: (signal) => all([model.warmUp(signal), voice.warmUp(signal)]),
    model: (signal) => completeShortly(model, agent, signal),
    ears: (signal) => openAndClose(ears, world, signal),
    lines: async (signal) => {
      const failures = await caches[0]?.prime(lines, signal);
      if (failures?.[0] !== undefined) throw failures[0].error;
    },
    codec: (signal) => convertSound(signal),
    rehearsal: (signal) => rehearseCall(world, clock, signal),
  };
}

/** The prompt and tools of a call's first request: a provider that keeps what it has read has read them. */
async function completeShortly(model: LanguageModel, agent: AgentFile, signal: AbortSignal): Promise<void> {
  const request = {
    messages: [
      { role: 'system' as const, content: systemPrompt(agent, {}) },
      { role: 'user' as const, content: 'Hello.' },
    ],
    tools: toolSpecs(agent),
    replyTokensMax: WARM_UP_TOKENS_MAX,
  };
  // To its end: a stream that is broken off takes its connection with it.
  for await (const event of model.complete(request, signal)) void event;
}

/** A session as a call opens it, until it is accepted. */
function openAndClose(
  [ears]: readonly SpeechToText[],
  { agent }: CallWorld,
  signal: AbortSignal,
): Promise<void> {
  if (ears === undefined) return Promise.resolve();
  const keywords = agent.providers.stt[0]?.keywords ?? [];
  return new Promise((resolve, reject) => {
    const session = ears.open({ language: agent.language, keywords }, (event) => {
      if (event.kind !== 'ready' && event.kind !== 'failed') return;
      session.close();
      if (event.kind === 'ready') resolve();
      else reject(event.error);
    });
    const onAbort = (): void => {
      session.close();
      reject(signal.reason);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** A second of a voice's sound through the tables and the resampler, a piece at a time. */
async function convertSound(signal: AbortSignal): Promise<void> {
  const speech = pcmToSpeech(VOICE_RATE_HZ);
  const piece = new Uint8Array(VOICE_PIECE_BYTES).map((_zero, index) => (index * 37) % 251);
  for (let bytes = 0; bytes < VOICE_RATE_HZ * 2; bytes += piece.length) {
    const result = speech.push(piece);
    if (!result.ok) throw new Error(result.failure);
    await setImmediate();
    signal.throwIfAborted();
  }
  speech.end();
}

/**
 * What is done for a call whose phone rings: connections that have stood still are tried and opened again, and a
 * greeting that names the caller is made. Never rejects; what fails is met again, and told, by the call itself.
 */
export function whileRinging(deps: WarmUpDeps): (info: CallInfo) => Promise<void> {
  const { agent, clock, logger, model, voice } = deps;
  let connectedAtMs = -Infinity;
  return async (info) => {
    const stop = new AbortController();
    const timer = clock.after(RINGING_MS_MAX, () => stop.abort(new Error('it rings no more')));
    const work: Promise<unknown>[] = [speakGreeting(agent, info, voice, stop.signal)];
    if (clock.nowMs() - connectedAtMs >= RINGING_EVERY_MS) {
      connectedAtMs = clock.nowMs();
      work.push(model.warmUp(stop.signal), voice.warmUp(stop.signal));
    }
    for (const result of await Promise.allSettled(work)) {
      if (result.status === 'fulfilled') continue;
      logger.debug({ callSid: info.callSid, failure: errorText(result.reason) }, 'not ready while it rang');
    }
    timer.cancel();
  };
}

async function speakGreeting(
  { greeting, variables }: AgentFile,
  info: CallInfo,
  voice: TextToSpeech,
  signal: AbortSignal,
): Promise<void> {
  if (greeting === undefined) return;
  const own = render(greeting, { ...variables, ...info.variables });
  // The same for everybody: it was made at the start.
  if (own === render(greeting, variables)) return;
  for await (const chunk of voice.speak(own, signal)) void chunk;
}

async function all(work: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
