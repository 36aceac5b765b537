// The environment, once, into one checked and frozen object. Nothing else reads process.env.
import { z } from 'zod';

/** Improvements that can be switched off by name, for rollback and for measuring. */
export const IMPROVEMENTS = [
  'llm-streaming',
  'first-sentence',
  'speculation',
  'warmup',
  'background-events',
  'batched-writes',
  'tts-cache',
  'response-cache',
  'intents',
  'hedging',
  'adaptive',
  'vad',
  'metrics',
] as const;
export type Improvement = (typeof IMPROVEMENTS)[number];

/** OpenTelemetry's words for which traces are kept. */
const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

export interface TraceSettings {
  /** Where spans are sent to. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  readonly sampler: (typeof SAMPLERS)[number];
  /** 0 to 1. */
  readonly ratio: number;
}

export interface Config {
  readonly host: string;
  readonly port: number;
  /** The address that Twilio calls, without a trailing slash; undefined: where the server listens. */
  readonly publicUrl: string | undefined;
  /** The origin for media, `wss://` (or `ws://` for tests); undefined: from `publicUrl`. */
  readonly streamUrl: string | undefined;
  readonly dataDir: string;
  /** Undefined: the embedded database below `dataDir`. */
  readonly databaseUrl: string | undefined;
  /** Undefined: this instance shares nothing with others but the database. */
  readonly redisUrl: string | undefined;
  readonly agentPath: string;
  readonly twilio: {
    readonly accountSid: string | undefined;
    /** Undefined: only loopback peers are served. */
    readonly authToken: string | undefined;
    readonly apiBaseUrl: string | undefined;
  };
  readonly openai: { readonly apiKey: string | undefined; readonly baseUrl: string };
  readonly deepgram: { readonly apiKey: string | undefined };
  readonly adminToken: string | undefined;
  /** Hosts, `host` or `host:port`, that tools may reach although they are not on the open internet. */
  readonly toolHosts: ReadonlySet<string>;
  readonly callsMax: number;
  /** How long live calls may go on after the first SIGTERM; then they are handed over. */
  readonly drainMs: number;
  /** The voice webhook of another instance, for calls that this one can't take; undefined: they hear a busy line. */
  readonly overflowUrl: string | undefined;
  /** New calls are turned away while the event loop is later than this at p99. */
  readonly shedLagMs: number;
  /** ... or frames are. */
  readonly shedLateMs: number;
  /** Calls that began longer ago are deleted; undefined: never by age. */
  readonly callsKeptMs: number | undefined;
  /** ... and recordings; undefined: with their calls. */
  readonly recordingsKeptMs: number | undefined;
  readonly disabled: ReadonlySet<Improvement>;
  /** Which calls are taped: a share of all, and those from or to these numbers; undefined: none. */
  readonly tapedCalls: { readonly share: number; readonly numbers: ReadonlySet<string> } | undefined;
  readonly migrate: boolean;
  /** Undefined: no traces. */
  readonly traces: TraceSettings | undefined;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** The value of the variable that the agent's file names for a secret. */
  readonly secret: (name: string) => string | undefined;
  /** All secrets that are known by now, those that were asked for by name included: for keeping them out of the log. */
  readonly secrets: () => readonly string[];
}

/** The environment is wrong; the message lists every mistake. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly mistakes: readonly string[];
  constructor(mistakes: readonly string[]) {
    super(`the environment is wrong:\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}`);
    this.mistakes = mistakes;
  }
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** A whole number from `min` to `max`; refused with the range. */
function wholeNumber(min: number, max: number) {
  const error = `a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, error)
    .transform(Number)
    .pipe(z.number().min(min, error).max(max, error));
}

/** An address of one of the protocols, kept without its trailing slashes. */
function address(protocol: RegExp, example: string) {
  return z
    .url({ protocol, error: `an address such as ${example}` })
    .transform((url) => url.replace(/\/+$/, ''));
}

const accountSid = z.string().regex(/^AC[0-9a-fA-F]{32}$/, 'AC and 32 hexadecimal digits');
const improvementList = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  )
  .pipe(z.array(z.enum(IMPROVEMENTS, { error: `names out of ${IMPROVEMENTS.join(', ')}` })));

/** They are named by hand. */
const TOOL_HOSTS_MAX = 100;
const HEADERS_MAX = 20;

const hostList = z
  .string()
  .transform((text) =>
    text
      .toLowerCase()
      .split(',')
      .map((host) => host.trim())
      .filter((host) => host !== ''),
  )
  .pipe(
    z
      .array(
        z.string().regex(/^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/, {
          error: 'hosts with commas between, such as crm.internal:8443',
        }),
      )
      .max(TOOL_HOSTS_MAX, `at most ${TOOL_HOSTS_MAX} hosts`),
  );

/** A hundred years. */
const DAYS_MAX = 36_500;
const DAY_MS = 24 * 3_600_000;

/** As OpenTelemetry has them: `name=value` with commas between, each value percent-encoded. */
const headerList = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((pair) => pair.trim())
      .filter((pair) => pair !== ''),
  )
  .pipe(
    z
      .array(
        z.string().regex(/^[\w!#$%&'*.^`|~+-]+\s*=(?:[\x20-\x24\x26-\x7e]|%[0-9A-Fa-f]{2})*$/, {
          error: 'name=value with commas between, such as api-key=abc',
        }),
      )
      .max(HEADERS_MAX, `at most ${HEADERS_MAX} headers`),
  )
  .transform((pairs) => Object.fromEntries(pairs.map(headerOf)));

