// Words that are said to their end: which they are, and whole calls in which the caller speaks over them.
import assert from 'node:assert/strict';
import test from 'node:test';
import { BYTES_PER_MS } from '../../src/audio/mulaw.ts';
import { protectedMs, STALLED_MS_MAX } from '../../src/call/protectedWords.ts';
import { Speech } from '../../src/playout/speech.ts';
import { CallRig, LETTER_MS, spokenAudio } from '../helpers/callRig.ts';

const NOTICE = 'This call is recorded.';
const OFFER = 'On Monday at ten there would still be a place for you.';

/** Pieces of a second each, of which so much has been written to the carrier. */
function speechOf(pieces: readonly string[], writtenMs: number, ended = true): Speech {
  const speech = new Speech(1);
  for (const piece of pieces) {
    const writer = speech.add(piece);
    writer.write(new Uint8Array(1_000 * BYTES_PER_MS));
    writer.end();
  }
  if (ended) speech.end();
  speech.read(new Uint8Array(writtenMs * BYTES_PER_MS));
  return speech;
}

function left(speech: Speech, heardMs: number, phrases: readonly string[], dryMs = 0): number {
  return protectedMs(speech, { audioMs: heardMs, dryMs }, phrases);
}

const PHRASES = ['call is recorded'];

test('a sentence with the phrase in it is protected until it has been heard, the others are not', () => {
  const pieces = ['Hello.', 'THIS CALL, is recorded!', 'What can I do?'];
  assert.equal(left(speechOf(pieces, 900), 800, PHRASES), 0, 'not begun');
  assert.equal(left(speechOf(pieces, 1_100), 950, PHRASES), 1_050, 'begun to be written');
  assert.equal(left(speechOf(pieces, 2_100), 1_990, PHRASES), 10);
  assert.equal(left(speechOf(pieces, 2_160), 2_000, PHRASES), 0, 'heard');
  assert.equal(left(speechOf(pieces, 1_500), 1_400, []), 0);
  assert.equal(left(speechOf(['The calls recorded.'], 500), 400, PHRASES), 0, 'whole words only');
});

test('a sentence that comes in pieces is protected as a whole, also where the phrase is cut', () => {
  const pieces = ['Please note,', 'this call', 'is recorded for training,', 'and kept a year.', 'Bye.'];
  assert.equal(left(speechOf(pieces, 200), 100, PHRASES), 3_900);
  assert.equal(left(speechOf(pieces, 4_100), 4_000, PHRASES), 0);
});

test('a sentence whose rest is still being written is not over', () => {
  const pieces = ['This call is recorded,'];
  assert.equal(left(speechOf(pieces, 1_000, false), 1_000, PHRASES), 1, 'more may come');
  assert.equal(left(speechOf(pieces, 1_000, true), 1_000, PHRASES), 0);
  const speech = new Speech(1);
  const writer = speech.add(NOTICE);
  writer.write(new Uint8Array(500 * BYTES_PER_MS));
  speech.read(new Uint8Array(500 * BYTES_PER_MS));
  assert.equal(left(speech, 500, PHRASES), 1, 'nor one that is still being spoken');
  assert.equal(left(speech, 500, PHRASES, STALLED_MS_MAX - 1), 1);
  assert.equal(left(speech, 500, PHRASES, STALLED_MS_MAX), 0, 'but it is not waited for long');
  writer.end();
  assert.equal(left(speech, 500, PHRASES), 0);
});

test('a line that is marked is protected without a phrase', () => {
  const speech = new Speech(1);
  const writer = speech.add('Anything', false);
  writer.write(new Uint8Array(500 * BYTES_PER_MS));
  writer.end();
  speech.end();
  speech.read(new Uint8Array(100 * BYTES_PER_MS));
  assert.equal(left(speech, 100, []), 400);
});

const agentYaml = (more: string): string => `
name: test-agent
prompt: You are Robin.
providers:
  stt: [{ provider: openai, model: fake }]
  llm: [{ provider: openai, model: fake }]
  tts: [{ provider: openai, model: fake, voice: fake }]
${more}
`;
const PROTECTING = agentYaml(`interruption: { protected: ["${NOTICE}"] }`);

