import assert from 'node:assert/strict';
import test from 'node:test';
import { parseAgentFile } from '../../src/agent/file.ts';
import { seededRandom } from '../../src/base/random.ts';
import { ASKED_CHARS_MAX, ASKED_TURNS_MAX, Privacy, SECRETS_MAX } from '../../src/call/privacy.ts';
import { anyCardNumber } from '../../src/sim/cardForms.ts';

const AGENT = `
name: bank
prompt: You are Robin.
providers:
  stt: [{ provider: openai, model: fake }]
  llm: [{ provider: openai, model: fake }]
  tts: [{ provider: openai, model: fake, voice: fake }]
dtmf:
  sensitive: [card number, PIN]
states:
  initial: talk
  named:
    talk: { prompt: Talk., next: [pay] }
    pay: { prompt: Take the payment., sensitive: true }
`;

function open(): { privacy: Privacy; go: (state: string) => void } {
  const parsed = parseAgentFile(AGENT, 'bank.yaml');
  assert.ok(parsed.ok);
  let state = 'talk';
  const go = (name: string): void => void (state = name);
  return { privacy: new Privacy(parsed.agent, () => state), go };
}

/** The agent asks, the caller answers. */
function asked(question: string, answer: string): Privacy {
  const { privacy } = open();
  privacy.agentSays(question, false);
  privacy.turnBegan(answer);
  return privacy;
}

test('nothing is kept secret that was not asked for as such', () => {
  const privacy = asked('What is your phone number?', '5 5 5');
  assert.equal(privacy.ofCaller('5 5 5'), '5 5 5');
  assert.equal(privacy.ofExchange('I have 5 5 5.'), 'I have 5 5 5.');
});

test('the digits of the answer are counted and not told, in figures and in words', () => {
  const { privacy } = open();
  privacy.agentSays('May I have your Card-Number, please?', false);
  assert.equal(privacy.ofCaller('it is 4 1 7 then oh nine'), 'it is [3 digits] then [2 digits]');
  privacy.turnBegan('it is 4 1 7');
  assert.equal(privacy.ofExchange('it is 4 1 7'), 'it is [3 digits]');
  assert.equal(
    privacy.ofExchange('I have four, one, 7. Is that 1 card?'),
    'I have [3 digits]. Is that [1 digit] card?',
  );
});

test('part of a word is no sensitive phrase', () => {
  assert.equal(asked('Who is spinning?', '4 1 7').ofExchange('4 1 7'), '4 1 7');
});

test('a line between question and answer changes nothing', () => {
  const { privacy } = open();
  privacy.agentSays('Your PIN, please?', true);
  privacy.agentSays('Are you still there?', false);
  assert.equal(privacy.ofCaller('4 1 7 1'), '[4 digits]');
});

test('the turn after the answer may correct it, and is kept secret as well; the next one is not', () => {
  const privacy = asked('Your PIN, please?', '4 1 7 1');
  privacy.agentSays('That is 4 1 7 1, right?', true);
  assert.equal(privacy.ofCaller('no, 4 1 7 2'), 'no, [4 digits]');
  privacy.turnBegan('no, 4 1 7 2');
  assert.equal(privacy.ofExchange('4 1 7 2 then.'), '[4 digits] then.');
  privacy.agentSays('Thanks. When shall we call?', true);
  assert.equal(privacy.ofCaller('at 10 30'), 'at 10 30');
  privacy.turnBegan('at 10 30');
  assert.equal(privacy.ofExchange('At 10 30.'), 'At 10 30.');
});

test('what was given stays secret for the rest of the call, in part and with more round it', () => {
  const privacy = asked('Your PIN, please?', '4 1 7 1');
  for (const text of ['yes', 'fine', 'good']) {
    privacy.agentSays('Anything else?', true);
    privacy.turnBegan(text);
  }
  assert.equal(privacy.ofCaller('is 4171 right?'), 'is [4 digits] right?');
  assert.equal(privacy.ofExchange('four one seven'), '[3 digits]');
  assert.equal(privacy.ofExchange('0 4171 0'), '[6 digits]');
  assert.equal(privacy.ofExchange('room 41'), 'room 41', 'two digits tell nothing');
  assert.equal(privacy.ofExchange('in 2024'), 'in 2024');
  assert.equal(privacy.ofExchange('four hundred'), '[3 digits]', 'what cannot be compared is not told');
});

test('a turn that was taken back is asked for anew', () => {
  const privacy = asked('Your PIN, please?', '4 1');
  privacy.agentSays('Thanks. Anything else?', true);
  privacy.turnBegan('no');
  privacy.turnTakenBack();
  privacy.turnBegan('no 4 1 7');
  assert.equal(privacy.ofExchange('4 1 7'), '[3 digits]');
});

test('a question stands when its answer was taken back, and when nothing was heard of the reply to it', () => {
  const { privacy } = open();
  privacy.agentSays('Please tell me your PIN.', false);
  privacy.turnBegan('4 8');
  privacy.agentSays('Thanks.', true);
  privacy.turnTakenBack();
  assert.equal(privacy.ofCaller('4 8 2 1'), '[4 digits]');
  privacy.turnBegan('4 8');
  privacy.agentSays('Thanks.', true);
  privacy.agentSpoke(false);
  privacy.turnBegan('hold on');
  privacy.agentSays('Yes, sure.', true);
  privacy.agentSpoke(true);
  privacy.turnBegan('2 1');
  assert.equal(privacy.ofQuestion('2 1'), '[2 digits]');
});

