import assert from 'node:assert/strict';
import test from 'node:test';
import { parseAgentFile } from '../../src/agent/file.ts';
import { intentsOf, planIntents, type IntentPlan } from '../../src/agent/intentPlan.ts';
import { fixedLines } from '../../src/agent/lines.ts';
import type { AgentFile } from '../../src/agent/schema.ts';

const base = `name: a
prompt: b
providers:
  stt: [{ provider: openai, model: m }]
  llm: [{ provider: openai, model: m }]
  tts: [{ provider: openai, model: m, voice: v }]
tools:
  - { builtin: end_call }
  - { builtin: transfer, to: { desk: "+15550100" } }
`;
const full = `${base}
intents:
  cancel: { phrases: [cancel .. order], transfer: desk, say: I will put you through. }
  who_is_this: { say: This is Robin. }
  not_interested: { goto: bye }
  no_time: { steer: Be short. }
  hostile: { end: true }
  technical_problem: { goto: quiet }
  guarded: { note: { wary: "yes" } }
states:
  initial: first
  named:
    first: { prompt: Ask., intents: { no_time: { say: I will call again. } } }
    bye: { prompt: Part., line: Understood. }
    quiet: { prompt: Speak up. }
`;

function agentOf(text: string): AgentFile {
  const parsed = parseAgentFile(text, 'a.yaml');
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.mistakes.join('\n'));
  return parsed.agent;
}

const agent = agentOf(full);
const matcher = intentsOf(agent);

function plan(text: string, state = 'first', opening = false): IntentPlan {
  return planIntents(agent, state, matcher.find(text), opening);
}

test('a line is said at once, or a state entered with its own line, or the call ended with goodbye', () => {
  assert.equal(plan('Who is this?').say, 'This is Robin.');
  assert.deepEqual([plan("I'm not interested").say, plan("I'm not interested").goTo], ['Understood.', 'bye']);
  const rude = plan('Leave me alone!');
  assert.deepEqual([rude.say, rude.ending], [agent.lines.goodbye, { kind: 'hangup' }]);
  const cancelled = plan('Please cancel my order');
  assert.deepEqual(
    [cancelled.say, cancelled.ending],
    ['I will put you through.', { kind: 'dial', to: '+15550100' }],
  );
});

test('a state without a line is entered by the model', () => {
  const { say, goTo } = plan("I can't hear you");
  assert.deepEqual([say, goTo], [undefined, 'quiet']);
});

test("the state's own intents go before those of the file, and steering is for the model", () => {
  assert.equal(plan("I'm busy").say, 'I will call again.');
  const elsewhere = plan("I'm busy", 'quiet');
  assert.deepEqual([elsewhere.say, elsewhere.steer], [undefined, ['Be short.']]);
});

test('an intent that leads to where the call is already does nothing', () => {
  assert.deepEqual(plan("I'm not interested", 'bye').goTo, undefined);
  assert.deepEqual(plan("I'm not interested", 'bye').found, ['not_interested']);
});

test('before the agent has introduced itself, its first line is not replaced by another, but the call may lead elsewhere', () => {
  assert.equal(plan('Who is this?', 'first', true).say, undefined);
  assert.equal(plan('Not interested.', 'first', true).say, 'Understood.');
});

test('what is said in passing, or taken back, does nothing at once', () => {
  const text =
    'My colleague Jim may think so but I am certainly not one to say who is this because the form has it all';
  assert.deepEqual(plan(text).say, undefined);
  assert.deepEqual(plan("I'm not interested but what about the small one?").goTo, undefined);
});

test('a note is taken and the model answers', () => {
  const { say, note } = plan('Are you a robot?');
  assert.deepEqual([say, note], [undefined, { wary: 'yes' }]);
});

test('nothing found is no plan', () => {
  assert.deepEqual(plan('The weather is nice'), {
    found: [],
    say: undefined,
    goTo: undefined,
    ending: undefined,
    note: undefined,
    steer: [],
  });
});

test('what intents say is among the fixed lines', () => {
  const lines = fixedLines(agent);
  for (const line of ['This is Robin.', 'I will call again.', 'I will put you through.', 'Understood.']) {
    assert.ok(lines.includes(line), line);
  }
});

const wrong: readonly (readonly [string, string, RegExp])[] = [
  [
    'an intent nobody knows',
    'intents: { nonsense: { say: Hm. } }',
    /no intent nonsense; there are no_time, .*needs phrases/u,
  ],
  ['nothing to do', 'intents: { no_time: {} }', /expected at least one of say/u],
  [
    'two ways to go',
    'intents: { no_time: { end: true, transfer: desk, say: x } }',
    /one of end and transfer/u,
  ],
  ['say and steer', 'intents: { no_time: { say: x, steer: y } }', /say or steer/u],
  ['a state that is not there', 'intents: { no_time: { goto: moon } }', /there is no state moon/u],
  [
    'somebody who is not there',
    'intents: { no_time: { transfer: boss, say: x } }',
    /nobody called boss .*desk/u,
  ],
  ['a transfer without a word', 'intents: { no_time: { transfer: desk } }', /expected say here/u],
  ['a phrase that cannot be read', 'intents: { x: { phrases: [".. y"], say: z } }', /both sides/u],
  ['an unknown key', 'intents: { no_time: { sya: z } }', /no such key/u],
  ['end that is not true', 'intents: { no_time: { end: false } }', /expected true/u],
  ['a variable nobody declared', 'intents: { no_time: { say: "{{who}}" } }', /not declared/u],
  [
    'an intent of a state that is not there',
    'states: { initial: s, named: { s: { prompt: p, intents: { nonsense: { say: Hm. } } } } }',
    /no intent nonsense/u,
  ],
];
for (const [what, text, message] of wrong) {
  test(`an agent's file with ${what} is refused, with its place`, () => {
    const parsed = parseAgentFile(`${base}${text}\n`, 'a.yaml');
    assert.ok(!parsed.ok);
    assert.match(parsed.mistakes.join('\n'), message);
    assert.match(parsed.mistakes[0] ?? '', /^a\.yaml:\d+:\d+: /u);
  });
}

test('in a language without patterns the intents are those with phrases', () => {
  const german = `${base}language: de\nlines: { sorry: a, fillers: [b], goodbye: c, reconnected: d, noWords: e }\nlimits: { idle: [] }\n`;
  assert.ok(
    parseAgentFile(`${german}intents: { keine_zeit: { phrases: [keine zeit], say: Gut. } }\n`, 'a').ok,
  );
  const parsed = parseAgentFile(`${german}intents: { no_time: { say: Gut. } }\n`, 'a');
  assert.ok(!parsed.ok && /there is no intent no_time/u.test(parsed.mistakes.join()));
});
