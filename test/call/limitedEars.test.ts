// A call whose only speech-to-text wants to be left alone: the caller is told, each time they speak, and is heard again
// as soon as it takes requests.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Breaker } from '../../src/base/breaker.ts';
import { ProviderError } from '../../src/base/errors.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { SpeechToText } from '../../src/stt/port.ts';
import { CallRig } from '../helpers/callRig.ts';
import { settlePromises, VirtualClock } from '../helpers/virtualClock.ts';

const SOUND_MS_MAX = 3_000;
const ROUND_TRIP_MS = 20;

/** Refuses every session until `openAtMs`, and says to come back in `retryAfterMs`; then it hears the same sentence in whatever voice. */
function limitedEars(clock: VirtualClock, openAtMs: number, retryAfterMs: number) {
  const askedAtMs: number[] = [];
  const provider: SpeechToText = {
    provider: 'limited',
    capabilities: { liveWords: true, commitsItself: false },
    open: (_options, listener) => {
      askedAtMs.push(clock.nowMs());
      const details = { stage: 'stt', provider: 'limited', status: 429, retryAfterMs } as const;
      const refused = clock.nowMs() < openAtMs;
      let commits = 0;
      clock.after(ROUND_TRIP_MS, () =>
        listener(
          refused
            ? { kind: 'failed', error: new ProviderError('rate_limit', '429', details) }
            : { kind: 'ready' },
        ),
      );
      return {
        push: () => undefined,
        commit: () => {
          const utterance = commits;
          commits += 1;
          const said = utterance === 0 ? 'When do you open?' : '';
          if (!refused) clock.after(150, () => listener({ kind: 'final', utterance, text: said }));
          return utterance;
        },
        close: () => undefined,
      };
    },
  };
  return { provider, askedAtMs };
}

function limitedCall(openAtMs: number, retryAfterMs: number) {
  const clock = new VirtualClock(settlePromises);
  const { provider, askedAtMs } = limitedEars(clock, openAtMs, retryAfterMs);
  const earBreakers = [new Breaker({ clock, random: seededRandom(1) })];
  const rig = new CallRig({ clock, world: { ears: [provider], earBreakers } });
  rig.open();
  return { rig, askedAtMs };
}

/** The caller says something. Answers how long they then waited for a sound, and for which sentence. */
async function spoken(rig: CallRig): Promise<readonly [number, string | undefined]> {
  await rig.voice();
  await rig.run(1_200);
  const silentAtMs = rig.clock.nowMs();
  await rig.silence();
  await rig.agentSpeaks();
  const waitedMs = rig.clock.nowMs() - silentAtMs;
  await rig.agentFinishes();
  return [waitedMs, rig.eventsOf('agent.said').at(-1)?.text];
}

test('a caller whom nobody hears is told so within 3 s, every time, and the provider is left alone', async () => {
  const { rig, askedAtMs } = limitedCall(Infinity, 3_600_000);
  await rig.agentFinishes();
  for (let times = 0; times < 6; times += 1) {
    const [waitedMs, sentence] = await spoken(rig);
    assert.ok(waitedMs <= SOUND_MS_MAX, `${waitedMs} ms`);
    assert.equal(sentence, "Sorry, I didn't catch that.");
  }
  assert.equal(askedAtMs.length, 1, `${rig.clock.nowMs()} ms`);
  await rig.run(60_000);
  assert.ok(askedAtMs.length <= 3, `not longer than a minute: ${askedAtMs.join(' ')}`);
  rig.hangsUp();
  assert.deepEqual(await rig.leftovers(), { timers: 0, background: 0 });
});

test('what was said to nobody is answered when somebody hears again', async () => {
  const { rig, askedAtMs } = limitedCall(4_000, 5_000);
  await rig.agentFinishes();
  const [, sentence] = await spoken(rig);
  assert.equal(sentence, "Sorry, I didn't catch that.");
  await rig.run(5_000);
  assert.equal(askedAtMs.length, 2);
  assert.deepEqual(
    rig.turns().map(({ callerText }) => callerText),
    ['', 'When do you open?'],
  );
  rig.hangsUp();
});
