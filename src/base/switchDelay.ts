// How long one provider is waited for before the next one is asked as well.
import type { LatencyWindow } from './latencyWindow.ts';

/** While too little is known of it. */
export const SWITCH_MS_UNKNOWN = 750;
const SWITCH_MS_MIN = 350;
/** Beyond its usual slowest it is late; a provider with a long tail is not waited for to the end of it. */
const OVER_P95 = 1.25;
const OVER_MEDIAN_MS = 250;

/**
 * Milliseconds: what the agent's file says, else a quarter over the p95, but no more than 250 ms over the median or 750 in
 * all, whichever is later. So a hanging provider costs a caller some 800 ms at most, and a healthy one is seldom
 * doubled.
 */
export function switchAfterMs(
  told: number | undefined,
  latencies: Pick<LatencyWindow, 'distribution'>,
): number {
  if (told !== undefined) return told;
  const { distribution } = latencies;
  if (distribution === undefined) return SWITCH_MS_UNKNOWN;
  const latestMs = Math.max(SWITCH_MS_UNKNOWN, distribution.quantileMs(0.5) + OVER_MEDIAN_MS);
  return Math.max(SWITCH_MS_MIN, Math.min(OVER_P95 * distribution.quantileMs(0.95), latestMs));
}
