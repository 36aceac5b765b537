// What every detector promises, on voices that are made here: three of espeak's in white and pink noise.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import type { VadEvent } from '../../src/vad/port.ts';
import { openVoiceDetector, type MeasuredVoiceDetector } from '../../src/vad/voiceDetector.ts';
import { DrainedModel } from '../helpers/drainedModel.ts';
import { openSpeaker, sampleOf, type NoiseKind, type SpeechSample } from '../helpers/speechSample.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

const SEED = 20_260;
const FRAME_BYTES = 160;
const GAP_MS = 1_400;
const HANGOVER_MS = 200;

const speak = await openSpeaker();
const sentences = [
  speak('Hello, I would like to book a table for two tonight.', 'en-us'),
  speak('No, thank you very much.', 'en-us+f3'),
  speak('Can you tell me what the opening hours are?', 'en-gb-scotland'),
];

type Bounding = Extract<VadEvent, { kind: 'voiceStarted' | 'voiceStopped' }>;
type Timed = Bounding & { readonly heardAtMs: number };
type Noise = { readonly kind: NoiseKind; readonly snrDb: number } | undefined;

interface Opened {
  readonly detector: MeasuredVoiceDetector;
  /** Waits for what a detector in real time would have said by now. */
  readonly caughtUp: () => Promise<void>;
}

// The clock stands still: a call is pushed faster than it was spoken, and a slow machine is no gap in it.
async function openSilero(): Promise<Opened> {
  const model = new DrainedModel();
  const options = { kind: 'silero', hangoverMs: HANGOVER_MS, onFallback: assert.ifError } as const;
  return {
    detector: await openVoiceDetector(options, new VirtualClock(), model.open),
    caughtUp: () => model.drained(),
  };
}

async function openEnergy(): Promise<Opened> {
  const options = { kind: 'energy', hangoverMs: HANGOVER_MS, onFallback: () => undefined } as const;
  return {
    detector: await openVoiceDetector(options, new VirtualClock()),
    caughtUp: () => Promise.resolve(),
  };
}

/** What a session says of a sample whose first byte was spoken at `fromMs`, and when. */
async function listen({ detector, caughtUp }: Opened, mulaw: Uint8Array, fromMs = 0): Promise<Timed[]> {
  const events: Timed[] = [];
  let nowMs = fromMs;
  const session = detector.open((event) => {
    if (event.kind === 'voiceStarted' || event.kind === 'voiceStopped')
      events.push({ ...event, heardAtMs: nowMs });
  });
  for (let at = 0; at + FRAME_BYTES <= mulaw.length; at += FRAME_BYTES) {
    nowMs = fromMs + (at + FRAME_BYTES) / 8;
    session.push(mulaw.subarray(at, at + FRAME_BYTES), nowMs);
    await caughtUp();
  }
  session.close();
  return events;
}

/** From a sentence's beginning to half a second before the next one's. */
function eventsAround(events: readonly Timed[], sample: SpeechSample, index: number): Timed[] {
  const from = (sample.sentences[index]?.startMs ?? 0) - 200;
  const to = sample.sentences[index + 1]?.startMs ?? Infinity;
  return events.filter(({ heardAtMs }) => heardAtMs >= from && heardAtMs < to - 200);
}

function assertHeard(
  events: readonly Timed[],
  sample: SpeechSample,
  bounds: { startMs: number; stopMs: number },
): void {
  for (const [index, sentence] of sample.sentences.entries()) {
    const around = eventsAround(events, sample, index);
    const first = around[0];
    const last = around.at(-1);
    assert.ok(first?.kind === 'voiceStarted', `sentence ${index} is not heard: ${JSON.stringify(events)}`);
    const lateMs = first.heardAtMs - sentence.startMs;
    assert.ok(lateMs <= bounds.startMs, `sentence ${index} is heard ${lateMs} ms after it began`);
    assert.ok(Math.abs(first.voiceAtMs - sentence.startMs) <= bounds.startMs, `voice at ${first.voiceAtMs}`);
    assert.ok(last?.kind === 'voiceStopped', `sentence ${index} never ends: ${JSON.stringify(events)}`);
    const offMs = last.silenceAtMs - sentence.endMs;
    assert.ok(Math.abs(offMs) <= bounds.stopMs, `sentence ${index} ends ${offMs} ms off`);
    assert.ok(
      last.heardAtMs - last.silenceAtMs <= HANGOVER_MS + 60,
      'the stop is told when the hangover is over',
    );
  }
}

interface Contract {
  readonly name: string;
  readonly open: () => Promise<Opened>;
  /** In which a sentence must be found, and its end within `stopMs`. */
  readonly hearsIn: readonly { readonly noise: Noise; readonly stopMs: number }[];
  /** In which nothing must be found. */
  readonly silentIn: readonly Noise[];
}

