import type { VNode } from 'preact';

export function CallsPage(): VNode {
  return <h1>Calls</h1>;
}
