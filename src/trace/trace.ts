// Where a trace begins, or goes on: its ids, and whether it is kept.
import { randomBytes } from 'node:crypto';
import { TraceFlags, type SpanContext } from '@opentelemetry/api';
import type { Clock } from '../base/clock.ts';
import { noSpan, type Span, type Tracer } from '../base/span.ts';
import { RecordedSpan } from './recordedSpan.ts';
import { formatTraceparent, parseTraceparent } from './traceparent.ts';

/** `onEnded` gets each span of a trace that is kept, when it is over. */
export function tracerInto(
  onEnded: (span: RecordedSpan) => void,
  isSampled: (traceId: string, parent: SpanContext | undefined) => boolean,
  clock: Clock,
): Tracer {
  return {
    begin(name, start = {}, traceparent = '') {
      const parent = parseTraceparent(traceparent);
      const traceId = parent?.traceId ?? newId(16);
      const traceFlags = isSampled(traceId, parent) ? TraceFlags.SAMPLED : TraceFlags.NONE;
      const context: SpanContext = { traceId, spanId: newId(8), traceFlags };
      if (traceFlags === TraceFlags.NONE) return unkeptSpan(formatTraceparent(context));
      return new RecordedSpan(name, start, context, parent, {
        nowMs: () => clock.nowMs(),
        zeroWallMs: clock.wallMs() - clock.nowMs(),
        newSpanId: () => newId(8),
        onEnded,
      });
    },
  };
}

/** Not kept here; whoever is asked hears that, so that they keep theirs no more than we do. */
function unkeptSpan(traceparent: string): Span {
  const span: Span = { ...noSpan, traceparent, child: () => span };
  return span;
}

/** So many random bytes in hexadecimal digits; never all zero, which means none. */
function newId(bytes: number): string {
  const id = randomBytes(bytes);
  if (id.every((byte) => byte === 0)) id[0] = 1;
  return id.toString('hex');
}
