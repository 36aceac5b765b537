// What a page in a browser shows when it opens a WebSocket: browsers send no `Authorization` with one. The page asks for a
// ticket with its bearer and offers it as a subprotocol, so it stands in no address and no log.
import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { secretText } from '../base/random.ts';
import { sameText } from '../base/sameText.ts';
import { within } from '../base/within.ts';
import type { SharedTickets } from '../fleet/port.ts';

/** The page opens its socket at once. */
export const TICKET_TTL_MS = 30_000;
/** Spent tickets are remembered while they could be played again; only who has the bearer can make so many. */
const SPENT_MAX = 10_000;
/** Whoever waits for others to say that they were not shown a ticket waits no longer. */
const CLAIM_MS_MAX = 250;
const NONCE_BYTES = 12;
const SECRET_BYTES = 32;
/** Beside it the page offers a name without it, which the server can choose: `turnpike.events`. */
const TICKET_PREFIX = 'turnpike.ticket.';

/** Which socket a ticket opens: the events, or the media stream of one call. */
export type TicketPurpose = 'events' | `media-${string}`;

/**
 * Tickets of one use for half a minute. They are signed with the admin token and not kept, so an instance takes those of
 * another one, behind the same balancer; that each is used once is kept where instances share, and by each for itself.
 */
export class SocketTickets {
  readonly #key: string;
  readonly #clock: Clock;
  readonly #shared: SharedTickets | undefined;
  /** Nonce to when it runs out, oldest first. */
  readonly #spent = new Map<string, number>();

  constructor(adminToken: string | undefined, clock: Clock, shared?: SharedTickets) {
    // Without a token nobody needs a ticket, and nobody can make one up.
    this.#key = adminToken ?? secretText(SECRET_BYTES);
    this.#clock = clock;
    this.#shared = shared;
  }

  /** A new ticket, in characters that a subprotocol may have. */
  mint(purpose: TicketPurpose): string {
    const expiresAtMs = Math.round(this.#clock.wallMs()) + TICKET_TTL_MS;
    const claim = `${purpose}.${expiresAtMs}.${secretText(NONCE_BYTES)}`;
    return `${claim}.${this.#sign(claim)}`;
  }

  /** Spends the ticket that the request offers, if there is one, for this purpose, in time and not spent. Never rejects. */
  async admits(request: IncomingMessage, purpose: TicketPurpose): Promise<boolean> {
    const offered = offeredTicket(request);
    const nonce = offered === undefined ? undefined : this.#redeem(offered, purpose);
    return nonce !== undefined && (await this.#isFirst(nonce));
  }

  /** The nonce of a ticket that is good and was not spent here. */
  #redeem(ticket: string, purpose: TicketPurpose): string | undefined {
    const dot = ticket.lastIndexOf('.');
    const claim = ticket.slice(0, Math.max(0, dot));
    if (!sameText(ticket.slice(dot + 1), this.#sign(claim))) return undefined;
    const [claimed, expiresAt = '', nonce = ''] = claim.split('.');
    const nowMs = this.#clock.wallMs();
    if (claimed !== purpose || Number(expiresAt) < nowMs) return undefined;
    this.#forgetBefore(nowMs);
    if (this.#spent.has(nonce) || this.#spent.size >= SPENT_MAX) return undefined;
    this.#spent.set(nonce, Number(expiresAt));
    return nonce;
  }

  /** Whoever can't be asked, or is slow, keeps nobody with a good ticket out: then it is spent here alone, as without others. */
  async #isFirst(nonce: string): Promise<boolean> {
    if (this.#shared === undefined) return true;
    try {
      return await within(this.#clock, CLAIM_MS_MAX, this.#shared.claim(nonce));
    } catch {
      // The link tells that Redis is away.
      return true;
    }
  }

  #sign(claim: string): string {
    return createHmac('sha256', this.#key).update(`socket ticket\n${claim}`).digest('base64url');
  }

  #forgetBefore(nowMs: number): void {
    for (const [nonce, expiresAtMs] of this.#spent) if (expiresAtMs < nowMs) this.#spent.delete(nonce);
  }
}

/** The subprotocol for the server to choose: the first that is no ticket, so that a ticket is never said back. */
export function chosenProtocol(offered: ReadonlySet<string>): string | false {
  return [...offered].find((protocol) => !protocol.startsWith(TICKET_PREFIX)) ?? false;
}

/** What the ticket that the request offers is for, by its own unchecked word; undefined when it offers none. */
export function offeredPurpose(request: IncomingMessage): string | undefined {
  return offeredTicket(request)?.split('.', 1)[0];
}

function offeredTicket(request: IncomingMessage): string | undefined {
  return offeredProtocols(request)
    .find((protocol) => protocol.startsWith(TICKET_PREFIX))
    ?.slice(TICKET_PREFIX.length);
}

/** A ticket as it is offered. */
export function ticketProtocol(ticket: string): string {
  return `${TICKET_PREFIX}${ticket}`;
}

function offeredProtocols(request: IncomingMessage): readonly string[] {
  const header = request.headers['sec-websocket-protocol'] ?? '';
  return header.split(',').map((protocol) => protocol.trim());
}
