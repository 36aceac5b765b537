import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeMulaw, levelDbfs, MULAW_SILENCE } from '../../src/audio/mulaw.ts';
import { isRecord } from '../../src/base/json.ts';
import { seededRandom } from '../../src/base/random.ts';
import {
  prepareCaller,
  type CallerOptions,
  type CallerReport,
  type CallerStep,
  type Utterance,
} from '../../src/sim/caller.ts';
import type { Voice } from '../../src/sim/voice.ts';
import { VirtualLine } from '../helpers/virtualLine.ts';

const AT_EASE = -45;

/** 200 ms of tone a word, with silence round it all, at 16 kHz. */
const toneVoice: Voice = {
  say(text) {
    const words = text.split(' ');
    const samples = new Int16Array(16_000 * (0.1 + 0.2 * words.length + 0.1));
    for (let i = 1_600; i < samples.length - 1_600; i += 1) samples[i] = i % 16 < 8 ? 4_000 : -4_000;
    return Promise.resolve({
      text,
      samples,
      sampleRateHz: 16_000,
      words: words.map((word, index) => ({ word, startMs: 100 + index * 200, endMs: 300 + index * 200 })),
    });
  },
};

const tone = (durationMs: number): Uint8Array =>
  encodeMulaw(Int16Array.from({ length: durationMs * 8 }, (_unused, i) => (i % 8 < 4 ? 3_000 : -3_000)));

interface AgentOptions {
  readonly greetingMs?: number;
  readonly greetingAtMs?: number;
  /** After the caller fell silent. */
  readonly replyAfterMs?: number;
  readonly replyMs?: number;
  /** After the caller began to speak over it; never without. */
  readonly stopsAfterMs?: number;
  /** Silence in front of each reply. */
  readonly leadInMs?: number;
  /** Which replies it forgets, from 0. */
  readonly forgets?: readonly number[];
}

/** An agent that hears the caller's level alone. */
class Agent {
  readonly line: VirtualLine;
  readonly repliesAtMs: number[] = [];
  readonly #options: AgentOptions;
  #loudSinceMs: number | undefined;
  #lastLoudMs = 0;
  #awaiting = false;
  #speaksUntilMs = 0;
  #replies = 0;

  constructor(line: VirtualLine, options: AgentOptions) {
    this.line = line;
    this.#options = options;
    const { greetingMs = 600, greetingAtMs = 200 } = options;
    if (greetingMs > 0) line.clock.after(greetingAtMs, () => this.#speak(greetingMs));
    line.onSent = ({ media }) => {
      if (isRecord(media)) this.#hear(Buffer.from(String(media['payload']), 'base64'));
    };
  }

  #hear(mulaw: Uint8Array): void {
    const nowMs = this.line.clock.nowMs();
    if (levelDbfs(mulaw) > AT_EASE) {
      this.#loudSinceMs ??= nowMs;
      this.#lastLoudMs = nowMs;
      this.#awaiting = true;
      this.#stopFor(nowMs - this.#loudSinceMs);
    } else if (this.#awaiting && nowMs - this.#lastLoudMs >= (this.#options.replyAfterMs ?? 400)) {
      this.#awaiting = false;
      this.#loudSinceMs = undefined;
      this.#replies += 1;
      if (this.#options.forgets?.includes(this.#replies - 1) !== true)
        this.#speak(this.#options.replyMs ?? 1_000);
    }
  }

  #stopFor(spokenMs: number): void {
    const { stopsAfterMs = Infinity } = this.#options;
    if (this.line.clock.nowMs() >= this.#speaksUntilMs || spokenMs < stopsAfterMs) return;
    this.line.clear();
    this.#speaksUntilMs = 0;
  }

  #speak(durationMs: number): void {
    const { leadInMs = 0 } = this.#options;
    const nowMs = this.line.clock.nowMs();
    if (leadInMs > 0) this.line.media(new Uint8Array(leadInMs * 8).fill(MULAW_SILENCE));
    this.repliesAtMs.push(nowMs);
    this.line.media(tone(durationMs));
    this.#speaksUntilMs = nowMs + leadInMs + durationMs;
  }
}

