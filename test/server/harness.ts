// A whole server on a free port, with everything behind it played by the test.
import assert from 'node:assert/strict';
import test from 'node:test';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import { WebSocket, type ClientOptions, type RawData } from 'ws';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger, type LogFields, type Logger } from '../../src/base/logger.ts';
import type { AfterStream, CallInfo, LiveCall, LiveCalls } from '../../src/call/port.ts';
import { EventBus } from '../../src/events/bus.ts';
import type { LiveEvent } from '../../src/events/event.ts';
import type { RejectedWhat, ServerOptions } from '../../src/server/options.ts';
import { openServer, type GatewayServer } from '../../src/server/server.ts';
import { LeadConflict } from '../../src/store/leadConflict.ts';
import type {
  CallEraser,
  CallReader,
  CallSearch,
  CallSummary,
  Deletion,
  LatencyWindow,
  Lead,
  LeadInput,
  StoredCall,
  TurnLatency,
} from '../../src/store/port.ts';
import type { MediaStream } from '../../src/twilio/mediaStream.ts';
import type { NewCall } from '../../src/twilio/rest.ts';

export const PUBLIC = 'https://voice.example.com';
export const AUTH_TOKEN = 'the-auth-token';
export const ADMIN_TOKEN = 'the-admin-token';
export const ACCOUNT = 'AC1';
export const CALL = 'CA1';
export const STREAM = 'MZ1';

/** Live calls that only write down what they are asked. */
export class FakeCalls implements LiveCalls {
  activeCount = 0;
  readonly prepared: CallInfo[] = [];
  readonly opened: { readonly info: CallInfo; readonly stream: MediaStream; readonly resumed: boolean }[] =
    [];
  readonly live = new Map<string, LiveCall>();
  readonly told: string[] = [];
  next: AfterStream = { kind: 'unknown' };
  /** What another instance has left of it. */
  elsewhere: AfterStream = { kind: 'unknown' };
  openFails = false;
  /** As many lines wait as may. */
  mute = false;
  /** Whoever is told of an answered call has none. */
  unknown = false;

  prepare(info: CallInfo): void {
    this.prepared.push(info);
  }
  open(info: CallInfo, stream: MediaStream, resumed: boolean): void {
    if (this.openFails) throw new Error('open failed');
    this.opened.push({ info, stream, resumed });
  }
  find(callSid: string): LiveCall | undefined {
    return this.live.get(callSid);
  }
  takenElsewhere(callSid: string): void {
    this.told.push(`${callSid} taken elsewhere`);
  }
  isUnderWay(callSid: string): boolean {
    return this.live.has(callSid);
  }
  afterStream(): AfterStream {
    return this.next;
  }
  takeUp(): Promise<AfterStream> {
    return Promise.resolve(this.elsewhere);
  }
  answeredBy(callSid: string, answeredBy: string): boolean {
    this.told.push(`${callSid} answered by ${answeredBy}`);
    return !this.unknown;
  }
  hungUp({ callSid }: CallInfo): void {
    this.told.push(`${callSid} hung up`);
  }
  neverStarted(info: CallInfo, status: string): void {
    this.told.push(`${info.callSid} never started: ${status}`);
  }
  /** Makes a live call whose orders are written down. */
  start(info: CallInfo): void {
    this.live.set(info.callSid, {
      info,
      hangUp: () => this.told.push('hang up'),
      transfer: (to) => this.told.push(`transfer to ${to}`),
      say: (text) => {
        if (this.mute) return false;
        this.told.push(`say ${text}`);
        return true;
      },
    });
  }
}

/** The store, in memory; `down` makes it fail, `silent` makes it never answer. */
export class FakeReader implements CallReader, CallEraser {
  readonly stored: StoredCall[] = [];
  readonly leadsById = new Map<string, Lead>();
  readonly searches: CallSearch[] = [];
  readonly windows: LatencyWindow[] = [];
  /** Calls of which somebody wanted to know whether they are over. */
  readonly askedOver: string[] = [];
  /** The last call that a search looks at, when there are more. */
  lookedBackTo: Date | undefined;
  state: 'up' | 'down' | 'silent' = 'up';

