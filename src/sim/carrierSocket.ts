// A socket that the carrier dials, reduced to what happens on it.
import { WebSocket } from 'ws';

export interface CarrierSocket {
  readonly bufferedBytes: number;
  send(text: string): void;
  /** Says goodbye; `onClosed` follows. */
  close(): void;
  /** Cuts the connection without a word, as a network does. */
  cut(): void;
}

export interface SocketClosed {
  /** Twilio's number for it; undefined for a close that was asked for. */
  readonly code: number | undefined;
  readonly message: string;
}

export interface CarrierSocketListener {
  onOpen(): void;
  onText(text: string): void;
  onBinary(bytes: number): void;
  /** Once, and the last; also when it never opened. */
  onClosed(closed: SocketClosed): void;
}

/** Twilio's numbers for the ways in which a stream fails. */
const CONNECTION_TIMEOUT = 31_901;
const CONNECTION_REFUSED = 31_902;
const BROKEN_PIPE = 31_903;
const HANDSHAKE_ERROR = 31_920;
const CLOSED_BY_SERVER = 31_921;
const PROTOCOL_ERROR = 31_924;

/** Not documented by Twilio; short enough for a test, long enough for a busy machine. */
const HANDSHAKE_TIMEOUT_MS = 5_000;

type State = 'dialling' | 'open' | 'closing' | 'cutting';

/** `address` is what is really dialled, `signature` that of the address in the TwiML. */
export function dialSocket(
  address: string,
  signature: string,
  listener: CarrierSocketListener,
): CarrierSocket {
  const socket = new WebSocket(address, {
    headers: { 'x-twilio-signature': signature, 'user-agent': 'Twilio.TmeWs/1.0' },
    perMessageDeflate: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  });
  let state: State = 'dialling';
  let failure: SocketClosed | undefined;

  socket.on('open', () => {
    // Hung up while it was being dialled.
    if (state !== 'dialling') return;
    state = 'open';
    listener.onOpen();
  });
  socket.on('message', (data, isBinary) => {
    const whole = Array.isArray(data) ? Buffer.concat(data) : data;
    const bytes = whole instanceof ArrayBuffer ? Buffer.from(whole) : whole;
    if (isBinary) listener.onBinary(bytes.length);
    else listener.onText(bytes.toString('utf8'));
  });
  socket.on('unexpected-response', (_request, response) => {
    failure = { code: HANDSHAKE_ERROR, message: `the upgrade was answered with ${response.statusCode}` };
    socket.terminate();
  });
  socket.on('error', (error) => {
    if (state === 'closing' || state === 'cutting') return;
    failure ??= { code: codeOf(error, state), message: error.message };
  });
  socket.on('close', (code, reason) => {
    listener.onClosed(state === 'open' ? (failure ?? closedBy(code, reason.toString())) : closedEarly());
  });

  function closedEarly(): SocketClosed {
    if (state === 'closing' || state === 'cutting')
      return { code: undefined, message: 'closed by the carrier' };
    return failure ?? { code: CONNECTION_REFUSED, message: 'the connection was closed during the handshake' };
  }

  return {
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close() {
      if (state === 'closing' || state === 'cutting') return;
      state = 'closing';
      socket.close(1000);
    },
    cut() {
      state = 'cutting';
      socket.terminate();
    },
  };
}

function closedBy(code: number, reason: string): SocketClosed {
  return code === 1006
    ? { code: BROKEN_PIPE, message: 'the server went away without closing' }
    : {
        code: CLOSED_BY_SERVER,
        message: `the server closed with ${code}${reason === '' ? '' : ` '${reason}'`}`,
      };
}

function codeOf(error: Error, state: State): number {
  if (state === 'open') {
    // `ws` names what breaks the protocol; the rest is the network.
    return 'code' in error && String(error.code).startsWith('WS_ERR') ? PROTOCOL_ERROR : BROKEN_PIPE;
  }
  return error.message.includes('timed out') ? CONNECTION_TIMEOUT : CONNECTION_REFUSED;
}
