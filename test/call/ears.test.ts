import assert from 'node:assert/strict';
import test from 'node:test';
import { Breaker } from '../../src/base/breaker.ts';
import { ProviderError } from '../../src/base/errors.ts';
import { seededRandom } from '../../src/base/random.ts';
import { Ears } from '../../src/call/ears.ts';
import { KEPT_MS } from '../../src/call/unanswered.ts';
import type { SpeechToText, SttEvent } from '../../src/stt/port.ts';
import type { VadEvent, VoiceDetector } from '../../src/vad/port.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

interface OpenSession {
  readonly provider: string;
  readonly tell: (event: SttEvent) => void;
  /** What it was given, in order: audio, and `!` for a commit. */
  readonly given: (Uint8Array | '!')[];
  closed: boolean;
  closedBecause: string | undefined;
}

/** Providers whose sessions the test holds in its hands. */
function setUp(providerNames: readonly string[], clock = new VirtualClock(), breakers?: readonly Breaker[]) {
  const sessions: OpenSession[] = [];
  const providers = providerNames.map((provider): SpeechToText => ({
    provider,
    capabilities: { liveWords: true, commitsItself: false },
    open(_options, listener) {
      const session: OpenSession = {
        provider,
        tell: listener,
        given: [],
        closed: false,
        closedBecause: undefined,
      };
      let utterance = -1;
      sessions.push(session);
      return {
        push: (mulaw) => void session.given.push(mulaw.slice()),
        commit: () => {
          session.given.push('!');
          return (utterance += 1);
        },
        close: (reason) => {
          session.closed = true;
          session.closedBecause ??= reason;
        },
      };
    },
  }));
  let detectorClosed = 0;
  let voice: (event: VadEvent) => void = () => undefined;
  const detector: VoiceDetector = {
    kind: 'energy',
    open: (listener) => {
      voice = listener;
      return { push: () => undefined, close: () => void (detectorClosed += 1) };
    },
    close: () => Promise.resolve(),
  };
  const ears = new Ears({
    detector,
    providers,
    breakers,
    options: { language: 'en-US', keywords: [] },
    clock,
  });
  const words: string[] = [];
  let droppedBytes = 0;
  ears.attach({
    onVoice: () => undefined,
    onWords: (utterance, text, final) => words.push(`${utterance}${final ? '!' : ''} ${text}`),
    onHearing: (hears) => words.push(hears ? 'hears' : 'hears nothing'),
    onJudge: () => assert.fail('nobody judges turns'),
    onTurnJudged: () => assert.fail('nobody judges turns'),
    onFailed: (error) => words.push(`failed ${error.provider}`),
    onReplaced: (provider) => words.push(`now ${provider}`),
    onDropped: (audioBytes) => void (droppedBytes += audioBytes),
  });
  const last = (): OpenSession => {
    const session = sessions.at(-1);
    assert.ok(session !== undefined);
    return session;
  };
  /** The caller speaks (or is silent) for so long, in frames of this code. */
  const hears = async (durationMs: number, code: number): Promise<void> => {
    for (let atMs = 0; atMs < durationMs; atMs += 20) {
      await clock.advance(20);
      ears.push(new Uint8Array(160).fill(code), clock.nowMs());
    }
  };
  return {
    clock,
    ears,
    hears,
    voiceStarts: () => voice({ kind: 'voiceStarted', voiceAtMs: clock.nowMs(), levelDbfs: -20 }),
    voiceStops: () => voice({ kind: 'voiceStopped', silenceAtMs: clock.nowMs(), speechMs: 500 }),
    sessions,
    words,
    last,
    droppedBytes: () => droppedBytes,
    detectorClosed: () => detectorClosed,
  };
}

function failure(provider: string): SttEvent {
  return { kind: 'failed', error: new ProviderError('connect', 'refused', { stage: 'stt', provider }) };
}

test('it connects when it is made, before there is a caller', () => {
  assert.equal(setUp(['a']).sessions.length, 1);
});

