// Requests that are not the carrier's, and streams that are not their call's: forged, replayed, of another call, malformed. Each
// is sent to a real gateway over a real socket; what comes back says whether it was taken.
import { request } from 'node:http';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import { WebSocket } from 'ws';
import type { Random } from '../base/random.ts';
import { pick, pickDigits } from './chance.ts';

export interface ForgeryTarget {
  /** Where the gateway listens. */
  readonly url: string;
  /** What it is called by the carrier, `https://...`. */
  readonly publicUrl: string;
  readonly accountSid: string;
  readonly authToken: string;
  readonly random: Random;
}

/** `accepted` is what must not happen. `what`: the status, or the close code, that it was refused with. */
export interface Attempt {
  readonly kind: string;
  readonly accepted: boolean;
  readonly what: string;
}

type Forge = (target: ForgeryTarget) => Promise<Attempt>;

const ROUTES = ['voice', 'stream-ended', 'status', 'amd', 'recording'] as const;
const ANSWER_MS_MAX = 20_000;

function anySid(random: Random, prefix = 'CA'): string {
  return prefix + Array.from({ length: 32 }, () => Math.floor(random.next() * 16).toString(16)).join('');
}

function formOf({ random, accountSid }: ForgeryTarget): Record<string, string> {
  return {
    CallSid: anySid(random),
    AccountSid: accountSid,
    From: `+1555${pickDigits(random, 7)}`,
    To: '+15550100456',
    Direction: 'inbound',
    CallStatus: 'ringing',
    AnsweredBy: 'human',
    RecordingSid: anySid(random, 'RE'),
    RecordingStatus: 'completed',
  };
}

/** Posts it; answers the status, and 0 when the connection was closed without one. */
function post(
  target: ForgeryTarget,
  route: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve) => {
    const sent = request(
      `${target.url}${route}`,
      {
        method: 'POST',
        timeout: ANSWER_MS_MAX,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => (text += piece));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    sent.on('error', () => resolve({ status: 0, text: '' }));
    sent.on('timeout', () => sent.destroy());
    sent.end(body);
  });
}

const signed = (
  target: ForgeryTarget,
  route: string,
  form: Record<string, string>,
  token = target.authToken,
): string => getExpectedTwilioSignature(token, `${target.publicUrl}${route}`, form);

function webhook(
  kind: string,
  forge: (
    target: ForgeryTarget,
    route: string,
    form: Record<string, string>,
  ) => {
    readonly signature?: string;
    readonly body?: string;
    readonly route?: string;
    readonly headers?: Readonly<Record<string, string>>;
  },
): readonly [string, Forge] {
  return [
    kind,
    async (target) => {
      const route = `/twilio/${pick(target.random, ROUTES)}`;
      const form = formOf(target);
      const {
        signature,
        body = new URLSearchParams(form).toString(),
        headers,
        ...rest
      } = forge(target, route, form);
      const { status } = await post(target, rest.route ?? route, body, {
        ...(signature === undefined ? {} : { 'x-twilio-signature': signature }),
        ...headers,
      });
      return { kind, accepted: status >= 200 && status < 400, what: String(status) };
    },
  ];
}

