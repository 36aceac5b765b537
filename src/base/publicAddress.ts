// Which addresses belong to the open internet, and a DNS look-up that finds no others: for requests whose address
// somebody else may have a hand in (server-side request forgery).
import { lookup as dnsLookup } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import type { Lookup } from './cachedLookup.ts';

/** The registries of special-purpose addresses (RFC 6890 and its successors), IPv4. */
const IPV4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // Link-local: the clouds' metadata services among them.
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const;
/** Within 2000::/3, which is all of IPv6 that is given out: tunnels that hide an IPv4 address, documentation. */
const IPV6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const special = new BlockList();
for (const [net, prefix] of IPV4) special.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of IPV6) special.addSubnet(net, prefix, 'ipv6');
const given = new BlockList();
given.addSubnet('2000::', 3, 'ipv6');

/** False for what is no IP address as well. */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 4) return !special.check(address, 'ipv4');
  // IPv4 in IPv6 (::ffff:0:0/96, 64:ff9b::/96), ::1, fc00::/7, fe80::/10 and ff00::/8 are not within 2000::/3.
  return version === 6 && given.check(address, 'ipv6') && !special.check(address, 'ipv6');
}

export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError';
  readonly code = 'address_refused';
  constructor() {
    super('the address is not on the open internet and not allowed by name');
  }
}

/**
 * `dns.lookup` that fails with an `AddressRefusedError` when one of the host's addresses is not public. What it
 * answers is what is connected to, so a name that changes its address in between gains nothing.
 */
export function publicLookup(lookup: Lookup = dnsLookup): Lookup {
  return (hostname, options, found) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return found(error, []);
      const all = Array.isArray(addresses) ? addresses : [];
      const first = all[0];
      if (first === undefined || !all.every(({ address }) => isPublicAddress(address)))
        return found(new AddressRefusedError(), []);
      if (options.all === true) return found(null, all);
      return found(null, first.address, first.family);
    });
  };
}

/** Whether the host of this origin is in `allowed`, which has `host` or `host:port`, in small letters. */
export function isAllowedByName(origin: string, allowed: ReadonlySet<string>): boolean {
  const { hostname, port, protocol } = new URL(origin);
  const usualPort = protocol === 'https:' ? '443' : '80';
  return allowed.has(hostname) || allowed.has(`${hostname}:${port === '' ? usualPort : port}`);
}
