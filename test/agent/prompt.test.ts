import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import * as fc from 'fast-check';
import { loadAgentFile, parseAgentFile } from '../../src/agent/file.ts';
import { fixedLines } from '../../src/agent/lines.ts';
import {
  INTERRUPTED_NOTE,
  render,
  stateOf,
  systemPrompt,
  toolSpecs,
  VARIABLE_CHARS_MAX,
  variablesIn,
} from '../../src/agent/prompt.ts';
import * as history from '../../src/llm/history.ts';
import type { ToolSpec } from '../../src/llm/port.ts';
import { splitAll } from '../../src/sentence/sayable.ts';

const agents = path.resolve(import.meta.dirname, '../../agents');
const desk = await loadAgentFile(path.join(agents, 'front-desk.yaml'));
const sales = await loadAgentFile(path.join(agents, 'outbound-sales.yaml'));

test('names in braces are filled in, once, on one line and not too long', () => {
  assert.equal(
    render('Hi {{ name }}, {{name}} of {{company}}.', { name: 'Ann', company: 'A\n B' }),
    'Hi Ann, Ann of A B.',
  );
  assert.equal(render('{{a}}', { a: '{{b}}', b: 'no' }), '{{b}}');
  assert.equal(render('{{a}}|{{toString}}|{{__proto__}}', {}), '||{{__proto__}}');
  assert.equal(render('{{a}}', { a: 'x'.repeat(VARIABLE_CHARS_MAX * 2) }).length, VARIABLE_CHARS_MAX);
  assert.equal(render('{{a}} costs $& {{b}}', { a: "$'", b: '$1' }), "$' costs $& $1");
  assert.deepEqual(variablesIn('{{a}} {{ b }} {{a}} {c} {{}}'), ['a', 'b']);
});

test('text without braces is left as it is', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.string(),
      (text, value) => render(text.replaceAll('{{', ''), { a: value }) === text.replaceAll('{{', ''),
    ),
  );
});

test('the prompt is the same to the byte for the same agent, variables and state', () => {
  const variables = { name: 'Ann', company: 'Smile' };
  const reordered = { company: 'Smile', name: 'Ann' };
  assert.equal(systemPrompt(sales, variables, 'discovery'), systemPrompt(sales, reordered, 'discovery'));
  assert.equal(JSON.stringify(toolSpecs(sales, 'discovery')), JSON.stringify(toolSpecs(sales, 'discovery')));
});

test('the prompts of two states are alike up to where the state is told, for the prompt cache', () => {
  const [one, two] = [systemPrompt(sales, {}, 'opening'), systemPrompt(sales, {}, 'close')];
  const mark = 'Where the conversation is now';
  assert.equal(one.split(mark)[0], two.split(mark)[0]);
  assert.ok(one.indexOf(mark) > one.length / 2);
});

test('the prompt says how to speak on the phone, in which language, and where the conversation is', () => {
  const prompt = systemPrompt(sales, { name: 'Ann' }, 'scheduling');
  assert.match(prompt, /on the phone/u);
  assert.match(prompt, /No markdown/u);
  assert.match(prompt, /Speak American English\./u);
  assert.match(prompt, /You are calling Ann at your practice/u);
  assert.match(prompt, /now: scheduling\./u);
  assert.match(prompt, /- meetingAt: Day and time/u);
  assert.match(prompt, /go_to_state with one of: close, not_interested\./u);
  assert.doesNotMatch(prompt, /\{\{/u);
  assert.doesNotMatch(systemPrompt(desk, {}), /Where the conversation is now/u);
  assert.equal(systemPrompt(desk, {}), systemPrompt(desk, {}, 'scheduling'), 'no states, nothing to tell');
});

test('the note on an interruption is the one that the history writes, and it never reaches the voice', () => {
  assert.ok(history.INTERRUPTED_NOTE.endsWith(INTERRUPTED_NOTE));
  assert.ok(systemPrompt(desk, {}).includes(INTERRUPTED_NOTE));
  const copied = `We open at nine${history.INTERRUPTED_NOTE} Shall I go on?`;
  assert.doesNotMatch(splitAll(copied, { language: 'en' }).join(' '), /interrupted/u);
});

test('an unknown or missing state is the initial one', () => {
  assert.equal(stateOf(sales, undefined)?.name, 'opening');
  assert.equal(stateOf(sales, 'toString')?.name, 'opening');
  assert.equal(stateOf(sales, 'close')?.name, 'close');
  assert.equal(stateOf(desk, 'close'), undefined);
});

test('the model is told of built-ins and http tools as a completion wants them, and never of numbers or addresses', () => {
  const specs: readonly ToolSpec[] = toolSpecs(desk);
  assert.deepEqual(
    specs.map((spec) => spec.name),
    ['end_call', 'transfer', 'find_appointments', 'book_appointment'],
  );
  for (const spec of specs) assert.equal(spec.parameters.type, 'object');
  assert.deepEqual(specs[1]?.parameters.properties, {
    to: {
      type: 'string',
      enum: ['nurse', 'billing', 'office'],
      description: 'Whom to put the caller through to',
    },
  });
  assert.doesNotMatch(JSON.stringify(specs), /555|example\.com|APPOINTMENTS_TOKEN/u);
});

test('with states come go_to_state, to where this state leads, and note_field for every field', () => {
  const opening = toolSpecs(sales, 'opening');
  assert.deepEqual(
    opening.map((spec) => spec.name),
    ['end_call', 'play_digits', 'note_field', 'go_to_state'],
  );
  assert.deepEqual(opening[3]?.parameters.properties, {
    state: { type: 'string', enum: sales.states?.named.opening?.next },
  });
  const end = toolSpecs(sales, 'close');
  assert.deepEqual(
    end.map((spec) => spec.name),
    ['end_call', 'play_digits', 'note_field'],
    'nowhere to go',
  );
  assert.deepEqual(end[2], opening[2], 'alike in every state');
});

test('the fixed lines are all that can be said without a model, each once, filled in', () => {
  const lines = fixedLines(desk);
  assert.equal(lines[0], desk.greeting);
  for (const line of [
    desk.lines.sorry,
    desk.lines.goodbye,
    'Let me look at the calendar.',
    "I'll put you through now. One moment, please.",
    'Are you still there?',
  ]) {
    assert.ok(lines.includes(line), line);
  }
  assert.equal(new Set(lines).size, lines.length);
  const called = fixedLines(sales, { name: 'Ann' });
  assert.ok(called.includes('Hi Ann, this is Alex from Brightbook. Do you have half a minute?'));
  assert.ok(
    called.some((line) => line.startsWith('Hi Ann') && line.includes('missed appointments')),
    'the voicemail',
  );
  for (const line of called) assert.doesNotMatch(line, /\{\{/u);
});

test('a tool without a description of its own has one', () => {
  const parsed = parseAgentFile(
    `name: a\nprompt: b\nproviders: { stt: [{ provider: openai, model: m }], llm: [{ provider: openai, model: m }], tts: [{ provider: openai, model: m, voice: v }] }\ntools: [{ builtin: end_call }, { builtin: play_digits }, { builtin: transfer, to: { desk: "+15550100" } }, { name: look, description: Looks, url: "https://example.com" }]\n`,
    'a.yaml',
  );
  assert.ok(parsed.ok);
  for (const spec of toolSpecs(parsed.agent)) assert.ok(spec.description.length > 4);
  assert.deepEqual(toolSpecs(parsed.agent)[3]?.parameters, { type: 'object', properties: {} });
});