async function played(
  steps: readonly CallerStep[],
  agentOptions: AgentOptions = {},
  callerOptions: Partial<CallerOptions> = {},
  forMs = 60_000,
): Promise<{ readonly report: CallerReport; readonly line: VirtualLine; readonly agent: Agent }> {
  const line = new VirtualLine();
  const caller = await prepareCaller({
    voice: toneVoice,
    random: seededRandom(1),
    steps,
    reactionMs: [200, 200],
    ...callerOptions,
  });
  const taking = caller.take(line);
  const agent = new Agent(line, agentOptions);
  line.start();
  await line.clock.advance(forMs);
  line.hangUp();
  return { report: await taking, line, agent };
}

test('waits for the greeting, speaks after a moment, and takes down how long the reply took', async () => {
  const { report, agent } = await played([{ say: 'hello there' }, { listen: true }, { hangUp: true }]);
  const [greeting, said] = report.turns;
  assert.ok(greeting && said);
  assert.equal(report.completed, true);
  assert.equal(report.missedTurns, 0);
  assert.deepEqual([greeting.kind, greeting.firstReplyFrameAtMs], ['greeting', 200]);
  // The greeting is heard from the tick at 200 (or the next) for 600 ms, then 500 of silence and 200 of thought.
  const greetingEndMs = (greeting.firstReplyHeardAtMs ?? NaN) + 600;
  const waitedMs = (said.startOfSpeechAtMs ?? NaN) - greetingEndMs;
  assert.ok(waitedMs >= 700 && waitedMs <= 740, `spoke ${waitedMs} ms after the greeting`);
  // Two words of 200 ms: the last frame is the twentieth, or the next when the filter rings on.
  const spokenMs = (said.endOfSpeechAtMs ?? NaN) - (said.startOfSpeechAtMs ?? NaN);
  assert.ok(spokenMs === 380 || spokenMs === 400, `spoke for ${spokenMs} ms`);
  assert.equal(said.firstReplyFrameAtMs, agent.repliesAtMs[1]);
  const replyMs = (said.firstReplyFrameAtMs ?? NaN) - (said.endOfSpeechAtMs ?? NaN);
  assert.ok(replyMs === 400 || replyMs === 380, `replied after ${replyMs} ms`);
  assert.equal(said.firstReplyHeardAtMs, (said.firstReplyFrameAtMs ?? NaN) + 20);
  assert.deepEqual([said.overAgent, said.cutInAtMs, said.missed], [false, undefined, false]);
});

test('silence at the head of a reply is no reply', async () => {
  const { report } = await played([{ say: 'hello' }, { listen: true }], { leadInMs: 300 });
  const [, said] = report.turns;
  const waitMs = (said?.firstReplyHeardAtMs ?? NaN) - (said?.firstReplyFrameAtMs ?? NaN);
  assert.ok(waitMs >= 300, `heard ${waitMs} ms after it came`);
});

test('registers each utterance once, clean and without silence, before the call', async () => {
  const utterances: Utterance[] = [];
  const { report } = await played(
    [{ say: 'one two' }, { say: 'yes' }, { say: 'one two' }],
    {},
    { onUtterance: (utterance) => utterances.push(utterance), noise: { kind: 'white', snrDb: 20 } },
  );
  assert.deepEqual(
    utterances.map(({ text }) => text),
    ['one two', 'yes'],
  );
  const [first] = utterances;
  assert.ok(Math.abs((first?.samples.length ?? 0) - 3_200) < 20, 'two words of 200 ms at 8 kHz');
  assert.equal(first?.words.length, 2);
  assert.ok((first.words[0]?.startMs ?? 99) < 3);
  assert.equal(report.turns.length, 4);
});

