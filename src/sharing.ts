// What this instance has in common with others, as far as the configuration has it share anything.
import { secretText } from './base/random.ts';
import type { Clock } from './base/clock.ts';
import type { Logger } from './base/logger.ts';
import type { Config } from './config.ts';
import { EventBus } from './events/bus.ts';
import type { LiveEvent } from './events/event.ts';
import { openFleet, type Fleet } from './fleet/fleet.ts';
import type { ServerOptions } from './server/options.ts';

const INSTANCE_BYTES = 8;

export interface Sharing {
  /** Who we are among all instances. */
  readonly instance: string;
  /** What is watched here. */
  readonly bus: EventBus;
  /** Where calls tell what happens. */
  readonly events: { publish(event: LiveEvent): void };
  /** Undefined without Redis. */
  readonly fleet: Fleet | undefined;
  /** What the server is given of it. */
  readonly forServer: Pick<ServerOptions, 'events' | 'others' | 'streams' | 'sharedTickets' | 'sharedLimits'>;
  close(): Promise<void>;
}

/** Waits for nothing, and never throws: whatever is shared, a call goes on without. */
export function openSharing({ redisUrl, disabled }: Config, clock: Clock, logger: Logger): Sharing {
  const instance = secretText(INSTANCE_BYTES);
  const background = !disabled.has('background-events');
  let fleet: Fleet | undefined;
  const bus = new EventBus({ clock, background, onWatched: (watched) => fleet?.watched(watched) });
  if (redisUrl !== undefined) fleet = openFleet({ redisUrl, instance, bus, clock, logger });
  return {
    instance,
    bus,
    events: fleet ?? bus,
    fleet,
    forServer: {
      events: bus,
      others: fleet?.others,
      streams: fleet?.streams,
      sharedTickets: fleet?.tickets,
      sharedLimits: fleet?.limits,
    },
    close: async () => {
      bus.close();
      await fleet?.close();
    },
  };
}
