import assert from 'node:assert/strict';
import test from 'node:test';
import { silence } from '../../src/audio/mulaw.ts';
import { systemClock } from '../../src/base/clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import { SEED_TIMINGS } from '../../src/sim/behaviour.ts';
import {
  simulatedRealtime,
  type RealtimeCounts,
  type SimulatedRealtimeOptions,
} from '../../src/sim/openaiRealtime.ts';
import type { RealtimeSession } from '../../src/sim/realtimeSession.ts';
import { SimServer } from '../../src/sim/server.ts';
import { openaiSpeechToText, type OpenAiSttOptions } from '../../src/stt/openai.ts';
import type { SpeechToText, SttEvent, SttSession } from '../../src/stt/port.ts';
import { bookOf, say, spoken, type Said } from '../helpers/phrases.ts';
import { sttContract, type SttRig } from '../helpers/sttContract.ts';
import { until } from '../helpers/until.ts';

interface Rig extends SttRig {
  readonly counts: Readonly<RealtimeCounts>;
  readonly sessions: RealtimeSession[];
}

type Sim = Partial<SimulatedRealtimeOptions>;

async function rig(
  phrases: readonly Said[],
  stt: Partial<OpenAiSttOptions> = {},
  sim: Sim = {},
): Promise<Rig> {
  const server = new SimServer();
  const sessions: RealtimeSession[] = [];
  const counts = simulatedRealtime(server, {
    book: bookOf(phrases),
    timings: { ...SEED_TIMINGS, sttWordsMs: 10, sttFinalMs: 10 },
    random: seededRandom(1),
    clock: systemClock,
    onSession: (session) => sessions.push(session),
    ...sim,
  });
  const baseUrl = `${await server.listen()}/v1`;
  return {
    stt: openaiSpeechToText(
      {
        baseUrl,
        apiKey: 'test-key',
        model: 'gpt-live-transcribe',
        audioFormat: 'pcmu',
        serverVad: false,
        ...stt,
      },
      systemClock,
    ),
    breakDown: () => server.close(),
    openSessions: () => counts.openSessions,
    counts,
    sessions,
  };
}

function listen(stt: SpeechToText): { session: SttSession; events: SttEvent[]; finals: () => string[] } {
  const events: SttEvent[] = [];
  const session = stt.open({ language: 'en-US', keywords: [] }, (event) => events.push(event));
  return {
    session,
    events,
    finals: () => events.flatMap((event) => (event.kind === 'final' ? [spoken(event.text)] : [])),
  };
}

sttContract('a live model that takes mu-law', (phrases) => rig(phrases));
sttContract('a live model that refuses mu-law', (phrases) => rig(phrases, {}, { refusePcmu: true }));
sttContract('an older model with the voice detection of the server', (phrases) =>
  rig(phrases, { model: 'gpt-4o-transcribe', serverVad: true }),
);
sttContract('an older model without voice detection', (phrases) =>
  rig(phrases, { model: 'whisper-1', audioFormat: 'pcm24' }),
);
sttContract('a server whose completions overtake each other', (phrases) =>
  rig(phrases, {}, { faults: () => ({ kind: 'outOfOrder' }) }),
);

const phrase = await say('I would like to book a table.');
const second = await say('For two people, please.');

test('mu-law goes straight through where it is taken, and becomes 24 kHz PCM by itself where not', async () => {
  for (const refusePcmu of [false, true]) {
    const provider = await rig([phrase], {}, { refusePcmu });
    const { session, finals } = listen(provider.stt);
    session.push(phrase.mulaw);
    session.commit();
    await until(() => finals().length === 1, 'the final');
    assert.equal(provider.sessions[0]?.config.format, refusePcmu ? 'audio/pcm' : 'audio/pcmu');
    assert.equal(provider.counts.misreadBytes, 0);
    assert.equal(provider.counts.refusals, refusePcmu ? 1 : 0);
    assert.ok(Math.abs(provider.counts.heardMs - phrase.mulaw.length / 8) < 1);
    assert.ok(provider.counts.appends <= phrase.mulaw.length / 480 + 1, 'pieces of 60 ms');
    session.close();
    await provider.breakDown();
  }
});

