// Traces by OpenTelemetry: its sampling, its exporter and its names for the process. Loaded only where traces are wanted;
// nothing else imports its packages.
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Tracer } from '../base/span.ts';
import { ExportQueue, type Send } from './exportQueue.ts';
import { readableSpan, type Origin } from './readable.ts';
import type { RecordedSpan } from './recordedSpan.ts';
import { samplingOf, type Sampling } from './sampling.ts';
import { tracerInto } from './trace.ts';

/** For one request, its repetitions included. */
const EXPORT_TIMEOUT_MS = 5_000;

export interface TracerOptions extends Sampling {
  /** The collector's, with `/v1/traces`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  /** Tells one process of the service from another. */
  readonly instanceId: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface OpenTracer extends Tracer {
  /** Spans that were lost on their way. */
  readonly dropped: number;
  /** Sends what is left, within a bound. Never rejects. */
  close(): Promise<void>;
}

/** Opens nothing: the first connection is made for the first spans. */
export function openTracer(options: TracerOptions): OpenTracer {
  const { clock, logger } = options;
  const { send, close } = collectorOf(options);
  const queue = new ExportQueue<RecordedSpan>({ send, clock, logger });
  return {
    ...tracerInto((span) => queue.add(span), samplingOf(options), clock),
    get dropped() {
      return queue.dropped;
    },
    async close() {
      await queue.close();
      close();
    },
  };
}

function collectorOf({ url, headers, serviceName, instanceId }: TracerOptions): {
  readonly send: Send<RecordedSpan>;
  readonly close: () => void;
} {
  const exporter = new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: EXPORT_TIMEOUT_MS });
  const origin: Origin = {
    resource: resourceFromAttributes({
      'service.name': serviceName,
      'service.instance.id': instanceId,
      'process.pid': process.pid,
    }),
    scope: { name: 'turnpike' },
  };
  return {
    send: (batch) =>
      exported(
        exporter,
        batch.map((span) => readableSpan(span, origin)),
      ),
    close: () => {
      // Not awaited: it waits for requests that a collector may never answer. It rejects when one of them fails.
      exporter.shutdown().catch(() => undefined);
    },
  };
}

interface Exported {
  readonly code: number;
  readonly error?: Error;
}

function exported(exporter: OTLPTraceExporter, spans: ReadableSpan[]): Promise<void> {
  return new Promise((resolve, reject) => {
    exporter.export(spans, ({ error, code }: Exported) => {
      // 0 is the package's word for success.
      if (code === 0) resolve();
      else reject(new Error(reasonOf(error)));
    });
  });
}

/** Of a host with several addresses none of which answers the error has a code and no message. */
function reasonOf(error: Error | undefined): string {
  if (error === undefined) return 'the collector did not take them';
  if (error.message !== '') return error.message;
  return 'code' in error ? String(error.code) : error.name;
}