test('words and finals are passed on with their utterance', () => {
  const { ears, last, words } = setUp(['a']);
  last().tell({ kind: 'words', utterance: 0, text: 'Hello' });
  assert.equal(ears.commit(), 0);
  last().tell({ kind: 'final', utterance: 0, text: 'Hello.' });
  assert.deepEqual(words, ['0 Hello', '0! Hello.']);
});

test('when a provider fails the next one listens at once, and numbers go on', async () => {
  const { clock, ears, last, sessions, words } = setUp(['a', 'b']);
  last().tell({ kind: 'words', utterance: 0, text: 'Hello' });
  ears.commit();
  last().tell({ kind: 'final', utterance: 0, text: 'Hello.' });
  last().tell(failure('a'));
  await clock.advance(0);
  assert.deepEqual(
    sessions.map((session) => session.provider),
    ['a', 'b'],
  );
  last().tell({ kind: 'words', utterance: 0, text: 'again' });
  assert.equal(ears.commit(), 1);
  assert.deepEqual(words, ['0 Hello', '0! Hello.', 'failed a', 'now b', '1 again']);
});

test('what was committed when a session failed is asked of the next one, and its words replace those known', async () => {
  const { clock, ears, last, words } = setUp(['a', 'b']);
  last().tell({ kind: 'words', utterance: 0, text: 'I would like' });
  assert.equal(ears.commit(), 0);
  last().tell(failure('a'));
  await clock.advance(0);
  assert.ok(last().given.includes('!'));
  last().tell({ kind: 'words', utterance: 0, text: 'I' });
  last().tell({ kind: 'words', utterance: 0, text: 'I would like to book' });
  last().tell({ kind: 'final', utterance: 0, text: 'I would like to book.' });
  assert.deepEqual(words, [
    '0 I would like',
    'failed a',
    'now b',
    '0 I would like to book',
    '0! I would like to book.',
  ]);
});

test('when the next one hears nothing, the words known stand', async () => {
  const { clock, ears, last, words } = setUp(['a', 'b']);
  last().tell({ kind: 'words', utterance: 0, text: 'I would like' });
  ears.commit();
  last().tell(failure('a'));
  await clock.advance(0);
  last().tell({ kind: 'final', utterance: 0, text: '' });
  assert.equal(words.at(-1), '0! I would like');
});

test('a commit while nobody listens is made when somebody does', async () => {
  const { clock, ears, last, words } = setUp(['a']);
  last().tell(failure('a'));
  assert.equal(ears.commit(), 0);
  assert.equal(ears.commit(), 1);
  await clock.advance(250);
  assert.deepEqual(last().given, ['!', '!']);
  last().tell({ kind: 'final', utterance: 0, text: 'Yes.' });
  last().tell({ kind: 'final', utterance: 1, text: 'No.' });
  assert.equal(ears.commit(), 2);
  assert.deepEqual(words, ['failed a', 'now a', '0! Yes.', '1! No.']);
});

/** A byte for each 20 ms that a session was given to hear, commits in between. */
function heard({ given }: OpenSession): string {
  return given
    .map((part) => (part === '!' ? '!' : [...part].filter((_code, index) => index % 160 === 0).join('')))
    .join('');
}

test('the next session hears what nobody has answered: from the first voice on, with its commits, and no more', async () => {
  const { clock, ears, hears, last, voiceStarts, voiceStops } = setUp(['a', 'b']);
  await hears(100, 1);
  voiceStarts();
  await hears(100, 2);
  voiceStops();
  ears.commit();
  last().tell({ kind: 'final', utterance: 0, text: 'Yes.' });
  await hears(1_000, 3);
  voiceStarts();
  await hears(100, 4);
  voiceStops();
  await hears(60, 5);
  assert.equal(ears.commit(), 1);
  await hears(40, 6);
  last().tell(failure('a'));
  await hears(20, 7);
  await clock.advance(0);
  assert.equal(heard(last()), `${'3'.repeat(25)}44444555!667`);
});

