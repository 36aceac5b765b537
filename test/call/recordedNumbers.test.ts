// Whole calls with a recording: where a card's or a social-security number was said, it is silent and marked; nowhere else.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { encodeMulaw } from '../../src/audio/mulaw.ts';
import { readWav, readWavHeader } from '../../src/audio/wav.ts';
import { readMarkers, type WavMarker } from '../../src/audio/wavMarkers.ts';
import { seededRandom } from '../../src/base/random.ts';
import { anyCardNumber, CARD_FORMS, inTalk } from '../../src/sim/cardForms.ts';
import { visibleDigits } from '../../src/sim/redactionWalk.ts';
import { CallRecording } from '../../src/call/callRecording.ts';
import { Privacy } from '../../src/call/privacy.ts';
import { StereoRecording } from '../../src/store/recording.ts';
import { CallRig, LETTER_MS } from '../helpers/callRig.ts';
import { settlePromises, VirtualClock } from '../helpers/virtualClock.ts';

/** What a live recogniser may be behind, and how far a marker may reach beyond what was said. */
const BEYOND_MS = 1_100;

const AGENT = (more: string): string => `
name: test-agent
greeting: Hello, this is Robin.
prompt: You are Robin.
providers:
  stt: [{ provider: openai, model: fake }]
  llm: [{ provider: openai, model: fake }]
  tts: [{ provider: openai, model: fake, voice: fake }]
limits: { idle: [] }
${more}`;

interface Said {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Recorded {
  readonly markers: readonly WavMarker[];
  readonly caller: Int16Array;
  readonly agent: Int16Array;
  /** As it lies on the disk. */
  readonly file: Buffer;
}

/** The line is never silent: whatever is silent in the recording was made so. */
class RecordedCall {
  readonly rig: CallRig;
  readonly #folder: string;

  private constructor(folder: string, more: string, answer: string) {
    this.#folder = folder;
    this.rig = new CallRig({
      clock: new VirtualClock(settlePromises),
      agentYaml: AGENT(more),
      lineSound: encodeMulaw(new Int16Array(160).fill(8_000)),
      answer: () => [answer],
      world: {
        openRecording: (callSid) => ({
          path: `${callSid}.wav`,
          recording: new StereoRecording({
            path: path.join(folder, 'call.wav'),
            durationMaxMs: 600_000,
            onError: (error) => assert.fail(error.message),
          }),
        }),
      },
    });
  }

  static async open(more = '', answer = 'Go on, please.'): Promise<RecordedCall> {
    const call = new RecordedCall(await mkdtemp(path.join(tmpdir(), 'turnpike-test-')), more, answer);
    call.rig.open();
    await call.rig.agentFinishes();
    return call;
  }

  /** Answers when each word was said. */
  async says(text: string): Promise<readonly Said[]> {
    const { rig } = this;
    const said: Said[] = [];
    await rig.voice();
    for (const word of text.split(' ')) {
      const fromMs = rig.clock.nowMs();
      await rig.run(word.length * LETTER_MS);
      rig.words(word);
      said.push({ fromMs, toMs: rig.clock.nowMs() });
    }
    await rig.silence();
    await rig.agentSpeaks();
    await rig.agentFinishes();
    await rig.run(1_500);
    return said;
  }

