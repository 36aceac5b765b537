// The log: JSON lines by pino. Phone numbers and words that were said are redacted wherever they stand,
// because a log is read by more people than a call is.
import { pino, type DestinationStream } from 'pino';
import type { LogFields, Logger } from '../base/logger.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Fields whose value says who called or what was said; one level deep and at the top. */
const PRIVATE = [
  'from',
  'to',
  'phone',
  'text',
  'callerText',
  'agentText',
  'heardText',
  'digits',
  'prompt',
  'messages',
  'arguments',
];
const SECRET = [
  'token',
  'apiKey',
  'authorization',
  'authToken',
  'signature',
  'password',
  'databaseUrl',
  'headers',
];

/** Shorter ones are words, which would be blanked out wherever they stand. */
const SECRET_CHARS_MIN = 6;

/**
 * `destination` takes the lines; standard output when absent. `secrets` are looked for in every line, whatever field
 * they came in: a server's own error message may quote the key that it was sent.
 */
export function openLog(
  level: LogLevel,
  destination?: DestinationStream,
  secrets: () => readonly string[] = () => [],
): Logger {
  const options = {
    level,
    base: null,
    redact: {
      paths: [...PRIVATE, ...SECRET].flatMap((key) => [key, `*.${key}`]),
      censor: '[redacted]',
    },
    hooks: { streamWrite: (line: string) => withoutSecrets(line, secrets()) },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return adapt(destination === undefined ? pino(options) : pino(options, destination));
}

function withoutSecrets(line: string, secrets: readonly string[]): string {
  let clean = line;
  for (const secret of secrets) {
    if (secret.length < SECRET_CHARS_MIN) continue;
    // As JSON writes it.
    clean = clean.replaceAll(JSON.stringify(secret).slice(1, -1), '[redacted]');
  }
  return clean;
}

interface PinoLike {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: LogFields): PinoLike;
}

function adapt(log: PinoLike): Logger {
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    child: (fields) => adapt(log.child(fields)),
  };
}
