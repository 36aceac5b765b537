// Traces, where they are wanted.
import { randomUUID } from 'node:crypto';
import type { Clock } from './base/clock.ts';
import type { Logger } from './base/logger.ts';
import type { Config } from './config.ts';
import type { OpenTracer } from './trace/tracer.ts';

/** Undefined unless they are: then nothing of what makes them is loaded either. */
export async function openTraces(
  { traces }: Config,
  clock: Clock,
  logger: Logger,
): Promise<OpenTracer | undefined> {
  if (traces === undefined) return undefined;
  const { openTracer } = await import('./trace/tracer.ts');
  return openTracer({ ...traces, instanceId: randomUUID(), clock, logger });
}
