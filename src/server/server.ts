// The server: HTTP and upgrades on one port, opened and closed as one thing.
import type { AddressInfo } from 'node:net';
import { Admission } from './admission.ts';
import { buildApp } from './app.ts';
import { actHere } from './callActions.ts';
import { addressesOf, type Addresses, type ServerContext } from './context.ts';
import { RATE_LIMITS, RateLimits } from './rateLimits.ts';
import { SERVER_LIMITS, type ServerOptions } from './options.ts';
import { SocketTickets } from './socketTickets.ts';
import { Softphone } from './softphone.ts';
import { acceptUpgrades } from './upgrades.ts';

export interface GatewayServer {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes no new calls from now on. Calls that were announced before still get their stream. */
  setDraining(): void;
  /** Stops listening, closes every socket, and resolves when nothing is open. Idempotent. */
  close(): Promise<void>;
}

/** Resolves when the server listens; rejects when it can't (the port is taken). */
export async function openServer(options: ServerOptions): Promise<GatewayServer> {
  const admission = new Admission(
    options.callsMax,
    options.calls,
    options.clock,
    () => options.overloaded?.() !== undefined,
    options.streams,
  );
  const limits = { ...SERVER_LIMITS, ...options.limits };
  let addresses: Addresses = addressesOf(options, 'http://127.0.0.1');
  const { metrics, logger, clock, sharedLimits: shared } = options;
  const rates = new RateLimits(options.rateLimits ?? RATE_LIMITS, { metrics, logger, clock, shared });
  const tickets = new SocketTickets(options.adminToken, options.clock, options.sharedTickets);
  const softphone = new Softphone(options, admission, tickets);
  const context: ServerContext = {
    options,
    limits,
    admission,
    rates,
    tickets,
    softphone,
    addresses: () => addresses,
  };
  options.others?.serve((callSid, action) => actHere(context, callSid, action));
  options.streams?.onTaken((callSid) => {
    admission.takenElsewhere(callSid);
    options.calls.takenElsewhere(callSid);
  });
  const app = buildApp(context);
  await app.ready();
  const upgrades = acceptUpgrades(app.server, context);
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await app.close();
    throw error;
  }
  const url = listeningUrl(app.server.address());
  addresses = addressesOf(options, url);
  options.logger.info({ url, publicUrl: addresses.publicUrl }, 'the server listens');

  let closed: Promise<void> | undefined;
  async function close(): Promise<void> {
    // First the sockets: the server's own close waits for them.
    const closing = app.close();
    softphone.close();
    await upgrades.close();
    const cut = options.clock.after(limits.closeTimeoutMs, () => app.server.closeAllConnections());
    await closing;
    cut.cancel();
  }
  return {
    url,
    setDraining: () => admission.drain(),
    close: () => (closed ??= close()),
  };
}

function listeningUrl(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return 'http://127.0.0.1';
  const unspecified = address.address === '0.0.0.0' || address.address === '::';
  const host = unspecified ? '127.0.0.1' : address.address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}