test('what is said while every provider is away is heard when one is back, as far as it is kept', async () => {
  const { clock, ears, hears, last, voiceStarts, droppedBytes } = setUp(['a']);
  voiceStarts();
  last().tell({ kind: 'words', utterance: 0, text: 'It was' });
  last().tell(failure('a'));
  await clock.advance(250);
  last().tell(failure('a'));
  await clock.advance(500);
  await hears(KEPT_MS, 1);
  await hears(100, 2);
  last().tell(failure('a'));
  await clock.advance(1_000);
  assert.equal(heard(last()).length, KEPT_MS / 20);
  assert.equal(droppedBytes(), 100 * 8);
  ears.commit();
  last().tell({ kind: 'final', utterance: 0, text: 'and that.' });
});

test('what was known of audio that is kept no more stays before the words of what is', async () => {
  const { clock, ears, hears, last, voiceStarts, words } = setUp(['a', 'b']);
  voiceStarts();
  last().tell({ kind: 'words', utterance: 0, text: 'It was long ago' });
  await hears(KEPT_MS + 1_000, 1);
  last().tell(failure('a'));
  await clock.advance(0);
  ears.commit();
  last().tell({ kind: 'final', utterance: 0, text: 'and far away.' });
  assert.equal(words.at(-1), '0! It was long ago and far away.');
});

test('a voice without words is heard by a second session beside the first, and who has words first stays', async () => {
  const { hears, last, sessions, voiceStarts, words, ears } = setUp(['a', 'b']);
  const [first] = sessions;
  await hears(200, 1);
  voiceStarts();
  await hears(1_600, 2);
  assert.deepEqual(
    sessions.map(({ provider, closed }) => [provider, closed]),
    [
      ['a', false],
      ['b', false],
    ],
  );
  last().tell({ kind: 'words', utterance: 0, text: 'Is' });
  assert.equal(first?.closedBecause, 'silent');
  assert.deepEqual(words, ['failed a', 'now b', '0 Is']);
  assert.equal(ears.commit(), 0);
});

test('a slow session that has its words after all keeps the call', async () => {
  const { hears, sessions, voiceStarts, words } = setUp(['a', 'b']);
  voiceStarts();
  await hears(1_600, 2);
  sessions[0]?.tell({ kind: 'words', utterance: 0, text: 'Is' });
  assert.deepEqual(
    sessions.map(({ closed }) => closed),
    [false, true],
  );
  sessions[1]?.tell({ kind: 'words', utterance: 0, text: 'This' });
  assert.deepEqual(words, ['0 Is']);
});

test('a noise costs two sessions in vain and no more, until there are words', async () => {
  const { hears, last, sessions, voiceStarts, voiceStops } = setUp(['a', 'b']);
  const noise = async (): Promise<void> => {
    voiceStarts();
    await hears(6_000, 2);
    voiceStops();
    await hears(500, 1);
  };
  await noise();
  await noise();
  await noise();
  assert.equal(sessions.length, 3);
  sessions[0]?.tell({ kind: 'words', utterance: 0, text: 'Is' });
  sessions[0]?.tell({ kind: 'final', utterance: 0, text: 'Is.' });
  await noise();
  assert.equal(sessions.length, 4);
  assert.equal(last().closed, true);
});

test('when the last words on a short voice do not come, another session is asked for them', async () => {
  const { clock, ears, hears, last, sessions, voiceStarts, voiceStops, words } = setUp(['a']);
  voiceStarts();
  await hears(300, 2);
  voiceStops();
  await hears(300, 1);
  ears.commit();
  await clock.advance(399);
  assert.equal(sessions.length, 1);
  await clock.advance(1);
  last().tell({ kind: 'final', utterance: 0, text: 'Yes.' });
  assert.deepEqual(words, ['failed a', 'now a', '0! Yes.']);
  assert.equal(sessions[0]?.closed, true);
});

