import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import * as fc from 'fast-check';
import { AGENT_FILE_CHARS_MAX, AgentFileError, loadAgentFile, parseAgentFile } from '../../src/agent/file.ts';
import type { AgentFile } from '../../src/agent/schema.ts';

const minimal = `name: front-desk
prompt: You are Robin.
providers:
  stt: [{ provider: openai, model: ears }]
  llm: [{ provider: openai, model: mind }]
  tts: [{ provider: openai, model: voice, voice: marin }]
`;

function agentOf(text: string): AgentFile {
  const parsed = parseAgentFile(text, 'agent.yaml');
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.mistakes.join('\n'));
  return parsed.agent;
}

function mistakesOf(text: string): readonly string[] {
  const parsed = parseAgentFile(text, 'agent.yaml');
  assert.ok(!parsed.ok, 'expected the file to be refused');
  return parsed.mistakes;
}

test('a file with what has to be there gets every default', () => {
  const { version, ...agent } = agentOf(minimal);
  assert.match(version, /^[\da-f]{8}$/u);
  assert.deepEqual(agent.providers.stt, [
    { provider: 'openai', model: 'ears', audioFormat: 'pcmu', serverVad: false, query: {}, keywords: [] },
  ]);
  assert.deepEqual(agent.providers.llm, [
    { provider: 'openai', model: 'mind', replyTokensMax: 300, extra: {}, firstTokenMs: 4_000, idleMs: 5_000 },
  ]);
  assert.deepEqual(agent.providers.tts, [
    { provider: 'openai', model: 'voice', voice: 'marin', firstAudioMs: 3_000, idleMs: 3_000 },
  ]);
  assert.equal(agent.language, 'en-US');
  assert.equal(agent.greeting, undefined);
  assert.equal(agent.greetingInterruptible, true);
  assert.deepEqual(agent.turnTaking, { minWaitMs: 300, maxWaitMs: 1_500, by: 'stt' });
  assert.equal(agent.interruption.enabled, true);
  assert.equal(agent.interruption.minVoiceMs, 500);
  assert.ok(agent.interruption.always.includes('stop') && agent.interruption.backchannels.includes('uh-huh'));
  assert.deepEqual(agent.interruption.protected, []);
  assert.equal(agent.limits.callMinutesMax, 30);
  assert.equal(agent.limits.idle[0]?.say, 'Are you still there?');
  assert.equal(agent.limits.deadAirMs, 2_500);
  assert.ok(agent.lines.fillers.length > 0);
  assert.deepEqual(agent.tools, []);
  assert.equal(agent.recording, false);
  assert.deepEqual(agent.voice, {});
  assert.equal(agent.states, undefined);
});

test('keys have a key that ends and one that takes back, and these are two', () => {
  assert.deepEqual(agentOf(minimal).dtmf, {
    endKey: '#',
    clearKey: '*',
    timeoutMs: 2_000,
    digitsMax: 32,
    interrupts: true,
    sensitive: [],
  });
  assert.equal(agentOf(`${minimal}dtmf: { endKey: none, clearKey: none }\n`).dtmf.endKey, 'none');
  assert.match(
    mistakesOf(`${minimal}dtmf: { endKey: '*' }\n`).join(),
    /dtmf: expected endKey and clearKey to be two keys, not both \*$/u,
  );
  assert.match(mistakesOf(`${minimal}dtmf: { endKey: '5' }\n`).join(), /dtmf\.endKey: expected one of "#"/u);
});

test('a turn model is named by its path, and none is the default', () => {
  const named = agentOf(`${minimal}turnTaking: { model: models/smart-turn.onnx }\n`);
  assert.equal(named.turnTaking.model, 'models/smart-turn.onnx');
  assert.equal(agentOf(minimal).turnTaking.model, undefined);
  assert.deepEqual(mistakesOf(`${minimal}turnTaking: { model: "" }\n`).length, 1);
});

test('Deepgram may listen; only Flux takes what it judges turns by', () => {
  const withStt = (entry: string): string =>
    minimal.replace(/stt: .*/u, `stt: [{ provider: deepgram, ${entry} }]`);
  const { providers } = agentOf(withStt('model: flux-general-en, eagerThreshold: 0.4'));
  assert.deepEqual(providers.stt, [
    { provider: 'deepgram', model: 'flux-general-en', eagerThreshold: 0.4, query: {}, keywords: [] },
  ]);
  assert.equal(agentOf(withStt('model: nova-3')).providers.stt[0]?.model, 'nova-3');
  assert.match(mistakesOf(withStt('model: nova-3, endThreshold: 0.8'))[0] ?? '', /expected a flux- model/u);
  const late = mistakesOf(withStt('model: flux-general-en, endThreshold: 0.6, eagerThreshold: 0.8'));
  assert.match(late[0] ?? '', /eagerThreshold: expected at most endThreshold/u);
  assert.match(mistakesOf(withStt('model: flux-general-en, audioFormat: pcmu'))[0] ?? '', /no such key/u);
});