test('interrupts as long after the agent began as he was told, and sees it fall silent', async () => {
  const { report } = await played(
    [
      { say: 'tell me all' },
      { interrupt: 'stop please', afterAgentMs: 900 },
      { listen: true },
      { hangUp: true },
    ],
    { replyMs: 8_000, stopsAfterMs: 200 },
  );
  const [, asked, interrupted] = report.turns;
  assert.ok(asked && interrupted);
  assert.deepEqual(report.interruptions, [interrupted]);
  const startMs = interrupted.startOfSpeechAtMs ?? NaN;
  assert.equal(startMs - (asked.firstReplyHeardAtMs ?? NaN), 900);
  assert.deepEqual([interrupted.kind, interrupted.overAgent, interrupted.cleared], ['interrupt', true, true]);
  // The agent clears 200 ms after the caller's first frame; the frame in play is the last.
  assert.equal((interrupted.lastAgentFrameAtMs ?? NaN) - startMs, 200);
  const replyMs = (interrupted.firstReplyFrameAtMs ?? NaN) - (interrupted.endOfSpeechAtMs ?? NaN);
  assert.ok(replyMs === 400 || replyMs === 380, 'the reply is the new speech, not the old');
  assert.equal(report.missedTurns, 0);
});

test('an agent that talks on is no reply to an interruption', async () => {
  const { report } = await played(
    [{ interrupt: 'stop', afterAgentMs: 500 }, { listen: true }],
    { greetingMs: 6_000, replyAfterMs: 7_000 },
    {},
  );
  const [, interrupted] = report.turns;
  assert.ok(interrupted);
  assert.equal(interrupted.cleared, false);
  const [, replyAtMs] = [200, 6_200];
  assert.ok((interrupted.lastAgentFrameAtMs ?? NaN) >= replyAtMs - 40, 'it was heard to its end');
  assert.ok((interrupted.firstReplyFrameAtMs ?? NaN) > 7_000);
});

test('a backchannel expects nothing: the agent goes on, and the turn is still its own', async () => {
  const { report } = await played(
    [{ backchannel: 'mhm', afterAgentMs: 1_000 }, { say: 'good' }, { listen: true }, { hangUp: true }],
    { greetingMs: 3_000, replyAfterMs: 3_000 },
    { patienceMs: 5_000 },
  );
  assert.deepEqual(
    report.turns.map(({ kind }) => kind),
    ['greeting', 'say'],
  );
  const [backchannel] = report.interruptions;
  assert.ok(backchannel);
  assert.deepEqual(
    [backchannel.kind, backchannel.overAgent, backchannel.missed],
    ['backchannel', true, false],
  );
  const wentOnMs = (backchannel.lastAgentFrameAtMs ?? NaN) - (backchannel.endOfSpeechAtMs ?? NaN);
  assert.ok(wentOnMs > 1_500, `the agent went on for ${wentOnMs} ms`);
});

test('a reply that does not come is a missed turn, and the script goes on', async () => {
  const { report, agent } = await played(
    [{ say: 'are you there' }, { say: 'hello' }, { listen: true }, { hangUp: true }],
    { forgets: [0] },
    { patienceMs: 3_000 },
  );
  assert.deepEqual(
    report.turns.map(({ missed }) => missed),
    [false, true, false],
  );
  assert.equal(report.missedTurns, 1);
  assert.equal(agent.repliesAtMs.length, 2);
  const [, missed, next] = report.turns;
  const waitedMs = (next?.startOfSpeechAtMs ?? NaN) - (missed?.endOfSpeechAtMs ?? NaN);
  assert.ok(waitedMs >= 3_200 && waitedMs <= 3_260, `waited ${waitedMs} ms`);
});

test('an agent that never speaks is missed at the greeting, and at an interruption', async () => {
  const { report } = await played(
    [{ interrupt: 'hello', afterAgentMs: 500 }, { listen: true }],
    { greetingMs: 0, forgets: [0] },
    { patienceMs: 1_000 },
  );
  assert.deepEqual(
    report.turns.map(({ missed }) => missed),
    [true, true],
  );
  assert.equal(report.interruptions[0]?.overAgent, false);
});

