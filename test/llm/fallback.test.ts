import assert from 'node:assert/strict';
import test from 'node:test';
import { sleep } from '../../src/base/clock.ts';
import { ProviderError } from '../../src/base/errors.ts';
import { FAILURES_MAX } from '../../src/base/breaker.ts';
import { SWITCH_MS_UNKNOWN } from '../../src/base/switchDelay.ts';
import {
  CONTINUED_MAX,
  STALLED_FIRST_MS,
  STALLED_MS,
  withFallback,
  type FallbackOptions,
} from '../../src/llm/fallback.ts';
import type { LanguageModel, LlmEvent, LlmRequest } from '../../src/llm/port.ts';
import { collect, request } from '../helpers/llmContract.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

const never = new AbortController().signal;
const finished: LlmEvent = { kind: 'finished', reason: 'stop' };
const clock = new VirtualClock();
const noSwitch: FallbackOptions = { clock, onSwitch: () => assert.fail('no switch') };
const down = new ProviderError('server', 'down', { stage: 'llm', provider: 'a' });

function scripted(
  provider: string,
  events: readonly LlmEvent[],
  error?: Error,
): LanguageModel & { asked: number; readonly requests: LlmRequest[] } {
  const requests: LlmRequest[] = [];
  const model = {
    provider,
    model: 'm',
    asked: 0,
    requests,
    async *complete(asked: LlmRequest): AsyncGenerator<LlmEvent> {
      model.asked += 1;
      requests.push(asked);
      yield* events;
      if (error !== undefined) throw error;
    },
    warmUp: () => (error === undefined ? Promise.resolve() : Promise.reject(error)),
  };
  return model;
}

function textOf(events: readonly LlmEvent[]): string {
  return events.map((event) => (event.kind === 'text' ? event.text : '')).join('');
}

test('the first that answers is the only one asked', async () => {
  const models = [scripted('a', [finished]), scripted('b', [finished])];
  const both = withFallback(models, noSwitch);
  assert.deepEqual(await collect(both.complete(request, never)), [finished]);
  assert.deepEqual(
    models.map(({ asked }) => asked),
    [1, 0],
  );
  assert.equal(both.provider, 'a');
});

test('the next is asked when one fails before its first word, and the switch is reported', async () => {
  const models = [scripted('a', [], down), scripted('b', [], down), scripted('c', [finished])];
  const switches: string[] = [];
  const all = withFallback(models, {
    clock,
    onSwitch: (error, from, to) => switches.push(`${error.code} ${from.provider}>${to.provider}`),
  });
  assert.deepEqual(await collect(all.complete(request, never)), [finished]);
  assert.deepEqual(switches, ['server a>b', 'server b>c']);
});

test('an answer that breaks off is gone on with by the next, and nothing is said twice', async () => {
  const said = 'I can help you with that. I have';
  const models = [
    scripted('a', [{ kind: 'text', text: said }], down),
    scripted('b', [
      { kind: 'text', text: 'I have an opening' },
      { kind: 'text', text: ' at nine.' },
      finished,
    ]),
  ];
  const switches: string[] = [];
  const both = withFallback(models, {
    clock,
    onSwitch: (error, from, to) => switches.push(`${error.code} ${from.provider}>${to.provider}`),
  });
  assert.equal(textOf(await collect(both.complete(request, never))), `${said} an opening at nine.`);
  assert.deepEqual(switches, ['server a>b']);
  const [asked] = models[1]?.requests ?? [];
  assert.deepEqual(
    asked?.messages.slice(0, request.messages.length),
    request.messages,
    'the prompt stays as it was',
  );
  assert.equal(asked?.messages.at(-2)?.content, said);
});

test('the only model is asked for the rest as well, a few times', async () => {
  const broken = scripted('a', [{ kind: 'text', text: 'One moment, please' }], down);
  const alone = withFallback([broken], { clock });
  await assert.rejects(collect(alone.complete(request, never)), down);
  assert.equal(broken.asked, 1 + CONTINUED_MAX);
});

test('what a tool was called for is not asked for again', async () => {
  const call: LlmEvent = { kind: 'toolCall', call: { id: '1', name: 'book', argumentsText: '{}' } };
  const models = [scripted('a', [{ kind: 'text', text: 'Sure.' }, call], down), scripted('b', [finished])];
  await assert.rejects(collect(withFallback(models, noSwitch).complete(request, never)), down);
  assert.equal(models[1]?.asked, 0);
});

test('one that hangs costs a caller the wait for the next, and soon not even that', async () => {
  const time = new VirtualClock();
  const hanging: LanguageModel & { asked: number } = {
    ...scripted('a', []),
    asked: 0,
    async *complete(_request, signal): AsyncGenerator<LlmEvent> {
      hanging.asked += 1;
      yield* [];
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    },
  };
  const both = withFallback([hanging, scripted('b', [{ kind: 'text', text: 'Yes.' }, finished])], {
    clock: time,
  });
  const waits: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    const askedAtMs = time.nowMs();
    const answer = collect(both.complete(request, never));
    await time.advance(SWITCH_MS_UNKNOWN + 1);
    assert.equal(textOf(await answer), 'Yes.');
    waits.push(time.nowMs() - askedAtMs);
  }
  assert.ok(hanging.asked <= FAILURES_MAX + 1, `asked ${hanging.asked} times`);
});

