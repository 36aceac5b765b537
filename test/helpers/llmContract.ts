// What every language model must do, whichever provider it speaks to.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ProviderError, type ProviderErrorCode } from '../../src/base/errors.ts';
import type { LanguageModel, LlmEvent, LlmRequest } from '../../src/llm/port.ts';
import type { SimFault } from '../../src/sim/behaviour.ts';
import type { SimReply } from '../../src/sim/brain.ts';
import { until } from './until.ts';
import type { VirtualClock } from './virtualClock.ts';

export interface LlmSetting {
  readonly reply?: SimReply;
  readonly fault?: SimFault;
  /** What the server asks for is a key, and the model has none. */
  readonly withoutKey?: boolean;
}

export interface LlmUnderTest {
  readonly model: LanguageModel;
  /** The model's own time; the server's goes by itself. */
  readonly clock: VirtualClock;
  /** What became of each request so far. */
  readonly outcomes: () => readonly string[];
  /** The server goes away. */
  readonly stopServer: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface LlmContractOptions {
  /** Whether it passes tokens on as they come; then a server can fail between two. */
  readonly streaming: boolean;
  /** Its deadlines, to be passed on the clock. */
  readonly firstMs: number;
  readonly idleMs: number;
  /** It asks for the rest of an answer that breaks off, so a stall is not its end. */
  readonly goesOn?: boolean;
}

export const REPLY_TEXT = 'Grüß Gott, we can offer Tuesday at 9.30 – would that do? 你好。';
export const request: LlmRequest = {
  messages: [
    { role: 'system', content: 'You are Robin.' },
    { role: 'user', content: 'Hello there' },
  ],
  tools: [{ name: 'book', description: 'Books a slot.', parameters: { type: 'object', properties: {} } }],
};
const never = new AbortController().signal;

export async function collect(events: AsyncIterable<LlmEvent>): Promise<LlmEvent[]> {
  const got: LlmEvent[] = [];
  for await (const event of events) got.push(event);
  return got;
}

export function textOf(events: readonly LlmEvent[]): string {
  return events.map((event) => (event.kind === 'text' ? event.text : '')).join('');
}

export function failsWith(code: ProviderErrorCode): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ProviderError, `a ProviderError, not ${String(error)}`);
    assert.equal(error.code, code, error.message);
    assert.equal(error.stage, 'llm');
    return true;
  };
}