  async calls(search: CallSearch): Promise<readonly CallSummary[]> {
    const { before, limit } = search;
    this.searches.push(search);
    const older = this.stored.filter((call) => before === undefined || call.startedAt < before);
    return this.#answer(older.slice(0, limit));
  }
  async searchedTo(): Promise<Date | undefined> {
    return this.#answer(this.lookedBackTo);
  }
  async latency(window: LatencyWindow): Promise<TurnLatency> {
    this.windows.push(window);
    return this.#answer({ turns: 0, complete: true, stages: {}, slots: [] });
  }
  async call(callSid: string): Promise<StoredCall | undefined> {
    return this.#answer(this.stored.find((call) => call.callSid === callSid));
  }
  async isOver(callSid: string): Promise<boolean> {
    this.askedOver.push(callSid);
    const call = this.stored.find((each) => each.callSid === callSid);
    return this.#answer(call?.endedAt instanceof Date);
  }
  async leads(page: { readonly limit: number }): Promise<readonly Lead[]> {
    return this.#answer([...this.leadsById.values()].slice(0, page.limit));
  }
  async lead(id: string): Promise<Lead | undefined> {
    return this.#answer(this.leadsById.get(id));
  }
  async createLead(input: LeadInput): Promise<Lead> {
    if ([...this.leadsById.values()].some((lead) => lead.phone === input.phone)) {
      throw new LeadConflict('taken');
    }
    const at = new Date(1_700_000_000_000);
    const lead = { ...input, id: `lead-${this.leadsById.size + 1}`, createdAt: at, updatedAt: at };
    this.leadsById.set(lead.id, lead);
    return this.#answer(lead);
  }
  async updateLead(id: string, change: Partial<LeadInput>): Promise<Lead | undefined> {
    const lead = this.leadsById.get(id);
    if (lead !== undefined) this.leadsById.set(id, { ...lead, ...change });
    return this.#answer(this.leadsById.get(id));
  }
  async deleteLead(id: string): Promise<boolean> {
    return this.#answer(this.leadsById.delete(id));
  }
  /** Calls that were asked to be deleted; `live` are under way on another instance. */
  readonly erased: string[] = [];
  readonly live = new Set<string>();
  async eraseCall(callSid: string): Promise<Deletion> {
    const at = this.stored.findIndex((call) => call.callSid === callSid);
    if (this.live.has(callSid)) return this.#answer('live');
    if (at < 0) return this.#answer('unknown');
    this.stored.splice(at, 1);
    this.erased.push(callSid);
    return this.#answer('deleted');
  }
  async ping(): Promise<void> {
    return this.#answer(undefined);
  }
  async #answer<T>(value: T): Promise<T> {
    if (this.state === 'down') throw new Error('the database at db.internal is away');
    return this.state === 'silent' ? new Promise<T>(() => undefined) : value;
  }
}

export function storedCall(callSid: string, change: Partial<StoredCall> = {}): StoredCall {
  return {
    callSid,
    direction: 'inbound',
    agent: 'desk',
    from: '+15005550006',
    to: '+15005550001',
    leadId: null,
    startedAt: new Date(1_700_000_000_000),
    endedAt: null,
    outcome: null,
    recording: null,
    turnCount: 0,
    turns: [],
    transcript: '',
    ...change,
  };
}

export interface Harness {
  readonly server: GatewayServer;
  readonly calls: FakeCalls;
  readonly reader: FakeReader;
  readonly rejected: RejectedWhat[];
  /** Every line of the log, fields and all. */
  readonly log: string[];
  readonly placed: NewCall[];
  readonly dataDir: string;
  publish(event: LiveEvent): void;
  readonly watchers: () => number;
  /** Posts a form as Twilio would, signed unless told otherwise. */
  webhook(route: string, fields?: Record<string, string>, signature?: string | null): Promise<Response>;
  /** Asks the admin API. */
  api(method: string, route: string, body?: unknown, token?: string | null): Promise<Response>;
}

function capturedLogger(log: string[]): Logger {
  const note = (level: string, bound: LogFields) => (fields: LogFields, message: string) =>
    void log.push(`${level} ${message} ${JSON.stringify({ ...bound, ...fields })}`);
  const make = (bound: LogFields): Logger => ({
    debug: note('debug', bound),
    info: note('info', bound),
    warn: note('warn', bound),
    error: note('error', bound),
    child: (fields) => make({ ...bound, ...fields }),
  });
  return make({});
}

/** A test with a server of its own; it fails also when the server's close leaves something open. */
export function served(
  name: string,
  work: (harness: Harness) => Promise<void>,
  change: Partial<ServerOptions> = {},
): void {
  test(name, async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'turnpike-server-'));
    const harness = await openHarness(dataDir, change);
    try {
      await work(harness);
    } finally {
      await harness.server.close();
      await rm(dataDir, { recursive: true });
    }
    assert.equal(harness.watchers(), 0, 'a watcher is left');
    const log = harness.log.join('\n');
    for (const secret of [AUTH_TOKEN, ADMIN_TOKEN, '+15005550006']) {
      assert.ok(!log.includes(secret), `the log shows ${secret}`);
    }
  });
}

/** Options with everything behind the server played by fakes of its own. */
export function harnessOptions(dataDir: string): ServerOptions {
  return {
    host: '127.0.0.1',
    port: 0,
    publicUrl: PUBLIC,
    streamUrl: undefined,
    twilio: { accountSid: ACCOUNT, authToken: AUTH_TOKEN },
    adminToken: ADMIN_TOKEN,
    callsMax: 10,
    dataDir,
    consoleDir: path.resolve(dataDir, 'console'),
    agentName: 'desk',
    callerNumber: '+15005550001',
    lines: { language: 'en-US', busy: 'All lines are busy.', apology: 'Something went wrong.' },
    calls: new FakeCalls(),
    reader: new FakeReader(),
    eraser: new FakeReader(),
    events: new EventBus({ clock: systemClock, background: false }),
    metrics: {
      rejected: () => undefined,
      askedOthers: () => undefined,
      render: async (accept) => ({ contentType: accept ?? 'text/plain', body: 'turnpike_calls_active 0\n' }),
    },
    rest: undefined,
    readiness: () => ({ ready: true, reasons: [] }),
    logger: silentLogger,
    clock: systemClock,
  };
}