const white = (snrDb: number): Noise => ({ kind: 'white', snrDb });
const pink = (snrDb: number): Noise => ({ kind: 'pink', snrDb });
const clicks = (snrDb: number): Noise => ({ kind: 'clicks', snrDb });
const nameOf = (noise: Noise): string =>
  noise === undefined ? 'silence' : `${noise.kind} noise at ${noise.snrDb} dB`;

const contracts: readonly Contract[] = [
  {
    name: 'silero',
    open: openSilero,
    hearsIn: [undefined, white(20), white(10), white(5), pink(20), pink(10), pink(5), clicks(10)].map(
      (noise) => ({
        noise,
        stopMs: 350,
      }),
    ),
    silentIn: [undefined, white(20), white(5), pink(20), pink(5), clicks(20), clicks(10)],
  },
  {
    // By loudness alone a sentence at 5 dB is lost in pieces, and noise from the first frame on is taken for speech.
    name: 'energy',
    open: openEnergy,
    hearsIn: [undefined, white(20), pink(20)].map((noise) => ({ noise, stopMs: 350 })),
    silentIn: [undefined, white(30), pink(30)],
  },
];

for (const { name, open, hearsIn, silentIn } of contracts) {
  const opened = await open();
  after(() => opened.detector.close());

  for (const { noise, stopMs } of hearsIn) {
    test(`${name} finds each sentence in ${nameOf(noise)} within 300 ms, and its end`, async () => {
      const sample = sampleOf(sentences, noise, GAP_MS, SEED);
      const events = await listen(opened, sample.mulaw);
      assertHeard(events, sample, { startMs: 300, stopMs });
    });
  }

  for (const noise of silentIn) {
    test(`${name} hears nobody in ten seconds of ${nameOf(noise)}`, async () => {
      const events = await listen(opened, sampleOf([], noise, 10_000, SEED).mulaw);
      assert.deepEqual(events, []);
    });
  }

  test(`${name} says the same whatever the clock of the call and whatever else is going on`, async () => {
    const sample = sampleOf(sentences, white(20), GAP_MS, SEED);
    const alone = await listen(opened, sample.mulaw);
    const others = [1, 2, 3].map((index) => listen(opened, sample.mulaw.subarray(index * 1_111)));
    const again = await listen(opened, sample.mulaw, 500_000);
    await Promise.all(others);
    const unshifted = again.map((event) => {
      const heardAtMs = event.heardAtMs - 500_000;
      return event.kind === 'voiceStarted'
        ? { ...event, voiceAtMs: event.voiceAtMs - 500_000, heardAtMs }
        : { ...event, silenceAtMs: event.silenceAtMs - 500_000, heardAtMs };
    });
    assert.deepEqual(unshifted, alone);
  });

  test(`${name} hears a call that begins in mid-speech`, async () => {
    const sample = sampleOf(sentences.slice(0, 1), white(20), GAP_MS, SEED);
    const sentence = sample.sentences[0];
    const from = Math.round(((sentence?.startMs ?? 0) + 400) * 8);
    const events = await listen(opened, sample.mulaw.subarray(from));
    assert.equal(events[0]?.kind, 'voiceStarted');
    assert.ok((events[0]?.heardAtMs ?? Infinity) <= 300, `heard after ${events[0]?.heardAtMs} ms`);
    assert.equal(events.at(-1)?.kind, 'voiceStopped');
  });

  test(`${name} hears each sentence falter before it ends, and go on where it does not`, async () => {
    const sample = sampleOf(sentences, white(20), GAP_MS, SEED);
    const kinds: VadEvent['kind'][] = [];
    const session = opened.detector.open(({ kind }) => {
      if (kind !== 'voiceLouder') kinds.push(kind);
    });
    for (let at = 0; at + FRAME_BYTES <= sample.mulaw.length; at += FRAME_BYTES) {
      session.push(sample.mulaw.subarray(at, at + FRAME_BYTES), (at + FRAME_BYTES) / 8);
      await opened.caughtUp();
    }
    session.close();
    for (const [index, kind] of kinds.entries()) {
      const before = kinds[index - 1];
      if (kind === 'voiceStopped' || kind === 'voiceWentOn') assert.equal(before, 'voiceFaltered');
      else if (kind === 'voiceFaltered') assert.notEqual(before, 'voiceFaltered');
    }
    assert.ok(kinds.filter((kind) => kind === 'voiceStopped').length >= sentences.length);
  });

  test(`${name} says nothing after it was closed`, async () => {
    const { detector, caughtUp } = await open();
    const events: VadEvent[] = [];
    const session = detector.open((event) => events.push(event));
    session.push(sampleOf(sentences, undefined, 100, SEED).mulaw.subarray(0, 1_000), 125);
    await detector.close();
    const before = events.length;
    session.push(sampleOf(sentences, undefined, 100, SEED).mulaw, 60_000);
    await caughtUp();
    assert.equal(events.length, before);
  });
}
