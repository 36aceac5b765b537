import assert from 'node:assert/strict';
import test from 'node:test';
import { levelDbfs, encodeMulaw } from '../../src/audio/mulaw.ts';
import { seededRandom } from '../../src/base/random.ts';
import { agentSchema } from '../../src/agent/schema.ts';
import { turnAgent, TURN_SETTINGS } from '../../src/sim/turnAgent.ts';
import { turnBrain } from '../../src/sim/turnBrain.ts';
import { turnCases, type TurnCase } from '../../src/sim/turnCases.ts';
import { makeSound } from '../../src/sim/turnSounds.ts';
import { TURN_TEXTS } from '../../src/sim/turnTexts.ts';

const halves = ['tuning', 'heldOut'] as const;

function saidBy({ probe }: TurnCase): readonly string[] {
  if (probe.kind === 'turn') return probe.parts.map(({ text }) => text);
  return 'text' in probe ? [probe.text] : [];
}

test('a half has at least 200 cases, all with names of their own', () => {
  for (const half of halves) {
    const cases = turnCases(half, 1);
    assert.ok(cases.length >= 200);
    assert.equal(new Set(cases.map(({ id }) => id)).size, cases.length);
  }
});

test('the same seed makes the same cases, another seed others', () => {
  assert.deepEqual(turnCases('tuning', 7), turnCases('tuning', 7));
  assert.notDeepEqual(turnCases('tuning', 7), turnCases('tuning', 8));
});

test('the halves share neither voices nor texts, but for words too small to have two ways of saying them', () => {
  const voices = halves.map((half) => new Set(turnCases(half, 1).map(({ speech }) => speech.voice)));
  assert.ok((voices[0]?.size ?? 0) >= 4 && (voices[1]?.size ?? 0) >= 4);
  assert.deepEqual(
    [...(voices[0] ?? [])].filter((voice) => voices[1]?.has(voice)),
    [],
  );
  const texts = halves.map((half) =>
    turnCases(half, 1)
      .filter(({ kind }) => !['backchannel', 'yesNo', 'no', 'closingYes'].includes(kind))
      .flatMap(saidBy),
  );
  assert.deepEqual(
    texts[0]?.filter((text) => texts[1]?.includes(text)),
    [],
  );
});

test('every kind comes in every noise that it can be judged in, in several voices', () => {
  for (const half of halves) {
    const cases = turnCases(half, 1);
    for (const kind of new Set(cases.map((one) => one.kind))) {
      const own = cases.filter((one) => one.kind === kind);
      const noises = new Set(
        own.map(({ noise }) => (noise === undefined ? 'clean' : `${noise.kind} ${noise.snrDb}`)),
      );
      // The recogniser can't tell an echo from loud noise.
      assert.equal(noises.size, kind === 'echo' || kind === 'echoInterrupt' ? 3 : 7, `${half} ${kind}`);
      assert.ok(new Set(own.map(({ speech }) => speech.voice)).size >= 4, `${half} ${kind}`);
    }
  }
});

test('marks are lost and late where the case is about them', () => {
  const faults = new Map(
    turnCases('tuning', 1).flatMap(({ kind, marks }) => (marks === undefined ? [] : [[kind, marks.kind]])),
  );
  assert.deepEqual(Object.fromEntries(faults), { lostMark: 'lose', lateMark: 'delay' });
});

test('the model answers an opening with its reply, also with a word lost, and all else briefly', async () => {
  const brain = turnBrain();
  const answer = async (content: string): Promise<string> =>
    (await brain([{ role: 'user', content, toolCallId: '', toolCallIds: [] }], [])).text ?? '';
  for (const half of halves) {
    for (const scene of turnCases(half, 1)) {
      const { opening, reply } = scene;
      if (opening !== undefined) {
        assert.equal(await answer(opening), reply);
        assert.equal(await answer(opening.split(' ').slice(1).join(' ')), reply);
      }
      const whole = saidBy(scene).join(' ');
      assert.ok(
        TURN_TEXTS.tuning.short.concat(TURN_TEXTS.heldOut.short).includes(await answer(whole)),
        whole,
      );
    }
  }
});

test('a reply that is talked over is long enough for every moment at which it is', () => {
  for (const half of halves) {
    // Fifteen characters a second is fast speech.
    for (const { reply } of TURN_TEXTS[half].long) assert.ok(reply.length / 15 > 12, reply);
  }
});

test('sounds last as long as such sounds do, at levels that are heard, and repeat with their seed', () => {
  const limits = { cough: [110, 600], knock: [35, 700], hiss: [190, 510] } as const;
  for (const kind of ['cough', 'knock', 'hiss'] as const) {
    for (let seed = 0; seed < 30; seed += 1) {
      const samples = makeSound(kind, seededRandom(seed));
      const [least, most] = limits[kind];
      const durationMs = samples.length / 8;
      assert.ok(durationMs >= least && durationMs <= most, `${kind} ${seed}: ${durationMs} ms`);
      const level = levelDbfs(encodeMulaw(samples));
      assert.ok(level > -40 && level < -5, `${kind} ${seed}: ${level} dBFS`);
      assert.deepEqual(makeSound(kind, seededRandom(seed)), samples);
    }
  }
});

test("every setting's agent file is one that the gateway takes", () => {
  for (const half of halves) {
    for (const setting of TURN_SETTINGS) {
      const { success, error } = agentSchema.safeParse(JSON.parse(turnAgent(half, setting)));
      assert.ok(success, `${setting.name}: ${error?.message}`);
    }
  }
});
