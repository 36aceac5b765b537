// What all routes share.
import type { Admission } from './admission.ts';
import type { ServerLimits, ServerOptions } from './options.ts';
import type { SocketTickets } from './socketTickets.ts';
import type { Softphone } from './softphone.ts';

export interface Addresses {
  /** Without a slash at the end; may have a path that a proxy in front strips. */
  readonly publicUrl: string;
  /** Where `<Stream>` is sent. */
  readonly mediaUrl: string;
  /** Path of the `<Connect>` action, as Twilio must ask for it. */
  readonly streamEndedPath: string;
}

export interface ServerContext {
  readonly options: ServerOptions;
  readonly limits: ServerLimits;
  readonly admission: Admission;
  readonly tickets: SocketTickets;
  readonly softphone: Softphone;
  /** Known only once the server listens, when no address is configured. */
  readonly addresses: () => Addresses;
}

export const MEDIA_PATH = '/twilio/media';
export const EVENTS_PATH = '/v1/events';

/** `listeningUrl` is where the server listens, for want of a configured address. */
export function addressesOf(options: ServerOptions, listeningUrl: string): Addresses {
  const publicUrl = (options.publicUrl ?? listeningUrl).replace(/\/+$/, '');
  const streamUrl = (options.streamUrl ?? publicUrl.replace(/^http/i, 'ws')).replace(/\/+$/, '');
  const prefix = new URL(publicUrl).pathname.replace(/\/$/, '');
  return {
    publicUrl,
    mediaUrl: `${streamUrl}${MEDIA_PATH}`,
    streamEndedPath: `${prefix}/twilio/stream-ended`,
  };
}