test('when the last words on what is known in part do not come, another session has it whole', async () => {
  const { clock, ears, hears, last, sessions, voiceStarts, voiceStops, words } = setUp(['a', 'b']);
  voiceStarts();
  await hears(600, 2);
  last().tell({ kind: 'words', utterance: 0, text: 'I would' });
  await hears(600, 2);
  voiceStops();
  ears.commit();
  await clock.advance(400);
  assert.equal(last().provider, 'b');
  last().tell({ kind: 'final', utterance: 0, text: 'I would like a table.' });
  assert.deepEqual(words, ['0 I would', 'failed a', 'now b', '0! I would like a table.']);
  assert.equal(sessions[0]?.closed, true);
});

test('a session whose last words take their time is given that time from then on', async () => {
  const { clock, ears, hears, last, sessions, voiceStarts, voiceStops } = setUp(['a', 'b']);
  const say = async (): Promise<void> => {
    voiceStarts();
    await hears(400, 2);
    voiceStops();
    ears.commit();
  };
  await say();
  await clock.advance(399);
  last().tell({ kind: 'final', utterance: 0, text: 'Yes.' });
  await say();
  await clock.advance(590);
  assert.equal(sessions.length, 1);
  last().tell({ kind: 'final', utterance: 1, text: 'No.' });
  await say();
  await clock.advance(600);
  assert.equal(sessions.length, 1);
});

test('an answer without words is an answer', async () => {
  const { clock, ears, hears, last, sessions, voiceStarts, voiceStops } = setUp(['a', 'b']);
  voiceStarts();
  await hears(300, 2);
  voiceStops();
  ears.commit();
  last().tell({ kind: 'final', utterance: 0, text: '' });
  await clock.advance(10_000);
  assert.equal(sessions.length, 1);
});

test('a second session that fails leaves the first one alone', async () => {
  const { clock, hears, last, sessions, voiceStarts, words } = setUp(['a', 'b']);
  voiceStarts();
  await hears(1_600, 2);
  last().tell(failure('b'));
  await clock.advance(10_000);
  sessions[0]?.tell({ kind: 'words', utterance: 0, text: 'Is' });
  assert.deepEqual(words, ['failed b', '0 Is']);
  assert.equal(sessions.length, 2);
});

test('when the first one fails, the second one that listens already takes its place', async () => {
  const { clock, hears, sessions, voiceStarts, words } = setUp(['a', 'b']);
  voiceStarts();
  await hears(1_600, 2);
  sessions[0]?.tell(failure('a'));
  await clock.advance(3_000);
  assert.equal(sessions.length, 2);
  sessions[1]?.tell({ kind: 'words', utterance: 0, text: 'Is' });
  assert.deepEqual(words, ['failed a', 'now b', '0 Is']);
});

test('who has failed for other calls is not asked first, and the one that is left is asked all the same', async () => {
  const clock = new VirtualClock();
  const breakers = ['a', 'b'].map(() => new Breaker({ clock, random: seededRandom(1) }));
  const refused = new ProviderError('connect', 'refused', { stage: 'stt', provider: 'a' });
  for (let call = 0; call < 3; call += 1) breakers[0]?.failed(refused);
  const rig = setUp(['a', 'b'], clock, breakers);
  assert.equal(rig.last().provider, 'b');
  for (let call = 0; call < 3; call += 1) breakers[1]?.failed(refused);
  assert.equal(setUp(['a', 'b'], clock, breakers).last().provider, 'a');
  rig.last().tell({ kind: 'words', utterance: 0, text: 'Is' });
  assert.equal(breakers[1]?.state, 'closed', 'words show that it works');
  await clock.advance(0);
});

test('who says when to come back is asked by no other call before', async () => {
  const clock = new VirtualClock();
  const breakers = ['a', 'b'].map(() => new Breaker({ clock, random: seededRandom(1) }));
  const limited = { stage: 'stt', provider: 'a', retryAfterMs: 5_000 } as const;
  setUp(['a', 'b'], clock, breakers)
    .last()
    .tell({
      kind: 'failed',
      error: new ProviderError('rate_limit', '429', limited),
    });
  await clock.advance(4_900);
  assert.equal(setUp(['a', 'b'], clock, breakers).last().provider, 'b');
  await clock.advance(200);
  assert.equal(setUp(['a', 'b'], clock, breakers).last().provider, 'a');
});