test('the version is the BLAKE2b of the text: the same for the same file, another for any change', () => {
  const digest = createHash('blake2b512').update(minimal).digest('hex');
  assert.equal(agentOf(minimal).version, digest.slice(0, 8));
  assert.notEqual(agentOf(`${minimal}# a comment\n`).version, digest.slice(0, 8));
});

test('an agent cannot be changed, and one agent does not change another', () => {
  const agent = agentOf(minimal);
  assert.ok(
    Object.isFrozen(agent) &&
      Object.isFrozen(agent.limits.idle[0]) &&
      Object.isFrozen(agent.providers.llm[0]),
  );
  assert.deepEqual(agentOf(minimal), agent);
});

test('all mistakes are told at once, in the order of the file, each with its place and what was expected', () => {
  const mistakes = mistakesOf(`name: Front Desk
langage: en
prompt: "Hi {{leadName}}, {{other}}"
variables: { leadName: 5, "a b": x }
language: not a tag
providers:
  stt: []
  llm:
    - provider: opnai
    - provider: openai
      model: x
      apiKeyEnv: sk-12345
      baseUrl: ftp://example.com
      firstTokenMs: fast
      foo: 1
  tts: [{ provider: openai, model: m }]
tools:
  - builtin: end_cal
  - builtin: transfer
    to: { reception: +15550100 }
  - name: end_call
    description: x
    url: http://example.com
    wat: 1
    parameters: { type: string }
  - 5
turnTaking: { minWaitMs: 2000, maxWaitMs: 1000 }
states:
  initial: openning
  named:
    opening: { prompt: hi, next: [closing], fields: [{ name: a, description: b }, { name: a, description: c }] }
    Bad: { prompt: x }
`);
  assert.deepEqual(
    mistakes.map((mistake) => mistake.replace(/; (?:expected one of|there are) .*$/u, '')),
    [
      'agent.yaml:1:7: name: expected a name such as front-desk',
      'agent.yaml:2:1: langage: no such key',
      'agent.yaml:3:9: prompt: {{other}} is not declared under variables',
      'agent.yaml:4:24: variables.leadName: expected text; put numbers in quotes, got 5',
      'agent.yaml:4:27: variables.a b: expected a name such as callerName',
      'agent.yaml:5:11: language: expected a language tag such as en-US',
      'agent.yaml:7:8: providers.stt: expected array to have >=1 items',
      'agent.yaml:9:17: providers.llm[0].provider: expected one of the known providers: openai, got "opnai"',
      'agent.yaml:12:18: providers.llm[1].apiKeyEnv: expected the name of an environment variable such as OPENAI_API_KEY; a key never stands in this file',
      'agent.yaml:13:16: providers.llm[1].baseUrl: expected an http or https address without a password in it',
      'agent.yaml:14:21: providers.llm[1].firstTokenMs: expected number, got "fast"',
      'agent.yaml:15:7: providers.llm[1].foo: no such key',
      'agent.yaml:16:9: providers.tts[0].voice: is required: expected string',
      'agent.yaml:18:14: tools[0].builtin: expected one of end_call, transfer, play_digits, got "end_cal"',
      'agent.yaml:20:22: tools[1].to.reception: expected a number in quotes, such as "+12025550100", got 15550100',
      'agent.yaml:21:11: tools[2].name: expected another name: end_call is built in',
      'agent.yaml:23:10: tools[2].url: expected https (http only to this machine, or with allowHttp: true)',
      'agent.yaml:24:5: tools[2].wat: no such key',
      'agent.yaml:25:25: tools[2].parameters.type: expected a JSON schema of type object',
      'agent.yaml:26:5: tools[3]: expected a tool: builtin, or name, description and url, got 5',
      'agent.yaml:27:13: turnTaking: expected minWaitMs (2000) to be at most maxWaitMs (1000)',
      'agent.yaml:29:12: states.initial: there is no state openning',
      'agent.yaml:31:35: states.named.opening.next[0]: there is no state closing',
      'agent.yaml:31:91: states.named.opening.fields[1].name: expected each name once: a is there already',
      'agent.yaml:32:5: states.named.Bad: expected a name such as not_interested',
    ],
  );
});