async function openHarness(dataDir: string, change: Partial<ServerOptions>): Promise<Harness> {
  const calls = new FakeCalls();
  const reader = new FakeReader();
  const rejected: RejectedWhat[] = [];
  const log: string[] = [];
  const placed: NewCall[] = [];
  const events = new EventBus({ clock: change.clock ?? systemClock, background: false });
  const base = harnessOptions(dataDir);
  const server = await openServer({
    ...base,
    calls,
    reader,
    eraser: reader,
    events,
    metrics: { ...base.metrics, rejected: (what) => void rejected.push(what) },
    rest: {
      async createCall(call) {
        placed.push(call);
        return `CA-placed-${placed.length}`;
      },
      async completeCall(callSid) {
        calls.told.push(`completed ${callSid}`);
      },
    },
    logger: capturedLogger(log),
    ...change,
  });
  return {
    server,
    calls,
    reader,
    rejected,
    log,
    placed,
    dataDir,
    publish: (event) => events.publish(event),
    watchers: () => events.watchers,
    async webhook(route, fields = {}, signature) {
      const form = {
        CallSid: CALL,
        AccountSid: ACCOUNT,
        From: '+15005550006',
        To: '+15005550001',
        ...fields,
      };
      const headers = new Headers({ 'content-type': 'application/x-www-form-urlencoded' });
      const signed = signature === undefined ? sign(route, form) : signature;
      if (signed !== null) headers.set('x-twilio-signature', signed);
      return fetch(server.url + route, { method: 'POST', headers, body: new URLSearchParams(form) });
    },
    async api(method, route, body, token = ADMIN_TOKEN) {
      const headers = new Headers();
      if (token !== null) headers.set('authorization', `Bearer ${token}`);
      if (body !== undefined) headers.set('content-type', 'application/json');
      const text = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body);
      return fetch(server.url + route, { method, headers, body: text });
    },
  };
}

export function sign(route: string, form: Record<string, string>): string {
  return getExpectedTwilioSignature(AUTH_TOKEN, PUBLIC + route, form);
}

/** The signature of an upgrade to the media stream. */
export const UPGRADE_SIGNATURE = getExpectedTwilioSignature(
  AUTH_TOKEN,
  'wss://voice.example.com/twilio/media',
  {},
);

/** The body, in the shape that the test says it has. */
export async function json<T>(response: Response): Promise<T> {
  return JSON.parse(await response.text());
}

/** A text message as it came. */
export function textOf(data: RawData): string {
  assert.ok(Buffer.isBuffer(data));
  return data.toString();
}

export async function errorCode(response: Response): Promise<string> {
  const body: unknown = await response.json();
  assert.ok(typeof body === 'object' && body !== null && 'error' in body);
  const { error } = body;
  assert.ok(typeof error === 'object' && error !== null && 'code' in error && 'message' in error);
  return String(error.code);
}

/** Opens a socket, or answers the status with which it was refused. */
export async function upgrade(
  harness: Harness,
  route: string,
  headers: ClientOptions['headers'] = {},
): Promise<{ readonly socket: WebSocket; readonly status: number }> {
  const socket = new WebSocket(harness.server.url.replace('http', 'ws') + route, { headers });
  const status = await new Promise<number>((resolve, reject) => {
    socket.once('open', () => resolve(101));
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.once('error', reject);
  });
  socket.on('error', () => undefined);
  return { socket, status };
}

/** A media socket as Twilio opens it. */
export async function mediaSocket(harness: Harness): Promise<WebSocket> {
  const { socket, status } = await upgrade(harness, '/twilio/media', {
    'x-twilio-signature': UPGRADE_SIGNATURE,
  });
  assert.equal(status, 101);
  return socket;
}

export function startText(token: string, change: Record<string, unknown> = {}): string {
  return JSON.stringify({
    event: 'start',
    sequenceNumber: '1',
    start: {
      accountSid: ACCOUNT,
      streamSid: STREAM,
      callSid: CALL,
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: { token },
      ...change,
    },
    streamSid: STREAM,
  });
}

export function tokenIn(twiml: string): string {
  const token = /<Parameter name="token" value="([^"]+)"\/>/.exec(twiml)?.[1];
  assert.ok(token !== undefined, `no token in ${twiml}`);
  return token;
}

export async function closeCode(socket: WebSocket): Promise<number> {
  if (socket.readyState === socket.CLOSED) return -1;
  const [code]: unknown[] = await once(socket, 'close');
  return Number(code);
}

/** Writes raw bytes and answers all that comes back until the server closes. */
export async function raw(harness: Harness, ...pieces: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(harness.server.url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  for (const piece of pieces) socket.write(piece);
  await closed;
  return Buffer.concat(chunks).toString();
}
