import assert from 'node:assert/strict';
import test from 'node:test';
import { Background } from '../../src/base/background.ts';
import { sleep } from '../../src/base/clock.ts';
import { ProviderError } from '../../src/base/errors.ts';
import { Reply, TOOL_ROUNDS_MAX, WHOLE_CHARS_MAX, type ReplyWorld } from '../../src/call/reply.ts';
import type { ToolOutcome } from '../../src/call/toolbox.ts';
import type { HistoryItem } from '../../src/llm/history.ts';
import type { LlmEvent } from '../../src/llm/port.ts';
import { VirtualClock, settle } from '../helpers/virtualClock.ts';

type Script = readonly (string | LlmEvent | Error)[];

const called = (name: string): LlmEvent => ({
  kind: 'toolCall',
  call: { id: `call-${name}`, name, argumentsText: '{}' },
});
const failed = new ProviderError('server', 'it broke', { stage: 'llm', provider: 'fake' });

/** A reply whose model says one script a request, 10 ms apart, and whose voice takes a millisecond a letter. */
function setUp(
  scripts: readonly Script[],
  own: Partial<ReplyWorld> & { readonly mute?: (text: string) => boolean } = {},
) {
  const clock = new VirtualClock();
  const failures: string[] = [];
  const bugs: unknown[] = [];
  const background = new Background((error) => bugs.push(error));
  const requests: (readonly HistoryItem[])[] = [];
  const toolRuns: string[] = [];
  const spoken: string[] = [];
  const wait = (delayMs: number, signal: AbortSignal): Promise<void> => sleep(clock, delayMs, signal);
  const world: ReplyWorld = {
    clock,
    background,
    language: 'en-US',
    firstSentence: true,
    sorry: 'Sorry about that.',
    intents: [],
    model: {
      provider: 'fake',
      model: 'fake',
      warmUp: () => Promise.resolve(),
      async *complete(_request, signal) {
        const script = scripts[requests.length - 1] ?? [];
        for (const step of script) {
          await wait(10, signal);
          if (step instanceof Error) throw step;
          yield typeof step === 'string' ? { kind: 'text', text: step } : step;
        }
        yield { kind: 'finished', reason: 'stop' };
      },
    },
    voice: {
      provider: 'fake',
      cacheKey: 'fake',
      warmUp: () => Promise.resolve(),
      async *speak(text, signal) {
        await wait(50, signal);
        if (own.mute?.(text) === true)
          throw new ProviderError('server', 'no voice', { stage: 'tts', provider: 'fake' });
        spoken.push(text);
        for (let i = 0; i < text.length; i += 10) {
          await wait(10, signal);
          yield { mulaw: new Uint8Array(160) };
        }
      },
    },
    request: (added) => {
      requests.push([...added]);
      return { messages: [], tools: [] };
    },
    toolbox: {
      filler: (name) => (name === 'slow' ? 'One moment.' : undefined),
      run: (call): Promise<ToolOutcome> => {
        toolRuns.push(call.name);
        return Promise.resolve(
          call.name === 'end_call'
            ? { result: 'ends', askAgain: false, say: 'Goodbye!' }
            : { result: `${call.name} is done`, askAgain: true },
        );
      },
    },
    onUsage: () => undefined,
    onFailed: (what) => failures.push(what),
    ...own,
  };
  const reply = new Reply(1, world);
  const texts = (): string[] => reply.speech.sentences.map((sentence) => sentence.text);
  const done = async (): Promise<void> => {
    await clock.advance(5_000);
    await background.idle();
    assert.deepEqual(bugs, []);
  };
  return { clock, reply, texts, requests, toolRuns, failures, spoken, background, done };
}

test('the first sentence is with the voice while the model writes on', async () => {
  const { clock, reply, spoken, done } = setUp([
    ['We are open ', 'until six. ', 'And on Saturdays', ' until', ' one', ' in', ' the', ' afternoon.'],
  ]);
  reply.answer();
  await clock.advance(95);
  assert.deepEqual(spoken, ['We are open until six.']);
  await done();
  assert.ok(reply.speech.complete);
});

test('a voice that is slow on the first sentence does not keep the second waiting, and order is kept', async () => {
  const { reply, texts, done } = setUp([
    ['This is the first and rather long sentence. ', 'Two it is.', ' This is the third one.'],
  ]);
  reply.answer();
  await done();
  assert.equal(
    texts().join(' '),
    'This is the first and rather long sentence. Two it is. This is the third one.',
  );
  assert.ok(reply.speech.sentences.every((sentence) => sentence.whole && sentence.audioBytes > 0));
});

