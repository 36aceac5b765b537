// Thoughts that a model writes into its reply are not for the caller's ear.

const OPENS = '<think>';
const CLOSES = '</think>';

export interface ThoughtFilter {
  /** What of this piece is to be spoken. */
  push(text: string): string;
  /** What was held back because it might have become a thought. */
  end(): string;
}

/**
 * Leaves out a `<think>...</think>` at the very beginning of a reply, as servers without a reasoning
 * parser pass it on. Later ones are text: a reply may speak of tags. A reply of which not even the
 * opening tag was written cannot be told from speech.
 */
export function thoughtFilter(): ThoughtFilter {
  let phase: 'undecided' | 'thinking' | 'after' | 'speaking' = 'undecided';
  let held = '';

  function push(text: string): string {
    if (phase === 'speaking') return text;
    held += text;
    if (phase === 'undecided') {
      const start = held.trimStart();
      if (OPENS.startsWith(start)) return '';
      if (!start.startsWith(OPENS)) return release();
      phase = 'thinking';
      held = start.slice(OPENS.length);
    }
    if (phase === 'thinking') {
      const closesAt = held.indexOf(CLOSES);
      if (closesAt < 0) {
        held = held.slice(-CLOSES.length);
        return '';
      }
      phase = 'after';
      held = held.slice(closesAt + CLOSES.length);
    }
    // The blank lines between thought and speech.
    held = held.trimStart();
    return held === '' ? '' : release();
  }

  function release(): string {
    phase = 'speaking';
    const text = held;
    held = '';
    return text;
  }

  return { push, end: () => (phase === 'undecided' ? release() : '') };
}
