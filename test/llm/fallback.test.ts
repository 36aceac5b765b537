import assert from 'node:assert/strict';
import test from 'node:test';
import { ProviderError } from '../../src/base/errors.ts';
import { withFallback, type FallbackOptions } from '../../src/llm/fallback.ts';
import type { LanguageModel, LlmEvent } from '../../src/llm/port.ts';
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
): LanguageModel & { asked: number } {
  const model = {
    provider,
    model: 'm',
    asked: 0,
    async *complete(): AsyncGenerator<LlmEvent> {
      model.asked += 1;
      yield* events;
      if (error !== undefined) throw error;
    },
    warmUp: () => (error === undefined ? Promise.resolve() : Promise.reject(error)),
  };
  return model;
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

test('nothing is repeated once a word was said', async () => {
  const models = [scripted('a', [{ kind: 'text', text: 'Hel' }], down), scripted('b', [finished])];
  const both = withFallback(models, noSwitch);
  await assert.rejects(collect(both.complete(request, never)), down);
  assert.equal(models[1]?.asked, 0);
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
