// What chat servers say, in any pieces: text, tool calls, an error or nonsense that is said to be such. Nothing throws.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseCompletion } from '../../src/llm/completion.ts';
import { sseParser } from '../../src/llm/sse.ts';

const inner = fc.dictionary(
  fc.constantFrom(
    'content',
    'refusal',
    'tool_calls',
    'role',
    'function',
    'name',
    'arguments',
    'index',
    'id',
    'type',
    'text',
  ),
  fc.jsonValue({ maxDepth: 3 }),
);
const chunk = fc.record(
  {
    choices: fc.oneof(
      fc.jsonValue(),
      fc.array(
        fc.record({ delta: inner, message: inner, finish_reason: fc.jsonValue() }, { requiredKeys: [] }),
      ),
    ),
    usage: fc.jsonValue(),
    error: fc.oneof(
      fc.jsonValue(),
      fc.record({ message: fc.jsonValue(), code: fc.jsonValue(), type: fc.jsonValue() }),
    ),
    object: fc.constantFrom('chat.completion.chunk', 'error'),
  },
  { requiredKeys: [] },
);

test('whatever a chat server says is a chunk, the end, an error, or bad', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        chunk.map((value) => JSON.stringify(value)),
        fc.json(),
        fc.string(),
      ),
      (text) => {
        const news = parseCompletion(text);
        assert.ok(['chunk', 'done', 'error', 'bad'].includes(news.kind));
        if (news.kind === 'error') assert.equal(typeof news.message, 'string');
        if (news.kind === 'chunk') assert.equal(typeof news.text, 'string');
      },
    ),
    { numRuns: 3_000 },
  );
});

test('an event stream says the same in whatever pieces it comes', () => {
  const line = fc.oneof(
    fc.string(),
    fc.string().map((text) => `data: ${text}`),
    fc.constantFrom('', 'data', 'data:', ': ping', 'event: x', '\r'),
  );
  fc.assert(
    fc.property(
      fc.array(line),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.array(fc.nat({ max: 30 })),
      (lines, ending, cuts) => {
        const text = lines.join(ending);
        const whole = sseParser();
        const expected = [...whole.push(text), ...whole.end()];
        const parser = sseParser();
        const events: string[] = [];
        let at = 0;
        for (const cut of cuts) events.push(...parser.push(text.slice(at, (at += cut))));
        events.push(...parser.push(text.slice(at)), ...parser.end());
        assert.deepEqual(events, expected);
      },
    ),
    { numRuns: 1_000 },
  );
});
