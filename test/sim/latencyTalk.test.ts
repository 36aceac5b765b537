import assert from 'node:assert/strict';
import test from 'node:test';
import { sayable } from '../../src/sentence/sayable.ts';
import { tokensOf } from '../../src/sim/chatWire.ts';
import {
  ANSWER_TOKENS,
  evenVoice,
  FIRST_CALL,
  latencyBrain,
  LATENCY_TIMINGS,
  SECOND_CALL,
  serialMs,
} from '../../src/sim/latencyTalk.ts';

async function answerTo(say: string, note?: string): Promise<string> {
  const user = { role: 'user', content: say, toolCallId: '', toolCallIds: [] };
  const messages = note === undefined ? [user] : [user, { ...user, role: 'system', content: note }];
  return (await latencyBrain()(messages, [])).text ?? '';
}

const questions = [...new Set([...FIRST_CALL, ...SECOND_CALL].map(({ say }) => say))];

test('each answer takes the providers as long as the inherited table has it', async () => {
  for (const say of questions) {
    const answer = await answerTo(say);
    assert.ok(Math.abs(tokensOf(answer).length - ANSWER_TOKENS) <= 1, answer);
    const { completionMs, synthesisMs } = serialMs(answer);
    assert.ok(Math.abs(completionMs - 2_000) <= 20 && Math.abs(synthesisMs - 1_200) <= 10, answer);
    const sentence = answer.slice(0, answer.indexOf('. ') + 1);
    assert.ok(Math.abs(serialMs(sentence).synthesisMs - 800) <= 50, sentence);
    const { samples, sampleRateHz } = await evenVoice().say(answer);
    const soundMs = (samples.length / sampleRateHz) * 1_000;
    const { ttsFirstByteMs, ttsSpeed } = LATENCY_TIMINGS;
    assert.ok(Math.abs(ttsFirstByteMs + soundMs / ttsSpeed - synthesisMs) <= 1);
  }
});

test('no two answers begin with the same words, so nobody’s first sound is there before it is asked for', async () => {
  const firsts = new Set<string>();
  for (const say of questions) {
    const answer = await answerTo(say);
    async function* tokens(): AsyncGenerator<string, void, undefined> {
      yield* tokensOf(answer);
    }
    for await (const piece of sayable(tokens(), { language: 'en-US', earlyClause: true })) {
      firsts.add(piece);
      break;
    }
  }
  assert.equal(firsts.size, questions.length);
});

test('who is told to be short is, and the second call repeats the first in the same places', async () => {
  const hurried = [...FIRST_CALL, ...SECOND_CALL].filter(({ kind }) => kind === 'hurried');
  assert.equal(hurried.length, 2);
  for (const { say } of hurried) {
    assert.ok((await answerTo(say, 'Answer in one short sentence.')).length < 50);
  }
  for (const [place, { kind, say }] of SECOND_CALL.entries()) {
    if (kind === 'repeated') assert.equal(say, FIRST_CALL[place]?.say);
    if (kind === 'fresh') assert.ok(FIRST_CALL.every((turn) => turn.say !== say));
  }
});
