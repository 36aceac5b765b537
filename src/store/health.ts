// Whether the database answers: asked now and then, so that who wants to know need not wait for it.
import type { Clock } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { CallReader } from './port.ts';

const ASK_MS = 5_000;

export interface DatabaseHealth {
  /** As of the last answer; taken to be up until it is known to be down. */
  readonly up: boolean;
  close(): void;
}

/** Asks every five seconds from now on, one question at a time, and says in the log when it changes. */
export function watchDatabase(
  reader: Pick<CallReader, 'ping'>,
  clock: Clock,
  logger: Logger,
): DatabaseHealth {
  let up = true;
  let closed = false;
  const learned = (isUp: boolean, failure?: string): void => {
    if (isUp !== up && isUp) logger.info({}, 'the database answers again');
    if (isUp !== up && !isUp) logger.error({ failure }, 'the database does not answer');
    up = isUp;
    if (!closed) timer = clock.after(ASK_MS, ask);
  };
  const ask = (): void => {
    reader.ping().then(
      () => learned(true),
      (error: unknown) => learned(false, errorText(error)),
    );
  };
  let timer = clock.after(ASK_MS, ask);
  return {
    get up() {
      return up;
    },
    close: () => {
      closed = true;
      timer.cancel();
    },
  };
}