test('declares what its model can do, and never asks a live model for voice detection', async () => {
  const cases = [
    ['gpt-live-transcribe', true, { liveWords: true, commitsItself: false }],
    ['gpt-realtime-whisper', true, { liveWords: true, commitsItself: false }],
    ['gpt-4o-transcribe', true, { liveWords: false, commitsItself: true }],
    ['gpt-transcribe', false, { liveWords: false, commitsItself: false }],
  ] as const;
  for (const [model, serverVad, capabilities] of cases) {
    const provider = await rig([], { model, serverVad });
    assert.deepEqual(provider.stt.capabilities, capabilities);
    const { session, events } = listen(provider.stt);
    await until(() => events.length > 0, 'an answer');
    assert.equal(events[0]?.kind, 'ready');
    assert.equal(provider.sessions[0]?.config.silenceMs, capabilities.commitsItself ? 500 : undefined);
    session.close();
    await provider.breakDown();
  }
});

test('what the server ended by itself becomes words, and one final at our commit, which need not be sent', async () => {
  const provider = await rig([phrase, second], { model: 'gpt-4o-transcribe', serverVad: true });
  const { session, events, finals } = listen(provider.stt);
  const both = `${spoken(phrase.text)} ${spoken(second.text)}`;
  session.push(phrase.mulaw);
  session.push(silence(700));
  session.push(second.mulaw);
  session.push(silence(700));
  await until(() => {
    const last = events.at(-1);
    return last?.kind === 'words' && spoken(last.text) === both;
  }, 'the words of both');
  assert.deepEqual(finals(), []);
  session.commit();
  await until(() => finals().length === 1, 'the final');
  assert.deepEqual(finals(), [both]);
  assert.equal(provider.counts.commits, 0);
  assert.equal(provider.counts.emptyCommits, 0);
  session.close();
  await provider.breakDown();
});

test('a commit that crosses the server’s own loses nothing and shifts no number', async () => {
  const provider = await rig([phrase, second], { model: 'gpt-4o-transcribe', serverVad: true });
  const { session, finals } = listen(provider.stt);
  for (let round = 0; round < 3; round += 1) {
    session.push(phrase.mulaw);
    // Enough for the server to end it; whether its news is here when we commit is chance.
    session.push(silence(560));
    session.commit();
    await until(() => finals().length === round * 2 + 1, 'the final of the first');
    session.push(second.mulaw);
    session.push(silence(100));
    session.commit();
    await until(() => finals().length === round * 2 + 2, 'the final of the second');
  }
  assert.deepEqual(
    finals(),
    [0, 1, 2].flatMap(() => [spoken(phrase.text), spoken(second.text)]),
  );
  session.close();
  await provider.breakDown();
});

test('the words of an item that failed are those that were known live', async () => {
  const provider = await rig([phrase], {}, { faults: () => ({ kind: 'failedItems' }) });
  const { session, events, finals } = listen(provider.stt);
  session.push(phrase.mulaw);
  session.push(silence(200));
  await until(() => events.filter(({ kind }) => kind === 'words').length >= 7, 'all words');
  session.commit();
  await until(() => finals().length === 1, 'the final');
  assert.deepEqual(finals(), [spoken(phrase.text)]);
  session.close();
  await provider.breakDown();
});

test('a refused upgrade, a wrong key and an expired session fail with the right code', async () => {
  const cases = [
    [{}, { faults: () => ({ kind: 'status', status: 429, headers: { 'retry-after': '2' } }) }, 'rate_limit'],
    [{}, { faults: () => ({ kind: 'status', status: 503 }) }, 'server'],
    [{ apiKey: undefined }, {}, 'auth'],
    [{}, { sessionMsMax: 20 }, 'truncated'],
    [{ query: { intent: 'conversation' } }, {}, 'bad_request'],
  ] as const satisfies readonly (readonly [Partial<OpenAiSttOptions>, Sim, string])[];
  for (const [stt, sim, code] of cases) {
    const provider = await rig([], stt, sim);
    const { events } = listen(provider.stt);
    await until(() => events.at(-1)?.kind === 'failed', code);
    const last = events.at(-1);
    assert.ok(last?.kind === 'failed');
    assert.equal(last.error.code, code);
    assert.equal(last.error.retryAfterMs, code === 'rate_limit' ? 2_000 : undefined);
    assert.equal(last.error.provider, 'openai');
    await provider.breakDown();
  }
});

test('an address or a key that cannot be one is refused when it is configured', () => {
  const options = { model: 'm', audioFormat: 'pcmu', serverVad: false } as const;
  for (const wrong of [
    { baseUrl: 'ftp://example.com', apiKey: 'k' },
    { baseUrl: 'nowhere', apiKey: 'k' },
    { baseUrl: 'https://example.com/v1', apiKey: 'two\nlines' },
  ]) {
    assert.throws(() => openaiSpeechToText({ ...options, ...wrong }, systemClock), TypeError);
  }
});