/** The provider of this session doesn't want to be asked for so long. */
function limit(session: OpenSession, retryAfterMs: number): void {
  const details = { stage: 'stt', provider: session.provider, retryAfterMs } as const;
  session.tell({ kind: 'failed', error: new ProviderError('rate_limit', '429', details) });
}

test('the only one there is, is asked again when it said to come back, by all calls', async () => {
  const clock = new VirtualClock();
  const breakers = [new Breaker({ clock, random: seededRandom(1) })];
  const first = setUp(['a'], clock, breakers);
  limit(first.last(), 5_000);
  await clock.advance(2_000);
  const second = setUp(['a'], clock, breakers);
  await clock.advance(2_900);
  assert.deepEqual([first.sessions.length, second.sessions.length], [1, 0]);
  await clock.advance(200);
  assert.deepEqual([first.sessions.length, second.sessions.length], [2, 0], 'one tries');
  first.last().tell({ kind: 'ready' });
  await clock.advance(200);
  assert.deepEqual([first.sessions.length, second.sessions.length], [2, 1], 'and the others follow');
  second.last().tell({ kind: 'ready' });
  assert.deepEqual(first.words, ['failed a', 'hears nothing', 'now a', 'hears']);
  assert.deepEqual(second.words, ['hears nothing', 'hears']);
  for (const rig of [first, second]) rig.ears.close();
  assert.equal(clock.pendingTimers, 0);
});

test('one that is limited anew is left alone anew, by all calls', async () => {
  const clock = new VirtualClock();
  const breakers = [new Breaker({ clock, random: seededRandom(1) })];
  const rigs = [1, 2, 3].map(() => setUp(['a'], clock, breakers));
  for (const rig of rigs) limit(rig.last(), 3_000);
  await clock.advance(3_100);
  const tried = rigs.filter(({ sessions }) => sessions.length === 2);
  assert.equal(tried.length, 1);
  for (const rig of tried) limit(rig.last(), 3_000);
  await clock.advance(2_900);
  assert.equal(rigs.flatMap(({ sessions }) => sessions).length, 4);
  await clock.advance(400);
  assert.equal(rigs.flatMap(({ sessions }) => sessions).length, 5);
});

test('a trial that nobody hears of again lets the next one try', async () => {
  const clock = new VirtualClock();
  const breakers = [new Breaker({ clock, random: seededRandom(1) })];
  const rigs = [1, 2].map(() => setUp(['a'], clock, breakers));
  for (const rig of rigs) limit(rig.last(), 1_000);
  await clock.advance(1_100);
  rigs.find(({ sessions }) => sessions.length === 2)?.ears.close();
  await clock.advance(2_200);
  assert.deepEqual(
    rigs.map(({ sessions }) => sessions.length),
    [2, 2],
  );
});

test('nobody is left alone for longer than a minute, whatever was said', async () => {
  const clock = new VirtualClock();
  const { last, sessions } = setUp(['a'], clock, [new Breaker({ clock, random: seededRandom(1) })]);
  limit(last(), 24 * 3_600_000);
  await clock.advance(59_900);
  assert.equal(sessions.length, 1);
  await clock.advance(200);
  assert.equal(sessions.length, 2);
});

test('what is said while nobody may be asked is heard when somebody may', async () => {
  const clock = new VirtualClock();
  const rig = setUp(['a'], clock, [new Breaker({ clock, random: seededRandom(1) })]);
  limit(rig.last(), 4_000);
  await rig.hears(300, 1);
  rig.voiceStarts();
  await rig.hears(2_000, 2);
  rig.voiceStops();
  assert.equal(rig.ears.commit(), 0);
  await rig.hears(2_000, 3);
  assert.match(heard(rig.last()), /^1+2{100}!3+$/u);
  rig.last().tell({ kind: 'final', utterance: 0, text: 'Is anybody there?' });
  assert.equal(rig.words.at(-1), '0! Is anybody there?');
});

