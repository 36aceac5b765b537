import type { VNode } from 'preact';

export function LatencyPage(): VNode {
  return <h1>Latency</h1>;
}
