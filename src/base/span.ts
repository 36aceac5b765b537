// What the rest of the code needs of a trace: spans that are begun, told of and ended. `src/trace` makes them and sends
// them away; without it there is `noSpan`, which does nothing.

/**
 * They leave the house: never a caller's words or numbers, and no secrets. What is undefined is left out.
 */
export type SpanAttributes = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

export interface SpanIds {
  readonly traceId: string;
  readonly spanId: string;
}

export interface SpanStart {
  /** `client`: somebody else is asked; `server`: somebody else has asked. */
  readonly kind?: 'internal' | 'client' | 'server';
  /** On the process's clock; now unless told. */
  readonly atMs?: number | undefined;
  readonly attributes?: SpanAttributes;
  /** Attributes of it and of all that is begun below it. */
  readonly inherited?: SpanAttributes;
}

export interface SpanEnd {
  /** On the process's clock; now unless told. */
  readonly atMs?: number | undefined;
  /** What went wrong, out of a closed set; never a message, which may quote what was said. */
  readonly failure?: string | undefined;
}

export interface Span {
  /** W3C's header for whoever is asked on its behalf; undefined: none is sent. */
  readonly traceparent: string | undefined;
  /** Where it is found; undefined when it is not kept. */
  readonly ids: SpanIds | undefined;
  /** A span below it. Never ended it is never sent. */
  child(name: string, start?: SpanStart): Span;
  /** It began at another time than it was made: many are known before their beginning is. */
  began(atMs: number): void;
  set(attributes: SpanAttributes): void;
  event(name: string, attributes?: SpanAttributes, atMs?: number): void;
  /** Idempotent; what is told afterwards is lost. */
  end(end?: SpanEnd): void;
}

export interface Tracer {
  /**
   * The first span of a trace, or of a part of one that was begun elsewhere: `traceparent` is what that said of itself.
   * One that makes no sense is as good as none.
   */
  begin(name: string, start?: SpanStart, traceparent?: string): Span;
}

const ignore = (): void => undefined;

export const noSpan: Span = {
  traceparent: undefined,
  ids: undefined,
  child: () => noSpan,
  began: ignore,
  set: ignore,
  event: ignore,
  end: ignore,
};

export const noTracer: Tracer = { begin: () => noSpan };

/** For a request that is made on behalf of `span`. */
export function traceHeaders(span: Span | undefined): Readonly<Record<string, string>> {
  const traceparent = span?.traceparent;
  return traceparent === undefined ? NO_HEADERS : { traceparent };
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});
