// Whose request this is, by address: the peer's, or, behind a proxy that is known, the one that the proxy says.
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Of `X-Forwarded-For`; the last ones count, since each proxy adds its own. */
const HOPS_MAX = 10;
const UNKNOWN = 'unknown';

/** Addresses and networks, such as `10.0.0.1` and `10.0.0.0/8`, that have been checked for their form. */
export function proxyList(proxies: readonly string[]): BlockList {
  const list = new BlockList();
  for (const proxy of proxies) {
    const [address = '', bits] = proxy.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/**
 * The key by which a peer is counted. From the right of the chain the first address that is no trusted proxy: what stands
 * left of it anybody may have written. An IPv6 peer counts as its network, of which it has every address.
 */
export function addressOf(request: IncomingMessage, trusted: BlockList): string {
  let address = plainAddress(request.socket.remoteAddress ?? '');
  const chain = [request.headers['x-forwarded-for'] ?? ''].flat().join(',').split(',').slice(-HOPS_MAX);
  while (isTrusted(address, trusted) && chain.length > 0) {
    const next = plainAddress((chain.pop() ?? '').trim());
    if (isIP(next) === 0) break;
    address = next;
  }
  return isIP(address) === 6 ? networkOf(address) : address === '' ? UNKNOWN : address;
}

function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

function isTrusted(address: string, trusted: BlockList): boolean {
  const family = isIP(address);
  return family !== 0 && trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** The first 64 bits, in one form. */
function networkOf(address: string): string {
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? [];
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
