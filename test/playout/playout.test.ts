import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { BYTES_PER_MS, FRAME_BYTES, MULAW_SILENCE } from '../../src/audio/mulaw.ts';
import { LEAD_MS, MESSAGE_MS, Playout } from '../../src/playout/playout.ts';
import { Speech } from '../../src/playout/speech.ts';
import { PlayoutWheel, TICK_MS } from '../../src/playout/wheel.ts';
import { FakeCarrier } from '../helpers/fakeCarrier.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

function setUp() {
  const clock = new VirtualClock();
  const carrier = new FakeCarrier(clock);
  const heard: string[] = [];
  const late: number[] = [];
  let underrunMs = 0;
  const listener = {
    onStarted: (id: number) => heard.push(`started ${id}`),
    onHeard: (id: number) => heard.push(`heard ${id}`),
    onProgress: () => undefined,
    onSentence: (id: number, sentence: number) => heard.push(`sentence ${id}.${sentence}`),
    onPlayed: (id: number) => heard.push(`played ${id}`),
    onWritten: () => undefined,
    onLate: (lateMs: number) => late.push(lateMs),
    onUnderrun: (silentMs: number) => {
      underrunMs += silentMs;
    },
  };
  const wheel = new PlayoutWheel(clock);
  const playout = new Playout(carrier, listener, wheel, clock);
  carrier.echo = (name) => playout.echoed(name);
  const run = async (durationMs: number): Promise<void> => {
    for (let ms = 0; ms < durationMs; ms += 1) {
      await clock.advance(1);
      carrier.playMs();
    }
  };
  return { clock, carrier, heard, late, wheel, playout, run, underrunMs: () => underrunMs };
}

/** Audio whose every byte says where it stands, so that a repeat or a skip shows. */
function audio(durationMs: number, start = 0): Uint8Array {
  return Uint8Array.from(
    { length: durationMs * BYTES_PER_MS },
    (_unused, i) => (start + Math.floor(i / 8)) % 251,
  );
}

function speechOf(
  id: number,
  ...sentences: readonly (readonly [text: string, durationMs: number])[]
): Speech {
  const speech = new Speech(id);
  let start = 0;
  for (const [text, durationMs] of sentences) {
    const writer = speech.add(text);
    writer.write(audio(durationMs, start));
    writer.end();
    start += durationMs;
  }
  speech.end();
  return speech;
}

test('speech reaches the caller whole, in order, and is reported as played', async () => {
  const { carrier, heard, playout, run } = setUp();
  playout.play(speechOf(1, ['Hello there.', 400], ['How are you?', 300]));
  await run(900);
  assert.deepEqual(carrier.played, [...audio(700)]);
  assert.deepEqual(heard, ['started 1', 'sentence 1.0', 'heard 1', 'sentence 1.1', 'played 1']);
});

test('never more than the lead lies at the carrier, and messages are whole frames', async () => {
  const { clock, carrier, playout } = setUp();
  playout.play(speechOf(1, ['Long.', 3_000]));
  let mostMs = 0;
  for (let ms = 0; ms < 3_000; ms += 1) {
    await clock.advance(1);
    mostMs = Math.max(mostMs, carrier.bufferedMs);
    carrier.playMs();
  }
  // The carrier here plays a millisecond at a time, after the clock has moved.
  assert.ok(mostMs <= LEAD_MS + 1, `${mostMs} ms lay at the carrier`);
  assert.ok(mostMs > LEAD_MS - MESSAGE_MS - 10, 'the lead is used');
  assert.ok(carrier.messages.every((message) => message.bytes % FRAME_BYTES === 0));
});

test('the first frame goes out in the moment that its audio comes', async () => {
  const { clock, carrier, playout } = setUp();
  const speech = new Speech(1);
  playout.play(speech);
  await clock.advance(333);
  assert.equal(carrier.messages.length, 0);
  speech.add('Hi.').write(audio(100));
  assert.equal(carrier.messages[0]?.atMs, 333);
});

