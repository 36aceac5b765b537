// What a stream that comes goes on with: the conversation itself, or what another instance has left of it.
import type { Clock } from '../base/clock.ts';
import type { Conversation } from './conversation.ts';
import type { CallSnapshot } from './snapshot.ts';

export type Before = { readonly conversation: Conversation } | { readonly snapshot: CallSnapshot };

export function snapshotOf(before: Before | undefined): CallSnapshot | undefined {
  return before !== undefined && 'snapshot' in before ? before.snapshot : undefined;
}

export function conversationOf(before: Before | undefined): Conversation | undefined {
  return before !== undefined && 'conversation' in before ? before.conversation : undefined;
}

/** How long the call has been going on, in ms. */
export function durationOf(before: Before, clock: Clock): number {
  return 'conversation' in before
    ? before.conversation.durationMs
    : Math.max(0, clock.wallMs() - before.snapshot.startedAtMs);
}
