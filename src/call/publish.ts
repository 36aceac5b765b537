// Events of one call, without what is the same in all of them.
import type { LiveEvent } from '../events/event.ts';

type WithoutCall<T> = T extends unknown ? Omit<T, 'callSid' | 'at'> : never;

/** Tells the watchers; answers at once, whoever watches. */
export type Publish = (event: WithoutCall<LiveEvent>) => void;
