import assert from 'node:assert/strict';
import test from 'node:test';
import { turnSettingsOf } from '../../src/call/turnSettings.ts';
import { BYTES_PER_MS } from '../../src/audio/mulaw.ts';
import { sleep } from '../../src/base/clock.ts';
import { ProviderError } from '../../src/base/errors.ts';
import { APOLOGY_MS } from '../../src/call/deadAir.ts';
import type { LanguageModel, LlmEvent } from '../../src/llm/port.ts';
import type { SpeechChunk, TextToSpeech } from '../../src/tts/port.ts';
import { CallRig, spokenAudio, type RigOptions } from '../helpers/callRig.ts';

const DEAD_AIR_MS = 2_500;
/** A tick of the playout, and a message. */
const SLACK_MS = 60;
const STUCK_MS = 600_000;

type Step = string | number | LlmEvent;

const lookUp: LlmEvent = { kind: 'toolCall', call: { id: 'c1', name: 'look_up', argumentsText: '{}' } };

const AGENT = `
name: test-agent
greeting: Hello, this is Robin.
prompt: You are Robin.
providers:
  stt: [{ provider: openai, model: fake }]
  llm: [{ provider: openai, model: fake }]
  tts: [{ provider: openai, model: fake, voice: fake }]
interruption: { minVoiceMs: 5000 }
turnTaking: { cutInAfterSeconds: 10 }
lines:
  fillers: [Just a second., One moment please.]
  sorry: Sorry about that.
  goodbye: Goodbye then.
  stillWorking: I am still at it.
limits:
  apologiesMax: 2
  idle: [{ afterSeconds: 60, say: Are you there? }]
tools:
  - name: look_up
    description: Looks something up.
    url: https://tools.example/look-up
    timeoutMs: 30000
`;

/** Each request gets the next script: text, and milliseconds to wait. */
function scripted(scripts: readonly (readonly Step[])[]): {
  model: LanguageModel;
  of: (rig: CallRig) => void;
} {
  let rig: CallRig | undefined;
  let asked = 0;
  const model: LanguageModel = {
    provider: 'fake',
    model: 'fake',
    warmUp: () => Promise.resolve(),
    async *complete(_request, signal) {
      const script = scripts[asked] ?? ['Anything else?'];
      asked += 1;
      assert.ok(rig !== undefined);
      for (const step of script) {
        if (typeof step === 'number') await sleep(rig.clock, step, signal);
        else yield typeof step === 'string' ? { kind: 'text', text: step } : step;
      }
      yield { kind: 'finished', reason: 'stop' };
    },
  };
  return { model, of: (one) => void (rig = one) };
}

async function greeted(
  scripts: readonly (readonly Step[])[],
  world: RigOptions['world'] = {},
  voiceOf?: (rig: () => CallRig) => TextToSpeech,
): Promise<CallRig> {
  const { model, of } = scripted(scripts);
  const known: { rig?: CallRig } = {};
  const voice = voiceOf?.(() => {
    assert.ok(known.rig !== undefined);
    return known.rig;
  });
  const rig = new CallRig({
    agentYaml: AGENT,
    ttsFirstByteMs: 20,
    world: { model, ...(voice === undefined ? {} : { voice }), ...world },
  });
  known.rig = rig;
  of(rig);
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  return rig;
}

/** The longest time without a sound at the carrier from `fromMs` to `toMs`. */
function longestSilenceMs(rig: CallRig, fromMs: number, toMs: number): number {
  let soundUntilMs = fromMs;
  let longestMs = 0;
  for (const { atMs, bytes } of rig.carrier.messages) {
    if (atMs < fromMs) continue;
    if (atMs > toMs) break;
    longestMs = Math.max(longestMs, atMs - soundUntilMs);
    soundUntilMs = Math.max(soundUntilMs, atMs) + bytes / BYTES_PER_MS;
  }
  return Math.max(longestMs, toMs - soundUntilMs);
}

function saidBy(rig: CallRig): readonly string[] {
  return rig.eventsOf('agent.said').map((event) => event.text);
}

async function overAndGone(rig: CallRig): Promise<void> {
  rig.hangsUp();
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
  assert.deepEqual(rig.bugs, []);
}

/** Asks, and answers since when the caller is silent. */
async function asks(rig: CallRig): Promise<number> {
  await rig.says('What are your prices?');
  return rig.clock.nowMs() - 200;
}

test('while an answer is long in coming there is a sound again and again, never the same filler twice in a row', async () => {
  const rig = await greeted([[7_500, 'Twelve dollars.']]);
  const silentAtMs = await asks(rig);
  await rig.run(7_700);
  assert.ok(longestSilenceMs(rig, silentAtMs, rig.clock.nowMs()) <= DEAD_AIR_MS + SLACK_MS);
  await rig.agentFinishes();
  assert.deepEqual(saidBy(rig).slice(1), ['Just a second.', 'One moment please.', 'Twelve dollars.']);
  assert.equal(rig.turns()[1]?.source, 'generated');
  await overAndGone(rig);
});