test('an unknown key is answered with the keys that are known there', () => {
  const inTool = mistakesOf(
    `${minimal}tools: [{ builtin: transfer, to: { desk: "+15550100" }, number: "1" }]\n`,
  );
  assert.deepEqual(inTool, [
    'agent.yaml:7:57: tools[0].number: no such key; expected one of description, to, say',
  ]);
  const inState = mistakesOf(`${minimal}states: { initial: a, named: { a: { prompt: x, nxt: [] } } }\n`);
  assert.match(
    inState[0] ?? '',
    /no such key; expected one of prompt, line, lineInterruptible, next, fields, repeatable, sensitive, intents$/u,
  );
});

test('what is protected has words in it, and a line of a state can be marked', () => {
  const states = 'states: { initial: a, named: { a: { prompt: x, line: y, lineInterruptible: false } } }';
  const agent = agentOf(`${minimal}interruption: { protected: [This call is recorded.] }\n${states}\n`);
  assert.deepEqual(agent.interruption.protected, ['This call is recorded.']);
  assert.equal(agent.states?.named['a']?.lineInterruptible, false);
  const mistakes = mistakesOf(`${minimal}interruption: { protected: ["..."] }\n`);
  assert.match(mistakes.join('\n'), /interruption\.protected\[0\]: expected words$/u);
});

test('a key that stands in the file is not repeated in the mistake', () => {
  const text = minimal.replace('model: mind', 'model: mind, apiKeyEnv: sk-secret-1234');
  assert.doesNotMatch(mistakesOf(text).join('\n'), /sk-secret/u);
});

