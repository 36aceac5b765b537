// Calls from a browser. Their carrier is the page itself: it speaks Twilio's protocol, and asks here what Twilio would be
// told by TwiML. Nobody signs its upgrade; a ticket of one use does, which only a bearer of the admin token is given.
import type { IncomingMessage } from 'node:http';
import { hexText } from '../base/random.ts';
import type { Timer } from '../base/clock.ts';
import type { CallInfo } from '../call/port.ts';
import { TOKEN_TTL_MS } from '../twilio/token.ts';
import type { Admission } from './admission.ts';
import type { ServerOptions } from './options.ts';
import { offeredPurpose, ticketProtocol, type SocketTickets } from './socketTickets.ts';

/** Twilio's calls begin with `CA`: of these nothing may ever be asked of Twilio. */
const CALL_SID = /^SP[0-9a-f]{32}$/;
/** Who is calling, where a number stands otherwise. */
const SOFTPHONE = 'softphone';
/** For a gateway without an account; the shape is Twilio's. */
const NO_ACCOUNT = `AC${'0'.repeat(32)}`;

/** What the upgrade speaks, and what is answered. */
const PROTOCOL = 'turnpike.softphone';

/** All that a page needs to open the stream of its call. */
export interface SoftphoneStream {
  readonly callSid: string;
  readonly accountSid: string;
  readonly streamSid: string;
  /** For `customParameters` of the start, as in our TwiML. */
  readonly token: string;
  /** For the upgrade. */
  readonly protocols: readonly string[];
}

export type SoftphoneOptions = Pick<ServerOptions, 'twilio' | 'agentName' | 'calls' | 'clock'>;

export class Softphone {
  readonly #options: SoftphoneOptions;
  readonly #admission: Admission;
  readonly #tickets: SocketTickets;
  /** Announced calls that have no stream yet. As many at most as there are places: each holds one. */
  readonly #awaited = new Map<string, { readonly info: CallInfo; readonly timer: Timer }>();

  constructor(options: SoftphoneOptions, admission: Admission, tickets: SocketTickets) {
    this.#options = options;
    this.#admission = admission;
    this.#tickets = tickets;
  }

  /** A call of this sid, as far as nobody knows more of it. */
  infoOf(callSid: string): CallInfo {
    const { twilio, agentName: to } = this.#options;
    const accountSid = twilio.accountSid ?? NO_ACCOUNT;
    return {
      callSid,
      accountSid,
      direction: 'inbound',
      from: SOFTPHONE,
      to,
      leadId: undefined,
      variables: {},
    };
  }

  /** A new call; it comes to nothing unless its stream comes within a minute. */
  announce(call: Pick<CallInfo, 'leadId' | 'variables'>): SoftphoneStream {
    const callSid = `SP${hexText(16)}`;
    const info = { ...this.infoOf(callSid), ...call };
    const timer = this.#options.clock.after(TOKEN_TTL_MS, () => this.giveUp(callSid, 'completed'));
    this.#awaited.set(callSid, { info, timer });
    return this.connect(info, 'new');
  }

  /** A stream for this call; one that it was given before and has not begun is void. */
  connect(info: CallInfo, kind: 'new' | 'resumed'): SoftphoneStream {
    const { callSid, accountSid } = info;
    const token = this.#admission.announce(info, kind);
    const ticket = ticketProtocol(this.#tickets.mint(`media-${callSid}`));
    this.#options.calls.prepare(info);
    return {
      callSid,
      accountSid,
      streamSid: `MZ${hexText(16)}`,
      token,
      protocols: [PROTOCOL, ticket],
    };
  }

  /** Its stream is there. */
  began(callSid: string): void {
    this.#forget(callSid);
  }

  /** An announced call comes to nothing, for the reason that is `status` with Twilio. False when none of this sid is awaited. */
  giveUp(callSid: string, status: 'completed' | 'canceled'): boolean {
    const info = this.#forget(callSid);
    if (info === undefined) return false;
    this.#admission.take(callSid);
    this.#options.calls.neverStarted(info, status);
    return true;
  }

  /** Nobody is awaited any more. */
  close(): void {
    for (const callSid of this.#awaited.keys()) this.#forget(callSid);
  }

  #forget(callSid: string): CallInfo | undefined {
    const awaited = this.#awaited.get(callSid);
    awaited?.timer.cancel();
    this.#awaited.delete(callSid);
    return awaited?.info;
  }
}

/** Whether this is a call of a browser's, live or past. */
export function isSoftphoneCall(callSid: string): boolean {
  return CALL_SID.test(callSid);
}

/**
 * The call whose stream an upgrade's ticket opens, by its own unchecked word; undefined when it bears no ticket, and empty
 * when that is for something else.
 */
export function ticketedCall(request: IncomingMessage): string | undefined {
  const purpose = offeredPurpose(request);
  return purpose?.startsWith('media-') === false ? '' : purpose?.slice('media-'.length);
}