test('the times of the critical path are noted, in order', async () => {
  const { reply, done } = setUp([['Yes, we are open today. ', 'Come by.']]);
  reply.answer();
  await done();
  const { llmAskedAtMs, firstTokenAtMs, firstSentenceAtMs, ttsAskedAtMs, firstAudioAtMs } = reply.times;
  assert.equal(llmAskedAtMs, 0);
  assert.equal(firstTokenAtMs, 10);
  assert.ok(firstSentenceAtMs !== undefined && ttsAskedAtMs === firstSentenceAtMs);
  assert.equal(firstAudioAtMs, firstSentenceAtMs + 60);
});

test('without the first-sentence improvement a reply is awaited whole, made as one, and played when all its sound is there', async () => {
  const { clock, reply, spoken, texts, done } = setUp(
    [['One is **here**. ', 'Two is here. ', 'Three is here.']],
    { firstSentence: false },
  );
  reply.answer();
  const whole = 'One is here. Two is here. Three is here.';
  await clock.advance(25);
  assert.deepEqual(texts(), []);
  // The model is done after 30 ms; the voice then gives a tenth of the sound each 10 ms, beginning after 50.
  await clock.advance(30 + 50 + 10 * 3 - 25 + 5);
  assert.deepEqual([texts(), spoken, reply.speech.availableBytes], [[whole], [whole], 0]);
  await done();
  assert.equal(reply.times.firstAudioAtMs, 30 + 50 + 10 * 4);
  assert.deepEqual(
    reply.speech.sentences.map(({ text, audioBytes }) => [text, audioBytes]),
    [[whole, 4 * 160]],
  );
});

test('a text that is longer than a voice takes is made in pieces of whole sentences', async () => {
  const sentence = `This one has ${'rather '.repeat(20)}many words.`;
  const { reply, texts, done } = setUp([Array.from({ length: 40 }, () => `${sentence} `)], {
    firstSentence: false,
  });
  reply.answer();
  await done();
  assert.deepEqual(
    texts().map((text) => text.length <= WHOLE_CHARS_MAX && text.endsWith('words.')),
    [true, true],
  );
  assert.equal(texts().join(' '), Array.from({ length: 40 }, () => sentence).join(' '));
});

test('a voice that fails in the middle of a whole text is heard as far as it came', async () => {
  const failing = new ProviderError('truncated', 'cut', { stage: 'tts', provider: 'fake' });
  const { reply, failures, done } = setUp([['One is here. Two is here.']], {
    firstSentence: false,
    voice: {
      provider: 'fake',
      cacheKey: 'fake',
      warmUp: () => Promise.resolve(),
      async *speak() {
        yield { mulaw: new Uint8Array(160) };
        await Promise.resolve();
        throw failing;
      },
    },
  });
  reply.answer();
  await done();
  assert.deepEqual(failures, ['tts']);
  assert.deepEqual(
    reply.speech.sentences.map(({ audioBytes, broken }) => [audioBytes, broken]),
    [[160, true]],
  );
});

test('a tool does not run before the turn is sure', async () => {
  const { clock, reply, toolRuns, done } = setUp([[called('book')], ['Booked it for you.']]);
  reply.answer();
  await clock.advance(1_000);
  assert.deepEqual(toolRuns, []);
  reply.release();
  await done();
  assert.deepEqual(toolRuns, ['book']);
});

test('a tool does not run after the turn was taken back, until it is sure again', async () => {
  const { clock, reply, toolRuns, done } = setUp([[called('book')], ['Booked it for you.']]);
  reply.release();
  reply.answer();
  reply.withhold();
  await clock.advance(1_000);
  assert.deepEqual(toolRuns, []);
  reply.release();
  await done();
  assert.deepEqual(toolRuns, ['book']);
});

test('a model that fails after a tool has run is apologised for, whatever was said before the tool', async () => {
  const { reply, texts, done } = setUp([['Let me look. ', called('find')], [failed]]);
  reply.release();
  reply.answer();
  await done();
  assert.deepEqual(texts(), ['Let me look.', 'Sorry about that.']);
});

test('the model is asked again with what the tool answered, and call and result stay together', async () => {
  const { reply, requests, texts, done } = setUp([['Let me look. ', called('find')], ['Tuesday is free.']]);
  reply.release();
  reply.answer();
  await done();
  assert.deepEqual(texts(), ['Let me look.', 'Tuesday is free.']);
  assert.deepEqual(
    requests[1]?.map((item) => item.kind),
    ['toolCalls', 'toolResult'],
  );
  assert.deepEqual(
    reply.added.map((item) => item.kind),
    ['toolCalls', 'toolResult'],
  );
});

test('a filler is said while a silent tool runs, and not when the model has said something', async () => {
  const silent = setUp([[called('slow')], ['Here it is.']]);
  silent.reply.release();
  silent.reply.answer();
  await silent.done();
  assert.deepEqual(silent.texts(), ['One moment.', 'Here it is.']);
  const talking = setUp([['I will check. ', called('slow')], ['Here it is.']]);
  talking.reply.release();
  talking.reply.answer();
  await talking.done();
  assert.deepEqual(talking.texts(), ['I will check.', 'Here it is.']);
});

