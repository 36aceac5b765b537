// Tickets for the sockets of pages, spent once by all instances together: whoever is shown one claims it in Redis, by the
// same `SET NX` as streams are.
import type { SharedTickets } from './port.ts';
import type { Link } from './redisLink.ts';

/** A ticket is good for half a minute by the clock of whoever is shown it: clocks that differ by more than this are none. */
const CLAIMED_MS = 10 * 60_000;

/** KEYS: the claim. ARGV: who claims, how long that is known. */
const CLAIM = `return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])`;

/** `instance`: who claims. */
export function openSharedTickets(link: Link, instance: string): SharedTickets {
  return {
    claim: async (nonce) => {
      const claimed = await link.run(CLAIM, [link.key(`ticket:${nonce}`)], [instance, String(CLAIMED_MS)]);
      return claimed === 'OK';
    },
  };
}
