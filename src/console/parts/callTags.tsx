// What a call's row and head have in common.
import type { VNode } from 'preact';
import type { CallRow } from '../wire.ts';
import { OUTCOMES } from '../wire.ts';

export function OutcomeTag({ row }: { readonly row: Pick<CallRow, 'endedAt' | 'outcome'> }): VNode {
  const { endedAt, outcome } = row;
  if (endedAt === null || outcome === null) return <span class="tag good live-dot">Live</span>;
  const tone = { completed: '', transferred: '', failed: 'bad', abandoned: 'warn' }[outcome as string] ?? '';
  return <span class={`tag ${tone}`}>{OUTCOMES[outcome]}</span>;
}

/** Who called whom: the other one's number first. */
export function otherOf({ direction, from, to }: Pick<CallRow, 'direction' | 'from' | 'to'>): string {
  return direction === 'outbound' ? to : from;
}

export function directionOf({ direction }: Pick<CallRow, 'direction'>): string {
  return direction === 'outbound' ? 'outgoing' : 'incoming';
}