test('text that is no YAML, no map or too long is refused with its place', () => {
  assert.match(mistakesOf('a: [1\nb: 2').join('\n'), /^agent\.yaml:2:1: /u);
  assert.match(mistakesOf('a: 1\na: 2').join('\n'), /^agent\.yaml:2:1: Map keys must be unique$/u);
  assert.match(mistakesOf('a: !!js/function x').join('\n'), /^agent\.yaml:1:4: Unresolved tag/u);
  assert.match(mistakesOf('a: 1\n---\nb: 2').join('\n'), /document/iu);
  assert.deepEqual(mistakesOf(''), ['agent.yaml:1:1: expected object, got nothing']);
  assert.deepEqual(mistakesOf('- 1'), ['agent.yaml:1:1: expected object, got a list']);
  assert.match(
    mistakesOf('x'.repeat(AGENT_FILE_CHARS_MAX + 1)).join('\n'),
    /expected at most 262144 characters/u,
  );
  const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\n${['b', 'c', 'd', 'e', 'f'].map((name, i) => `${name}: &${name} [${`*${'abcde'.charAt(i)}, `.repeat(9)}]`).join('\n')}`;
  assert.match(mistakesOf(bomb).join('\n'), /alias/u);
  assert.match(
    mistakesOf(`${minimal}__proto__: { recording: true }\n`).join('\n'),
    /__proto__: no such key/u,
  );
});

test('never throws, whatever the text', () => {
  const piece = fc.constantFrom(
    ...minimal.split(/(?<=[\s:{}[\],])/u),
    'states:',
    '  - ',
    '\n',
    '&a ',
    '*a',
    '"',
    "'",
    '|',
    '? ',
    '!!x ',
    '{{x}}',
    'tools:',
    'null',
    '-1',
    '.nan',
    '__proto__: ',
    '\t',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 60 }), (pieces) => {
      const parsed = parseAgentFile(pieces.join(''), 'agent.yaml');
      if (!parsed.ok)
        for (const mistake of parsed.mistakes) assert.match(mistake, /^agent\.yaml:\d+:\d+: \S/u);
    }),
    { numRuns: 500 },
  );
});

test('variables are allowed where they are filled in, declared ones only', () => {
  const declared = `${minimal}variables: { who: there }\n`;
  agentOf(
    `${declared}greeting: Hi {{ who }}.\nlines: { fillers: ["One moment, {{who}}."] }\nlimits: { idle: [{ afterSeconds: 5, say: "{{who}}?" }] }\nvoicemail: { say: "Hi {{who}}" }\n`,
  );
  assert.deepEqual(mistakesOf(`${declared}greeting: Hi {{whom}}.\n`), [
    'agent.yaml:8:11: greeting: {{whom}} is not declared under variables; there are who',
  ]);
  assert.match(
    mistakesOf(`${declared}voice: { instructions: "Like {{who}}" }\n`).join('\n'),
    /expected no \{\{variable\}\} here/u,
  );
});

test('http tools: https, or http to this machine or when it is allowed', () => {
  const tool = (rest: string): string => `${minimal}tools: [{ name: look, description: Looks, ${rest} }]\n`;
  for (const url of [
    'https://example.com/a',
    'http://localhost:8080/',
    'http://127.0.0.1/x',
    'http://[::1]:9/x',
  ])
    agentOf(tool(`url: "${url}"`));
  agentOf(tool('url: "http://example.com", allowHttp: true'));
  for (const url of [
    'http://example.com',
    'ftp://localhost',
    'nonsense',
    'https://me:pw@example.com/',
    'http://localhost.example.com',
  ]) {
    assert.match(mistakesOf(tool(`url: "${url}"`)).join('\n'), /tools\[0\]\.url: expected/u, url);
  }
  assert.match(
    mistakesOf(tool('url: "https://a.example", headersEnv: { Authorization: "Bearer abc" }')).join('\n'),
    /headersEnv\.Authorization: expected the name/u,
  );
  assert.match(
    mistakesOf(`${minimal}tools: [{ builtin: end_call }, { builtin: end_call }]\n`).join('\n'),
    /each builtin once/u,
  );
  assert.match(
    mistakesOf(`${minimal}tools: [{ builtin: transfer, to: {} }]\n`).join('\n'),
    /at least one name/u,
  );
});

test('an agent of another language has to bring its own lines', () => {
  const german = `${minimal}language: de-DE\n`;
  assert.deepEqual(
    mistakesOf(german).map((mistake) => mistake.split(': ').slice(1).join(': ')),
    [
      'lines.sorry',
      'lines.fillers',
      'lines.goodbye',
      'lines.reconnected',
      'lines.noWords',
      'limits.idle',
    ].map((key) => `${key}: is required when language is not English (de-DE)`),
  );
  agentOf(
    `${german}lines: { sorry: a, fillers: [b], goodbye: c, reconnected: d, noWords: e }\nlimits: { idle: [] }\n`,
  );
});

const agents = path.resolve(import.meta.dirname, '../../agents');

test('the front desk can be loaded and does what the readme promises', async () => {
  const agent = await loadAgentFile(path.join(agents, 'front-desk.yaml'));
  assert.equal(agent.name, 'front-desk');
  assert.equal(agent.recording, true);
  assert.deepEqual(
    agent.tools.map((tool) => tool.builtin ?? tool.name),
    ['end_call', 'transfer', 'find_appointments', 'book_appointment'],
  );
  assert.deepEqual(agent.lines.fillers, ['One moment, please.', 'Let me see.', 'Just a second.']);
  assert.ok(agent.providers.llm.length > 1, 'a fallback');
});

test('the outbound agent can be loaded, and every state can be reached from the first', async () => {
  const agent = await loadAgentFile(path.join(agents, 'outbound-sales.yaml'));
  assert.ok(agent.states !== undefined);
  const { initial, named } = agent.states;
  assert.deepEqual(Object.keys(named), [
    'opening',
    'permission',
    'discovery',
    'resonance',
    'scheduling',
    'close',
    'not_interested',
    'wrong_person',
    'voicemail',
  ]);
  const reached = new Set([initial]);
  for (const name of reached) for (const next of named[name]?.next ?? []) reached.add(next);
  assert.equal(reached.size, Object.keys(named).length);
  assert.equal(agent.greeting, undefined);
  assert.match(agent.voicemail?.say ?? '', /\{\{name\}\}/u);
});

test('a file that is wrong or not there is an error with all that is wrong', async () => {
  await assert.rejects(loadAgentFile(path.join(agents, 'nobody.yaml')), (error) => {
    assert.ok(error instanceof AgentFileError);
    assert.match(error.message, /nobody\.yaml: cannot be read/u);
    return true;
  });
  const notYaml = path.resolve(import.meta.dirname, 'file.test.ts');
  await assert.rejects(loadAgentFile(notYaml), (error) => {
    assert.ok(error instanceof AgentFileError);
    assert.ok(error.mistakes.length > 0);
    assert.match(error.mistakes[0] ?? '', /^file\.test\.ts:\d+:\d+: /u);
    return true;
  });
});

test('every key of the schema stands in its documentation', async () => {
  const { z } = await import('zod');
  const { agentSchema } = await import('../../src/agent/schema.ts');
  const text = await readFile(path.resolve(import.meta.dirname, '../../docs/agent-file.md'), 'utf8');
  const keys = new Set<string>();
  const collect = (schema: unknown): void => {
    if (typeof schema !== 'object' || schema === null) return;
    for (const [name, inner] of Object.entries(schema)) {
      if (name === 'default') continue;
      if (name !== 'properties') collect(inner);
      else if (typeof inner === 'object' && inner !== null) {
        for (const [key, property] of Object.entries(inner)) {
          keys.add(key);
          collect(property);
        }
      }
    }
  };
  collect(z.toJSONSchema(agentSchema, { io: 'input', unrepresentable: 'any' }));
  assert.ok(keys.size > 60, `found only ${keys.size} keys`);
  for (const key of keys)
    assert.ok(text.includes(`\`${key}\``), `docs/agent-file.md does not mention ${key}`);
});