const SOCIAL = '[social security number]';
for (const sentences of [
  ['What is your social security number?', 'Please take your time.'],
  ['What are the last four digits of your social?', 'I need them to find you.'],
  ['Could I have your S S N?', 'It is nine digits long.', 'You find it on your tax return.'],
]) {
  test(`"${sentences.join(' ')}" asks for a social-security number, whatever its last sentence is`, () => {
    for (const answer of ['123456789', '6789', 'one two three four five six seven eight nine']) {
      const { privacy } = open();
      for (const [i, sentence] of sentences.entries()) privacy.agentSays(sentence, i === 0);
      privacy.agentSays('Are you still there?', false);
      assert.equal(privacy.ofWords(answer, true), SOCIAL);
      assert.equal(privacy.ofCaller(answer), SOCIAL);
      privacy.turnBegan(answer);
      assert.equal(privacy.ofQuestion(answer), SOCIAL);
    }
  });
}

test('a caller who needs a moment for their social-security number is still asked for it', () => {
  const { privacy } = open();
  privacy.agentSays('What is your social security number?', true);
  for (const text of ['hold on', 'I have to go and look for it in my drawer, one second']) {
    privacy.turnBegan(text);
    privacy.agentSays('Sure.', true);
  }
  assert.equal(privacy.ofCaller('123456789'), SOCIAL);
  privacy.turnBegan('123456789');
  privacy.agentSays('Thank you.', true);
  assert.equal(privacy.ofCaller('I pay 350 a month'), 'I pay 350 a month');
});

test('a caller who does not give their social-security number is asked for something else, and that is told', () => {
  const { privacy } = open();
  privacy.agentSays('What is your social security number?', true);
  privacy.turnBegan('I would rather not say');
  privacy.agentSays('No problem.', true);
  privacy.agentSays('What is your zip code?', false);
  assert.equal(privacy.ofCaller('90210'), '90210');
});

test('a caller who has not given their social-security number for some turns is not asked for it any more', () => {
  const { privacy } = open();
  privacy.agentSays('What is your social security number?', true);
  for (let i = 0; i <= ASKED_TURNS_MAX; i += 1) {
    privacy.turnBegan('well');
    privacy.agentSays('I see.', true);
  }
  assert.equal(privacy.ofCaller('I pay 350 a month'), 'I pay 350 a month');
});

test('of an agent who talks without end the last sentences count', () => {
  const { privacy } = open();
  privacy.agentSays('Your social is fine.', true);
  const sentence = 'And another thing that I have to tell you about the house.';
  for (let i = 0; i < ASKED_CHARS_MAX / sentence.length; i += 1) privacy.agentSays(sentence, false);
  assert.equal(privacy.ofCaller('I pay 350 a month'), 'I pay 350 a month');
});

test('what was said before is no answer to what is asked now', () => {
  const { privacy } = open();
  privacy.turnBegan('I pay 350 a month');
  privacy.agentSays('What is your social security number?', true);
  privacy.turnBegan('123456789');
  assert.equal(privacy.ofThePast('I pay 350 a month'), 'I pay 350 a month');
  assert.equal(privacy.ofThePast('so 123456789'), 'so [digits]');
});

test('what stands in the place of a number names none', () => {
  const { privacy } = open();
  privacy.goOnFrom([
    { kind: 'agent', text: 'What is your social security number?', cut: false },
    { kind: 'caller', text: 'it is [social security number]' },
    { kind: 'agent', text: 'I have [social security number]. What is your rent?', cut: false },
  ]);
  assert.equal(privacy.ofCaller('I pay 350 a month'), 'I pay 350 a month');
});

test('in a sensitive state every answer is kept secret', () => {
  const { privacy, go } = open();
  go('pay');
  assert.equal(privacy.ofCaller('4 1 7'), '[3 digits]');
  privacy.turnBegan('4 1 7');
  go('talk');
  assert.equal(privacy.ofExchange('4 1 7'), '[3 digits]');
});

test('a number that only looked like a card is hidden when it is said back, cut off or not', () => {
  const { privacy } = open();
  const number =
    'six zero one one, the next four are three six eight six, then nine three six five, and seven two three seven';
  privacy.turnBegan(`sure, the first four are ${number}`);
  const half =
    'I have written down the first four are six zero one one, the next four are three six eight six, then';
  assert.equal(privacy.ofThePast(half), 'I have written down the first four are [digits], then');
});

test('a number that grows from turn to turn is one, and what grew of it counts', () => {
  const { privacy } = open();
  privacy.agentSays('What is the number of your card?', true);
  privacy.turnBegan('4111 1111');
  const { numbersKnown } = privacy;
  privacy.turnBegan('1111 1111');
  assert.equal(privacy.numbersKnown, numbersKnown + 1);
  assert.equal(privacy.ofThePast('so 4111 1111 1111 1111'), 'so [card number]');
});

test('with more card numbers than are remembered, the last ones are', () => {
  const { privacy } = open();
  const random = seededRandom(1);
  const numbers = Array.from({ length: SECRETS_MAX + 1 }, () => anyCardNumber(random));
  for (const number of numbers)
    privacy.turnBegan(`my card is ${number}, thanks, and now let us talk about something else entirely`);
  const half = (number = ''): string => `so ${number.slice(0, 8)}`;
  assert.equal(privacy.ofThePast(half(numbers.at(-1))), 'so [digits]');
  assert.equal(privacy.ofThePast(half(numbers[0])), half(numbers[0]));
});

test('with too many secrets to look for, every later digit is one', () => {
  const { privacy, go } = open();
  go('pay');
  for (let i = 0; i <= SECRETS_MAX; i += 1) privacy.turnBegan(String(1_000 + i));
  go('talk');
  privacy.turnBegan('fine');
  privacy.turnBegan('fine');
  assert.equal(privacy.ofExchange('room 9'), 'room [1 digit]');
});