test('a model that stalls after its first sentence: the same holds inside the reply', async () => {
  const rig = await greeted([['Let me see what we have. ', 6_000, 'Twelve dollars.']]);
  const silentAtMs = await asks(rig);
  await rig.run(8_000);
  assert.ok(longestSilenceMs(rig, silentAtMs, rig.clock.nowMs()) <= DEAD_AIR_MS + SLACK_MS);
  await rig.agentFinishes();
  assert.deepEqual(saidBy(rig).slice(1), ['Let me see what we have.', 'Just a second.', 'Twelve dollars.']);
  assert.equal(
    rig.turns()[1]?.heardText,
    'Let me see what we have. Just a second. Twelve dollars.',
    'in the order in which it was heard',
  );
  await overAndGone(rig);
});

test('a model that never goes on is given up, with the truth within 8 s of its last word, and the call goes on', async () => {
  const rig = await greeted([['Let me see what we have. ', STUCK_MS], ['Hello again.']]);
  const silentAtMs = await asks(rig);
  await rig.agentSpeaks();
  await rig.run('Let me see what we have.'.length * 60 + APOLOGY_MS + 200);
  assert.equal(saidBy(rig).at(-1), 'Sorry about that.');
  await rig.agentFinishes();
  assert.ok(longestSilenceMs(rig, silentAtMs, rig.clock.nowMs() - 200) <= DEAD_AIR_MS + SLACK_MS);
  await rig.says('Hello?');
  await rig.agentSpeaks();
  await rig.agentFinishes();
  assert.equal(saidBy(rig).at(-1), 'Hello again.');
  await overAndGone(rig);
});

test('a tool that takes its time is waited for, and the caller is told so', async () => {
  const rig: CallRig = await greeted([[lookUp], ['Twelve dollars.']], {
    fetch: async (_input, init) => {
      await sleep(rig.clock, 12_000, init?.signal ?? undefined);
      return new Response('{"price":12}', { status: 200 });
    },
  });
  const silentAtMs = await asks(rig);
  await rig.run(12_500);
  assert.ok(longestSilenceMs(rig, silentAtMs, rig.clock.nowMs()) <= DEAD_AIR_MS + SLACK_MS);
  await rig.agentFinishes();
  assert.ok(saidBy(rig).includes('I am still at it.'));
  assert.ok(!saidBy(rig).includes('Sorry about that.'));
  assert.equal(saidBy(rig).at(-1), 'Twelve dollars.');
  assert.match((await rig.metrics.render(undefined)).body, /dead_air_total\{remedy="still_working"\} 1/);
  await overAndGone(rig);
});

/** A voice that does what `cut` says in the middle of a sentence that begins with "We". */
function breakingVoice(cut: (signal: AbortSignal, rig: CallRig) => Promise<void>) {
  return (rigOf: () => CallRig): TextToSpeech => ({
    provider: 'fake',
    cacheKey: 'fake',
    warmUp: () => Promise.resolve(),
    async *speak(text, signal): AsyncGenerator<SpeechChunk, void, undefined> {
      const audio = spokenAudio(text);
      await sleep(rigOf().clock, 20, signal);
      const breaks = text.startsWith('We');
      yield { mulaw: breaks ? audio.subarray(0, audio.length / 2) : audio };
      if (!breaks) return;
      await cut(signal, rigOf());
      yield { mulaw: audio.subarray(audio.length / 2) };
    },
  });
}

const HOURS = 'We are open from eight until six every day.';

test('a sentence that the voice breaks off counts as far as it was said', async () => {
  const rig = await greeted(
    [[`${HOURS} `, 'Shall I book?']],
    {},
    breakingVoice(() =>
      Promise.reject(new ProviderError('truncated', 'cut', { stage: 'tts', provider: 'fake' })),
    ),
  );
  await asks(rig);
  await rig.agentSpeaks();
  await rig.agentFinishes();
  const turn = rig.turns()[1];
  const half = turn?.heardText.replace(' Shall I book?', '') ?? '';
  assert.ok(HOURS.startsWith(half) && half !== HOURS, turn?.heardText);
  const words = half.split(' ').length;
  assert.ok(words >= 4 && words <= 6, `half of nine words: ${half}`);
  assert.equal(turn?.agentText, `${HOURS} Shall I book?`);
  await overAndGone(rig);
});

