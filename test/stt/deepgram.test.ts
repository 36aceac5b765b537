import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BYTES_PER_MS, FRAME_MS, silence } from '../../src/audio/mulaw.ts';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import { SEED_TIMINGS } from '../../src/sim/behaviour.ts';
import { simulatedDeepgram, type SimulatedDeepgramOptions } from '../../src/sim/deepgram.ts';
import type { DeepgramCounts, DeepgramStream } from '../../src/sim/deepgramStream.ts';
import { SimServer } from '../../src/sim/server.ts';
import { HELD_MS_MAX } from '../../src/stt/audioPieces.ts';
import { deepgramSpeechToText, type DeepgramSttOptions } from '../../src/stt/deepgram.ts';
import type { SttEvent, SttOptions, SttSession } from '../../src/stt/port.ts';
import { bookOf, say, spoken, type Said } from '../helpers/phrases.ts';
import { sttContract, type SttRig } from '../helpers/sttContract.ts';
import { until } from '../helpers/until.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

interface Rig extends SttRig {
  readonly counts: Readonly<DeepgramCounts>;
  readonly streams: DeepgramStream[];
}

async function rig(
  phrases: readonly Said[],
  stt: Partial<DeepgramSttOptions> = {},
  sim: Partial<SimulatedDeepgramOptions> = {},
  clock: Clock = systemClock,
): Promise<Rig> {
  const server = new SimServer();
  const streams: DeepgramStream[] = [];
  const counts = simulatedDeepgram(server, {
    book: bookOf(phrases),
    timings: { ...SEED_TIMINGS, sttWordsMs: 10, sttFinalMs: 10 },
    random: seededRandom(1),
    clock: systemClock,
    updateMs: 60,
    onStream: (stream) => streams.push(stream),
    ...sim,
  });
  const baseUrl = await server.listen();
  return {
    stt: deepgramSpeechToText({ baseUrl, apiKey: 'test-key', model: 'flux-general-en', ...stt }, clock),
    breakDown: () => server.close(),
    openSessions: () => counts.openSessions,
    counts,
    streams,
  };
}

sttContract('Flux', (phrases) => rig(phrases));
sttContract('Flux that never judges', (phrases) => rig(phrases, { endThreshold: 1 }));
sttContract('Flux that judges at the least silence', (phrases) =>
  rig(phrases, {}, { flux: { eagerSilenceMs: 40, endSilenceMs: 100 } }),
);
sttContract('Nova', (phrases) => rig(phrases, { model: 'nova-3' }));
sttContract('Nova that makes words final at every pause', (phrases) =>
  rig(phrases, { model: 'nova-2-phonecall', query: { endpointing: '10' } }),
);

interface Listening {
  readonly session: SttSession;
  readonly events: SttEvent[];
  finals(): string[];
  judgements(): string[];
  failure(): string | undefined;
}

function listen(from: Rig, options: Partial<SttOptions> = {}): Listening {
  const events: SttEvent[] = [];
  const session = from.stt.open({ language: 'en-US', keywords: [], ...options }, (event) =>
    events.push(event),
  );
  return {
    session,
    events,
    finals: () =>
      events.flatMap((event) => (event.kind === 'final' ? [`${event.utterance} ${spoken(event.text)}`] : [])),
    judgements: () =>
      events.flatMap((event) =>
        event.kind === 'turnJudged' ? [`${event.utterance} ${event.judgement}`] : [],
      ),
    failure: () => {
      const last = events.at(-1);
      return last?.kind === 'failed' ? `${last.error.code} ${last.error.message}` : undefined;
    },
  };
}

const WHOLE = 'I would like to book a table.';

