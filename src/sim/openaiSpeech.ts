// A speech server of OpenAI's shape: `POST /v1/audio/speech`, 24 kHz PCM, streamed at a set pace.
import type { ServerResponse } from 'node:http';
import { createResampler } from '../audio/resample.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import { isRecord, parseJson } from '../base/json.ts';
import type { Random } from '../base/random.ts';
import { jittered, noFaults, type FaultSource, type SimFault, type SimTimings } from './behaviour.ts';
import type { HttpHandler } from './server.ts';

export const SPEECH_ROUTE = 'POST /v1/audio/speech';
const SAMPLE_RATE_HZ = 24_000;
const INPUT_CHARS_MAX = 4_096;
/**
 * Odd lengths (50-90 ms each), so that a sample is torn apart at nearly every border, and no sum of
 * neighbours is a whole number of frames.
 */
const PIECE_BYTES = [2_401, 4_321, 3_333, 2_999];

export interface SpokenWord {
  readonly word: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** What this needs of a voice. */
export interface SpeechVoice {
  say(text: string): Promise<{
    readonly samples: Int16Array;
    readonly sampleRateHz: number;
    readonly words: readonly SpokenWord[];
  }>;
}

export interface Spoken {
  readonly text: string;
  readonly samples24k: Int16Array;
  /** In ms from the first sample. */
  readonly words: readonly SpokenWord[];
}

/** What this needs of a `SimServer`. */
export interface HttpRoutes {
  http(route: string, handler: HttpHandler): unknown;
}

export interface SimulatedSpeechOptions {
  readonly voice: SpeechVoice;
  /** Asked at each request. */
  readonly timings: () => SimTimings;
  readonly random: Random;
  readonly clock: Clock;
  readonly faults?: FaultSource;
  /** Told before the first byte of each answer goes out. */
  readonly onSpoken?: (spoken: Spoken) => void;
  /** `atMs` is the clock's time at which the request's last byte was read. */
  readonly onRequest?: (atMs: number, text: string) => void;
  /** The first byte of an answer's audio is being sent. */
  readonly onFirstByte?: (atMs: number, text: string) => void;
}

/**
 * Adds the route to `server`. The first byte comes `ttsFirstByteMs` after the request, the rest `ttsSpeed` times
 * faster than it is spoken, each piece at its own time from the first so that nothing drifts. The voice's own
 * working time is part of the wait for the first byte, and only what exceeds it adds to it.
 */
export function simulatedSpeech(server: HttpRoutes, options: SimulatedSpeechOptions): void {
  const faults = options.faults ?? noFaults;
  server.http(SPEECH_ROUTE, (request, response, body) => {
    const arrivedAtMs = options.clock.nowMs();
    const checked = checkRequest(request.headers.authorization, body.toString('utf8'));
    if (!checked.ok) {
      refuse(response, checked.status, checked.error);
      return;
    }
    options.onRequest?.(arrivedAtMs, checked.input);
    const fault = faults();
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'status') {
      const error = { message: 'A simulated failure.', type: 'server_error' };
      refuse(response, fault.status, error, fault.headers);
      return;
    }
    if (fault?.kind === 'wrongType') {
      refuse(response, 200, { message: 'Something else was asked for.', type: 'server_error' });
      return;
    }
    const timings = options.timings();
    const answer = new Answer(response, options.clock, (atMs) => options.onFirstByte?.(atMs, checked.input));
    const lateMs = fault?.kind === 'late' ? fault.delayMs : 0;
    const firstByteAtMs = arrivedAtMs + lateMs + jittered(timings.ttsFirstByteMs, timings, options.random);
    if (fault?.kind === 'garbage') {
      answer.at(firstByteAtMs, () => answerGarbage(response));
      return;
    }
    options.voice.say(checked.input).then(
      (said) => {
        const samples24k = atSampleRate(said.samples, said.sampleRateHz);
        options.onSpoken?.({ text: checked.input, samples24k, words: said.words });
        answer.stream(samples24k, firstByteAtMs, timings.ttsSpeed, fault);
      },
      (error: unknown) => refuse(response, 500, { message: errorText(error), type: 'server_error' }),
    );
  });
}

/** One answer under way; its timers end when the client goes. */
class Answer {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #onFirstByte: (atMs: number) => void;
  #timer: Timer | undefined;
  #gone = false;

