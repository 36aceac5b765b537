// Stretches of a text that are a number, or a part of one, and the text without them.

export type NumberKind = 'card' | 'ssn';

/** A stretch of a text, of its characters, that is a number or a part of one. */
export interface NumberSpan {
  readonly start: number;
  readonly end: number;
  readonly kind: NumberKind;
}

/** ... and what stands in its place. */
export interface Span extends NumberSpan {
  readonly what: '[card number]' | '[social security number]' | '[digits]';
}

/** In their order, and none overlaps another. */
export function mergedSpans(spans: readonly Span[]): readonly Span[] {
  const inOrder = [...spans].sort((a, b) => a.start - b.start || b.end - a.end);
  const merged: Span[] = [];
  for (const span of inOrder) {
    const last = merged.at(-1);
    if (last === undefined || span.start >= last.end) merged.push(span);
    else {
      const { kind, what } = last.what === '[digits]' ? span : last;
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, span.end), kind, what };
    }
  }
  return merged;
}

/** Spans that do not overlap, in their order. */
export function without(text: string, spans: readonly Span[]): string {
  let out = '';
  let from = 0;
  for (const { start, end, what } of spans) {
    out += text.slice(from, start) + what;
    from = end;
  }
  return out + text.slice(from);
}