describe('Flux judges turns', () => {
  it('as begun, probably over and over, each after the words; the final comes unasked', async () => {
    const said = await say(WHOLE);
    const flux = await rig([said]);
    const { session, events, finals, judgements } = listen(flux);
    session.push(said.mulaw);
    session.push(silence(600));
    await until(() => judgements().includes('0 ended'), 'the turn is over');
    assert.deepEqual(judgements(), ['0 started', '0 eager', '0 ended']);
    assert.deepEqual(finals(), [`0 ${spoken(WHOLE)}`]);
    const kinds = events.map((event) => (event.kind === 'turnJudged' ? event.judgement : event.kind));
    assert.deepEqual(kinds.slice(-2), ['final', 'ended']);
    const eager = events.find((event) => event.kind === 'turnJudged' && event.judgement === 'eager');
    assert.equal(eager?.kind === 'turnJudged' ? eager.confidence : undefined, 0.6);
    const before = events.slice(0, kinds.indexOf('eager')).findLast((event) => event.kind === 'words');
    assert.equal(spoken(before?.kind === 'words' ? before.text : ''), spoken(WHOLE));
    // The next utterance is another one.
    session.push(said.mulaw);
    session.push(silence(600));
    await until(() => finals().length === 2, 'the second turn');
    assert.deepEqual(finals()[1], `1 ${spoken(WHOLE)}`);
    session.close();
    await flux.breakDown();
  });

  it('as resumed when the caller goes on after a pause', async () => {
    const said = await say(WHOLE);
    const other = await say('For two people, please.');
    const flux = await rig([said, other]);
    const { session, finals, judgements } = listen(flux);
    for (const audio of [said.mulaw, silence(150), other.mulaw, silence(600)]) session.push(audio);
    await until(() => finals().length === 1, 'the turn is over');
    assert.ok(judgements().includes('0 resumed'), judgements().join());
    assert.deepEqual(finals(), [`0 ${spoken(`${WHOLE} For two people, please.`)}`]);
    session.close();
    await flux.breakDown();
  });

  it('as over by its own time-out when it is never sure', async () => {
    const said = await say(WHOLE);
    const flux = await rig([said], { endThreshold: 1, endTimeoutMs: 700 });
    const { session, judgements } = listen(flux);
    session.push(said.mulaw);
    session.push(silence(1_000));
    await until(() => judgements().includes('0 ended'), 'the turn is over');
    session.close();
    await flux.breakDown();
  });

  it('as over when it was asked to end it', async () => {
    const said = await say(WHOLE);
    const flux = await rig([said]);
    const { session, judgements, finals } = listen(flux);
    session.push(said.mulaw);
    assert.equal(session.commit(), 0);
    await until(() => judgements().includes('0 ended'), 'the turn is over');
    assert.deepEqual([flux.counts.asked, finals()], [1, [`0 ${spoken(WHOLE)}`]]);
    session.close();
    await flux.breakDown();
  });
});

describe('a session with Deepgram', () => {
  it('goes on when nobody speaks to it: silence for Flux, KeepAlive for the others', async () => {
    for (const model of ['flux-general-en', 'nova-3']) {
      const clock = new VirtualClock();
      const deepgram = await rig([], { model }, {}, clock);
      const { session, events } = listen(deepgram);
      await until(() => events.length > 0, 'it is ready');
      await clock.advance(4_100);
      if (model === 'nova-3') {
        await until(() => deepgram.counts.keepAlives === 1, 'a KeepAlive');
        assert.equal(deepgram.counts.heardMs, 0);
      } else {
        await until(() => deepgram.counts.heardMs === 4_000, 'silence');
        assert.equal(deepgram.counts.keepAlives, 0);
      }
      session.push(silence(FRAME_MS));
      session.close();
      assert.equal(clock.pendingTimers, 0);
      await deepgram.breakDown();
    }
  });

  it('tells a refusal with its reason, a wrong key without it', async () => {
    const wrong = await rig([], { query: { encoding: 'opus' } });
    const one = listen(wrong);
    await until(() => one.failure() !== undefined, 'it fails');
    assert.match(
      one.failure() ?? '',
      /^bad_request the server answered 400: Unsupported audio\., request 0000/,
    );
    await wrong.breakDown();
    const keyless = await rig([], { apiKey: undefined });
    const two = listen(keyless);
    await until(() => two.failure() !== undefined, 'it fails');
    assert.equal(two.failure(), 'auth the key was refused (401)');
    await keyless.breakDown();
    const busy = await rig(
      [],
      {},
      { faults: () => ({ kind: 'status', status: 429, headers: { 'retry-after': '2' } }) },
    );
    const three = listen(busy);
    await until(() => three.failure() !== undefined, 'it fails');
    const last = three.events.at(-1);
    assert.deepEqual(
      last?.kind === 'failed' ? [last.error.code, last.error.status, last.error.retryAfterMs] : [],
      ['rate_limit', 429, 2_000],
    );
    await busy.breakDown();
  });

  it('is given up when Flux does not greet or breaks off', async () => {
    const clock = new VirtualClock();
    const silent = await rig([], {}, { faults: () => ({ kind: 'hang' }) }, clock);
    const one = listen(silent);
    await until(() => silent.openSessions() === 1, 'it is connected');
    await until(() => clock.pendingTimers === 1, 'it waits');
    for (let ms = 0; ms < 10_000 && one.failure() === undefined; ms += 100) {
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(100);
    }
    assert.match(one.failure() ?? '', /^first_output_timeout/);
    assert.equal(clock.pendingTimers, 0);
    await silent.breakDown();
    const broken = await rig([]);
    const two = listen(broken);
    await until(() => two.events.length > 0, 'it is ready');
    broken.streams[0]?.cut();
    await until(() => two.failure() !== undefined, 'it fails');
    assert.match(two.failure() ?? '', /^truncated/);
    await broken.breakDown();
  });

  it('holds ten seconds until it is accepted, drops the oldest beyond and says so', async () => {
    const flux = await rig([]);
    const { session, events } = listen(flux);
    session.push(silence(HELD_MS_MAX + 800));
    const dropped = events.flatMap((event) => (event.kind === 'dropped' ? [event.audioBytes] : []));
    assert.equal(
      dropped.reduce((sum, bytes) => sum + bytes, 0),
      800 * BYTES_PER_MS,
    );
    await until(() => flux.counts.heardMs === HELD_MS_MAX, 'the rest is heard');
    session.close();
    await flux.breakDown();
  });

  it('ends with the error that Flux tells', async () => {
    const flux = await rig([]);
    const { events, failure } = listen(flux);
    await until(() => events.length > 0, 'it is ready');
    flux.streams[0]?.send({
      type: 'Error',
      sequence_id: 1,
      code: 'INTERNAL_SERVER_ERROR',
      description: 'Oh.',
    });
    await until(() => failure() !== undefined, 'it fails');
    assert.equal(failure(), 'server the session was ended; it said INTERNAL_SERVER_ERROR: Oh.');
    await flux.breakDown();
  });

  it('passes over what it does not understand', async () => {
    const said = await say(WHOLE);
    const flux = await rig([said], { model: 'nova-3' }, { faults: () => ({ kind: 'garbage' }) });
    const { session, events, finals } = listen(flux);
    session.push(said.mulaw);
    session.commit();
    await until(() => finals().length === 1, 'the final');
    // It never understood a word, and answers all the same.
    assert.deepEqual([finals(), events.some(({ kind }) => kind === 'failed')], [['0 '], false]);
    session.close();
    await flux.breakDown();
  });
});