test('a call that ends while a reply is waited for has missed it', async () => {
  const { report } = await played([{ say: 'hello' }, { listen: true }], { forgets: [0] }, {}, 4_000);
  assert.deepEqual([report.turns[1]?.missed, report.completed], [true, false]);
});

test('an agent that begins while the caller still speaks has cut in', async () => {
  const { report } = await played([{ say: 'a b c d e f g h i j' }, { listen: true }], {
    greetingMs: 300,
    replyAfterMs: 400,
  });
  assert.equal(report.turns[1]?.cutInAtMs, undefined);
  const line = new VirtualLine();
  const caller = await prepareCaller({
    voice: toneVoice,
    random: seededRandom(1),
    steps: [{ say: 'a b c d e f g h i j' }, { listen: true }],
    patienceMs: 500,
  });
  const taking = caller.take(line);
  line.start();
  // Nobody greets; he speaks after his patience, for 2 s, and is cut short in the middle.
  line.clock.after(2_000, () => line.media(tone(300)));
  await line.clock.advance(10_000);
  line.hangUp();
  const cut = (await taking).turns[1];
  assert.equal(cut?.cutInAtMs, 2_000);
  assert.ok((cut.endOfSpeechAtMs ?? 0) > 2_000);
});

test('presses keys one by one when the agent has finished, or over it', async () => {
  const { report, line } = await played(
    [{ press: '12#', afterAgentMs: 100 }, { silence: 1_000 }, { press: '9' }],
    { greetingMs: 2_000, greetingAtMs: 100 },
    { patienceMs: 1_000 },
  );
  const keys = line.of('dtmf').map(({ atMs, message: { dtmf } }) => ({
    atMs,
    key: isRecord(dtmf) ? dtmf['digit'] : undefined,
  }));
  assert.deepEqual(
    keys.map(({ key }) => key),
    ['1', '2', '#', '9'],
  );
  const [first, second, third, last] = keys.map(({ atMs }) => atMs);
  assert.ok(first && second && third && last);
  assert.ok(second - first >= 250 && second - first <= 260 + 20);
  assert.deepEqual(
    report.turns.map(({ kind, said, overAgent }) => [kind, said, overAgent]),
    [
      ['greeting', '', false],
      ['press', '12#', true],
      ['press', '9', false],
    ],
  );
  assert.equal(report.turns[1]?.endOfSpeechAtMs, third);
});

test('waits for the agent to hang up, and does it himself when it stays', async () => {
  const left = await played([{ listen: true }, { waitForHangUp: 2_000 }, { say: 'never' }], {}, {}, 1_500);
  assert.deepEqual([left.report.agentStayed, left.report.completed], [false, false]);
  const stayed = await played([{ listen: true }, { waitForHangUp: 2_000 }]);
  assert.deepEqual([stayed.report.agentStayed, stayed.report.completed], [true, true]);
  assert.equal(stayed.line.of('stop').length, 1);
});

test('with noise in the room every frame has it, at its distance below the speech', async () => {
  const { line } = await played(
    [{ say: 'hello' }, { silence: 1_000 }],
    {},
    { noise: { kind: 'pink', snrDb: 20 } },
    3_000,
  );
  const levels = line
    .of('media')
    .map(({ message: { media } }) =>
      levelDbfs(Buffer.from(isRecord(media) ? String(media['payload']) : '', 'base64')),
    );
  const speech = Math.max(...levels);
  const quiet = levels.filter((level) => level < speech - 10);
  const mean = quiet.reduce((sum, level) => sum + level, 0) / quiet.length;
  assert.ok(quiet.length > 30);
  assert.ok(Math.abs(speech - mean - 20) < 3, `${speech} dB of speech, ${mean} dB of noise`);
});

