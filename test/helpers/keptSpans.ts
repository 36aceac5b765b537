// Spans of calls on the virtual clock, as they are handed on to be exported.
import assert from 'node:assert/strict';
import type { Clock } from '../../src/base/clock.ts';
import type { Tracer } from '../../src/base/span.ts';
import type { RecordedSpan } from '../../src/trace/recordedSpan.ts';
import { tracerInto } from '../../src/trace/trace.ts';

export class KeptSpans {
  readonly all: RecordedSpan[] = [];

  tracer(clock: Clock): Tracer {
    return tracerInto(
      (span) => void this.all.push(span),
      () => true,
      clock,
    );
  }

  named(name: string): readonly RecordedSpan[] {
    return this.all.filter((span) => span.name === name);
  }

  /** The only one of this name, or the only one with that value of an attribute. */
  one(name: string, attribute?: string, value?: unknown): RecordedSpan {
    const found = this.named(name).filter(
      ({ attributes }) => attribute === undefined || attributes[attribute] === value,
    );
    const [span] = found;
    assert.ok(
      span !== undefined && found.length === 1,
      `${found.length} spans ${name} ${attribute} ${String(value)}`,
    );
    return span;
  }

  below(parent: RecordedSpan, name?: string): readonly RecordedSpan[] {
    return this.all.filter(
      (span) => span.parent?.spanId === parent.context.spanId && (name === undefined || span.name === name),
    );
  }

  /** Each has its parent among them, all are of one trace, and each was handed on once. */
  assertWhole(): void {
    const ids = new Set(this.all.map(({ context }) => context.spanId));
    assert.equal(ids.size, this.all.length, 'each once');
    const roots = this.all.filter(({ parent }) => parent === undefined);
    assert.deepEqual(
      roots.map(({ name }) => name),
      ['call'],
    );
    for (const { name, parent } of this.all)
      assert.ok(parent === undefined || ids.has(parent.spanId), `${name} has no parent`);
    assert.equal(new Set(this.all.map(({ context }) => context.traceId)).size, 1);
  }
}

export function durationMs({ startedAtMs, endedAtMs }: RecordedSpan): number {
  return endedAtMs - startedAtMs;
}