const WEBHOOKS: readonly (readonly [string, Forge])[] = [
  webhook('webhook without a signature', () => ({})),
  webhook('webhook, random signature', ({ random }) => ({
    signature: Buffer.from(Array.from({ length: 20 }, () => Math.floor(random.next() * 256))).toString(
      'base64',
    ),
  })),
  webhook('webhook, signed with another token', (target, route, form) => ({
    signature: signed(target, route, form, `${target.authToken}x`),
  })),
  webhook('webhook, a field changed after signing', (target, route, form) => ({
    signature: signed(target, route, form),
    body: new URLSearchParams({ ...form, To: `+1555${pickDigits(target.random, 7)}` }).toString(),
  })),
  webhook('webhook, a field added after signing', (target, route, form) => ({
    signature: signed(target, route, form),
    body: new URLSearchParams({ ...form, Digits: '1' }).toString(),
  })),
  webhook("webhook, another route's signature", (target, route, form) => ({
    signature: signed(target, route === '/twilio/voice' ? '/twilio/status' : '/twilio/voice', form),
  })),
  webhook('webhook, signed for another host', (target, route, form) => ({
    signature: getExpectedTwilioSignature(target.authToken, `https://attacker.example${route}`, form),
    headers: { host: 'attacker.example', 'x-forwarded-host': 'attacker.example' },
  })),
  webhook('webhook, signed without its query', (target, route, form) => ({
    signature: signed(target, route, form),
    route: `${route}?hops=1`,
  })),
  webhook('webhook, signed, not well formed', (target, route) => {
    const form: Record<string, string> = {
      CallSid: pick(target.random, ['', '../x', 'CA 1', 'C'.repeat(65)]),
      AccountSid: '',
    };
    return { signature: signed(target, route, form), body: new URLSearchParams(form).toString() };
  }),
  webhook('webhook, noise for a body', ({ random }) => ({
    signature: 'bm90IGEgc2lnbmF0dXJlIGF0IGE=',
    body: Array.from({ length: 200 }, () => String.fromCharCode(33 + Math.floor(random.next() * 90))).join(
      '',
    ),
    headers: {
      'content-type': pick(random, ['application/x-www-form-urlencoded', 'application/json', 'text/plain']),
    },
  })),
];

interface Announced {
  readonly callSid: string;
  readonly token: string;
}

/** A call that the carrier has really announced, and the token that its stream has to bring. */
async function announce(target: ForgeryTarget): Promise<Announced> {
  const form = formOf(target);
  const { status, text } = await post(target, '/twilio/voice', new URLSearchParams(form).toString(), {
    'x-twilio-signature': signed(target, '/twilio/voice', form),
  });
  const token = /name="token" value="([^"]+)"/.exec(text)?.[1];
  if (token === undefined) throw new Error(`the call was not announced: ${status}`);
  return { callSid: form['CallSid'] ?? '', token };
}

/** It is over before a stream came, so that it takes no place. */
async function cancel(target: ForgeryTarget, callSid: string): Promise<void> {
  const form = { CallSid: callSid, AccountSid: target.accountSid, CallStatus: 'canceled' };
  await post(target, '/twilio/status', new URLSearchParams(form).toString(), {
    'x-twilio-signature': signed(target, '/twilio/status', form),
  });
}

function mediaSignature(
  { authToken, publicUrl }: ForgeryTarget,
  path = '/twilio/media',
  token = authToken,
): string {
  return getExpectedTwilioSignature(token, `${publicUrl.replace(/^http/, 'ws')}${path}`, {});
}

