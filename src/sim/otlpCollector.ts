// A collector of traces as OTLP over HTTP has it, in JSON: takes spans, or does not.
import type { ServerResponse } from 'node:http';
import { isRecord, parseJson } from '../base/json.ts';
import { SimServer } from './server.ts';

export type CollectedValue = string | number | boolean | readonly CollectedValue[];
export type CollectedAttributes = Readonly<Record<string, CollectedValue>>;

export interface CollectedSpan {
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined of a root. */
  readonly parentSpanId: string | undefined;
  /** Since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: CollectedAttributes;
  readonly events: readonly {
    readonly name: string;
    readonly atMs: number;
    readonly attributes: CollectedAttributes;
  }[];
  readonly failed: boolean;
  /** Of the process. */
  readonly resource: CollectedAttributes;
}

/** `hang`: a request is taken and never answered. */
export type CollectorMood = 'take' | 'refuse' | 'hang';

export class OtlpCollector {
  mood: CollectorMood = 'take';
  readonly spans: CollectedSpan[] = [];
  /** Each request's, as it came. */
  readonly bodies: string[] = [];
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>[] = [];
  readonly #server = new SimServer();

  constructor() {
    this.#server.http('POST /v1/traces', (request, response, body) => {
      this.headers.push(request.headers);
      this.bodies.push(body.toString('utf8'));
      this.#answer(response, body);
    });
  }

  /** Answers what `OTEL_EXPORTER_OTLP_ENDPOINT` is to be. */
  listen(port = 0): Promise<string> {
    return this.#server.listen(port);
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  #answer(response: ServerResponse, body: Buffer): void {
    if (this.mood === 'hang') return;
    if (this.mood === 'refuse') {
      response.writeHead(400).end();
      return;
    }
    this.spans.push(...spansIn(parseJson(body.toString('utf8'))));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"partialSuccess":{}}');
  }
}

function spansIn(request: unknown): CollectedSpan[] {
  return listOf(request, 'resourceSpans').flatMap((resourceSpans) => {
    const resource = attributesIn(resourceSpans['resource']);
    return listOf(resourceSpans, 'scopeSpans').flatMap((scope) =>
      listOf(scope, 'spans').map((span) => spanOf(span, resource)),
    );
  });
}

function spanOf(span: Readonly<Record<string, unknown>>, resource: CollectedAttributes): CollectedSpan {
  const { status, parentSpanId } = span;
  return {
    name: String(span['name']),
    kind: Number(span['kind']),
    traceId: String(span['traceId']),
    spanId: String(span['spanId']),
    parentSpanId: typeof parentSpanId === 'string' && parentSpanId !== '' ? parentSpanId : undefined,
    startMs: msOf(span['startTimeUnixNano']),
    endMs: msOf(span['endTimeUnixNano']),
    attributes: attributesIn(span),
    events: listOf(span, 'events').map((event) => ({
      name: String(event['name']),
      atMs: msOf(event['timeUnixNano']),
      attributes: attributesIn(event),
    })),
    failed: isRecord(status) && status['code'] === 2,
    resource,
  };
}

/** To the microsecond, which is as much as a double has. */
function msOf(unixNano: unknown): number {
  return Number(BigInt(String(unixNano)) / 1_000n) / 1_000;
}

function listOf(value: unknown, key: string): readonly Readonly<Record<string, unknown>>[] {
  const list = isRecord(value) ? value[key] : undefined;
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

function attributesIn(value: unknown): CollectedAttributes {
  return Object.fromEntries(
    listOf(value, 'attributes').map(({ key, value: any }) => [String(key), valueOf(any)]),
  );
}

/** OTLP's `AnyValue`; a whole number may be a text. */
function valueOf(any: unknown): CollectedValue {
  if (!isRecord(any)) return '';
  const { stringValue, boolValue, intValue, doubleValue, arrayValue } = any;
  if (typeof stringValue === 'string') return stringValue;
  if (typeof boolValue === 'boolean') return boolValue;
  if (intValue !== undefined) return Number(intValue);
  if (doubleValue !== undefined) return Number(doubleValue);
  return listOf(arrayValue, 'values').map(valueOf);
}
