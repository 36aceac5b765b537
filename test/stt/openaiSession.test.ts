import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { silence } from '../../src/audio/mulaw.ts';
import { HELD_MS_MAX } from '../../src/stt/audioPieces.ts';
import { openaiSpeechToText, type OpenAiSttOptions } from '../../src/stt/openai.ts';
import type { SttEvent, SttOptions, SttSession } from '../../src/stt/port.ts';
import { scriptedRealtime, type ScriptedRealtime } from '../helpers/realtimeServer.ts';
import { until } from '../helpers/until.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

const T = 'conversation.item.input_audio_transcription';

/** Into the list of this test, whatever the next one does. */
function listener(events: SttEvent[]): (event: SttEvent) => void {
  return (event) => events.push(event);
}

describe('a session with a Realtime server', () => {
  let server: ScriptedRealtime;
  let clock: VirtualClock;
  let events: SttEvent[];

  beforeEach(async () => {
    server = await scriptedRealtime();
    clock = new VirtualClock();
    events = [];
  });
  afterEach(async () => {
    await server.close();
    assert.equal(clock.pendingTimers, 0, 'timers are left');
  });

  function open(options: Partial<OpenAiSttOptions> = {}, stt: Partial<SttOptions> = {}): SttSession {
    return openaiSpeechToText(
      {
        baseUrl: server.baseUrl,
        apiKey: 'test-key',
        model: 'gpt-live-transcribe',
        audioFormat: 'pcmu',
        serverVad: false,
        ...options,
      },
      clock,
    ).open({ language: 'en-US', keywords: [], ...stt }, listener(events));
  }

  async function openReady(options: Partial<OpenAiSttOptions> = {}): Promise<SttSession> {
    const session = open(options);
    await server.got('session.update');
    server.say({ type: 'session.updated', session: {} });
    await until(() => events.some(({ kind }) => kind === 'ready'), 'it is ready');
    return session;
  }

  function failure(): string | undefined {
    const last = events.at(-1);
    return last?.kind === 'failed' ? last.error.code : undefined;
  }

  const inputOf = (update: Readonly<Record<string, unknown>>): unknown =>
    (update['session'] as { audio: { input: unknown } }).audio.input;

  it('asks a new model for languages and keywords, and leaves out what would be empty', async () => {
    const session = open({ noiseReduction: 'near_field' }, { keywords: ['Acme', ' '] });
    assert.deepEqual(inputOf(await server.got('session.update')), {
      format: { type: 'audio/pcmu' },
      noise_reduction: { type: 'near_field' },
      transcription: { model: 'gpt-live-transcribe', languages: ['en'], keywords: ['Acme'] },
      turn_detection: null,
    });
    session.close();
  });

  it('asks an older model for one language, with its voice detection', async () => {
    const session = open(
      { model: 'gpt-4o-transcribe', serverVad: true, audioFormat: 'pcm24' },
      { keywords: ['Acme'] },
    );
    assert.deepEqual(inputOf(await server.got('session.update')), {
      format: { type: 'audio/pcm', rate: 24_000 },
      transcription: { model: 'gpt-4o-transcribe', language: 'en' },
      turn_detection: { type: 'server_vad' },
    });
    session.close();
  });

  it('sends no audio before the session is accepted', async () => {
    const session = open();
    session.push(silence(300));
    session.commit();
    await server.got('session.update');
    server.say({ type: 'session.created', session: {} });
    await clock.advance(100);
    assert.deepEqual(
      server.received.map(({ type }) => type),
      ['session.update'],
    );
    server.say({ type: 'session.updated', session: {} });
    await server.got('input_audio_buffer.commit');
    assert.equal(server.received.filter(({ type }) => type === 'input_audio_buffer.append').length, 5);
    session.close();
  });

  it('holds ten seconds, drops the oldest beyond and says so', async () => {
    const session = open();
    session.push(silence(HELD_MS_MAX + 3_000));
    const dropped = events.flatMap((event) => (event.kind === 'dropped' ? [event.audioBytes] : []));
    assert.equal(
      dropped.reduce((sum, bytes) => sum + bytes, 0),
      // Whole pieces go: 50 of 60 ms, and one more for the rest.
      (13_000 - (13_000 % 60) - 9_960) * 8,
    );
    session.close();
    assert.equal(session.commit(), 0);
  });

  it('goes over to PCM when the server repeats another format than was asked for', async () => {
    const session = open();
    await server.got('session.update');
    server.say({ type: 'session.updated', session: { audio: { input: { format: { type: 'audio/pcm' } } } } });
    session.push(silence(120));
    session.push(silence(30));
    session.commit();
    await server.got('input_audio_buffer.commit');
    const bytes = server.received
      .filter(({ type }) => type === 'input_audio_buffer.append')
      .map(({ audio }) => Buffer.from(String(audio), 'base64').length);
    assert.equal(
      bytes.reduce((sum, count) => sum + count, 0),
      150 * 48,
    );
    session.close();
  });

  it('ignores junk, news it does not know and news of nobody', async () => {
    const session = await openReady();
    const junk = [
      '',
      'no',
      'null',
      '[1]',
      '{}',
      '{"type":1}',
      '{"type":"new.thing"}',
      `{"type":"${T}.delta"}`,
    ];
    for (const text of junk) server.say(text);
    server.socket().send(Buffer.from([1, 2, 3]));
    server.say({ type: 'error' });
    server.say({ type: 'error', error: { type: 'server_error', code: null, message: 'never mind' } });
    server.say({ type: `${T}.delta`, item_id: 'a', delta: 'still' });
    await until(() => events.some(({ kind }) => kind === 'words'), 'it goes on');
    assert.deepEqual(events.at(-1), { kind: 'words', utterance: 0, text: 'still' });
    session.close();
  });

  it('keeps words that come after the commit with the utterance that was committed', async () => {
    const session = await openReady();
    session.push(silence(200));
    server.say({ type: `${T}.delta`, item_id: 'a', delta: 'one' });
    await until(() => events.at(-1)?.kind === 'words', 'the first word');
    session.commit();
    session.push(silence(200));
    await server.got('input_audio_buffer.commit');
    server.say({ type: `${T}.delta`, item_id: 'a', delta: ' two' });
    server.say({ type: 'input_audio_buffer.committed', item_id: 'a', previous_item_id: null });
    server.say({ type: `${T}.delta`, item_id: 'b', delta: 'next' });
    server.say({ type: `${T}.delta`, item_id: 'a', delta: ' three' });
    server.say({ type: `${T}.completed`, item_id: 'a', transcript: 'One two three.' });
    await until(() => events.at(-1)?.kind === 'final', 'the final');
    assert.deepEqual(events.slice(1), [
      { kind: 'words', utterance: 0, text: 'one' },
      { kind: 'words', utterance: 0, text: 'one two' },
      { kind: 'words', utterance: 1, text: 'next' },
      { kind: 'words', utterance: 0, text: 'one two three' },
      { kind: 'final', utterance: 0, text: 'One two three.' },
    ]);
    session.close();
  });

  it('takes a commit that the server calls empty for an utterance without words', async () => {
    const session = await openReady();
    session.push(silence(100));
    session.commit();
    const { event_id: eventId } = await server.got('input_audio_buffer.commit');
    const error = {
      type: 'invalid_request_error',
      code: 'input_audio_buffer_commit_empty',
      event_id: eventId,
    };
    server.say({ type: 'error', error });
    await until(() => events.at(-1)?.kind === 'final', 'the final');
    assert.deepEqual(events.at(-1), { kind: 'final', utterance: 0, text: '' });
    session.close();
  });

  it('fails when a commit is refused for another reason, and repeats what the server said', async () => {
    const session = await openReady();
    session.push(silence(100));
    session.commit();
    const { event_id: eventId } = await server.got('input_audio_buffer.commit');
    const error = { type: 'server_error', code: 'oops', message: 'disk full', event_id: eventId };
    server.say({ type: 'error', error });
    await until(() => failure() !== undefined, 'it fails');
    assert.equal(failure(), 'server');
    const last = events.at(-1);
    assert.ok(last?.kind === 'failed' && last.error.message.includes('disk full'));
  });

  it('fails for each session error that leaves no hope, by its kind', async () => {
    const cases = [
      [{ type: 'invalid_request_error', code: 'invalid_value', message: 'no such model' }, 'bad_request'],
      [{ type: 'invalid_request_error', code: 'invalid_api_key', message: 'wrong key' }, 'auth'],
      [{ type: 'tokens', code: 'rate_limit_exceeded', message: 'slow down' }, 'rate_limit'],
      [{ type: 'server_error', code: null, message: 'sorry' }, 'server'],
    ] as const;
    for (const [error, code] of cases) {
      open();
      await server.got('session.update', cases.findIndex(([other]) => other === error) + 1);
      // An answer to something else is none.
      server.say({ type: 'error', error: { ...error, event_id: 'other' } });
      server.say({ type: 'error', error });
      await until(() => failure() === code, code);
    }
  });

  it('fails when mu-law and PCM are both refused', async () => {
    open();
    for (const count of [1, 2]) {
      const { event_id: eventId } = await server.got('session.update', count);
      const param = 'session.audio.input.format';
      server.say({
        type: 'error',
        error: { type: 'invalid_request_error', param, message: 'no', event_id: eventId },
      });
    }
    await until(() => failure() !== undefined, 'it fails');
    assert.equal(failure(), 'bad_request');
  });

  it('fails when the session is not accepted in time', async () => {
    open({ readyTimeoutMs: 1_000 });
    await server.got('session.update');
    await clock.advance(999);
    assert.equal(failure(), undefined);
    await clock.advance(1);
    assert.equal(failure(), 'first_output_timeout');
  });

  it('fails when there is no connection in time', async () => {
    const silent = createServer((socket) => socket.resume());
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    open({ baseUrl: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`, connectTimeoutMs: 2_000 });
    await once(silent, 'connection');
    await clock.advance(1_999);
    assert.equal(failure(), undefined);
    await clock.advance(1);
    assert.equal(failure(), 'connect');
    silent.close();
  });

  it('fails when nobody listens', async () => {
    open({ baseUrl: 'http://127.0.0.1:9' });
    await until(() => failure() !== undefined, 'it fails');
    assert.equal(failure(), 'connect');
  });

  it('fails when a final does not come, but gives each commit its own time', async () => {
    const session = await openReady({ finalTimeoutMs: 1_000 });
    session.push(silence(200));
    session.commit();
    await server.got('input_audio_buffer.commit');
    await clock.advance(900);
    server.say({ type: 'input_audio_buffer.committed', item_id: 'a', previous_item_id: null });
    server.say({ type: `${T}.completed`, item_id: 'a', transcript: '' });
    await until(() => events.at(-1)?.kind === 'final', 'the first final');
    session.push(silence(200));
    session.commit();
    await clock.advance(999);
    assert.equal(failure(), undefined);
    await clock.advance(1);
    assert.equal(failure(), 'idle_timeout');
  });

  it('notices a server that is gone without a word', async () => {
    await server.close();
    server = await scriptedRealtime(false);
    await openReady({ pingIntervalMs: 1_000 });
    await clock.advance(1_000);
    await clock.advance(1_000);
    await until(() => failure() !== undefined, 'it fails');
    assert.equal(failure(), 'idle_timeout');
  });

  it('stays with a server that answers pings and says nothing else', async () => {
    const session = await openReady({ pingIntervalMs: 1_000 });
    let pongs = 0;
    const count = (): void => {
      pongs += 1;
    };
    server.socket().on('ping', count);
    for (let round = 1; round <= 4; round += 1) {
      await clock.advance(1_000);
      await until(() => pongs >= round, 'a ping comes');
      // The answer is on its way back: anything that is answered after it shows that it came.
      server.say({ type: `${T}.delta`, item_id: 'a', delta: ` ${round}` });
      await until(() => events.filter(({ kind }) => kind === 'words').length === round, 'the answer came');
    }
    assert.equal(failure(), undefined);
    session.close();
  });

  it('drops audio for a server that does not read, says so, and gives up after a while', async () => {
    const session = await openReady({ pingIntervalMs: 60_000, audioFormat: 'pcm24' });
    server.socket().pause();
    const droppedMs = (): number =>
      events.reduce((sum, event) => sum + (event.kind === 'dropped' ? event.audioBytes / 8 : 0), 0);
    for (let round = 0; droppedMs() === 0; round += 1) {
      assert.ok(round < 2_000, 'the socket takes no end of audio');
      session.push(silence(1_000));
    }
    assert.equal(failure(), undefined);
    await clock.advance(5_001);
    session.push(silence(60));
    assert.equal(failure(), 'idle_timeout');
  });
});