/** Opens a media socket, sends what it is given, and waits for what it is closed with; audio from the other end is acceptance. */
function stream(
  target: ForgeryTarget,
  kind: string,
  signature: string | undefined,
  messages: readonly (string | Buffer)[],
): Promise<Attempt> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${target.url.replace(/^http/, 'ws')}/twilio/media`, {
      perMessageDeflate: false,
      handshakeTimeout: ANSWER_MS_MAX,
      ...(signature === undefined ? {} : { headers: { 'x-twilio-signature': signature } }),
    });
    const done = (accepted: boolean, what: string): void => {
      resolve({ kind, accepted, what });
      socket.terminate();
    };
    socket.on('error', () => undefined);
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      done(false, String(response.statusCode));
    });
    socket.on('message', () => done(true, 'audio'));
    socket.on('close', (code) => done(false, String(code)));
    socket.on('open', () => {
      for (const message of messages) socket.send(message);
    });
  });
}

function startText(
  target: ForgeryTarget,
  callSid: string,
  token: string,
  accountSid = target.accountSid,
): string {
  const streamSid = anySid(target.random, 'MZ');
  return JSON.stringify({
    event: 'start',
    sequenceNumber: '1',
    streamSid,
    start: {
      accountSid,
      streamSid,
      callSid,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8_000, channels: 1 },
      customParameters: { token },
    },
  });
}

/** With a call that is announced for it and taken back afterwards. */
function onAnnounced(
  kind: string,
  start: (target: ForgeryTarget, announced: Announced) => string | Promise<string>,
): readonly [string, Forge] {
  return [
    kind,
    async (target) => {
      const announced = await announce(target);
      const text = await start(target, announced);
      const attempt = await stream(target, kind, mediaSignature(target), [text]);
      await cancel(target, announced.callSid);
      return attempt;
    },
  ];
}

function upgrade(
  kind: string,
  signature: (target: ForgeryTarget) => string | undefined,
): readonly [string, Forge] {
  return [
    kind,
    (target) => stream(target, kind, signature(target), [startText(target, anySid(target.random), 'a.b')]),
  ];
}

const STREAMS: readonly (readonly [string, Forge])[] = [
  upgrade('upgrade without a signature', () => undefined),
  upgrade('upgrade, signed with another token', (target) =>
    mediaSignature(target, '/twilio/media', 'another'),
  ),
  upgrade('upgrade, signed for another path', (target) => mediaSignature(target, '/v1/events')),
  upgrade('stream of a call that nobody announced', (target) => mediaSignature(target)),
  onAnnounced('stream, token by chance', (target, { callSid }) =>
    startText(target, callSid, `${anySid(target.random, '')}.${anySid(target.random, '')}`),
  ),
  onAnnounced('stream, token changed by a character', (target, { callSid, token }) =>
    startText(target, callSid, `${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`),
  ),
  onAnnounced('stream without a token', (target, { callSid }) => startText(target, callSid, '')),
  onAnnounced("stream with another call's token", async (target, { callSid }) => {
    const other = await announce(target);
    const text = startText(target, callSid, other.token);
    await cancel(target, other.callSid);
    return text;
  }),
  onAnnounced("stream of another account's", (target, { callSid, token }) =>
    startText(target, callSid, token, anySid(target.random, 'AC')),
  ),
  onAnnounced('stream with a token that was replaced', async (target, { callSid, token }) => {
    const form = { ...formOf(target), CallSid: callSid };
    await post(target, '/twilio/voice', new URLSearchParams(form).toString(), {
      'x-twilio-signature': signed(target, '/twilio/voice', form),
    });
    return startText(target, callSid, token);
  }),
  ['stream with a token that was used', replayed],
  ['stream of junk', junk],
];

/** The right stream opens the call; the same start once more is a replay. */
async function replayed(target: ForgeryTarget): Promise<Attempt> {
  const kind = 'stream with a token that was used';
  const { callSid, token } = await announce(target);
  const text = startText(target, callSid, token);
  const first = await stream(target, kind, mediaSignature(target), [text]);
  if (!first.accepted) return { kind, accepted: true, what: `the right one was refused: ${first.what}` };
  const again = await stream(target, kind, mediaSignature(target), [text]);
  await cancel(target, callSid);
  return again;
}

function junk(target: ForgeryTarget): Promise<Attempt> {
  const { random } = target;
  const messages = Array.from({ length: 101 }, () =>
    pick<string | Buffer>(random, [
      '{',
      'null',
      '{"event":"media"}',
      '{"event":"start","start":{}}',
      Buffer.from([0, 255]),
      `["${pickDigits(random, 20)}"]`,
    ]),
  );
  return stream(target, 'stream of junk', mediaSignature(target), messages);
}

const FORGERIES: readonly (readonly [string, Forge])[] = [...WEBHOOKS, ...STREAMS];

export const FORGERY_KINDS: readonly string[] = FORGERIES.map(([kind]) => kind);

/** So many of each kind, `atOnce` at a time. */
export async function forge(target: ForgeryTarget, each: number, atOnce = 16): Promise<readonly Attempt[]> {
  const left = FORGERIES.flatMap(([, attempt]) => Array.from({ length: each }, () => attempt));
  const attempts: Attempt[] = [];
  const work = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) attempts.push(await next(target));
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return attempts;
}
