// Speech-to-text by OpenAI's Realtime API in a transcription session, and by servers that speak the same.
// The package's own Realtime class refuses `ws://`, so the socket is plain `ws`.
import { validateHeaderValue } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { OpenAiSession, type SessionSettings } from './openaiSession.ts';
import type { SpeechToText, SttOptions } from './port.ts';
import { onBehalfOf, socketUrl } from './providerSocket.ts';

export interface OpenAiSttOptions {
  /** Label for metrics; `openai` unless told. */
  readonly provider?: string;
  /** http(s) or ws(s), such as `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** None for a local server that asks for none. */
  readonly apiKey: string | undefined;
  readonly model: string;
  /** `pcmu` sends the call's bytes as they are, and goes over to `pcm24` by itself if the server refuses them. */
  readonly audioFormat: AudioFormat;
  /** Let the server end utterances too. Ignored for models with live words: they have no voice detection. */
  readonly serverVad: boolean;
  /** Joins or replaces `intent=transcription`; local servers often want `model` here. */
  readonly query?: Readonly<Record<string, string>>;
  /** Whether words arrive while the caller speaks; told by the model's name unless given. */
  readonly liveWords?: boolean;
  readonly noiseReduction?: 'near_field' | 'far_field';
  readonly connectTimeoutMs?: number;
  /** From the open socket to the accepted session. */
  readonly readyTimeoutMs?: number;
  /** From a commit to its final. */
  readonly finalTimeoutMs?: number;
  /** How often a silent server is asked whether it is there; unanswered until the next time, it isn't. */
  readonly pingIntervalMs?: number;
}

/** `pcmu`: 8 kHz mu-law. `pcm24`: 24 kHz 16-bit. */
export type AudioFormat = 'pcmu' | 'pcm24';

const CONNECT_TIMEOUT_MS = 5_000;
const READY_TIMEOUT_MS = 5_000;
/** A final takes tenths of a second; a caller doesn't wait longer than this for an answer to begin. */
const FINAL_TIMEOUT_MS = 5_000;
const PING_INTERVAL_MS = 15_000;

/** Throws a TypeError for an address or a key that can't be one. */
export function openaiSpeechToText(options: OpenAiSttOptions, clock: Clock): SpeechToText {
  const provider = options.provider ?? 'openai';
  const liveWords = options.liveWords ?? hasLiveWords(options.model);
  const serverVad = options.serverVad && !liveWords;
  const authorization = options.apiKey === undefined ? undefined : `Bearer ${options.apiKey}`;
  if (authorization !== undefined) validateHeaderValue('authorization', authorization);
  const settings: SessionSettings = {
    provider,
    url: realtimeUrl(options.baseUrl, options.query ?? {}),
    // No OpenAI-Beta: that interface is gone.
    headers: authorization === undefined ? {} : { authorization },
    audioFormat: options.audioFormat,
    commitsItself: serverVad,
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    readyTimeoutMs: options.readyTimeoutMs ?? READY_TIMEOUT_MS,
    finalTimeoutMs: options.finalTimeoutMs ?? FINAL_TIMEOUT_MS,
    pingIntervalMs: options.pingIntervalMs ?? PING_INTERVAL_MS,
    update: (stt, format) => sessionUpdate(options, stt, format, serverVad),
  };
  return {
    provider,
    capabilities: { liveWords, commitsItself: serverVad },
    open: (stt, listener, span) => new OpenAiSession(onBehalfOf(span, settings), stt, listener, clock),
  };
}

function realtimeUrl(baseUrl: string, query: Readonly<Record<string, string>>): URL {
  const url = socketUrl(baseUrl, 'realtime', 'Realtime');
  for (const [name, value] of Object.entries({ intent: 'transcription', ...query })) {
    url.searchParams.set(name, value);
  }
  return url;
}

/** `gpt-live-transcribe` and `gpt-realtime-whisper`, and what will be called like them. */
function hasLiveWords(model: string): boolean {
  return /live|realtime/.test(model);
}

/** The lists are for `gpt-transcribe` and `gpt-live-transcribe` alone; the other models take one language. */
function takesLists(model: string): boolean {
  return /^gpt-(?:live-)?transcribe/.test(model);
}

function sessionUpdate(
  options: OpenAiSttOptions,
  stt: SttOptions,
  format: AudioFormat,
  serverVad: boolean,
): object {
  // ISO 639-1 out of BCP 47.
  const language = (stt.language.split('-')[0] ?? '').toLowerCase();
  const keywords = stt.keywords.filter((keyword) => keyword.trim() !== '');
  // An empty list is refused, so what is not known is left out.
  const hints = takesLists(options.model)
    ? { ...(language && { languages: [language] }), ...(keywords.length > 0 && { keywords }) }
    : { ...(language && { language }) };
  const input = {
    format: format === 'pcmu' ? { type: 'audio/pcmu' } : { type: 'audio/pcm', rate: 24_000 },
    ...(options.noiseReduction && { noise_reduction: { type: options.noiseReduction } }),
    transcription: { model: options.model, ...hints },
    // Left out it would be on, which models with live words refuse.
    turn_detection: serverVad ? { type: 'server_vad' } : null,
  };
  return { type: 'transcription', audio: { input } };
}
