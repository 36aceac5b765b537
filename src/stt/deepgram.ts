// Speech-to-text by Deepgram: Flux, which judges turns itself (`/v2/listen`), and the other models (`/v1/listen`).
// https://developers.deepgram.com/docs/flux/quickstart
import { validateHeaderValue } from 'node:http';
import { SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import type { Clock } from '../base/clock.ts';
import { DeepgramSession, type DeepgramSettings } from './deepgramSession.ts';
import { FLUX } from './fluxTranscription.ts';
import { LISTEN } from './listenTranscription.ts';
import type { SpeechToText, SttOptions } from './port.ts';
import { onBehalfOf, socketUrl } from './providerSocket.ts';

export const DEEPGRAM_BASE_URL = 'https://api.deepgram.com';

export interface DeepgramSttOptions {
  /** Label for metrics; `deepgram` unless told. */
  readonly provider?: string;
  /** http(s) or ws(s), without `/v1`; Deepgram's own unless told. */
  readonly baseUrl?: string | undefined;
  /** None for a server of one's own that asks for none. */
  readonly apiKey: string | undefined;
  /** Names that begin with `flux-` are Flux, all others are not. */
  readonly model: string;
  /** Flux: how sure it has to be that a turn is over, 0.5 to 1. Its own default is 0.7. */
  readonly endThreshold?: number | undefined;
  /** Flux: how sure it has to be to tell that a turn is probably over, 0.3 to 0.9, at most `endThreshold`. */
  readonly eagerThreshold?: number | undefined;
  /** Flux: so much silence ends a turn however unsure it is. Its own default is 5 s. */
  readonly endTimeoutMs?: number | undefined;
  /** Joins or replaces parameters of the address. */
  readonly query?: Readonly<Record<string, string>>;
  readonly connectTimeoutMs?: number;
  /** Flux: from the open socket to its greeting. */
  readonly readyTimeoutMs?: number;
  /** How often a silent server is asked whether it is there; unanswered until the next time, it isn't. */
  readonly pingIntervalMs?: number;
}

/** Without one Flux never tells that a turn is probably over. */
export const EAGER_THRESHOLD = 0.5;
/** Silence that makes words final, while an utterance goes on. */
const ENDPOINTING_MS = 300;
const CONNECT_TIMEOUT_MS = 5_000;
const READY_TIMEOUT_MS = 5_000;
const PING_INTERVAL_MS = 15_000;

export function isFlux(model: string): boolean {
  return model.startsWith('flux-');
}

/** Throws a TypeError for an address or a key that can't be one. */
export function deepgramSpeechToText(options: DeepgramSttOptions, clock: Clock): SpeechToText {
  const provider = options.provider ?? 'deepgram';
  const flux = isFlux(options.model);
  const authorization = options.apiKey === undefined ? undefined : `Token ${options.apiKey}`;
  if (authorization !== undefined) validateHeaderValue('authorization', authorization);
  const settings: DeepgramSettings = {
    provider,
    headers: authorization === undefined ? {} : { authorization },
    dialect: flux ? FLUX : LISTEN,
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    readyTimeoutMs: options.readyTimeoutMs ?? READY_TIMEOUT_MS,
    pingIntervalMs: options.pingIntervalMs ?? PING_INTERVAL_MS,
  };
  const base = socketUrl(options.baseUrl ?? DEEPGRAM_BASE_URL, flux ? 'v2/listen' : 'v1/listen', 'Deepgram');
  return {
    provider,
    capabilities: { liveWords: true, commitsItself: flux, judgesTurns: flux },
    open: (stt, listener, span) =>
      new DeepgramSession(withQuery(base, options, stt), onBehalfOf(span, settings), listener, clock),
  };
}

function withQuery(base: URL, options: DeepgramSttOptions, stt: SttOptions): URL {
  const url = new URL(base);
  const { searchParams } = url;
  const flux = isFlux(options.model);
  const own = {
    model: options.model,
    encoding: 'mulaw',
    sample_rate: String(SAMPLE_RATE_HZ),
    ...(flux ? fluxQuery(options, stt) : listenQuery(stt)),
    ...options.query,
  };
  for (const [name, value] of Object.entries(own)) searchParams.set(name, value);
  // Models before nova-3 have another name for it.
  const name = flux || options.model.startsWith('nova-3') ? 'keyterm' : 'keywords';
  for (const keyword of stt.keywords) if (keyword.trim() !== '') searchParams.append(name, keyword.trim());
  return url;
}

function fluxQuery(options: DeepgramSttOptions, stt: SttOptions): Record<string, string> {
  const { endThreshold, endTimeoutMs } = options;
  const eager = Math.min(options.eagerThreshold ?? EAGER_THRESHOLD, endThreshold ?? 1);
  return {
    eager_eot_threshold: String(eager),
    ...(endThreshold !== undefined && { eot_threshold: String(endThreshold) }),
    ...(endTimeoutMs !== undefined && { eot_timeout_ms: String(endTimeoutMs) }),
    ...(options.model.endsWith('-multi') && { language_hint: primary(stt.language) }),
  };
}

/** Punctuation tells where sentences end; numbers written as figures would come later. */
function listenQuery(stt: SttOptions): Record<string, string> {
  return {
    channels: '1',
    language: primary(stt.language),
    interim_results: 'true',
    punctuate: 'true',
    endpointing: String(ENDPOINTING_MS),
  };
}

/** `en` of `en-US`: every model knows these, few the regions. */
function primary(language: string): string {
  return (language.split('-')[0] ?? '').toLowerCase();
}