test('what had been heard at a time past is known by the clock, and how long there has been nothing to hear', async () => {
  const { clock, playout, run } = setUp();
  const speech = new Speech(1);
  speech.add('Hi.').write(audio(200));
  playout.play(speech);
  const startedAtMs = clock.nowMs();
  await run(100);
  assert.equal(playout.heard(startedAtMs + 40)?.audioMs, 40);
  assert.equal(playout.heard(startedAtMs - 40)?.audioMs, 0);
  assert.equal(playout.heard()?.dryMs, 0);
  await run(150);
  assert.equal(playout.heard()?.audioMs, 200);
  assert.equal(playout.heard()?.dryMs, 50);
});

test('a speech that was taken back is played from its beginning', async () => {
  const { carrier, playout, run } = setUp();
  const speech = speechOf(1, ['Hello there.', 400], ['How are you?', 300]);
  playout.play(speech);
  await run(500);
  playout.clear();
  const before = carrier.played.length;
  speech.rewind();
  playout.play(speech);
  await run(900);
  assert.deepEqual(carrier.played.slice(before), [...audio(700)]);
});

test('held, it falls silent within the lead, and resumed it goes on with the very next frame', async () => {
  const { carrier, playout, run } = setUp();
  playout.play(speechOf(1, ['A long sentence.', 2_000]));
  await run(500);
  playout.hold();
  await run(LEAD_MS + 50);
  assert.equal(carrier.bufferedMs, 0, 'silent');
  const atHold = carrier.played.length;
  await run(400);
  assert.equal(carrier.played.length, atHold);
  playout.resume();
  await run(2_500);
  assert.deepEqual(carrier.played, [...audio(2_000)], 'nothing lost, nothing twice');
});

test('a hold is no underrun, a voice that is too slow is one', async () => {
  const { playout, run, underrunMs } = setUp();
  const speech = new Speech(1);
  const writer = speech.add('Slow.');
  writer.write(audio(400));
  playout.play(speech);
  await run(200);
  playout.hold();
  await run(500);
  playout.resume();
  await run(100);
  assert.equal(underrunMs(), 0);
  await run(600);
  writer.write(audio(400));
  assert.ok(underrunMs() > 350 && underrunMs() < 700, `${underrunMs()} ms`);
});

test('marks that come back late move neither what was heard nor what is being heard by much', async () => {
  const { clock, carrier, playout, run } = setUp();
  carrier.echo = (name) => void clock.after(700, () => playout.echoed(name));
  playout.play(speechOf(1, ['one two three four five six seven eight nine ten', 4_000]));
  await run(2_500);
  assert.ok((playout.heard()?.audioMs ?? 0) >= 2_500 - 150);
  const cleared = playout.clear();
  const playedMs = carrier.played.length / BYTES_PER_MS;
  assert.ok(Math.abs((cleared?.audioMs ?? 0) - playedMs) <= 5, `${cleared?.audioMs} against ${playedMs}`);
  // The last mark that came back by then lay at 1,540 ms at most.
  assert.ok((cleared?.errorMs ?? 0) >= 2_500 - 1_800 && (cleared?.errorMs ?? 0) < 1_300);
  assert.equal(cleared?.whole, false);
});

test('all of it was heard when its time is over, though the last mark was lost', async () => {
  const { carrier, heard, playout, run } = setUp();
  carrier.loseMarks = true;
  playout.play(speechOf(1, ['Hello there.', 400]));
  await run(600);
  assert.ok(!heard.includes('played 1'));
  assert.deepEqual(playout.clear(), {
    speechId: 1,
    text: 'Hello there.',
    audioMs: 400,
    errorMs: 400,
    dryMs: 200,
    whole: true,
  });
});

test('cleared, it answers what was heard, and the echo of a flushed mark is not taken for playing', async () => {
  const { carrier, heard, playout, run } = setUp();
  playout.play(speechOf(1, ['one two three four five six seven eight nine ten', 2_000]));
  await run(1_000);
  const result = playout.clear();
  assert.equal(carrier.cleared, 1);
  const playedMs = carrier.played.length / BYTES_PER_MS;
  assert.ok(Math.abs((result?.audioMs ?? 0) - playedMs) <= 25, `${result?.audioMs} against ${playedMs}`);
  assert.equal(result?.text, 'one two three four five');
  await run(500);
  assert.ok(!heard.includes('played 1'));
  playout.play(speechOf(2, ['Next.', 200]));
  await run(500);
  assert.ok(heard.includes('played 2'));
});