test('the last tool has the last word: after end_call the model is not asked again', async () => {
  const { reply, requests, texts, done } = setUp([[called('end_call')]]);
  reply.release();
  reply.answer();
  await done();
  assert.equal(requests.length, 1);
  assert.deepEqual(texts(), ['Goodbye!']);
});

test('a model that only ever calls tools is stopped', async () => {
  const { reply, toolRuns, done } = setUp(Array.from({ length: 20 }, () => [called('again')]));
  reply.release();
  reply.answer();
  await done();
  assert.equal(toolRuns.length, TOOL_ROUNDS_MAX + 1);
  assert.ok(reply.speech.complete);
});

test('a model that fails before a word is apologised for', async () => {
  const { reply, texts, failures, done } = setUp([[failed]]);
  reply.answer();
  await done();
  assert.deepEqual(failures, ['llm']);
  assert.deepEqual(texts(), ['Sorry about that.']);
  assert.equal(reply.source, 'fallback');
});

test('a model that fails in the middle leaves what it said', async () => {
  const { reply, texts, failures, done } = setUp([['We open at eight. ', 'And we ', failed]]);
  reply.answer();
  await done();
  assert.deepEqual(failures, ['llm']);
  assert.equal(texts()[0], 'We open at eight.');
  assert.ok(!texts().includes('Sorry about that.'));
});

test('a model with nothing to say is apologised for: silence is no answer', async () => {
  const { reply, texts, done } = setUp([[]]);
  reply.answer();
  await done();
  assert.deepEqual(texts(), ['Sorry about that.']);
});

test('a model with nothing to say to what its tool found is apologised for', async () => {
  const { reply, texts, done } = setUp([['Let me look. ', called('look_up')], []]);
  reply.release();
  reply.answer();
  await done();
  assert.deepEqual(texts(), ['Let me look.', 'Sorry about that.']);
});

test('an answer that used a tool and cannot be spoken is apologised for', async () => {
  const { reply, texts, done } = setUp([[called('look_up')], ['It is on the fourth.']], {
    mute: (text) => text.startsWith('It is'),
  });
  reply.release();
  reply.answer();
  await done();
  assert.deepEqual(texts(), ['It is on the fourth.', 'Sorry about that.']);
});

test('last words that cannot be spoken are not followed by a question', async () => {
  const { reply, texts, done } = setUp([['Goodbye then. ', called('end_call')]], { mute: () => true });
  reply.release();
  reply.answer();
  await done();
  assert.deepEqual(texts(), ['Goodbye then.']);
});

test('a sentence that cannot be spoken is passed over, and the others are heard', async () => {
  const { reply, failures, done } = setUp([['The first sentence fails. ', 'The second sentence works.']], {
    mute: (text) => text.startsWith('The first'),
  });
  reply.answer();
  await done();
  assert.deepEqual(failures, ['tts']);
  assert.deepEqual(
    reply.speech.sentences.map((sentence) => sentence.audioBytes > 0),
    [false, true],
  );
});

test('cancelled, everything stops and nothing is reported as failed', async () => {
  const { clock, reply, failures, background, done } = setUp([
    ['A first sentence here. ', 'Then a second one. ', 'And a third.'],
  ]);
  reply.answer();
  await clock.advance(45);
  reply.cancel();
  await settle();
  assert.equal(background.count, 0);
  assert.equal(clock.pendingTimers, 0);
  await done();
  assert.deepEqual(failures, []);
  assert.ok(reply.speech.ended);
});

test('cancelled while a tool waits for the turn to be sure, the tool never runs', async () => {
  const { clock, reply, toolRuns, background } = setUp([[called('book')]]);
  reply.answer();
  await clock.advance(100);
  reply.cancel();
  await settle();
  assert.equal(background.count, 0);
  reply.release();
  await settle();
  assert.deepEqual(toolRuns, []);
});

test('a filler goes before an answer that is still being made, and is not taken for it', async () => {
  const { clock, reply, texts, done } = setUp([['Here is the answer to that.']]);
  reply.answer();
  await clock.advance(5);
  const said: boolean[] = [];
  reply.fill('One moment.', (one) => said.push(one));
  await done();
  assert.deepEqual(said, [true]);
  assert.deepEqual(texts(), ['One moment.', 'Here is the answer to that.']);
  assert.equal(reply.speech.fillers, 1);
  assert.ok((reply.times.firstAudioAtMs ?? 0) >= 10 + 50, 'the times are those of the answer');
});

test('a filler comes too late once the answer sounds', async () => {
  const { reply, texts, done } = setUp([['Here is the answer to that.']]);
  reply.answer();
  await done();
  reply.speech.read(new Uint8Array(160));
  const said: boolean[] = [];
  reply.fill('One moment.', (one) => said.push(one));
  await done();
  assert.deepEqual(said, [false]);
  assert.deepEqual(texts(), ['Here is the answer to that.']);
});
