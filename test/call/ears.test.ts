import assert from 'node:assert/strict';
import test from 'node:test';
import { ProviderError } from '../../src/base/errors.ts';
import { Ears } from '../../src/call/ears.ts';
import type { SpeechToText, SttEvent } from '../../src/stt/port.ts';
import type { VoiceDetector } from '../../src/vad/port.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

interface OpenSession {
  readonly provider: string;
  readonly tell: (event: SttEvent) => void;
  readonly pushed: number[];
  closed: boolean;
  closedBecause: string | undefined;
}

/** Providers whose sessions the test holds in its hands. */
function setUp(providerNames: readonly string[]) {
  const clock = new VirtualClock();
  const sessions: OpenSession[] = [];
  const providers = providerNames.map((provider): SpeechToText => ({
    provider,
    capabilities: { liveWords: true, commitsItself: false },
    open(_options, listener) {
      const session: OpenSession = {
        provider,
        tell: listener,
        pushed: [],
        closed: false,
        closedBecause: undefined,
      };
      let utterance = -1;
      sessions.push(session);
      return {
        push: (mulaw) => void session.pushed.push(mulaw.length),
        commit: () => (utterance += 1),
        close: (reason) => {
          session.closed = true;
          session.closedBecause ??= reason;
        },
      };
    },
  }));
  let detectorClosed = 0;
  const detector: VoiceDetector = {
    kind: 'energy',
    open: () => ({ push: () => undefined, close: () => void (detectorClosed += 1) }),
    close: () => Promise.resolve(),
  };
  const ears = new Ears(detector, providers, { language: 'en-US', keywords: [] }, clock);
  const words: string[] = [];
  let droppedBytes = 0;
  ears.attach({
    onVoice: () => undefined,
    onWords: (utterance, text, final) => words.push(`${utterance}${final ? '!' : ''} ${text}`),
    onJudge: () => assert.fail('nobody judges turns'),
    onTurnJudged: () => assert.fail('nobody judges turns'),
    onFailed: (error) => words.push(`failed ${error.provider}`),
    onDropped: (audioBytes) => void (droppedBytes += audioBytes),
  });
  const last = (): OpenSession => {
    const session = sessions.at(-1);
    assert.ok(session !== undefined);
    return session;
  };
  return {
    clock,
    ears,
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
  assert.deepEqual(words, ['0 Hello', '0! Hello.', 'failed a', '1 again']);
});

test('what was committed when a session failed is answered with the words known', () => {
  const { ears, last, words } = setUp(['a', 'b']);
  last().tell({ kind: 'words', utterance: 0, text: 'I would like' });
  ears.commit();
  last().tell(failure('a'));
  assert.deepEqual(words, ['0 I would like', 'failed a', '0! I would like']);
});

test('a commit while nobody listens is answered all the same, but not at once', async () => {
  const { clock, ears, last, words } = setUp(['a']);
  last().tell(failure('a'));
  assert.equal(ears.commit(), 0);
  assert.deepEqual(words, ['failed a']);
  await clock.advance(1);
  assert.deepEqual(words, ['failed a', '0! ']);
});

test('late news of a session that was replaced falls through', async () => {
  const { clock, last, sessions, words } = setUp(['a', 'b']);
  const first = last();
  first.tell(failure('a'));
  await clock.advance(0);
  first.tell({ kind: 'words', utterance: 0, text: 'ghost' });
  assert.equal(sessions.length, 2);
  assert.deepEqual(words, ['failed a']);
});

test('when every provider fails they are tried again more and more slowly, and lost audio is counted', async () => {
  const { clock, ears, last, sessions, droppedBytes } = setUp(['a']);
  for (const waitMs of [250, 500, 1_000, 2_000, 2_000]) {
    const before = sessions.length;
    last().tell(failure('a'));
    ears.push(new Uint8Array(160), 0);
    await clock.advance(waitMs - 1);
    assert.equal(sessions.length, before);
    await clock.advance(1);
    assert.equal(sessions.length, before + 1);
  }
  assert.equal(droppedBytes(), 5 * 160);
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
  const ears = new Ears(detector, providers, { language: 'en-US', keywords: [] }, clock);
  const news: string[] = [];
  ears.attach({
    onVoice: () => undefined,
    onWords: (utterance, text, final) => news.push(`${utterance}${final ? '!' : ''} ${text}`),
    onJudge: (judgesTurns) => news.push(`judges ${judgesTurns}`),
    onTurnJudged: (utterance, judgement) => news.push(`${utterance} ${judgement}`),
    onFailed: (error) => news.push(`failed ${error.provider}`),
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
  assert.deepEqual(news.splice(0), [
    '0! Hello.',
    '0 ended',
    '1 And',
    'failed flux',
    '1! And',
    'judges false',
  ]);
  tell[0]?.(judged(1));
  tell[1]?.({ kind: 'words', utterance: 0, text: 'again' });
  tell[1]?.(failure('other'));
  await clock.advance(1_000);
  tell[2]?.(judged(0));
  assert.deepEqual(news, ['2 again', 'failed other', '2! again', 'judges true', '3 ended']);
  ears.close();
});

test('ears that are deaf are replaced as if they had failed, with a reason of their own', async () => {
  const { clock, ears, last, sessions, words } = setUp(['a', 'b']);
  last().tell({ kind: 'words', utterance: 0, text: 'I would' });
  ears.commit();
  const first = last();
  ears.replace();
  assert.equal(first.closedBecause, 'silent');
  assert.deepEqual(words, ['0 I would', 'failed a', '0! I would']);
  await clock.advance(0);
  assert.deepEqual(
    sessions.map((session) => session.provider),
    ['a', 'b'],
  );
  last().tell({ kind: 'words', utterance: 0, text: 'like' });
  assert.equal(words.at(-1), '1 like');
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
