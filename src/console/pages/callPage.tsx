import type { VNode } from 'preact';

export function CallPage(): VNode {
  return <h1>Call</h1>;
}
