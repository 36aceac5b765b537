import assert from 'node:assert/strict';
import test from 'node:test';
import { adapt, TONES, type CallerTurn, type Tone } from '../../src/agent/adapt.ts';
import { parseAgentFile } from '../../src/agent/file.ts';

const LIMITS = { enabled: true, slowMs: 1_500, tones: TONES };
const UNKNOWN = { firstTokenP95Ms: undefined };

function said(text: string, more: Partial<CallerTurn> = {}): CallerTurn {
  return { text, cutAnswer: false, ...more };
}

const stories: readonly (readonly [what: string, turns: readonly CallerTurn[], tone: Tone | undefined])[] = [
  ['a plain question', [said('What are your opening hours?')], undefined],
  ['one hesitation', [said('Um, what are your hours?')], undefined],
  ['hesitations', [said('Um, I guess so.'), said("Uh, I'm not sure, maybe Tuesday?")], 'hesitant'],
  ['hesitations that are over', [said('Um, I guess, maybe.'), said('Tuesday at nine.')], undefined],
  ['a caller who says so', [said('Just tell me the price.')], 'hurried'],
  [
    'two answers cut short',
    [said('Yes.', { cutAnswer: true }), said('No.', { cutAnswer: true }), said('And?')],
    'hurried',
  ],
  [
    'quick short turns',
    [said('Yes that one', { voicedMs: 600 }), said('Tomorrow at nine', { voicedMs: 600 })],
    'hurried',
  ],
  [
    'the same at leisure',
    [said('Yes that one', { voicedMs: 1_500 }), said('Tomorrow at nine', { voicedMs: 1_400 })],
    undefined,
  ],
  ['a hostile word', [said('This is ridiculous.')], 'hostile'],
  ['one that is denied', [said("That's not stupid at all.")], undefined],
  ['a word inside another', [said('I live in Scunthorpe, near the shell museum.')], undefined],
  ['hostile and hurried', [said('Hurry up, this is useless.')], 'hostile'],
  [
    'long ago',
    [said('This is useless.'), ...Array.from({ length: 4 }, () => said('Nine is fine.'))],
    undefined,
  ],
];
for (const [what, turns, tone] of stories) {
  test(`${what}: ${tone ?? 'as always'}`, () => {
    const adaptation = adapt(turns, UNKNOWN, LIMITS);
    assert.equal(adaptation.tone, tone);
    assert.equal(adaptation.note === '', tone === undefined);
    assert.equal(adaptation.why.length, tone === undefined ? 0 : 1);
  });
}

test('a slow line asks for a short beginning, beside the tone', () => {
  const line = { firstTokenP95Ms: 1_800.4 };
  const plain = adapt([said('Hello.')], line, LIMITS);
  assert.deepEqual([plain.slowLine, plain.why], [true, ['slow line: first token p95 1800 ms']]);
  assert.match(plain.note, /six words/);
  assert.equal(adapt([said('Just tell me.')], line, LIMITS).why.length, 2);
  assert.equal(adapt([said('Hello.')], { firstTokenP95Ms: 1_500 }, LIMITS).slowLine, false);
});

test("the agent's file limits it to some tones, or switches it off", () => {
  assert.equal(adapt([said('Just tell me.')], UNKNOWN, { ...LIMITS, tones: ['hostile'] }).tone, undefined);
  const off = adapt([said('This is ridiculous.')], { firstTokenP95Ms: 9_000 }, { ...LIMITS, enabled: false });
  assert.deepEqual([off.note, off.slowLine], ['', false]);
});

test('nothing that was said is in the reason', () => {
  const { why } = adapt([said('You idiot.')], UNKNOWN, LIMITS);
  assert.doesNotMatch(why.join(' '), /idiot/);
});

test('a faster model that the file does not have is a mistake', () => {
  const file = (name: string): string => `
name: desk
prompt: You are Robin.
adaptive: { fasterModel: ${name} }
providers:
  stt: [{ provider: openai, model: ears }]
  llm: [{ provider: openai, model: large }, { provider: openai, model: small }]
  tts: [{ provider: openai, model: voice, voice: robin }]
`;
  assert.equal(parseAgentFile(file('small'), 'desk.yaml').ok, true);
  const wrong = parseAgentFile(file('tiny'), 'desk.yaml');
  assert.match(
    wrong.ok ? '' : wrong.mistakes.join('\n'),
    /adaptive\.fasterModel.*no such model.*large, small/,
  );
});
