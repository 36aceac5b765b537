// Both voices as they sounded, the caller above and the agent below, one time line through both. It is a slider: click, or
// arrows. Drawn on a canvas in the page's colours, anew when those change.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { duration } from '../format.ts';
import { STEPS, type Peaks } from '../peaks.ts';
import { theme } from '../theme.ts';
import { useStore } from '../store.ts';

export interface Moment {
  readonly atS: number;
  readonly name: string;
}

export interface WaveformProps {
  readonly peaks: Peaks;
  readonly atS: number;
  readonly moments: readonly Moment[];
  readonly onSeek: (atS: number) => void;
}

const STEP_S = 5;
const PAGE_S = 30;

export function Waveform({ peaks, atS, moments, onSeek }: WaveformProps): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [widthPx, setWidthPx] = useState(0);
  const chosen = useStore(theme);
  const dark = useDarkSystem();
  const { durationS } = peaks;

  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setWidthPx(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (canvas.current !== null && widthPx > 0) draw(canvas.current, peaks);
  }, [peaks, widthPx, chosen, dark]);

  const onPointer = (event: PointerEvent): void => {
    if (event.buttons !== 1 || !(event.currentTarget instanceof HTMLElement)) return;
    const { left, width } = event.currentTarget.getBoundingClientRect();
    onSeek(Math.min(1, Math.max(0, (event.clientX - left) / width)) * durationS);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const moves: Readonly<Record<string, number>> = {
      ArrowLeft: atS - STEP_S,
      ArrowRight: atS + STEP_S,
      PageDown: atS - PAGE_S,
      PageUp: atS + PAGE_S,
      Home: 0,
      End: durationS,
    };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    onSeek(Math.min(durationS, Math.max(0, to)));
  };
  const share = (seconds: number): string =>
    `${durationS === 0 ? 0 : Math.min(100, (seconds / durationS) * 100)}%`;
  return (
    <div
      class="waveform"
      role="slider"
      tabIndex={0}
      aria-label="Place in the recording"
      aria-valuemin={0}
      aria-valuemax={Math.round(durationS)}
      aria-valuenow={Math.round(atS)}
      aria-valuetext={`${duration(atS * 1_000)} of ${duration(durationS * 1_000)}`}
      onPointerDown={onPointer}
      onPointerMove={onPointer}
      onKeyDown={onKeyDown}
    >
      <canvas ref={canvas} aria-hidden="true" />
      {peaks.markers.map(({ startMs, endMs, side, kind }) => (
        <span
          key={`${side} ${startMs}`}
          class={`silenced ${side}`}
          style={{ left: share(startMs / 1_000), width: share((endMs - startMs) / 1_000) }}
          title={kind === 'card' ? 'A card number: silent' : 'A social security number: silent'}
        />
      ))}
      {moments.map(({ atS: momentS, name }) => (
        <span key={name} class="moment" style={{ left: share(momentS) }} aria-hidden="true">
          <span>{name}</span>
        </span>
      ))}
      <span class="cursor" style={{ left: share(atS) }} aria-hidden="true" />
    </div>
  );
}

function useDarkSystem(): boolean {
  const query = useRef(matchMedia('(prefers-color-scheme: dark)')).current;
  const [dark, setDark] = useState(query.matches);
  useEffect(() => {
    const onChange = (): void => setDark(query.matches);
    query.addEventListener('change', onChange);
    return () => query.removeEventListener('change', onChange);
  }, [query]);
  return dark;
}

const BAR_PX = 2;
const GAP_PX = 1;

function draw(canvas: HTMLCanvasElement, { caller, agent, known }: Peaks): void {
  const scale = devicePixelRatio;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = width * scale;
  canvas.height = height * scale;
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.scale(scale, scale);
  const style = getComputedStyle(canvas);
  const bars = Math.floor(width / (BAR_PX + GAP_PX));
  const lane = height / 2;
  for (const [peaks, voice, top] of [
    [caller, 'caller', 0],
    [agent, 'agent', lane],
  ] as const) {
    context.fillStyle = style.getPropertyValue(`--wave-${voice}`);
    for (let bar = 0; bar < bars; bar += 1) {
      const from = Math.floor((bar / bars) * STEPS);
      if (from >= known) break;
      const to = Math.max(from + 1, Math.floor(((bar + 1) / bars) * STEPS));
      // The ear hears loudness by its logarithm; the root is near enough to see a quiet voice.
      const loud = Math.sqrt(Math.max(...peaks.subarray(from, to)));
      const tall = Math.max(1, loud * (lane - 6));
      context.fillRect(bar * (BAR_PX + GAP_PX), top + (lane - tall) / 2, BAR_PX, tall);
    }
  }
}