export function llmContract(
  name: string,
  open: (setting: LlmSetting) => Promise<LlmUnderTest>,
  { streaming, firstMs, idleMs, goesOn = false }: LlmContractOptions,
): void {
  function contract(what: string, setting: LlmSetting, run: (rig: LlmUnderTest) => Promise<void>): void {
    test(`${name}: ${what}`, async () => {
      const rig = await open(setting);
      try {
        await run(rig);
      } finally {
        await rig.close();
      }
    });
  }

  contract(
    'says the whole text and ends with its reason and usage',
    { reply: { text: REPLY_TEXT } },
    async (rig) => {
      const events = await collect(rig.model.complete(request, never));
      assert.equal(textOf(events), REPLY_TEXT);
      const last = events.at(-1);
      assert.ok(last?.kind === 'finished');
      assert.equal(last.reason, 'stop');
      assert.ok((last.usage?.completionTokens ?? 0) > 5);
      assert.equal(events.filter((event) => event.kind === 'finished').length, 1);
      assert.equal(events.filter((event) => event.kind === 'text').length > 1, streaming);
      assert.deepEqual(rig.outcomes(), ['answered']);
    },
  );

  const call = { name: 'book', arguments: '{"day":"Dienstag","at":"9:30","note":"\\"früh\\""}' };
  contract(
    'passes tool calls on whole, after the text',
    { reply: { text: 'One moment.', toolCalls: [call, call] } },
    async (rig) => {
      const events = await collect(rig.model.complete(request, never));
      assert.equal(textOf(events), 'One moment.');
      const calls = events.flatMap((event) => (event.kind === 'toolCall' ? [event.call] : []));
      assert.deepEqual(
        calls.map(({ name, argumentsText }) => ({ name, arguments: argumentsText })),
        [call, call],
      );
      assert.notEqual(calls[0]?.id, calls[1]?.id);
      assert.deepEqual(events.at(-1)?.kind === 'finished' && events.at(-1), {
        ...events.at(-1),
        reason: 'tool_calls',
      });
    },
  );

  contract('asks nothing before the first pull', {}, async (rig) => {
    rig.model.complete(request, never);
    await rig.model.warmUp(never);
    assert.deepEqual(rig.outcomes(), []);
  });

  contract('throws the reason of an abort that came before the first pull', {}, async (rig) => {
    const reason = new Error('hung up');
    await assert.rejects(collect(rig.model.complete(request, AbortSignal.abort(reason))), reason);
    assert.deepEqual(rig.outcomes(), []);
  });

  contract(
    'an abort throws its reason and the server sees the client leave',
    { fault: { kind: 'hang' } },
    async (rig) => {
      const abort = new AbortController();
      const reason = new Error('barge-in');
      const collecting = assert.rejects(collect(rig.model.complete(request, abort.signal)), reason);
      await until(() => rig.outcomes().length === 1, 'the request arrives');
      abort.abort(reason);
      await collecting;
      await until(() => rig.outcomes()[0] === 'cancelled', 'the server sees it');
      assert.equal(rig.clock.pendingTimers, 0);
    },
  );

  contract(
    'a server that never begins is given up after the first deadline',
    { fault: { kind: 'hang' } },
    async (rig) => {
      const collecting = assert.rejects(
        collect(rig.model.complete(request, never)),
        failsWith('first_output_timeout'),
      );
      await until(() => rig.outcomes().length === 1, 'the request arrives');
      await rig.clock.advance(firstMs);
      await collecting;
      await until(() => rig.outcomes()[0] === 'cancelled', 'the server sees it');
      assert.equal(rig.clock.pendingTimers, 0);
    },
  );

  const statuses: readonly [number, ProviderErrorCode, boolean][] = [
    [400, 'bad_request', false],
    [401, 'auth', false],
    [404, 'bad_request', false],
    [500, 'server', true],
    [503, 'server', true],
  ];
  for (const [status, code, retryable] of statuses) {
    contract(
      `a status of ${status} is ${code}, asked once`,
      { fault: { kind: 'status', status } },
      async (rig) => {
        await assert.rejects(collect(rig.model.complete(request, never)), (error: ProviderError) => {
          assert.equal(error.status, status);
          assert.equal(error.retryable, retryable);
          return failsWith(code)(error);
        });
        assert.equal(rig.outcomes().length, 1);
      },
    );
  }

  const limited = {
    kind: 'status',
    status: 429,
    headers: { 'retry-after-ms': '1500', 'retry-after': '9' },
  } as const;
  contract('a rate limit says when to come back', { fault: limited }, async (rig) => {
    await assert.rejects(collect(rig.model.complete(request, never)), (error: ProviderError) => {
      assert.equal(error.retryAfterMs, 1_500);
      return failsWith('rate_limit')(error);
    });
  });

  contract('a missing key is an auth error, also when warming up', { withoutKey: true }, async (rig) => {
    await assert.rejects(collect(rig.model.complete(request, never)), failsWith('auth'));
    await assert.rejects(rig.model.warmUp(never), failsWith('auth'));
  });

  contract('an answer of another kind is a bad one', { fault: { kind: 'garbage' } }, async (rig) => {
    await assert.rejects(collect(rig.model.complete(request, never)), failsWith('bad_answer'));
  });

  contract('a server that is not there is a connect error', {}, async (rig) => {
    await rig.stopServer();
    await assert.rejects(collect(rig.model.complete(request, never)), failsWith('connect'));
    await assert.rejects(rig.model.warmUp(never), failsWith('connect'));
    assert.equal(rig.clock.pendingTimers, 0);
  });

  contract('two completions at once do not mix', { reply: { text: REPLY_TEXT } }, async (rig) => {
    const both = await Promise.all([1, 2].map(() => collect(rig.model.complete(request, never))));
    assert.deepEqual(both.map(textOf), [REPLY_TEXT, REPLY_TEXT]);
  });

  if (!streaming) return;

  const longReply = { text: 'word '.repeat(400) };
  contract(
    'a consumer that stops makes the server stop',
    { reply: longReply, fault: { kind: 'stall', afterItems: 3 } },
    async (rig) => {
      for await (const event of rig.model.complete(request, never)) {
        assert.equal(event.kind, 'text');
        break;
      }
      await until(() => rig.outcomes()[0] === 'cancelled', 'the server sees it');
    },
  );

  const givesUp = goesOn ? () => undefined : contract;
  givesUp(
    'a server that falls silent is given up, and what it said stands',
    { reply: longReply, fault: { kind: 'stall', afterItems: 3 } },
    async (rig) => {
      const got: LlmEvent[] = [];
      const collecting = assert.rejects(async () => {
        for await (const event of rig.model.complete(request, never)) got.push(event);
      }, failsWith('idle_timeout'));
      await until(() => textOf(got).trim().split(' ').length === 3, 'three words are there');
      await rig.clock.advance(idleMs);
      await collecting;
      await until(() => rig.outcomes()[0] === 'cancelled', 'the server sees it');
      assert.equal(rig.clock.pendingTimers, 0);
    },
  );

  for (const afterItems of [0, 3]) {
    contract(
      `a stream cut after ${afterItems} tokens is truncated`,
      { reply: longReply, fault: { kind: 'cut', afterItems } },
      async (rig) => {
        const got: LlmEvent[] = [];
        await assert.rejects(async () => {
          for await (const event of rig.model.complete(request, never)) got.push(event);
        }, failsWith('truncated'));
        assert.equal(got.length, afterItems);
      },
    );
  }

  contract(
    'an abort in the middle throws its reason, not an end',
    { reply: longReply, fault: { kind: 'stall', afterItems: 3 } },
    async (rig) => {
      const abort = new AbortController();
      const reason = new Error('barge-in');
      const got: LlmEvent[] = [];
      const collecting = assert.rejects(async () => {
        for await (const event of rig.model.complete(request, abort.signal)) got.push(event);
      }, reason);
      await until(() => got.length === 3, 'three words are there');
      abort.abort(reason);
      await collecting;
      await until(() => rig.outcomes()[0] === 'cancelled', 'the server sees it');
    },
  );
}
