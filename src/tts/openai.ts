// OpenAI's `POST /audio/speech`, which is also what most local servers speak: raw PCM, streamed.
import OpenAI, { APIError } from 'openai';
import type { SpeechCreateParams } from 'openai/resources/audio/speech';
import type { Clock } from '../base/clock.ts';
import { withDeadlines, type StreamDeadlines } from '../base/deadline.ts';
import { codeOfStatus, errorText, ProviderError, type ProviderErrorCode } from '../base/errors.ts';
import type { HttpPool } from '../base/httpPool.ts';
import type { HttpAnswer } from '../base/httpRequest.ts';
import { openaiClient, OpenaiPost, type OpenaiAddress } from '../base/openaiClient.ts';
import { retryAfterMs } from '../base/retryAfter.ts';
import { serverReason } from '../base/serverReason.ts';
import { traceHeaders } from '../base/span.ts';
import { BYTES_PER_MS } from '../audio/mulaw.ts';
import { pcmToSpeech } from './pcmSpeech.ts';
import type { SpeechChunk, TextToSpeech } from './port.ts';
import { leastAudioMs } from './restOfText.ts';

export interface OpenaiSpeechOptions extends OpenaiAddress {
  /** Label for metrics; `openai` unless it is another server of this shape. */
  readonly provider?: string;
  readonly model: string;
  readonly voice: string;
  /** How to speak; `tts-1` models refuse it. */
  readonly instructions?: string;
  /** 0.25 to 4. */
  readonly speed?: number;
  /** Of the raw PCM; 24,000 at OpenAI, some local servers use their model's own. A WAV header in the answer goes before it. */
  readonly sampleRateHz?: number;
  /** Fields added to the body, for what only some servers know. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** From the request to the first bytes of audio. */
  readonly firstAudioMs: number;
  /** Between two reads. */
  readonly idleMs: number;
}

/** The endpoint's own bound. */
export const INPUT_CHARS_MAX = 4_096;
const OPENAI_SAMPLE_RATE_HZ = 24_000;
/** What is kept of an answer that is no audio, for the message. */
const EXCERPT_CHARS_MAX = 200;
const WARM_UP_MS = 10_000;
/** Audio that needs a decoder, and what is no audio. Everything else is looked at by its first bytes. */
const UNUSABLE_TYPE =
  /^(?:text\/|application\/(?:.*\+)?(?:json|xml)|audio\/(?:mpeg|mp3|mp4|aac|ogg|opus|webm|x?-?flac))/i;
const SAYABLE = /[\p{L}\p{N}]/u;

export function openaiTextToSpeech(options: OpenaiSpeechOptions, http: HttpPool, clock: Clock): TextToSpeech {
  const provider = options.provider ?? 'openai';
  const sampleRateHz = options.sampleRateHz ?? OPENAI_SAMPLE_RATE_HZ;
  const fail = failuresOf(provider, clock);
  const client = openaiClient(options, http);
  const sentences = new OpenaiPost(client, '/audio/speech', 'application/octet-stream', http);
  return {
    provider,
    cacheKey: JSON.stringify([
      provider,
      options.baseUrl,
      options.model,
      options.voice,
      options.instructions ?? '',
      options.speed ?? 1,
      sampleRateHz,
      options.extra ?? {},
    ]),
    async *speak(text, signal, span): AsyncGenerator<SpeechChunk, void, undefined> {
      signal.throwIfAborted();
      if (text.trim() === '') return;
      if (text.length > INPUT_CHARS_MAX) throw fail('bad_request', `${text.length} characters are too many`);
      const speech = pcmToSpeech(sampleRateHz);
      const headers = traceHeaders(span);
      const deadlines: StreamDeadlines = {
        firstMs: options.firstAudioMs,
        idleMs: options.idleMs,
        timedOut: (which) => fail(which, 'the audio is late'),
      };
      const open = (stop: AbortSignal): AsyncIterable<Uint8Array> =>
        audioBytes(() => sentences.send(bodyFor(options, text), headers, stop), told);
      const told: Fail = (code, message, ...more) =>
        fail(
          code,
          serverReason(message, () => [text]),
          ...more,
        );
      let audioMs = 0;
      const given = (mulaw: Uint8Array): SpeechChunk => {
        audioMs += mulaw.length / BYTES_PER_MS;
        return { mulaw };
      };
      for await (const bytes of withDeadlines(open, deadlines, clock, signal)) {
        const result = speech.push(bytes);
        if (!result.ok) throw fail('bad_answer', result.failure);
        if (result.mulaw.length > 0) yield given(result.mulaw);
      }
      const result = speech.end();
      if (!result.ok) throw fail('bad_answer', result.failure);
      if (result.mulaw.length > 0) yield given(result.mulaw);
      // Of a text like "..." silence is the right reading.
      if (!speech.heard && SAYABLE.test(text)) throw fail('bad_answer', 'no sound for a text');
      // Some servers close a stream that broke off as if it were whole.
      if (audioMs < leastAudioMs(text, options.speed ?? 1)) throw fail('truncated', 'half a sentence');
    },
    async warmUp(signal) {
      const deadlines: StreamDeadlines = {
        firstMs: WARM_UP_MS,
        idleMs: WARM_UP_MS,
        timedOut: () => fail('connect', `no answer within ${WARM_UP_MS} ms`),
      };
      const asked = withDeadlines((stop) => modelsStatus(client, stop, fail), deadlines, clock, signal);
      for await (const status of asked) {
        // Not every server has this address, but any answer means that the connection stands.
        if (codeOfStatus(status) === 'auth')
          throw fail('auth', `the key is refused (${status})`, undefined, status);
      }
    },
  };
}

