// A span while it is under way: a few fields, written down where things happen and handed on once, when it is over.
// Why these are not the package's own spans: docs/decisions/spans-of-our-own.md.
import type { SpanContext } from '@opentelemetry/api';
import type { Span, SpanAttributes, SpanEnd, SpanIds, SpanStart } from '../base/span.ts';
import { formatTraceparent } from './traceparent.ts';

/** As many as the package's own spans keep; a call of hours has no more of them than that. */
export const EVENTS_MAX = 128;

export interface SpanEvent {
  readonly name: string;
  readonly atMs: number;
  readonly attributes: SpanAttributes;
}

/** What the spans of one trace share. */
export interface TraceParts {
  readonly nowMs: () => number;
  /** Ms since 1970 at the zero of `nowMs`: one for the whole trace, so that a clock that is set bends no span. */
  readonly zeroWallMs: number;
  readonly newSpanId: () => string;
  readonly onEnded: (span: RecordedSpan) => void;
}

export class RecordedSpan implements Span {
  readonly name: string;
  readonly kind: NonNullable<SpanStart['kind']>;
  readonly context: SpanContext;
  readonly parent: SpanContext | undefined;
  readonly trace: TraceParts;
  readonly #inherited: SpanAttributes;
  readonly #attributes: Record<string, SpanAttributes[string]>;
  readonly #events: SpanEvent[] = [];
  #droppedEvents = 0;
  #startedAtMs: number;
  #endedAtMs: number | undefined;
  #failure: string | undefined;

  constructor(
    name: string,
    start: SpanStart,
    context: SpanContext,
    parent: SpanContext | undefined,
    trace: TraceParts,
  ) {
    this.name = name;
    this.kind = start.kind ?? 'internal';
    this.context = context;
    this.parent = parent;
    this.trace = trace;
    this.#inherited = start.inherited ?? {};
    this.#attributes = { ...start.inherited, ...start.attributes };
    this.#startedAtMs = start.atMs ?? trace.nowMs();
  }

  get traceparent(): string {
    return formatTraceparent(this.context);
  }

  get ids(): SpanIds {
    return this.context;
  }

  get attributes(): SpanAttributes {
    return this.#attributes;
  }

  get events(): readonly SpanEvent[] {
    return this.#events;
  }

  get droppedEvents(): number {
    return this.#droppedEvents;
  }

  get failure(): string | undefined {
    return this.#failure;
  }

  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  /** Never before its start. */
  get endedAtMs(): number {
    return Math.max(this.#startedAtMs, this.#endedAtMs ?? this.#startedAtMs);
  }

  child(name: string, start: SpanStart = {}): RecordedSpan {
    const { traceId, traceFlags } = this.context;
    const context = { traceId, spanId: this.trace.newSpanId(), traceFlags };
    const inherited = { ...this.#inherited, ...start.inherited };
    return new RecordedSpan(name, { ...start, inherited }, context, this.context, this.trace);
  }

  began(atMs: number): void {
    this.#startedAtMs = atMs;
  }

  set(attributes: SpanAttributes): void {
    Object.assign(this.#attributes, attributes);
  }

  event(name: string, attributes: SpanAttributes = {}, atMs = this.trace.nowMs()): void {
    if (this.#events.length < EVENTS_MAX) this.#events.push({ name, atMs, attributes });
    else this.#droppedEvents += 1;
  }

  end({ atMs, failure }: SpanEnd = {}): void {
    if (this.#endedAtMs !== undefined) return;
    this.#endedAtMs = atMs ?? this.trace.nowMs();
    this.#failure = failure;
    this.trace.onEnded(this);
  }
}
