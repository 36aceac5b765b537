// Whole calls with a turn model that answers what the test wants.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { TurnModel } from '../../src/vad/turnModelPort.ts';
import { CallRig } from '../helpers/callRig.ts';
import type { VirtualClock } from '../helpers/virtualClock.ts';

/** Answers every question with `probability` after 60 ms. */
class ScriptedModel implements TurnModel {
  readonly askedBytes: number[] = [];
  sessions = 0;
  clock: VirtualClock | undefined;
  readonly #probability: number;

  constructor(probability: number) {
    this.#probability = probability;
  }

  open(listener: Parameters<TurnModel['open']>[0]): ReturnType<TurnModel['open']> {
    this.sessions += 1;
    let closed = false;
    return {
      ask: (mulaw, silenceAtMs) => {
        this.askedBytes.push(mulaw.length);
        this.clock?.after(60, () => {
          if (!closed) listener({ probability: this.#probability, silenceAtMs });
        });
      },
      close: () => {
        if (!closed) this.sessions -= 1;
        closed = true;
      },
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** How long the caller waited for the turn to be taken, from their silence. */
async function waitedMs(text: string, model?: ScriptedModel): Promise<number> {
  const rig = new CallRig(model === undefined ? {} : { world: { turnModel: model } });
  if (model !== undefined) model.clock = rig.clock;
  rig.open();
  await rig.agentFinishes();
  await rig.says(text);
  const silenceAtMs = rig.clock.nowMs() - 200;
  for (let ms = 0; ms < 3_000 && rig.eventsOf('turn.started').length === 0; ms += 5) await rig.run(5);
  assert.equal(rig.eventsOf('turn.started').at(-1)?.callerText, text);
  const waited = rig.clock.nowMs() - silenceAtMs;
  rig.hangsUp();
  await rig.run(20);
  assert.deepEqual(rig.bugs, []);
  return waited;
}

test('the model is asked once a silence with the audio of the turn, and closed with the call', async () => {
  const model = new ScriptedModel(0.5);
  const text = 'I would like a table';
  const plainMs = await waitedMs(text);
  assert.equal(await waitedMs(text, model), plainMs);
  const spokenMs = text.replaceAll(' ', '').length * 60 + 200;
  assert.equal(model.askedBytes.length, 1);
  const askedMs = (model.askedBytes[0] ?? 0) / 8;
  // The voice before the detector noticed it, and what may have come before that.
  assert.ok(askedMs >= spokenMs && askedMs <= spokenMs + 80 + 300 + 20, `${askedMs} of ${spokenMs} ms`);
  assert.equal(model.sessions, 0);
});

test('what sounds finished is answered sooner, and what sounds like a pause later', async () => {
  const text = 'the blue one';
  const plainMs = await waitedMs(text);
  assert.ok((await waitedMs(text, new ScriptedModel(0.95))) < plainMs - 100);
  assert.ok((await waitedMs(text, new ScriptedModel(0.05))) > plainMs + 100);
});

test('a nod over the agent is not asked about', async () => {
  const model = new ScriptedModel(0.9);
  const rig = new CallRig({ world: { turnModel: model } });
  model.clock = rig.clock;
  rig.open();
  await rig.agentSpeaks();
  await rig.run(300);
  await rig.says('uh-huh');
  await rig.agentFinishes();
  assert.deepEqual(model.askedBytes, []);
  rig.hangsUp();
  await rig.run(20);
  assert.equal(model.sessions, 0);
});