function bodyFor(options: OpenaiSpeechOptions, text: string): SpeechCreateParams {
  return {
    ...options.extra,
    model: options.model,
    voice: options.voice,
    input: text,
    response_format: 'pcm',
    ...(options.instructions === undefined ? {} : { instructions: options.instructions }),
    ...(options.speed === undefined ? {} : { speed: options.speed }),
  };
}

type Fail = (code: ProviderErrorCode, message: string, cause?: unknown, status?: number) => ProviderError;

/** Makes this provider's errors, with what the package's own one tells of status and waiting time. */
function failuresOf(provider: string, clock: Clock): Fail {
  return (code, message, cause, status) => {
    const answered = cause instanceof APIError ? cause.headers : undefined;
    const waitMs = answered === undefined ? undefined : retryAfterMs(answered, clock.wallMs());
    return new ProviderError(code, `${provider}: ${message.slice(0, EXCERPT_CHARS_MAX)}`, {
      stage: 'tts',
      provider,
      cause,
      ...(status === undefined ? {} : { status }),
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    });
  };
}

function requestFailure(error: unknown, fail: Fail): unknown {
  // An abort's reason stays what it is.
  if (error instanceof TypeError) return fail('connect', deepText(error), error);
  if (!(error instanceof APIError) || typeof error.status !== 'number') return error;
  return fail(codeOfStatus(error.status), error.message, error, error.status);
}

async function* audioBytes(
  request: () => Promise<HttpAnswer>,
  fail: Fail,
): AsyncGenerator<Uint8Array, void, undefined> {
  let answer: HttpAnswer;
  try {
    answer = await request();
  } catch (error) {
    throw requestFailure(error, fail);
  }
  const { headers, body } = answer;
  const contentType = String(headers['content-type'] ?? '');
  if (UNUSABLE_TYPE.test(contentType)) {
    throw fail('bad_answer', `${contentType} instead of PCM: ${await body.text(EXCERPT_CHARS_MAX)}`);
  }
  try {
    yield* body;
  } catch (error) {
    throw fail('truncated', `the audio was cut off: ${deepText(error)}`, error);
  }
}

/** Asks for the models, which costs nothing, and yields the answer's status once it was read to its end. */
async function* modelsStatus(
  client: OpenAI,
  signal: AbortSignal,
  fail: Fail,
): AsyncGenerator<number, void, undefined> {
  try {
    const response = await client.models.list({ signal }).asResponse();
    // A body that is not read to its end would close the connection that was opened for later.
    await response.arrayBuffer();
    yield response.status;
  } catch (error) {
    if (!(error instanceof APIError) || typeof error.status !== 'number') {
      throw fail('connect', deepText(error), error);
    }
    yield error.status;
  }
}

/** The message of the innermost cause: those round it say only that something failed. */
function deepText(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return errorText(inner);
}