function headerOf(pair: string): readonly [string, string] {
  const at = pair.indexOf('=');
  return [pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())];
}

const ratio = z
  .string()
  .regex(/^(?:0?\.\d+|[01](?:\.0*)?)$/, 'a number from 0 to 1')
  .transform(Number);

/** `all`, a share of all calls, or numbers. */
const TAPED = /^(?:all|(?:100|\d{1,2}(?:\.\d{1,3})?)%|\+\d{5,15})$/;
const TAPED_MAX = 1_000;

const tapedCalls = z
  .string()
  .transform((text) => text.split(',').map((entry) => entry.trim()))
  .pipe(
    z
      .array(
        z
          .string()
          .regex(TAPED, 'all, a share such as 5%, or numbers such as +15550100123, with commas between'),
      )
      .max(TAPED_MAX, `at most ${TAPED_MAX} entries`),
  )
  .transform((entries) => ({
    share: Math.max(0, ...entries.map(shareOf)),
    numbers: new Set(entries.filter((entry) => entry.startsWith('+'))),
  }));

function shareOf(entry: string): number {
  if (entry === 'all') return 1;
  return entry.endsWith('%') ? Number(entry.slice(0, -1)) / 100 : 0;
}

const environment = z.object({
  HOST: z
    .union([z.ipv4(), z.ipv6(), z.literal('localhost')], { error: 'an IP address or localhost' })
    .default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535).default(8080),
  PUBLIC_URL: address(/^https?$/, 'https://voice.example.com').optional(),
  STREAM_URL: address(/^wss?$/, 'wss://voice.example.com').optional(),
  DATA_DIR: z.string().default('./data'),
  DATABASE_URL: address(/^postgres(ql)?$/, 'postgres://user:password@host:5432/database').optional(),
  REDIS_URL: address(/^rediss?$/, 'redis://:password@host:6379').optional(),
  AGENT: z
    .string()
    .regex(/\.ya?ml$/, 'the path of a .yaml file')
    .default('agents/front-desk.yaml'),
  TWILIO_ACCOUNT_SID: accountSid.optional(),
  TWILIO_AUTH_TOKEN: z.string().min(8, 'the auth token of the account').optional(),
  TWILIO_API_BASE_URL: address(/^https?$/, 'http://127.0.0.1:9999').optional(),
  OPENAI_API_KEY: z.string().optional(),
  OPENAI_BASE_URL: address(/^https?$/, 'https://api.openai.com/v1').default('https://api.openai.com/v1'),
  DEEPGRAM_API_KEY: z.string().optional(),
  ADMIN_TOKEN: z.string().min(16, 'at least 16 characters').optional(),
  TOOL_HOSTS: hostList.default([]),
  CALLS_MAX: wholeNumber(1, 100_000).default(200),
  DRAIN_SECONDS: wholeNumber(0, 86_400).default(600),
  OVERFLOW_URL: address(/^https?$/, 'https://voice-2.example.com/twilio/voice')
    .refine((url) => !url.includes('?') && !url.includes('#'), 'an address without a query')
    .optional(),
  SHED_LAG_MS: wholeNumber(1, 60_000).default(100),
  SHED_LATE_MS: wholeNumber(1, 60_000).default(80),
  RETENTION_DAYS: wholeNumber(1, DAYS_MAX).optional(),
  RECORDING_RETENTION_DAYS: wholeNumber(1, DAYS_MAX).optional(),
  DISABLE: improvementList.default([]),
  TAPE_CALLS: tapedCalls.optional(),
  MIGRATE: z.enum(['on', 'off'], { error: 'on or off' }).default('on'),
  OTEL_EXPORTER_OTLP_ENDPOINT: address(/^https?$/, 'http://127.0.0.1:4318').optional(),
  OTEL_EXPORTER_OTLP_HEADERS: headerList.default({}),
  OTEL_SERVICE_NAME: z.string().max(255, 'at most 255 characters').default('turnpike'),
  OTEL_TRACES_SAMPLER: z
    .enum(SAMPLERS, { error: `one of ${SAMPLERS.join(', ')}` })
    .default('parentbased_always_on'),
  OTEL_TRACES_SAMPLER_ARG: ratio.default(1),
  LOG_LEVEL: z.enum(LEVELS, { error: `one of ${LEVELS.join(', ')}` }).default('info'),
});

