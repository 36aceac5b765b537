// How loud somebody is, as a bar.
import type { VNode } from 'preact';

/** What is fainter is drawn as nothing. */
const FAINTEST_DB = -60;

export function Meter(props: {
  readonly label: string;
  /** Below full scale. */
  readonly db: number;
  readonly who: 'caller' | 'agent';
}): VNode {
  const { label, db, who } = props;
  const level = Math.round(100 * Math.min(1, Math.max(0, 1 - db / FAINTEST_DB)));
  return (
    <div class="meter">
      <span class="small">{label}</span>
      <div
        class={`meter-bar ${who}`}
        role="meter"
        aria-label={`Loudness: ${label}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={level}
      >
        <div style={{ transform: `scaleX(${level / 100})` }} />
      </div>
    </div>
  );
}