/** The agent has begun with the notice, which the offer follows. */
async function noticing(): Promise<CallRig> {
  const rig = new CallRig({
    agentYaml: PROTECTING,
    answer: (messages) => (messages.length < 4 ? [`${NOTICE} `, OFFER] : ['Certainly.']),
  });
  rig.open();
  await rig.run(100);
  await rig.says('Have you got a place?');
  await rig.agentSpeaks();
  return rig;
}

/** How many bytes of the sentence the caller heard, from its beginning. */
function played(rig: CallRig, text: string): number {
  const audio = spokenAudio(text);
  let bytes = 0;
  while (bytes < audio.length && rig.carrier.played[bytes] === audio[bytes]) bytes += 1;
  return bytes;
}

async function over(rig: CallRig): Promise<void> {
  rig.hangsUp();
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
  assert.deepEqual(rig.bugs, []);
}

test('who talks over the notice hears all of it without a gap, is then answered, and nothing of theirs is lost', async () => {
  const rig = await noticing();
  await rig.run(100);
  const noticeMs = NOTICE.length * LETTER_MS;
  await rig.says('Stop! Tuesday');
  assert.ok(rig.carrier.played.length < noticeMs * BYTES_PER_MS, 'the caller is silent before its end');
  assert.equal(rig.carrier.cleared, 0);
  await rig.run(noticeMs);
  assert.equal(played(rig, NOTICE), noticeMs * BYTES_PER_MS);
  assert.equal(rig.carrier.cleared, 1, 'the offer is not said');
  const [first, ...rest] = rig.carrier.messages.slice(0, Math.floor(noticeMs / 40)).map(({ atMs }) => atMs);
  let before = first ?? 0;
  for (const atMs of rest) {
    assert.ok(atMs - before <= 60, `a gap at ${atMs}`);
    before = atMs;
  }
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.deepEqual(
    rig.turns().map(({ callerText, heardText }) => [callerText, heardText]),
    [
      ['Have you got a place?', NOTICE],
      ['Stop! Tuesday', 'Certainly.'],
    ],
  );
  await over(rig);
});

test('who still talks at the end of the notice holds the agent there', async () => {
  const rig = await noticing();
  const noticeMs = NOTICE.length * LETTER_MS;
  await rig.run(noticeMs - 300);
  await rig.voice();
  await rig.run(150);
  assert.equal(rig.carrier.cleared, 0);
  await rig.run(1_000);
  assert.equal(rig.carrier.cleared, 1);
  assert.equal(played(rig, NOTICE), noticeMs * BYTES_PER_MS);
  assert.ok(rig.carrier.played.length < (noticeMs + 700) * BYTES_PER_MS, 'hardly anything of the offer');
  await over(rig);
});

test('a nod over the notice changes nothing, and the offer after it can be interrupted', async () => {
  const rig = await noticing();
  await rig.run(100);
  await rig.says('Yeah');
  await rig.run(NOTICE.length * LETTER_MS);
  assert.equal(rig.carrier.cleared, 0);
  await rig.voice();
  rig.words('Stop');
  await rig.run(20);
  assert.equal(rig.carrier.cleared, 1);
  await over(rig);
});

test('a greeting and a line of a state that are marked are said to their end', async () => {
  const greets = agentYaml(`greeting: ${NOTICE}\ngreetingInterruptible: false`);
  const states = `states: { initial: a, named: { a: { prompt: x, line: "${NOTICE}", lineInterruptible: false } } }`;
  for (const yaml of [greets, agentYaml(states)]) {
    const rig = new CallRig({ agentYaml: yaml });
    rig.open();
    await rig.run(100);
    if (yaml !== greets) await rig.says('Hello?');
    await rig.agentSpeaks();
    await rig.run(300);
    await rig.says('I need a doctor');
    await rig.run(NOTICE.length * LETTER_MS);
    assert.equal(played(rig, NOTICE), spokenAudio(NOTICE).length);
    await rig.agentSpeaks();
    await rig.agentFinishes();
    const last = rig.turns().at(-1);
    assert.equal(last?.callerText, 'I need a doctor', 'and who spoke over it is answered');
    await over(rig);
  }
});