/**
 * Reads and checks the whole environment; an empty value counts as absent. Throws a `ConfigError` that
 * names every variable that is wrong and what was expected of it, never its value: it may be a secret.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const result = environment.safeParse(present);
  const mistakes = result.success
    ? contradictions(result.data)
    : result.error.issues.map((issue) => `${String(issue.path[0])}: expected ${issue.message}`);
  if (!result.success || mistakes.length > 0) throw new ConfigError([...new Set(mistakes)]);
  const values = result.data;
  const asked = new Set<string>();
  return Object.freeze({
    host: values.HOST,
    port: values.PORT,
    publicUrl: values.PUBLIC_URL,
    streamUrl: values.STREAM_URL,
    dataDir: values.DATA_DIR,
    databaseUrl: values.DATABASE_URL,
    redisUrl: values.REDIS_URL,
    agentPath: values.AGENT,
    twilio: Object.freeze({
      accountSid: values.TWILIO_ACCOUNT_SID,
      authToken: values.TWILIO_AUTH_TOKEN,
      apiBaseUrl: values.TWILIO_API_BASE_URL,
    }),
    openai: Object.freeze({ apiKey: values.OPENAI_API_KEY, baseUrl: values.OPENAI_BASE_URL }),
    deepgram: Object.freeze({ apiKey: values.DEEPGRAM_API_KEY }),
    adminToken: values.ADMIN_TOKEN,
    toolHosts: new Set(values.TOOL_HOSTS),
    callsMax: values.CALLS_MAX,
    drainMs: values.DRAIN_SECONDS * 1_000,
    overflowUrl: values.OVERFLOW_URL,
    shedLagMs: values.SHED_LAG_MS,
    shedLateMs: values.SHED_LATE_MS,
    callsKeptMs: daysMs(values.RETENTION_DAYS),
    recordingsKeptMs: daysMs(values.RECORDING_RETENTION_DAYS),
    disabled: new Set(values.DISABLE),
    tapedCalls: values.TAPE_CALLS,
    migrate: values.MIGRATE === 'on',
    traces: tracesOf(values),
    logLevel: values.LOG_LEVEL,
    secret: (name: string) => {
      const value = env[name] === '' ? undefined : env[name];
      if (value !== undefined) asked.add(value);
      return value;
    },
    secrets: () => [...new Set([...fixedSecrets(values), ...asked])],
  });
}

function daysMs(days: number | undefined): number | undefined {
  return days === undefined ? undefined : days * DAY_MS;
}

function tracesOf(values: Values): TraceSettings | undefined {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = values;
  if (endpoint === undefined) return undefined;
  return Object.freeze({
    url: `${endpoint}/v1/traces`,
    headers: Object.freeze(values.OTEL_EXPORTER_OTLP_HEADERS),
    serviceName: values.OTEL_SERVICE_NAME,
    sampler: values.OTEL_TRACES_SAMPLER,
    ratio: values.OTEL_TRACES_SAMPLER_ARG,
  });
}

/** A password stands in an address as it is and encoded. */
function fixedSecrets(values: Values): readonly string[] {
  const { TWILIO_AUTH_TOKEN, OPENAI_API_KEY, DEEPGRAM_API_KEY, ADMIN_TOKEN, DATABASE_URL, REDIS_URL } =
    values;
  const passwords = [DATABASE_URL, REDIS_URL].map((url) => (url === undefined ? '' : new URL(url).password));
  // Of `Bearer abc` a server may quote the second word alone.
  const headers = Object.values(values.OTEL_EXPORTER_OTLP_HEADERS).flatMap((value) => [
    value,
    value.split(' ').at(-1),
  ]);
  const all = [TWILIO_AUTH_TOKEN, OPENAI_API_KEY, DEEPGRAM_API_KEY, ADMIN_TOKEN, ...passwords, ...headers];
  return [...all, ...passwords.map(decoded)]
    .filter((secret) => secret !== undefined)
    .filter((secret) => secret !== '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

type Values = z.infer<typeof environment>;

/** What is wrong only together. */
function contradictions(values: Values): string[] {
  const mistakes: string[] = [];
  const loopback = values.HOST === 'localhost' || values.HOST.startsWith('127.') || values.HOST === '::1';
  if (!loopback && values.TWILIO_AUTH_TOKEN === undefined) {
    mistakes.push(
      'TWILIO_AUTH_TOKEN: expected to be set when HOST is not a loopback address: nobody else could be told from Twilio',
    );
  }
  if (values.TWILIO_AUTH_TOKEN !== undefined && values.PUBLIC_URL === undefined) {
    mistakes.push('PUBLIC_URL: expected to be set with TWILIO_AUTH_TOKEN: signatures are made over it');
  }
  const { RETENTION_DAYS: days = Infinity, RECORDING_RETENTION_DAYS: recordingDays = 0 } = values;
  if (recordingDays > days) {
    mistakes.push(
      'RECORDING_RETENTION_DAYS: expected to be at most RETENTION_DAYS: a recording goes with its call',
    );
  }
  return mistakes;
}
