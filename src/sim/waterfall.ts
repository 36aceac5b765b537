// A turn drawn as text: what the caller waited for, stage by stage, on one line a stage.
import type { TurnTimings } from '../store/port.ts';

export interface Paint {
  (style: 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan', text: string): string;
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;

/** Colours on a terminal, plain text everywhere else. */
export function painter(isTerminal: boolean): Paint {
  return (style, text) => (isTerminal ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text);
}

const COLUMNS = 44;
const LABEL_COLUMNS = 22;

interface Bar {
  readonly label: string;
  readonly fromMs: number;
  readonly durationMs: number;
  readonly style: Parameters<Paint>[0];
}

/**
 * The lines of a turn's waterfall, on one scale from the end of the caller's speech to the first frame. The wait
 * for the turn's end runs beside the making of the reply, so the bars overlap: that is what speculation gains.
 */
export function waterfall(timings: TurnTimings, paint: Paint): string[] {
  const bars = barsOf(timings);
  const endMs = timings.response ?? Math.max(0, ...bars.map((bar) => bar.fromMs + bar.durationMs));
  if (endMs <= 0) return [];
  return bars.map((bar) => {
    const from = Math.min(COLUMNS - 1, Math.round((Math.max(0, bar.fromMs) / endMs) * COLUMNS));
    const width = Math.max(1, Math.min(COLUMNS - from, Math.round((bar.durationMs / endMs) * COLUMNS)));
    const drawn = `${' '.repeat(from)}${paint(bar.style, '\u2588'.repeat(width))}${' '.repeat(COLUMNS - from - width)}`;
    return `${bar.label.padEnd(LABEL_COLUMNS)}${paint('dim', '\u2502')}${drawn}${paint('dim', '\u2502')}${milliseconds(bar.durationMs)}`;
  });
}

function barsOf(timings: TurnTimings): Bar[] {
  const { endpoint, llmFirstToken, llmFirstSentence, ttsFirstAudio, firstFrame, response } = timings;
  const bars: Bar[] = [];
  if (endpoint !== undefined)
    bars.push({ label: 'turn end decided', fromMs: 0, durationMs: endpoint, style: 'yellow' });
  // From the end backwards: the reply's stages follow one another up to the first frame.
  const made = [
    ['model: first token', llmFirstToken, 'blue'],
    ['model: first sentence', llmFirstSentence, 'cyan'],
    ['voice: first audio', ttsFirstAudio, 'magenta'],
    ['frame', firstFrame, 'green'],
  ] as const;
  const totalMs = made.reduce((sum, [, durationMs]) => sum + (durationMs ?? 0), 0);
  let fromMs = (response ?? totalMs) - totalMs;
  for (const [label, durationMs, style] of made) {
    if (durationMs === undefined) continue;
    bars.push({ label, fromMs, durationMs, style });
    fromMs += durationMs;
  }
  return bars;
}

export function milliseconds(durationMs: number | undefined): string {
  return durationMs === undefined ? '-'.padStart(9) : `${Math.round(durationMs)} ms`.padStart(9);
}

/** Rows under a heading, columns as wide as they need to be; numbers right, text left. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        /^[-\d.,<>]/.test(cell) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(heading), widths.map((width) => '\u2500'.repeat(width)).join('  '), ...rows.map(line)];
}