test('a voice that stalls in the middle of a sentence is not waited for, and the rest of the reply is said', async () => {
  const rig = await greeted(
    [[`${HOURS} `, 'Shall I book?']],
    {},
    breakingVoice((signal, one) => sleep(one.clock, STUCK_MS, signal)),
  );
  const silentAtMs = await asks(rig);
  await rig.agentSpeaks();
  await rig.run(6_500);
  assert.deepEqual(saidBy(rig).slice(1), [HOURS, 'Just a second.', 'Shall I book?']);
  assert.ok(longestSilenceMs(rig, silentAtMs, rig.clock.nowMs() - 1_500) <= DEAD_AIR_MS + SLACK_MS);
  rig.hangsUp();
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
  assert.ok(!(rig.turns()[1]?.heardText ?? HOURS).includes(HOURS));
});

test('fillers that are slow to be spoken keep no answer waiting', async () => {
  const rig = await greeted([[3_000, 'Twelve dollars.']], {}, (rigOf) => ({
    provider: 'fake',
    cacheKey: 'fake',
    warmUp: () => Promise.resolve(),
    async *speak(text, signal): AsyncGenerator<SpeechChunk, void, undefined> {
      await sleep(rigOf().clock, text.startsWith('Just') ? 2_000 : 20, signal);
      yield { mulaw: spokenAudio(text) };
    },
  }));
  await asks(rig);
  await rig.run(3_200);
  await rig.agentFinishes();
  assert.deepEqual(saidBy(rig).slice(1), ['Twelve dollars.']);
  assert.ok((rig.turns()[1]?.timings.response ?? 0) < 3_400);
  await overAndGone(rig);
});

test('a call in which nothing can be said any more comes to its end', async () => {
  let dumb = false;
  const rig = await greeted([['Twelve dollars.']], {}, (rigOf) => ({
    provider: 'fake',
    cacheKey: 'fake',
    warmUp: () => Promise.resolve(),
    async *speak(text, signal): AsyncGenerator<SpeechChunk, void, undefined> {
      await sleep(rigOf().clock, dumb ? STUCK_MS : 20, signal);
      yield { mulaw: spokenAudio(text) };
    },
  }));
  dumb = true;
  await asks(rig);
  await rig.run(45_000);
  assert.equal(rig.calls.activeCount, 0);
  assert.equal(rig.ended.length, 1);
  assert.match((await rig.metrics.render(undefined)).body, /dead_air_total\{remedy="given_up"\} [1-9]/);
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
});

test('apologies in a row end the call with a goodbye', async () => {
  const rig = await greeted([[STUCK_MS], [STUCK_MS]]);
  for (let count = 0; count < 2; count += 1) {
    await asks(rig);
    await rig.run(8_300);
    await rig.agentFinishes();
  }
  await rig.run(3_000);
  assert.deepEqual(saidBy(rig).slice(-2), ['Sorry about that.', 'Goodbye then.']);
  assert.equal(rig.calls.activeCount, 0);
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
});

test('an agent that is held is no dead air, and is waited for from when it may go on', async () => {
  const rig = await greeted([['We have three of them and they are all quite nice. ', 1_500, 'Any other?']]);
  await asks(rig);
  await rig.agentSpeaks();
  await rig.run(300);
  await rig.voice();
  await rig.run(4_000);
  assert.equal(rig.carrier.bufferedMs, 0);
  await rig.silence();
  await rig.run(600);
  assert.ok(rig.carrier.bufferedMs > 0, 'it goes on');
  await rig.agentFinishes();
  assert.deepEqual(saidBy(rig).slice(1), [
    'We have three of them and they are all quite nice.',
    'Any other?',
  ]);
  await overAndGone(rig);
});

test('ears that have no word for a voice are replaced, and the caller hears about it', async () => {
  const rig = await greeted([]);
  for (let count = 0; count < 2; count += 1) {
    await rig.voice();
    await rig.run(1_100);
    await rig.silence();
    await rig.agentSpeaks();
    await rig.agentFinishes();
  }
  assert.equal(rig.sttSessions, 2);
  assert.deepEqual(saidBy(rig).slice(1), ["Sorry, I didn't catch that.", "Sorry, I didn't catch that."]);
  await rig.run(300);
  await rig.says('Hello there.');
  await rig.agentSpeaks();
  assert.equal(saidBy(rig).at(-1), 'Anything else?');
  await overAndGone(rig);
});

test('the model of an agent that cuts in is told', async () => {
  const base = new CallRig({ agentYaml: AGENT });
  const rig = new CallRig({
    agentYaml: AGENT,
    world: {
      turnSettings: {
        ...turnSettingsOf(base.agent, true),
        idleAfterMs: [60_000],
        giveUpAfterMs: 60_000,
        cutInAfterMs: 4_000,
      },
    },
  });
  rig.open();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  await rig.says('so then I said that I would like to have a table and then she said that we might and');
  await rig.run(1_200);
  await rig.agentSpeaks();
  const question = rig.requests.at(-1)?.messages.at(-1)?.content ?? '';
  assert.match(question, /might and .*you cut in/u);
  await overAndGone(rig);
});
