// The simulator against what is known of the real server, message by message.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { silence } from '../../src/audio/mulaw.ts';
import { seededRandom } from '../../src/base/random.ts';
import { SEED_TIMINGS } from '../../src/sim/behaviour.ts';
import {
  simulatedRealtime,
  type RealtimeCounts,
  type SimulatedRealtimeOptions,
} from '../../src/sim/openaiRealtime.ts';
import type { RealtimeSession } from '../../src/sim/realtimeSession.ts';
import { SimServer } from '../../src/sim/server.ts';
import { bookOf, sayAll, spoken } from '../helpers/phrases.ts';
import { until } from '../helpers/until.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

type Event = Readonly<Record<string, unknown>>;

const [table, two] = (await sayAll(['I would like to book a table.', 'For two people, please.'])) as [
  Awaited<ReturnType<typeof sayAll>>[0],
  Awaited<ReturnType<typeof sayAll>>[0],
];
const book = bookOf([table, two]);
const T = 'conversation.item.input_audio_transcription';
const LIVE = 'gpt-live-transcribe';

describe('the simulated Realtime server', () => {
  let server: SimServer | undefined;
  let clock = new VirtualClock();
  let counts: Readonly<RealtimeCounts>;
  let sessions: RealtimeSession[];

  afterEach(async () => {
    await server?.close();
    await until(() => counts.openSessions === 0, 'every session has ended');
    assert.equal(clock.pendingTimers, 0);
  });

  async function start(options: Partial<SimulatedRealtimeOptions> = {}): Promise<string> {
    server = new SimServer();
    clock = new VirtualClock();
    sessions = [];
    counts = simulatedRealtime(server, {
      book,
      timings: () => SEED_TIMINGS,
      random: seededRandom(1),
      clock,
      onSession: (session) => sessions.push(session),
      ...options,
    });
    return (await server.listen()).replace('http', 'ws');
  }

  class Client {
    readonly events: Event[] = [];
    closeCode: number | undefined;
    readonly socket: WebSocket;

    constructor(socket: WebSocket) {
      this.socket = socket;
      socket.on('message', (data: Buffer) => this.events.push(JSON.parse(data.toString())));
      socket.on('close', (code: number) => {
        this.closeCode = code;
      });
    }

    say(event: object): void {
      this.socket.send(JSON.stringify(event));
    }

    of(type: string): Event[] {
      return this.events.filter((event) => event['type'] === type);
    }

    async got(type: string, count = 1): Promise<Event> {
      await until(() => this.of(type).length >= count, `${count} ${type}`);
      return this.of(type)[count - 1] ?? {};
    }

    async error(): Promise<Event> {
      const { error } = await this.got('error', this.of('error').length || 1);
      return error as Event;
    }

    hear(mulaw: Uint8Array): void {
      this.say({ type: 'input_audio_buffer.append', audio: Buffer.from(mulaw).toString('base64') });
    }

    /** Until the server has read all that was sent. */
    async read(): Promise<void> {
      const refused = this.of('error').length;
      this.say({ type: 'are.you.there' });
      await this.got('error', refused + 1);
    }
  }

  async function connect(
    origin: string,
    query = '?intent=transcription',
    key = 'Bearer key',
  ): Promise<Client> {
    const socket = new WebSocket(`${origin}/v1/realtime${query}`, {
      headers: key === '' ? {} : { authorization: key },
    });
    const client = new Client(socket);
    await once(socket, 'open');
    return client;
  }

  const update = (input: object, type = 'transcription'): object => ({
    type: 'session.update',
    event_id: 'mine',
    session: { type, audio: { input } },
  });

  const live = { format: { type: 'audio/pcmu' }, transcription: { model: LIVE }, turn_detection: null };

  async function configured(
    input: object = live,
    options: Partial<SimulatedRealtimeOptions> = {},
  ): Promise<Client> {
    const client = await connect(await start(options));
    client.say(update(input));
    await client.got('session.updated');
    return client;
  }

  it('wants a key', async () => {
    const origin = await start();
    for (const key of ['', 'Basic abc', 'Bearer ']) {
      await assert.rejects(connect(origin, '?intent=transcription', key), /401/);
    }
    assert.equal(counts.sessions, 0);
  });

  it('greets with voice detection on, and takes an update over', async () => {
    const client = await connect(await start());
    const created = await client.got('session.created');
    const turnDetection = (event: Event): unknown =>
      (event['session'] as { audio: { input: { turn_detection: unknown } } }).audio.input.turn_detection;
    assert.equal((turnDetection(created) as Event)['type'], 'server_vad');
    client.say(update(live));
    assert.equal(turnDetection(await client.got('session.updated')), null);
    assert.equal(sessions[0]?.config.format, 'audio/pcmu');
  });

  it('refuses what the real one refuses, in its words', async () => {
    const format = { type: 'audio/pcm', rate: 24_000 };
    const cases: readonly (readonly [object, RegExp, string])[] = [
      [
        update({ ...live, turn_detection: { type: 'server_vad' } }),
        /^Turn detection is not supported for this transcription model\.$/,
        'session.audio.input.turn_detection',
      ],
      [update({ transcription: { model: LIVE } }), /^Turn detection/, 'session.audio.input.turn_detection'],
      [
        update({ ...live, format: { type: 'audio/pcm', rate: 16_000 } }),
        /Expected a value >= 24000/,
        'session.audio.input.format.rate',
      ],
      [
        update({ ...live, format: { type: 'audio/opus' } }),
        /Supported values/,
        'session.audio.input.format.type',
      ],
      [
        update({ ...live, transcription: { model: LIVE, keywords: [] } }),
        /non-empty/,
        'session.audio.input.transcription.keywords',
      ],
      [
        update({ ...live, transcription: { model: 'whisper-1', languages: ['en'] } }),
        /not supported/,
        'session.audio.input.transcription.languages',
      ],
      [
        update({ format, transcription: { model: 'whisper-1' }, turn_detection: { type: 'magic' } }),
        /magic/,
        'session.audio.input.turn_detection.type',
      ],
      [update({ format }), /model/, 'session.audio.input.transcription.model'],
      [update({}, 'realtime'), /realtime/, 'session.type'],
      [{ type: 'session.update', event_id: 'mine' }, /undefined/, 'session.type'],
      [{ type: 'what.is.this', event_id: 'mine' }, /what\.is\.this/, 'type'],
      [{ type: 'input_audio_buffer.append', audio: 7, event_id: 'mine' }, /Invalid audio/, 'audio'],
    ];
    const client = await connect(await start());
    for (const [i, [message, words, param]] of cases.entries()) {
      client.say(message);
      const { error } = await client.got('error', i + 1);
      const refusal = error as Event;
      assert.match(String(refusal['message']), words);
      assert.equal(refusal['param'], param);
      assert.equal(refusal['type'], 'invalid_request_error');
      assert.equal(refusal['event_id'], 'mine');
    }
    client.socket.send('{');
    await client.got('error', cases.length + 1);
    assert.equal(counts.refusals, cases.length + 1);
    assert.equal(client.of('session.updated').length, 0);
  });

  it('refuses mu-law when told to, and then takes PCM', async () => {
    const client = await connect(await start({ refusePcmu: true }));
    client.say(update(live));
    assert.match(String((await client.error())['param']), /format/);
    client.say(update({ ...live, format: { type: 'audio/pcm', rate: 24_000 } }));
    await client.got('session.updated');
  });

  it('tells a session with a model in its address from a transcription, and refuses one with neither', async () => {
    const origin = await start();
    const conversation = await connect(origin, '?model=gpt-realtime');
    conversation.say(update(live));
    assert.equal((await conversation.error())['code'], 'invalid_model');
    const neither = await connect(origin, '');
    assert.equal((await neither.error())['code'], 'missing_model');
    await until(() => neither.closeCode !== undefined, 'it is closed');
  });

  it('misreads what comes before the session is configured', async () => {
    const client = await connect(await start());
    client.hear(table.mulaw);
    await client.read();
    client.say(update(live));
    await client.got('session.updated');
    assert.equal(counts.misreadBytes, table.mulaw.length);
    client.say({ type: 'input_audio_buffer.commit' });
    assert.equal((await client.error())['code'], 'invalid_value');
    await until(() => counts.emptyCommits === 1, 'nothing is in the buffer');
  });

  it('tells live words one by one, 200 ms after each was said, on one item, and completes it only after a commit', async () => {
    const client = await configured();
    for (let at = 0; at < table.mulaw.length; at += 480) {
      client.hear(table.mulaw.subarray(at, at + 480));
      await client.read();
      await clock.advance(60);
      const nowMs = (at + 480) / 8;
      const due = table.words.filter(({ endMs }) => endMs + 200 + 60 <= nowMs && nowMs > 700).length;
      const early = table.words.filter(({ endMs }) => endMs + 200 - 60 <= nowMs).length;
      await until(() => client.of(`${T}.delta`).length >= due, `${due} words at ${nowMs} ms`);
      assert.ok(client.of(`${T}.delta`).length <= early, `no more than ${early} words at ${nowMs} ms`);
    }
    client.hear(silence(120));
    await client.read();
    await clock.advance(3_000);
    await client.got(`${T}.delta`, table.words.length);
    const deltas = client.of(`${T}.delta`);
    assert.equal(deltas.map(({ delta }) => delta).join(''), table.text);
    assert.equal(new Set(deltas.map((event) => event['item_id'])).size, 1);
    assert.equal(client.of(`${T}.completed`).length, 0);

    client.say({ type: 'input_audio_buffer.commit' });
    const committed = await client.got('input_audio_buffer.committed');
    assert.equal(committed['item_id'], deltas[0]?.['item_id']);
    assert.equal(committed['previous_item_id'], null);
    await clock.advance(149);
    await client.read();
    assert.equal(client.of(`${T}.completed`).length, 0);
    await clock.advance(1);
    assert.equal((await client.got(`${T}.completed`))['transcript'], table.text);
  });

  it('gives each item the words of its own audio, and knows the item before it', async () => {
    const client = await configured();
    for (const { mulaw } of [table, two]) {
      client.hear(mulaw);
      client.hear(silence(200));
      client.say({ type: 'input_audio_buffer.commit' });
    }
    const second = await client.got('input_audio_buffer.committed', 2);
    assert.equal(second['previous_item_id'], client.of('input_audio_buffer.committed')[0]?.['item_id']);
    await clock.advance(1_000);
    await client.got(`${T}.completed`, 2);
    assert.deepEqual(
      client.of(`${T}.completed`).map(({ transcript }) => transcript),
      [table.text, two.text],
    );
  });

  it('calls a commit of less than 100 ms empty, and names the event', async () => {
    const client = await configured();
    client.hear(silence(99));
    client.say({ type: 'input_audio_buffer.commit', event_id: 'mine' });
    const error = await client.error();
    assert.equal(error['code'], 'input_audio_buffer_commit_empty');
    assert.equal(error['event_id'], 'mine');
    assert.match(String(error['message']), /only has 99\.00ms/);
    client.hear(silence(1));
    client.say({ type: 'input_audio_buffer.commit' });
    await client.got('input_audio_buffer.committed');
    client.hear(silence(300));
    client.say({ type: 'input_audio_buffer.clear' });
    await client.got('input_audio_buffer.cleared');
    client.say({ type: 'input_audio_buffer.commit' });
    await client.got('error', 2);
    assert.deepEqual([counts.commits, counts.emptyCommits], [1, 2]);
  });

  it('ends items of an older model by itself after half a second of silence', async () => {
    const client = await configured({
      format: { type: 'audio/pcmu' },
      transcription: { model: 'gpt-4o-transcribe' },
      turn_detection: { type: 'server_vad', prefix_padding_ms: 100, silence_duration_ms: 500 },
    });
    client.hear(silence(400));
    client.hear(table.mulaw);
    const started = await client.got('input_audio_buffer.speech_started');
    assert.ok(Math.abs(Number(started['audio_start_ms']) - 300) < 100);
    client.hear(silence(300));
    await client.read();
    assert.equal(client.of('input_audio_buffer.speech_stopped').length, 0);
    client.hear(silence(300));
    const committed = await client.got('input_audio_buffer.committed');
    assert.equal(client.of('input_audio_buffer.speech_stopped')[0]?.['item_id'], committed['item_id']);
    assert.equal(started['item_id'], committed['item_id']);
    await clock.advance(150);
    assert.equal((await client.got(`${T}.completed`))['transcript'], table.text);
    assert.equal(
      client
        .of(`${T}.delta`)
        .map(({ delta }) => delta)
        .join(''),
      table.text,
    );
  });

  it('ends a session after its time, without a warning', async () => {
    const client = await configured(live, { sessionMsMax: 3_600_000 });
    await clock.advance(3_600_000);
    assert.equal((await client.error())['code'], 'session_expired');
    await until(() => client.closeCode !== undefined, 'it is closed');
  });

  it('goes wrong in every way it is told to', async () => {
    const hanging = await connect(await start({ faults: () => ({ kind: 'hang' }) }));
    hanging.say(update(live));
    hanging.socket.ping();
    await once(hanging.socket, 'pong');
    assert.deepEqual(hanging.events, []);
    await server?.close();

    await assert.rejects(connect(await start({ faults: () => ({ kind: 'status', status: 503 }) })), /503/);
    await server?.close();

    const speak = async (client: Client): Promise<void> => {
      client.hear(table.mulaw);
      client.hear(silence(200));
      client.socket.ping();
      await Promise.race([once(client.socket, 'pong'), once(client.socket, 'close')]);
      await clock.advance(1_000);
    };
    const stalling = await configured(live, { faults: () => ({ kind: 'stall', afterItems: 2 }) });
    await speak(stalling);
    stalling.socket.ping();
    await once(stalling.socket, 'pong');
    assert.equal(stalling.of(`${T}.delta`).length, 2);
    assert.equal(stalling.closeCode, undefined);
    await server?.close();

    const cut = await configured(live, { faults: () => ({ kind: 'cut', afterItems: 3 }) });
    await speak(cut);
    await until(() => cut.closeCode !== undefined, 'it is cut');
    assert.equal(cut.closeCode, 1006);
    assert.equal(cut.of(`${T}.delta`).length, 3);
    await server?.close();

    const texts: string[] = [];
    const origin = await start({ faults: () => ({ kind: 'garbage' }) });
    const socket = new WebSocket(`${origin}/v1/realtime?intent=transcription`, {
      headers: { authorization: 'Bearer k' },
    });
    socket.on('message', (data: Buffer) => texts.push(data.toString()));
    await until(() => texts.length >= 10, 'garbage comes');
  });

  it('hears the missing word as missing', async () => {
    const client = await configured();
    const damaged = Uint8Array.from(table.mulaw);
    const book4 = table.words[4];
    assert.ok(book4);
    damaged.fill(0xff, Math.round(book4.startMs * 8), Math.round(book4.endMs * 8));
    client.hear(damaged);
    client.hear(silence(200));
    client.say({ type: 'input_audio_buffer.commit' });
    await client.got('input_audio_buffer.committed');
    await clock.advance(150);
    const { transcript } = await client.got(`${T}.completed`);
    assert.equal(spoken(String(transcript)), 'i would like to a table');
    assert.equal(sessions[0]?.words.length, 6);
  });
});
