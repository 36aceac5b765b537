// The other instances, as one of them sees them: opened when there is a Redis, and otherwise not there.
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { EventBus } from '../events/bus.ts';
import type { LiveEvent } from '../events/event.ts';
import { Actions } from './actions.ts';
import { EventRelay } from './eventRelay.ts';
import type { OtherInstances, OtherStreams, SharedTickets } from './port.ts';
import { SharedStreams } from './sharedStreams.ts';
import { openSharedTickets } from './sharedTickets.ts';
import { RedisLink } from './redisLink.ts';
import { LimitNews } from './limitNews.ts';

export interface FleetOptions {
  readonly redisUrl: string;
  /** Who we are. */
  readonly instance: string;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Fleet {
  /** Whether the others can be reached, as far as is known. */
  readonly up: boolean;
  /** Events that the others were not told of. */
  readonly lostEvents: number;
  readonly others: OtherInstances;
  readonly streams: OtherStreams;
  readonly tickets: SharedTickets;
  /** Where instances count together. */
  readonly limits: LimitNews;
  /** For those who watch here and for those who watch elsewhere. Never waits, never throws. */
  publish(event: LiveEvent): void;
  /** Whether somebody watches here. */
  watched(watched: boolean): void;
  close(): Promise<void>;
}

/** Waits for nothing: Redis is there when it is. */
export function openFleet({ redisUrl, instance, bus, clock, logger }: FleetOptions): Fleet {
  const link = new RedisLink({ url: redisUrl, clock, logger });
  const relay = new EventRelay({ link, instance, clock, onEvent: (event) => bus.relay(event) });
  const actions = new Actions({ link, instance, clock, logger });
  return {
    get up() {
      return link.up;
    },
    get lostEvents() {
      return relay.lostEvents;
    },
    others: actions,
    streams: new SharedStreams({ link, instance, clock }),
    tickets: openSharedTickets(link, instance),
    limits: new LimitNews({ link, instance, clock }),
    publish: (event) => {
      bus.publish(event);
      relay.publish(event);
    },
    watched: (watched) => relay.watched(watched),
    close: async () => {
      await actions.idle();
      link.close();
    },
  };
}
