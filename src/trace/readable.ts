// Our spans as the exporter reads them.
import { SpanKind, SpanStatusCode, type Attributes, type HrTime } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { SpanAttributes } from '../base/span.ts';
import type { RecordedSpan } from './recordedSpan.ts';

/** Of all spans of a process. */
export interface Origin {
  readonly resource: Resource;
  readonly scope: { readonly name: string };
}

const KINDS = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT, server: SpanKind.SERVER } as const;
const NS_PER_MS = 1_000_000;

/** Of a span that is over. */
export function readableSpan(span: RecordedSpan, { resource, scope }: Origin): ReadableSpan {
  const { zeroWallMs } = span.trace;
  const { startedAtMs, endedAtMs, failure } = span;
  const attributes = attributesOf(span.attributes);
  return {
    name: span.name,
    kind: KINDS[span.kind],
    spanContext: () => span.context,
    ...(span.parent === undefined ? {} : { parentSpanContext: span.parent }),
    startTime: hrTime(zeroWallMs + startedAtMs),
    endTime: hrTime(zeroWallMs + endedAtMs),
    duration: hrTime(endedAtMs - startedAtMs),
    status: failure === undefined ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR },
    attributes: failure === undefined ? attributes : { ...attributes, 'error.type': failure },
    events: span.events.map(({ name, atMs, attributes: told }) => ({
      name,
      time: hrTime(zeroWallMs + atMs),
      attributes: attributesOf(told),
    })),
    links: [],
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: span.droppedEvents,
    droppedLinksCount: 0,
  };
}

function attributesOf(attributes: SpanAttributes): Attributes {
  const present: Attributes = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    present[name] = typeof value === 'object' ? [...value] : value;
  }
  return present;
}

/** Seconds and nanoseconds, to the microsecond: in a double there is no more of a time since 1970. */
function hrTime(ms: number): HrTime {
  const us = Math.round(ms * 1_000);
  const seconds = Math.floor(us / 1_000_000);
  return [seconds, ((us - seconds * 1_000_000) * NS_PER_MS) / 1_000];
}