  constructor(response: ServerResponse, clock: Clock, onFirstByte: (atMs: number) => void) {
    this.#response = response;
    this.#clock = clock;
    this.#onFirstByte = onFirstByte;
    response.on('close', () => {
      this.#gone = true;
      this.#timer?.cancel();
    });
  }

  at(atMs: number, callback: () => void): void {
    if (!this.#gone) this.#timer = this.#clock.after(atMs - this.#clock.nowMs(), callback);
  }

  stream(samples: Int16Array, firstByteAtMs: number, speed: number, fault: SimFault | undefined): void {
    // Little-endian, as is every machine that this runs on.
    const pcm = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
    const begunAtMs = Math.max(firstByteAtMs, this.#clock.nowMs());
    let sentBytes = 0;
    let sentPieces = 0;
    const next = (): void => {
      if (sentPieces === 0) this.#response.writeHead(200, { 'content-type': 'audio/pcm' });
      if (
        fault?.kind === 'empty' ||
        (fault !== undefined && 'afterItems' in fault && sentPieces >= fault.afterItems)
      ) {
        this.#response.flushHeaders();
        if (fault.kind === 'cut') this.#response.destroy();
        if (fault.kind === 'half' || fault.kind === 'empty') this.#response.end();
        return;
      }
      const piece = pcm.subarray(sentBytes, sentBytes + (PIECE_BYTES[sentPieces % PIECE_BYTES.length] ?? 1));
      if (sentPieces === 0) this.#onFirstByte(this.#clock.nowMs());
      this.#response.write(piece);
      sentBytes += piece.length;
      sentPieces += 1;
      if (sentBytes >= pcm.length) {
        this.#response.end();
        return;
      }
      const sentMs = (sentBytes / 2 / SAMPLE_RATE_HZ) * 1_000;
      this.at(begunAtMs + sentMs / speed, next);
    };
    this.at(begunAtMs, next);
  }
}

type Checked =
  | { readonly ok: true; readonly input: string }
  | { readonly ok: false; readonly status: number; readonly error: ApiError };

interface ApiError {
  readonly message: string;
  readonly type: string;
  readonly param?: string;
  readonly code?: string;
}

/** What the endpoint would refuse, in its words. */
function checkRequest(authorization: string | undefined, body: string): Checked {
  if (authorization === undefined || !/^Bearer \S+$/.test(authorization)) {
    return no(
      401,
      'No API key was given: it belongs into the Authorization header.',
      undefined,
      'invalid_api_key',
    );
  }
  const asked = parseJson(body);
  if (!isRecord(asked)) return no(400, 'The body is not a JSON object.');
  for (const field of ['model', 'input', 'voice']) {
    if (typeof asked[field] !== 'string')
      return no(400, `Missing required parameter: '${field}'.`, field, 'missing_required_parameter');
  }
  const input = String(asked.input);
  if (input === '') return no(400, "Invalid 'input': empty string.", 'input', 'string_below_min_length');
  if (input.length > INPUT_CHARS_MAX) {
    return no(400, `Invalid 'input': longer than ${INPUT_CHARS_MAX}.`, 'input', 'string_above_max_length');
  }
  if (asked.response_format !== 'pcm') {
    return no(400, "Only the response_format 'pcm' is simulated.", 'response_format', 'invalid_value');
  }
  const { speed } = asked;
  if (speed !== undefined && (typeof speed !== 'number' || speed < 0.25 || speed > 4)) {
    return no(400, "Invalid 'speed': it is between 0.25 and 4.", 'speed', 'invalid_value');
  }
  return { ok: true, input };
}

function no(status: number, message: string, param?: string, code?: string): Checked {
  const named = { ...(param === undefined ? {} : { param }), ...(code === undefined ? {} : { code }) };
  return { ok: false, status, error: { message, type: 'invalid_request_error', ...named } };
}

function answerGarbage(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/html' });
  response.end('<html><body>Upstream is asleep.</body></html>');
}

function refuse(
  response: ServerResponse,
  status: number,
  error: ApiError,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ error: { param: null, code: null, ...error } }));
}

function atSampleRate(samples: Int16Array, fromHz: number): Int16Array {
  const resampler = createResampler(fromHz, SAMPLE_RATE_HZ);
  const body = resampler.process(samples);
  const rest = resampler.flush();
  const all = new Int16Array(body.length + rest.length);
  all.set(body);
  all.set(rest, body.length);
  return all;
}
