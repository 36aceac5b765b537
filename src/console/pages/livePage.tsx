import type { VNode } from 'preact';

export function LivePage(): VNode {
  return <h1>Live calls</h1>;
}