test('before its first frame a cleared speech was not heard at all, and nothing is said to the carrier', () => {
  const { carrier, playout } = setUp();
  playout.play(new Speech(1));
  assert.equal(playout.clear()?.text, '');
  assert.equal(carrier.cleared, 0);
});

test('when the carrier never echoes marks the speech is still over, by the clock', async () => {
  const { carrier, heard, playout, run } = setUp();
  carrier.loseMarks = true;
  playout.play(speechOf(1, ['Hello.', 300]));
  await run(310);
  assert.ok(!heard.includes('played 1'));
  await run(1_100);
  assert.ok(heard.includes('played 1'));
});

test('an empty speech is over at once', () => {
  const { heard, playout } = setUp();
  const speech = new Speech(1);
  speech.end();
  playout.play(speech);
  assert.deepEqual(heard, ['played 1']);
});

test('a stalled event loop is made up for without a skip', async () => {
  const { clock, carrier, playout, run } = setUp();
  playout.play(speechOf(1, ['Long.', 1_500]));
  await run(300);
  // The loop stands still for 120 ms while the carrier plays on: within the lead nobody hears it.
  for (let ms = 0; ms < 110; ms += 1) carrier.playMs();
  await clock.advance(110);
  await run(1_500);
  assert.deepEqual(carrier.played, [...audio(1_500)]);
});

test('the last frame is filled up with silence', async () => {
  const { carrier, playout, run } = setUp();
  const speech = new Speech(1);
  const writer = speech.add('Hi.');
  writer.write(audio(33));
  writer.end();
  speech.end();
  playout.play(speech);
  await run(60);
  assert.equal(carrier.played.length, 2 * FRAME_BYTES);
  assert.equal(carrier.played.at(-1), MULAW_SILENCE);
});

test('the wheel stops when nobody talks', async () => {
  const { clock, playout, run, wheel } = setUp();
  playout.play(speechOf(1, ['Hello.', 200]));
  await run(400);
  assert.equal(wheel.talkingCalls, 0);
  assert.equal(clock.pendingTimers, 0);
});

test('one speech ending and another beginning in the same tick do not make the wheel turn twice as fast', async () => {
  const { clock } = setUp();
  let ticks = 0;
  const wheel = new PlayoutWheel(clock);
  const second = (): void => void (ticks += 1);
  const first = (): void => {
    wheel.remove(first);
    wheel.add(second);
  };
  wheel.add(first);
  await clock.advance(TICK_MS * 21);
  assert.equal(ticks, 21, 'once when it was added, then once a tick');
  assert.equal(clock.pendingTimers, 1);
});

test('however the audio comes in pieces and is held and resumed, the caller hears all of it once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 0, max: 120 })), {
        minLength: 1,
        maxLength: 12,
      }),
      fc.array(fc.integer({ min: 0, max: 800 }), { maxLength: 4 }),
      async (pieces, holds) => {
        const { carrier, heard, playout, run } = setUp();
        const speech = new Speech(1);
        const writer = speech.add('x');
        playout.play(speech);
        const whole: number[] = [];
        for (const [bytes, waitMs] of pieces) {
          const piece = Uint8Array.from({ length: bytes }, (_unused, i) => (whole.length + i) % 251);
          whole.push(...piece);
          writer.write(piece);
          await run(waitMs);
          const hold = holds.pop();
          if (hold !== undefined) {
            playout.hold();
            await run(hold % 200);
            playout.resume();
          }
        }
        writer.end();
        speech.end();
        await run(whole.length / BYTES_PER_MS + 200);
        const played = carrier.played.slice(0, whole.length);
        assert.deepEqual(played, whole);
        assert.ok(carrier.played.slice(whole.length).every((byte) => byte === MULAW_SILENCE));
        assert.ok(heard.includes('played 1'));
      },
    ),
    { numRuns: 25 },
  );
});