test('without noise there is digital silence between the words', async () => {
  const { line } = await played([{ say: 'hello' }], {}, {}, 1_000);
  for (const { message } of line.of('media').slice(0, 5)) {
    const { media } = message;
    assert.ok(isRecord(media));
    assert.deepEqual(Buffer.from(String(media['payload']), 'base64'), Buffer.alloc(160, MULAW_SILENCE));
  }
});

/** Per sent frame its level, silence as -100. */
function sentLevels(line: VirtualLine): readonly { readonly atMs: number; readonly level: number }[] {
  return line.of('media').map(({ atMs, message: { media } }) => ({
    atMs,
    level: levelDbfs(Buffer.from(isRecord(media) ? String(media['payload']) : '', 'base64')),
  }));
}

test('a turn in parts is one turn, with silence of the told length, and each part is learnt for itself', async () => {
  const texts: string[] = [];
  const { report, line } = await played(
    [
      {
        sayInParts: [
          { text: 'one two', pauseMs: 700 },
          { text: 'three', pauseMs: 5_000 },
        ],
      },
      { listen: true },
    ],
    { replyAfterMs: 1_500 },
    { onUtterance: ({ text }) => texts.push(text) },
  );
  assert.deepEqual(texts, ['one two', 'three']);
  const said = report.turns[1];
  assert.ok(said);
  assert.deepEqual([said.kind, said.said, said.missed], ['say', 'one two three', false]);
  const [startMs = NaN, endMs = NaN] = [said.startOfSpeechAtMs, said.endOfSpeechAtMs];
  // Three words of 200 ms and the pause; none after the last part.
  assert.ok(Math.abs(endMs - startMs - 1_300) <= 40, `took ${endMs - startMs} ms`);
  const within = sentLevels(line).filter(({ atMs }) => atMs >= startMs && atMs <= endMs);
  const silentFrames = within.filter(({ level }) => level < AT_EASE).length;
  assert.ok(silentFrames >= 33 && silentFrames <= 36, `${silentFrames} silent frames`);
});

test('an agent that speaks in the pause of a turn has cut in', async () => {
  const parts = [
    { text: 'one', pauseMs: 900 },
    { text: 'two', pauseMs: 0 },
  ];
  const { report } = await played([{ sayInParts: parts }, { listen: true }], { replyAfterMs: 500 });
  assert.ok(report.turns[1]?.cutInAtMs !== undefined);
});

test('a sound over the agent is sent as it is, and is no turn', async () => {
  const samples = Int16Array.from({ length: 800 }, (_unused, i) => (i % 10 < 5 ? 5_000 : -5_000));
  const { report, line } = await played(
    [{ sound: 'cough', samples, afterAgentMs: 500 }, { silence: 1_000 }],
    { greetingMs: 3_000, replyAfterMs: 5_000 },
  );
  assert.deepEqual(
    report.turns.map(({ kind }) => kind),
    ['greeting'],
  );
  const [sound] = report.interruptions;
  assert.deepEqual([sound?.kind, sound?.said, sound?.overAgent], ['sound', 'cough', true]);
  assert.equal(sentLevels(line).filter(({ level }) => level > AT_EASE).length, 5);
});

test('a speakerphone sends the agent back, later and softer', async () => {
  const { line } = await played(
    [{ silence: 2_000 }],
    { greetingMs: 600, greetingAtMs: 200, replyAfterMs: 10_000 },
    { echo: { delayMs: 200, attenuationDb: 14 } },
    2_000,
  );
  const loud = sentLevels(line).filter(({ level }) => level > -60);
  const own = levelDbfs(tone(20));
  assert.equal(loud.length, 30);
  for (const { level } of loud) assert.ok(Math.abs(own - level - 14) < 1, `${own - level} dB softer`);
  // Played from the tick at or after 200 ms.
  const delayMs = (loud[0]?.atMs ?? NaN) - 200;
  assert.ok(delayMs >= 200 && delayMs <= 220, `came back after ${delayMs} ms`);
});