describe('the address of Deepgram', () => {
  async function queryOf(
    options: Partial<DeepgramSttOptions>,
    stt: Partial<SttOptions> = {},
  ): Promise<string> {
    const server = new SimServer();
    let asked = '';
    const note = (request: { readonly url?: string | undefined }): { status: number } => {
      asked = request.url ?? '';
      return { status: 400 };
    };
    for (const path of ['/v1/listen', '/v2/listen']) server.webSocket(path, () => undefined, note);
    const baseUrl = `${await server.listen()}/`;
    const deepgram = deepgramSpeechToText({ baseUrl, apiKey: 'k', model: 'nova-3', ...options }, systemClock);
    const session = deepgram.open({ language: 'en-US', keywords: [], ...stt }, () => undefined);
    await until(() => asked !== '', 'it asks');
    session.close();
    await server.close();
    return decodeURIComponent(asked);
  }

  it('says what is sent, what is wanted and which words to expect', async () => {
    assert.equal(
      await queryOf({}, { keywords: ['Acme', ' ', 'Robin'] }),
      '/v1/listen?model=nova-3&encoding=mulaw&sample_rate=8000&channels=1&language=en&interim_results=true' +
        '&punctuate=true&endpointing=300&keyterm=Acme&keyterm=Robin',
    );
    assert.match(await queryOf({ model: 'nova-2' }, { keywords: ['Acme'] }), /&keywords=Acme$/);
    assert.equal(
      await queryOf({
        model: 'flux-general-multi',
        endThreshold: 0.8,
        endTimeoutMs: 3_000,
        query: { tag: 'a b' },
      }),
      '/v2/listen?model=flux-general-multi&encoding=mulaw&sample_rate=8000&eager_eot_threshold=0.5' +
        '&eot_threshold=0.8&eot_timeout_ms=3000&language_hint=en&tag=a+b',
    );
  });

  it('has to be one, and the key as well', () => {
    const make = (options: Partial<DeepgramSttOptions>) => () =>
      deepgramSpeechToText({ apiKey: 'k', model: 'nova-3', ...options }, systemClock);
    assert.throws(make({ baseUrl: 'ftp://example.com' }), TypeError);
    assert.throws(make({ apiKey: 'a\nb' }), TypeError);
    assert.deepEqual(make({})().capabilities, { liveWords: true, commitsItself: false, judgesTurns: false });
  });
});
