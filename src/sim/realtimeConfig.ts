// What a `session.update` may ask of a transcription session, and how the real server says no.

export interface RealtimeConfig {
  readonly format: 'audio/pcm' | 'audio/pcmu';
  readonly model: string;
  /** Undefined: the client commits. */
  readonly silenceMs: number | undefined;
  readonly prefixPaddingMs: number;
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: RealtimeConfig }
  | { readonly ok: false; readonly refusal: Refusal };

/** Before the first update: voice detection is on. */
export const DEFAULT_CONFIG: RealtimeConfig = {
  format: 'audio/pcm',
  model: '',
  silenceMs: 500,
  prefixPaddingMs: 300,
};

const INPUT = 'session.audio.input';

/** Words come while they are spoken, on one item until the client commits. */
export function isLive(model: string): boolean {
  return model === 'gpt-live-transcribe' || model === 'gpt-realtime-whisper';
}

/** The configuration after an update; what it doesn't mention stays. Never throws. */
export function applyUpdate(session: unknown, before: RealtimeConfig, refusePcmu: boolean): ConfigResult {
  const { type, audio } = record(session);
  if (type !== 'transcription') {
    return no(
      'invalid_value',
      `Invalid value: '${String(type)}'. Passing a session of this type is not supported.`,
      'session.type',
    );
  }
  const input = record(record(audio)['input']);
  const transcription = record(input['transcription']);
  const model = transcription['model'] ?? before.model;
  if (typeof model !== 'string' || model === '') {
    return no(
      'missing_required_parameter',
      "Missing required parameter: 'model'.",
      `${INPUT}.transcription.model`,
    );
  }
  return (
    refusedHints(transcription, model) ??
    refusedFormat(input['format'], refusePcmu) ??
    withTurns(input, { ...before, model, format: formatOf(input['format']) ?? before.format })
  );
}

function refusedHints(
  transcription: Readonly<Record<string, unknown>>,
  model: string,
): ConfigResult | undefined {
  for (const name of ['languages', 'keywords']) {
    const list = transcription[name];
    if (list === undefined) continue;
    const param = `${INPUT}.transcription.${name}`;
    if (model !== 'gpt-transcribe' && model !== 'gpt-live-transcribe') {
      return no('unknown_parameter', `'${name}' is not supported for this transcription model.`, param);
    }
    if (!Array.isArray(list) || list.length === 0) {
      return no('invalid_value', `Invalid '${name}': expected a non-empty array.`, param);
    }
  }
  return undefined;
}

function refusedFormat(format: unknown, refusePcmu: boolean): ConfigResult | undefined {
  if (format === undefined) return undefined;
  const { type, rate } = record(format);
  if (type === 'audio/pcmu' && !refusePcmu) return undefined;
  if (type !== 'audio/pcm') {
    return no(
      'invalid_value',
      `Invalid value: '${String(type)}'. Supported values are: 'audio/pcm'.`,
      `${INPUT}.format.type`,
    );
  }
  if (rate === 24_000) return undefined;
  return no(
    'integer_below_min_value',
    `Invalid '${INPUT}.format.rate': integer below minimum value. Expected a value >= 24000, but got ${String(rate)} instead.`,
    `${INPUT}.format.rate`,
  );
}

function formatOf(format: unknown): RealtimeConfig['format'] | undefined {
  const { type } = record(format);
  return type === 'audio/pcm' || type === 'audio/pcmu' ? type : undefined;
}

function withTurns(input: Readonly<Record<string, unknown>>, config: RealtimeConfig): ConfigResult {
  const detection = input['turn_detection'];
  if (detection === null) return { ok: true, config: { ...config, silenceMs: undefined } };
  // Left out it stays as it is, which is on.
  if (isLive(config.model) && (detection !== undefined || config.silenceMs !== undefined)) {
    return no(
      'invalid_value',
      'Turn detection is not supported for this transcription model.',
      `${INPUT}.turn_detection`,
    );
  }
  const { type, silence_duration_ms: silence, prefix_padding_ms: prefix } = record(detection);
  if (detection !== undefined && type !== 'server_vad' && type !== 'semantic_vad') {
    return no('invalid_value', `Invalid value: '${String(type)}'.`, `${INPUT}.turn_detection.type`);
  }
  return {
    ok: true,
    config: {
      ...config,
      silenceMs: typeof silence === 'number' ? silence : (config.silenceMs ?? 500),
      prefixPaddingMs: typeof prefix === 'number' ? prefix : config.prefixPaddingMs,
    },
  };
}

/** As the server repeats it. */
export function sessionOf(config: RealtimeConfig): object {
  const format =
    config.format === 'audio/pcm' ? { type: config.format, rate: 24_000 } : { type: config.format };
  const turnDetection =
    config.silenceMs === undefined
      ? null
      : {
          type: 'server_vad',
          threshold: 0.5,
          prefix_padding_ms: config.prefixPaddingMs,
          silence_duration_ms: config.silenceMs,
        };
  return {
    type: 'transcription',
    object: 'realtime.transcription_session',
    audio: {
      input: {
        format,
        noise_reduction: null,
        transcription: config.model === '' ? null : { model: config.model },
        turn_detection: turnDetection,
      },
    },
  };
}

function no(code: string, message: string, param: string): ConfigResult {
  return { ok: false, refusal: { code, message, param } };
}

/** The value's fields; none if it has none. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
