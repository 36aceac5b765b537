import assert from 'node:assert/strict';
import test from 'node:test';
import { defaultAlways, defaultBackchannels } from '../../src/agent/defaults.ts';
import { askedSoFar, type Expectation } from '../../src/turn/expectation.ts';
import { judge, type InterruptionSettings } from '../../src/turn/judge.ts';
import { turnLanguage } from '../../src/turn/language/language.ts';
import { readLabelled, scoreOf } from '../helpers/labelled.ts';

const english = turnLanguage('en-GB');
const settings: InterruptionSettings = {
  enabled: true,
  minVoiceMs: 500,
  faintDb: 9,
  minWords: 1,
  always: defaultAlways,
  backchannels: defaultBackchannels,
};

/** `agent` is what was heard and what is to come, parted by a slash. */
function askedIn(agent: string): Expectation | undefined {
  const [heardText = '', rest = ''] = agent.split('/').map((part) => part.trim());
  return askedSoFar({ replyId: 0, heardText, text: `${heardText} ${rest}`.trim(), whole: true }, english);
}

for (const half of ['tuning', 'heldout']) {
  test(`the ${half} half: what yields and what goes on is right when it is said`, (t) => {
    const rows = readLabelled(import.meta.dirname, `overAgent.${half}.txt`);
    assert.ok(rows.length >= 50);
    const { precision, wrong } = scoreOf(rows, ({ agent, text }) =>
      judge(text, settings, english, askedIn(agent)),
    );
    t.diagnostic(`${half}: ${rows.length - wrong.length} of ${rows.length}`);
    assert.ok((precision.get('interrupt') ?? 0) >= 0.95, wrong.join('\n'));
    assert.ok((precision.get('backchannel') ?? 0) >= 0.95, wrong.join('\n'));
  });
}

test('fewer words than asked for do not interrupt, unless they are of those that always do', () => {
  const three = { ...settings, minWords: 3 };
  assert.equal(judge('the second one', three, english, undefined), 'interrupt');
  assert.equal(judge('the second', three, english, undefined), 'undecided');
  assert.equal(judge('yeah the second', three, english, undefined), 'undecided');
  assert.equal(judge('okay wait', three, english, undefined), 'interrupt');
});

test('the agent file’s own words interrupt, and its own backchannels do not', () => {
  const own = { ...settings, minWords: 3, always: ['Operator!'], backchannels: ['righty-ho'] };
  assert.equal(judge('operator', own, english, undefined), 'interrupt');
  assert.equal(judge('Righty ho.', own, english, undefined), 'backchannel');
  assert.equal(judge('hold on', own, english, undefined), 'interrupt', 'the language has its own');
});

test('hesitating is neither a word nor a backchannel', () => {
  assert.equal(judge('um', settings, english, undefined), 'undecided');
  assert.equal(judge('um yeah', settings, english, undefined), 'backchannel');
});

test('"okay" answers a question that asks for yes or no, and not one that asks for a number', () => {
  assert.equal(judge('okay', settings, english, askedIn('Shall I book it? /')), 'interrupt');
  assert.equal(judge('okay', settings, english, askedIn('What is your phone number? /')), 'backchannel');
  assert.equal(
    judge('okay', settings, english, askedIn('I have / booked it. Shall I send a mail?')),
    'backchannel',
  );
});

test('an unknown language has the words of the agent’s file', () => {
  const other = turnLanguage('xx');
  const own = { ...settings, always: ['halt'], backchannels: ['genau'] };
  assert.equal(judge('genau', own, other, undefined), 'backchannel');
  assert.equal(judge('Halt', { ...own, minWords: 5 }, other, undefined), 'interrupt');
});
