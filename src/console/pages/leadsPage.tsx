import type { VNode } from 'preact';

export function LeadsPage(): VNode {
  return <h1>Leads</h1>;
}