test('with another one that is limited as well, whoever comes back first is asked', async () => {
  const clock = new VirtualClock();
  const breakers = ['a', 'b'].map(() => new Breaker({ clock, random: seededRandom(1) }));
  const rig = setUp(['a', 'b'], clock, breakers);
  limit(rig.last(), 20_000);
  await clock.advance(0);
  assert.equal(rig.last().provider, 'b', 'at once');
  limit(rig.last(), 2_000);
  await clock.advance(2_300);
  assert.deepEqual(
    rig.sessions.map(({ provider }) => provider),
    ['a', 'b', 'b'],
  );
});

test('one that is limited is not asked beside one without words; that one is, once more', async () => {
  const clock = new VirtualClock();
  const breakers = ['a', 'b'].map(() => new Breaker({ clock, random: seededRandom(1) }));
  const rig = setUp(['a', 'b'], clock, breakers);
  breakers[1]?.failed(
    new ProviderError('rate_limit', '429', { stage: 'stt', provider: 'b', retryAfterMs: 30_000 }),
  );
  rig.voiceStarts();
  await rig.hears(1_600, 2);
  assert.deepEqual(
    rig.sessions.map(({ provider }) => provider),
    ['a', 'a'],
  );
});

test('late news of a session that was replaced falls through', async () => {
  const { clock, last, sessions, words } = setUp(['a', 'b']);
  const first = last();
  first.tell(failure('a'));
  await clock.advance(0);
  first.tell({ kind: 'words', utterance: 0, text: 'ghost' });
  assert.equal(sessions.length, 2);
  assert.deepEqual(words, ['failed a', 'now b']);
});

test('when every provider fails they are tried again more and more slowly', async () => {
  const { clock, last, sessions } = setUp(['a']);
  for (const waitMs of [250, 500, 1_000, 2_000, 2_000]) {
    const before = sessions.length;
    last().tell(failure('a'));
    await clock.advance(waitMs - 1);
    assert.equal(sessions.length, before);
    await clock.advance(1);
    assert.equal(sessions.length, before + 1);
  }
});

test('closed, it closes what it opened and says nothing more', async () => {
  const { clock, ears, last, sessions, words, detectorClosed } = setUp(['a']);
  ears.commit();
  ears.close();
  last().tell(failure('a'));
  await clock.advance(5_000);
  assert.equal(sessions.length, 1);
  assert.ok(last().closed);
  assert.equal(detectorClosed(), 1);
  assert.deepEqual(words, []);
  assert.equal(clock.pendingTimers, 0);
});

test('who judges turns is told when it begins to listen, and who does not when it takes over', async () => {
  const clock = new VirtualClock();
  const tell: ((event: SttEvent) => void)[] = [];
  const provider = (name: string, judgesTurns: boolean): SpeechToText => ({
    provider: name,
    capabilities: { liveWords: true, commitsItself: judgesTurns, judgesTurns },
    open: (_options, listener) => {
      tell.push(listener);
      return { push: () => undefined, commit: () => 0, close: () => undefined };
    },
  });
  const detector: VoiceDetector = {
    kind: 'energy',
    open: () => ({ push: () => undefined, close: () => undefined }),
    close: () => Promise.resolve(),
  };
  const providers = [provider('flux', true), provider('other', false)];
  const ears = new Ears({ detector, providers, options: { language: 'en-US', keywords: [] }, clock });
  const news: string[] = [];
  ears.attach({
    onVoice: () => undefined,
    onWords: (utterance, text, final) => news.push(`${utterance}${final ? '!' : ''} ${text}`),
    onHearing: () => undefined,
    onJudge: (judgesTurns) => news.push(`judges ${judgesTurns}`),
    onTurnJudged: (utterance, judgement) => news.push(`${utterance} ${judgement}`),
    onFailed: (error) => news.push(`failed ${error.provider}`),
    onReplaced: () => undefined,
    onDropped: () => undefined,
  });
  assert.deepEqual(news.splice(0), ['judges true']);
  const judged = (utterance: number): SttEvent => ({
    kind: 'turnJudged',
    utterance,
    judgement: 'ended',
    confidence: 0.9,
  });
  tell[0]?.({ kind: 'final', utterance: 0, text: 'Hello.' });
  tell[0]?.(judged(0));
  tell[0]?.({ kind: 'words', utterance: 1, text: 'And' });
  tell[0]?.(failure('flux'));
  await clock.advance(0);
  assert.deepEqual(news.splice(0), ['0! Hello.', '0 ended', '1 And', 'failed flux', 'judges false']);
  tell[0]?.(judged(1));
  tell[1]?.({ kind: 'words', utterance: 0, text: 'And again' });
  tell[1]?.(failure('other'));
  await clock.advance(1_000);
  tell[2]?.(judged(0));
  assert.deepEqual(news, ['1 And again', 'failed other', 'judges true', '1 ended']);
  ears.close();
});

