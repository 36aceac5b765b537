// Who is asking: a bearer of the admin token, or somebody on this very machine.
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { sameText } from '../base/sameText.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Headers that a proxy adds: behind one, the peer is the proxy and says nothing of who asks. */
const FORWARDING_HEADERS = ['forwarded', 'x-forwarded-for', 'x-real-ip'] as const;

export type Access = 'granted' | 'unauthorized' | 'not_local';

/** For the admin API, its events and the metrics. */
export function adminAccess(request: IncomingMessage, adminToken: string | undefined): Access {
  if (adminToken === undefined) {
    return isLocalPeer(request) && isLocalHost(request.headers.host) ? 'granted' : 'not_local';
  }
  const [scheme = '', token = ''] = (request.headers.authorization ?? '').split(' ', 2);
  return scheme.toLowerCase() === 'bearer' && sameText(token, adminToken) ? 'granted' : 'unauthorized';
}

/** Whether the peer is on this machine, by its address; a forwarded request never is. */
export function isLocalPeer(request: IncomingMessage): boolean {
  if (FORWARDING_HEADERS.some((name) => request.headers[name] !== undefined)) return false;
  const address = (request.socket.remoteAddress ?? '').replace(/^::ffff:/i, '');
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/**
 * Whether the page behind a request is ours. Browsers let any page open a socket to any address, or post a form there,
 * and say in `Origin` whose it is; other clients say nothing.
 */
export function isOwnOrigin(request: IncomingMessage, publicUrl: string): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  return new URL(origin).host === host || new URL(origin).origin === new URL(publicUrl).origin;
}

/**
 * Whether somebody on this machine asks, and no page of somebody else's in a browser here: for what is served to whoever
 * has nothing to show.
 */
export function isLocalRequest(request: IncomingMessage, publicUrl: string): boolean {
  return isLocalPeer(request) && isLocalHost(request.headers.host) && isOwnOrigin(request, publicUrl);
}

/** A name that resolves to us by somebody else's doing (DNS rebinding) is not a local name. */
function isLocalHost(host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(`http://${host}`)) return false;
  const name = new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '');
  if (name === 'localhost') return true;
  const family = isIP(name);
  return family !== 0 && loopback.check(name, family === 4 ? 'ipv4' : 'ipv6');
}