  async ends(): Promise<Recorded> {
    this.rig.hangsUp();
    await this.rig.background.idle();
    const file = await readFile(path.join(this.#folder, 'call.wav'));
    await rm(this.#folder, { recursive: true });
    const [header, wav] = [readWavHeader(file), readWav(file)];
    assert.ok(header.ok && wav.ok && header.dataBytes !== undefined);
    const markers = readMarkers(file.subarray(header.dataOffset + header.dataBytes), header.sampleRateHz);
    const [caller, agent] = wav.channels;
    assert.ok(caller !== undefined && agent !== undefined);
    return { markers, caller, agent, file };
  }
}

/** Silent stretches of a side that is never silent by itself. */
function silencesOf(samples: Int16Array): readonly Said[] {
  const found: { fromMs: number; toMs: number }[] = [];
  for (let i = 0; i < samples.length; i += 1) {
    if (samples[i] !== 0) continue;
    const last = found.at(-1);
    if (last !== undefined && last.toMs === i / 8) last.toMs = (i + 1) / 8;
    else found.push({ fromMs: i / 8, toMs: (i + 1) / 8 });
  }
  return found;
}

function stretch(words: readonly Said[], from: number, to = words.length): Said {
  return { fromMs: words[from]?.fromMs ?? NaN, toMs: words[to - 1]?.toMs ?? NaN };
}

/** `marker` has all of it, and little more. */
function covers({ startMs, endMs }: WavMarker, { fromMs, toMs }: Said): void {
  assert.ok(startMs <= fromMs && endMs >= toMs, `${startMs}-${endMs} has not all of ${fromMs}-${toMs}`);
  assert.ok(
    fromMs - startMs <= BEYOND_MS && endMs - toMs <= BEYOND_MS,
    `${startMs}-${endMs}: ${fromMs}-${toMs}`,
  );
}

test('a card number over two turns is silent and marked in both, and nothing else is', async () => {
  const call = await RecordedCall.open();
  await call.says('I would like to pay for the room.');
  const first = await call.says('sure it is four one one one one one one one');
  const between = await call.says('hold on');
  const second = await call.says('one one one one one one one one and it is in my own name');
  await call.says('That was all, thank you.');
  const { markers, caller, file } = await call.ends();
  assert.deepEqual(
    markers.map(({ side, kind }) => [side, kind]),
    [
      ['caller', 'card'],
      ['caller', 'card'],
    ],
  );
  const [one, two] = markers;
  assert.ok(one !== undefined && two !== undefined);
  covers(one, stretch(first, 3));
  covers(two, stretch(second, 0, 8));
  assert.ok(one.endMs < (between[0]?.fromMs ?? 0) && (between.at(-1)?.toMs ?? 0) < two.startMs);
  assert.ok((second.at(-1)?.fromMs ?? 0) > two.endMs, 'what was said behind it is there');
  assert.deepEqual(
    silencesOf(caller).map(({ fromMs, toMs }) => [Math.round(fromMs), Math.round(toMs)]),
    markers.map(({ startMs, endMs }) => [Math.round(startMs), Math.round(endMs)]),
  );
  assert.doesNotMatch(file.subarray(-1_000).toString('latin1'), /\d\d/u, 'no number in a marker');
});

test('what the agent reads back is silent on its side, the sentence that has it', async () => {
  const call = await RecordedCall.open('', 'I have 4111 1111 1111 1111 here. Is that right?');
  await call.says('What have you got?');
  const { markers, agent, caller } = await call.ends();
  const [marker] = markers;
  assert.ok(marker !== undefined);
  assert.deepEqual([markers.length, marker.side, marker.kind], [1, 'agent', 'card']);
  const loud = (fromMs: number, toMs: number): boolean =>
    agent.subarray(fromMs * 8, toMs * 8).some((sample) => sample !== 0);
  assert.equal(loud(marker.startMs, marker.endMs), false);
  assert.equal(loud(marker.endMs, marker.endMs + 1_500), true, 'the question behind it is there');
  assert.deepEqual(silencesOf(caller), []);
});

for (const question of [
  'What is your social security number?',
  'What is your social security number? Please take your time.',
]) {
  test(`what is said to "${question}" is marked as a social-security number, and nothing that was said before`, async () => {
    const call = await RecordedCall.open('', question);
    await call.says('I have moved to 350 Elm Road.');
    const words = await call.says('it is two one nine zero nine nine nine nine eight');
    const { markers } = await call.ends();
    assert.deepEqual(
      markers.map(({ kind, side }) => [kind, side]),
      [['ssn', 'caller']],
    );
    const [marker] = markers;
    assert.ok(marker !== undefined);
    covers(marker, stretch(words, 2));
  });
}

test('words that come all at once say nothing of their times: all that the caller said then is silent', async () => {
  const call = await RecordedCall.open();
  const { rig } = call;
  await rig.voice();
  const fromMs = rig.clock.nowMs();
  await rig.run(1_200);
  const toMs = rig.clock.nowMs();
  rig.words('my card number is 4111 1111 1111 1111 and it is in my name');
  await rig.silence();
  await rig.agentSpeaks();
  await rig.agentFinishes();
  const { markers } = await call.ends();
  const [marker] = markers;
  assert.ok(marker !== undefined);
  covers(marker, { fromMs, toMs });
});

test('what a line that stood still brought late is silent where it lies, and later numbers have no more before them', () => {
  const clock = new VirtualClock();
  const rig = new CallRig({ clock });
  const markers: WavMarker[] = [];
  const recording = { caller: () => undefined, agent: () => undefined, agentCut: () => undefined };
  const open = {
    ...recording,
    mute: (marker: WavMarker) => void markers.push(marker),
    close: () => Promise.resolve(),
  };
  const privacy = new Privacy(rig.agent, () => undefined);
  const call = new CallRecording(
    {
      clock,
      background: rig.background,
      openRecording: () => ({ path: 'call.wav', recording: open as unknown as StereoRecording }),
    },
    'CA1',
    { parts: 1, privacy },
  );
  const says = (utterance: number, fromMs: number, lateMs: number): void => {
    for (let atMs = fromMs; atMs < fromMs + 2_000; atMs += 20)
      call.caller(atMs, atMs - lateMs, new Uint8Array(160));
    call.saw({ kind: 'voiceStarted', atMs: fromMs, voiceAtMs: fromMs });
    call.saw({ kind: 'voiceStopped', atMs: fromMs + 2_200, silenceAtMs: fromMs + 2_000 });
    call.saw({ kind: 'committed', utterance });
    const text = '4111 1111 1111 1111';
    privacy.ofWords(text, true);
    call.saw({ kind: 'words', atMs: fromMs + 2_300, utterance, text, final: true });
  };
  says(0, 1_000, 0);
  says(1, 10_000, 3_000);
  says(2, 20_000, 0);
  assert.deepEqual([...new Set(markers.map(({ startMs }) => startMs))], [700, 6_700, 19_700]);
});

test('a call without such a number has no marker and no silence', async () => {
  const call = await RecordedCall.open();
  await call.says('My phone number is 408 555 1234.');
  await call.says('A table for two at half past seven.');
  const { markers, caller } = await call.ends();
  assert.deepEqual([markers, silencesOf(caller)], [[], []]);
});

test('with the redaction off nothing is marked and nothing silent', async () => {
  const call = await RecordedCall.open('redaction: { cards: false, ssn: false }');
  await call.says('my card number is 4111 1111 1111 1111');
  const { markers, caller } = await call.ends();
  assert.deepEqual([markers, silencesOf(caller)], [[], []]);
});

test('a caller who hangs up in the middle of it has that much silent', async () => {
  const call = await RecordedCall.open();
  const { rig } = call;
  await rig.voice();
  for (const word of 'my card number is 4111 1111 1111 1111'.split(' ')) {
    await rig.run(400);
    rig.words(word);
  }
  const { markers } = await call.ends();
  assert.deepEqual(
    markers.map(({ kind, side }) => [kind, side]),
    [['card', 'caller']],
  );
});

for (const form of CARD_FORMS.filter((_form, at) => at % 3 === 1)) {
  test(`of a card number (${form.name}) there is nothing to be heard but what may be seen`, async () => {
    const random = seededRandom(29);
    const call = await RecordedCall.open();
    const said: { readonly text: string; readonly words: readonly Said[] }[] = [];
    for (const text of inTalk(form.say(anyCardNumber(random), random), random))
      said.push({ text, words: await call.says(text) });
    const silences = silencesOf((await call.ends()).caller);
    const audible = said.map(({ text, words }) =>
      text
        .split(' ')
        .filter((_word, place) => {
          const { fromMs, toMs } = stretch(words, place, place + 1);
          return !silences.some((silence) => silence.fromMs <= fromMs && silence.toMs >= toMs);
        })
        .join(' '),
    );
    assert.ok(visibleDigits(audible.join(' ')) <= 6, audible.join(' | '));
  });
}