test('ears that are deaf are replaced as if they had failed, with a reason of their own', async () => {
  const { clock, ears, last, sessions, words } = setUp(['a', 'b']);
  last().tell({ kind: 'words', utterance: 0, text: 'I would' });
  ears.commit();
  const first = last();
  ears.replace();
  assert.equal(first.closedBecause, 'silent');
  assert.deepEqual(words, ['0 I would', 'failed a']);
  await clock.advance(0);
  assert.deepEqual(
    sessions.map((session) => session.provider),
    ['a', 'b'],
  );
  last().tell({ kind: 'words', utterance: 1, text: 'like' });
  assert.equal(words.at(-1), '1 like');
});

test('ears that are deaf are replaced by the one whose limit is over, which is tried for that', async () => {
  const clock = new VirtualClock();
  const breakers = ['a', 'b'].map(() => new Breaker({ clock, random: seededRandom(1) }));
  const { ears, last, sessions } = setUp(['a', 'b'], clock, breakers);
  const another = setUp(['a', 'b'], clock, breakers);
  const limited = { stage: 'stt', provider: 'b', retryAfterMs: 500 } as const;
  for (let times = 0; times < 3; times += 1) breakers[1]?.failed('late');
  await clock.advance(1_300);
  assert.equal(breakers[1]?.admits(), true);
  breakers[1]?.failed(new ProviderError('rate_limit', '429', limited));
  await clock.advance(600);
  // Its limit is over, and it is not trusted yet; nor is the other one any more.
  for (let times = 0; times < 3; times += 1) breakers[0]?.failed('late');
  ears.replace();
  another.ears.replace();
  await clock.advance(250);
  assert.deepEqual(
    sessions.map(({ provider }) => provider),
    ['a', 'b'],
  );
  assert.equal(last().closed, false);
  assert.deepEqual(
    another.sessions.map(({ provider }) => provider),
    ['a', 'a'],
    'one tries, and nobody is without ears',
  );
});

test('who listens beside deaf ears takes their place, and nobody else is tried', async () => {
  const clock = new VirtualClock();
  const breakers = ['a', 'b', 'c'].map(() => new Breaker({ clock, random: seededRandom(1) }));
  const rig = setUp(['a', 'b', 'c'], clock, breakers);
  const limited = { stage: 'stt', provider: 'c', retryAfterMs: 1_000 } as const;
  breakers[2]?.failed(new ProviderError('rate_limit', '429', limited));
  rig.voiceStarts();
  await rig.hears(1_600, 2);
  assert.equal(rig.last().provider, 'b');
  for (let times = 0; times < 3; times += 1)
    for (const breaker of breakers.slice(0, 2)) breaker.failed('late');
  rig.ears.replace();
  assert.equal(rig.sessions[0]?.closed, true);
  assert.equal(breakers[2]?.restMs(), 0, 'its trial is not taken');
});

test('while nobody listens, or after the end, there is nobody to replace', async () => {
  const { clock, ears, sessions } = setUp(['a']);
  ears.replace();
  ears.replace();
  await clock.advance(5_000);
  assert.equal(sessions.length, 2);
  ears.close();
  ears.replace();
  await clock.advance(5_000);
  assert.equal(sessions.length, 2);
});