test('a stream that stands still is left for the next', async () => {
  const time = new VirtualClock();
  const stalling: LanguageModel = {
    ...scripted('a', []),
    async *complete(_request, signal): AsyncGenerator<LlmEvent> {
      yield { kind: 'text', text: 'We are open' };
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    },
  };
  const rest: LlmEvent = { kind: 'text', text: ' from eight to six.' };
  const both = withFallback([stalling, scripted('b', [rest, finished])], { clock: time });
  const answer = collect(both.complete(request, never));
  // Nothing of it can be heard yet.
  await time.advance(STALLED_FIRST_MS + 1);
  assert.equal(textOf(await answer), 'We are open from eight to six.');
});

test('one that has given enough to be heard is waited for a little longer', async () => {
  const time = new VirtualClock();
  const said = 'We are open from eight to six on every working day,';
  const slow: LanguageModel = {
    ...scripted('a', []),
    async *complete(): AsyncGenerator<LlmEvent> {
      yield { kind: 'text', text: said };
      await sleep(time, STALLED_MS - 1);
      yield { kind: 'text', text: ' and on Saturdays.' };
      yield finished;
    },
  };
  const both = withFallback([slow, scripted('b', [])], { ...noSwitch, clock: time });
  const answer = collect(both.complete(request, never));
  await time.advance(STALLED_MS);
  assert.equal(textOf(await answer), `${said} and on Saturdays.`);
});

test('who says when to come back is asked for no other call before', async () => {
  const time = new VirtualClock();
  const details = { stage: 'llm', provider: 'a', retryAfterMs: 5_000 } as const;
  const limited = scripted('a', [], new ProviderError('rate_limit', '429', details));
  const both = withFallback([limited, scripted('b', [finished])], { clock: time });
  const asked: number[] = [];
  for (const laterMs of [0, 4_000, 900, 200]) {
    await time.advance(laterMs);
    await collect(both.complete(request, never));
    asked.push(limited.asked);
  }
  assert.deepEqual(asked, [1, 1, 1, 2]);
});

test('the last failure is thrown', async () => {
  const last = new ProviderError('auth', 'no', { stage: 'llm', provider: 'b' });
  const both = withFallback([scripted('a', [], down), scripted('b', [], last)], { clock });
  await assert.rejects(collect(both.complete(request, never)), last);
});

test('a mistake of ours is not taken for a failing provider', async () => {
  const mistake = new TypeError('ours');
  const both = withFallback([scripted('a', [], mistake), scripted('b', [finished])], noSwitch);
  await assert.rejects(collect(both.complete(request, never)), mistake);
});

test('an abort asks nobody else', async () => {
  const abort = new AbortController();
  const reason = new Error('barge-in');
  const first = scripted('a', []);
  const aborting: LanguageModel = {
    ...first,
    async *complete(): AsyncGenerator<LlmEvent> {
      abort.abort(reason);
      yield* [];
      throw down;
    },
  };
  const both = withFallback([aborting, scripted('b', [finished])], noSwitch);
  await assert.rejects(collect(both.complete(request, abort.signal)), reason);
});

test('one that is warm is enough, none is a failure', async () => {
  await withFallback([scripted('a', [], down), scripted('b', [])], { clock }).warmUp(never);
  await assert.rejects(withFallback([scripted('a', [], down)], { clock }).warmUp(never), down);
});

/** Refuses the first `refusals` requests, and says when to come back. */
function limited(provider: string, retryAfterMs: number, refusals = Infinity): ReturnType<typeof scripted> {
  const model = scripted(provider, [{ kind: 'text', text: provider }, finished]);
  const details = { stage: 'llm', provider, retryAfterMs } as const;
  const { complete } = model;
  return Object.assign(model, {
    async *complete(...asked: Parameters<typeof complete>): AsyncGenerator<LlmEvent> {
      if (model.asked >= refusals) return yield* complete(...asked);
      model.asked += 1;
      throw new ProviderError('rate_limit', '429', details);
    },
  });
}

test('models that all want to be left alone are, by every answer, until one may be asked', async () => {
  const time = new VirtualClock();
  const models = [limited('a', 20_000, 1), limited('b', 30_000, 1)];
  const both = withFallback(models, { clock: time });
  const asked = (): readonly number[] => models.map((model) => model.asked);
  for (let turn = 0; turn < 50; turn += 1) {
    await assert.rejects(collect(both.complete(request, never)), { code: 'rate_limit' });
    assert.deepEqual(asked(), [1, 1], 'once each');
  }
  await time.advance(20_000);
  assert.equal(textOf(await collect(both.complete(request, never))), 'a');
  assert.deepEqual(asked(), [2, 1]);
});

test('a model that may be asked again within a second is waited for', async () => {
  const time = new VirtualClock();
  const model = limited('a', 200, 1);
  const only = withFallback([model], { clock: time });
  const answer = collect(only.complete(request, never));
  await time.advance(199);
  assert.equal(model.asked, 1);
  await time.advance(1);
  assert.equal(textOf(await answer), 'a');
  assert.equal(time.pendingTimers, 0);
});

test('who refuses twice is not asked a third time for one answer', async () => {
  const time = new VirtualClock();
  const model = limited('a', 200);
  const answer = collect(withFallback([model], { clock: time }).complete(request, never));
  const over = assert.rejects(answer, { code: 'rate_limit' });
  await time.advance(5_000);
  await over;
  assert.equal(model.asked, 2);
});

test('an answer that nobody wants any more is not waited for', async () => {
  const time = new VirtualClock();
  const stop = new AbortController();
  const model = limited('a', 500);
  const answer = collect(withFallback([model], { clock: time }).complete(request, stop.signal));
  await time.advance(100);
  stop.abort(new Error('the caller goes on'));
  await assert.rejects(answer, /the caller goes on/u);
  assert.equal(time.pendingTimers, 0);
});
