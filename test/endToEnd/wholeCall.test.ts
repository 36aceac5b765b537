import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { encodeMulaw } from '../../src/audio/mulaw.ts';
import { readWav } from '../../src/audio/wav.ts';
import { INTERRUPTED_NOTE } from '../../src/llm/history.ts';
import type { CallerReport, CallerStep } from '../../src/sim/caller.ts';
import { plain, Recogniser } from '../../src/sim/recogniser.ts';
import {
  eventually,
  GatewayRig,
  GREETING,
  LONG_ANSWER,
  PUBLIC_URL,
  wordsOf,
  type StoredCall,
} from '../helpers/gatewayRig.ts';

const MACHINE = '+15550100777';
const BUSY = '+15550100778';
const HUMAN = '+15550100779';
const BYE: readonly CallerStep[] = [{ say: 'Thank you, goodbye.' }, { waitForHangUp: 20_000 }];

let rig: GatewayRig;
/** Of the people who are called. */
const answering = new Map<string, Promise<CallerReport>>();
/** What was open before the gateway was. */
let handlesBefore: readonly string[] = [];

before(async () => {
  handlesBefore = process.getActiveResourcesInfo();
  rig = await GatewayRig.open({
    callee: (call) => {
      if (call.identity.to === BUSY) return { kind: 'busy', afterMs: 50 };
      const steps: readonly CallerStep[] = call.identity.to === HUMAN ? BYE : [{ waitForHangUp: 20_000 }];
      answering.set(
        call.callSid,
        rig.caller(steps).then((caller) => caller.take(call)),
      );
      return call.identity.to === HUMAN
        ? { kind: 'answer', afterMs: 100 }
        : { kind: 'answer', afterMs: 100, answeredBy: 'machine_end_beep', detectionMs: 400 };
    },
  });
});

function heardOf(call: StoredCall): string {
  return call.turns.map((turn) => turn.heardText).join(' ');
}

suite('one gateway, several calls at once', { concurrency: true }, () => {
  test('a call is greeted, answered twice and hung up on by the agent, and every trace of it says the same', async () => {
    const { call, report } = await rig.hold([{ say: 'I would like an appointment.' }, ...BYE]);
    assert.equal(report.missedTurns, 0);
    assert.equal(report.agentStayed, false, 'the agent hung up');
    assert.equal(call.end?.by, 'verb');
    assert.deepEqual(call.warnings, []);

    const stored = await rig.stored(call.callSid);
    assert.equal(stored.outcome, 'completed');
    assert.deepEqual(
      stored.turns.map((turn) => [turn.index, turn.callerText, turn.heardText, turn.source]),
      [
        [0, '', GREETING, 'cached'],
        [1, 'I would like an appointment.', 'I can help you with that.', 'generated'],
        [2, 'Thank you, goodbye.', 'Have a lovely day.', 'generated'],
      ],
    );
    for (const { timings } of stored.turns.slice(1)) {
      assert.deepEqual(Object.keys(timings).sort(), [
        'endpoint',
        'firstFrame',
        'heard',
        'llmFirstSentence',
        'llmFirstToken',
        'response',
        'sttFinal',
        'ttsFirstAudio',
      ]);
      assert.ok((timings.heard ?? 0) >= (timings.response ?? 0));
    }
    rig.assertHeard(call, heardOf(stored));

    const told = rig.eventsOf(call.callSid).map(({ type }) => type);
    const landmarks = new Set(['call.started', 'turn.started', 'agent.said', 'turn.finished', 'call.ended']);
    assert.deepEqual(
      told.filter((type) => landmarks.has(type)),
      [
        'call.started',
        'agent.said',
        'turn.finished',
        'turn.started',
        'agent.said',
        'turn.finished',
        'turn.started',
        'agent.said',
        'turn.finished',
        'call.ended',
      ],
    );
    assert.ok(told.indexOf('transcript.partial') < told.indexOf('turn.started'));
  });

  test('the recording of a call plays, the caller on the left and the agent on the right', async () => {
    const { call } = await rig.hold([{ say: 'Do you have parking?' }, ...BYE]);
    const stored = await rig.stored(call.callSid);
    let wav: Uint8Array = new Uint8Array(0);
    await eventually(async () => {
      const response = await fetch(`${rig.gateway.url}/v1/calls/${call.callSid}/recording`);
      wav = new Uint8Array(await response.arrayBuffer());
      return response.ok && readWav(wav).ok;
    }, 'the recording is whole');
    const read = readWav(wav);
    assert.ok(read.ok);
    const [left, right] = read.channels;
    assert.ok(left !== undefined && right !== undefined && read.channels.length === 2);
    const caller = new Recogniser(rig.providers.book);
    caller.push(left);
    caller.push(new Int16Array(1_600));
    assert.deepEqual(
      caller.words.map(({ word }) => plain(word)),
      wordsOf('Do you have parking? Thank you, goodbye.'),
    );
    const agent = rig.played.wordsIn(encodeMulaw(right)).map(({ word }) => plain(word));
    assert.deepEqual(agent, call.gaps.length === 0 ? wordsOf(heardOf(stored)) : agent);
    assert.ok(agent.length >= 5, agent.join(' '));
  });

  test('an interruption cuts the stored and the remembered text to what the carrier played', async () => {
    const { call } = await rig.hold([
      { say: 'What are your hours?' },
      { interrupt: 'Wait, thank you, goodbye.', afterAgentMs: 1_500 },
      { waitForHangUp: 20_000 },
    ]);
    const stored = await rig.stored(call.callSid);
    const cut = stored.turns[1];
    assert.ok(cut?.interrupted === true, JSON.stringify(stored.turns));
    const heard = wordsOf(cut.heardText);
    assert.ok(heard.length >= 2 && heard.length < wordsOf(LONG_ANSWER).length, cut.heardText);
    assert.deepEqual(heard, wordsOf(LONG_ANSWER).slice(0, heard.length));
    const others = wordsOf(heardOf(stored)).length - heard.length;
    const played = rig.wordsHeard(call).length - others;
    // A gap in the sound, of a machine that is too busy, takes words from what can be recognised.
    const gaps = call.gaps.length;
    assert.ok(Math.abs(played - heard.length) <= 1 + 2 * gaps, `${played} played, "${cut.heardText}" stored`);

    const note = `${cut.heardText}${INTERRUPTED_NOTE}`;
    const knew = rig.providers.chat.requests.some((request) =>
      JSON.stringify(request.body).includes(JSON.stringify(note).slice(1, -1)),
    );
    assert.ok(knew, `the model was told: ${note}`);
    assert.ok(rig.eventsOf(call.callSid).some(({ type }) => type === 'agent.interrupted'));
  });

  test('a call whose stream is lost is connected again with another token and goes on where it was', async () => {
    const { call, report } = await rig.begin([
      { say: 'Tell me about cleanings.' },
      { listen: true },
      { silence: 2_500 },
      ...BYE,
    ]);
    const answered = (): boolean =>
      rig.eventsOf(call.callSid).some((event) => event.type === 'turn.finished' && event.turn === 1);
    await eventually(answered, 'the first turn is over');
    call.dropStream();
    assert.equal((await report).missedTurns, 0);
    assert.equal(call.end?.by, 'verb');

    const streams = call.line.streams.map(({ stream }) => stream.identity);
    assert.equal(streams.length, 2);
    assert.notEqual(streams[0]?.parameters['token'], streams[1]?.parameters['token']);
    const stored = await rig.stored(call.callSid);
    assert.equal(stored.outcome, 'completed');
    assert.deepEqual(
      stored.turns.map((turn) => [turn.callerText, turn.heardText]),
      [
        ['', GREETING],
        ['Tell me about cleanings.', 'I can help you with that.'],
        ['', 'We were cut off.'],
        ['Thank you, goodbye.', 'Have a lovely day.'],
      ],
    );
    const remembered = rig.providers.chat.requests.some(({ body }) => {
      const asked = JSON.stringify(body);
      return asked.includes('Tell me about cleanings.') && asked.includes('We were cut off.');
    });
    assert.ok(remembered, 'the model knows what was said before');
    const { calls } = (await (await fetch(`${rig.gateway.url}/v1/calls?limit=100`)).json()) as {
      readonly calls: readonly { readonly callSid: string }[];
    };
    assert.equal(calls.filter(({ callSid }) => callSid === call.callSid).length, 1);
  });

  test('a caller who asks for somebody is told so and put through', async () => {
    const { call } = await rig.hold([{ say: 'Reception, please.' }, { waitForHangUp: 20_000 }]);
    assert.deepEqual([call.end?.by, call.end?.transferredTo], ['dial', '+15550001111']);
    const stored = await rig.stored(call.callSid);
    assert.equal(stored.outcome, 'transferred');
    assert.equal(stored.turns[1]?.heardText, 'Putting you through.');
    rig.assertHeard(call, heardOf(stored));
  });

  test('a caller who hangs up over the agent leaves a turn with what was heard until then', async () => {
    const { call } = await rig.hold([
      { say: 'What are your hours today?' },
      { silence: 2_500 },
      { hangUp: true },
    ]);
    const stored = await rig.stored(call.callSid);
    assert.equal(stored.outcome, 'completed');
    const cut = stored.turns[1];
    assert.ok(cut?.interrupted === true && cut.heardText !== '', JSON.stringify(cut));
    assert.ok(LONG_ANSWER.startsWith(cut.heardText));
  });

  test('somebody who is called talks with the agent', async () => {
    const call = await rig.place(HUMAN);
    const end = await call.ended;
    assert.deepEqual([end.status, end.by], ['completed', 'verb']);
    const stored = await rig.stored(call.callSid);
    assert.deepEqual([stored.direction, stored.outcome], ['outbound', 'completed']);
    assert.deepEqual(
      stored.turns.map((turn) => turn.callerText),
      ['', 'Thank you, goodbye.'],
    );
    const report = await answering.get(call.callSid);
    assert.equal(report?.missedTurns, 0);
  });

  test('a machine that answers is left a message and hung up on', async () => {
    const call = await rig.place(MACHINE);
    const end = await call.ended;
    assert.equal(end.by, 'verb');
    const stored = await rig.stored(call.callSid);
    assert.equal(stored.outcome, 'voicemail');
    assert.equal(stored.turns.at(-1)?.heardText.endsWith('Please call us back.'), true);
    if (call.gaps.length === 0) {
      assert.deepEqual(rig.wordsHeard(call).slice(-4), wordsOf('Please call us back.'));
    }
    const amd = rig.carrier.requests.filter(({ url }) => url === `${PUBLIC_URL}/twilio/amd`);
    assert.deepEqual(
      amd.filter(({ parameters }) => parameters['CallSid'] === call.callSid).map(({ status }) => status),
      [204],
    );
  });

  test('a line that is busy is stored as such', async () => {
    const call = await rig.place(BUSY);
    assert.equal((await call.ended).status, 'busy');
    const stored = await rig.stored(call.callSid);
    assert.deepEqual([stored.outcome, stored.turns.length], ['busy', 0]);
  });
});

test('after twenty more calls at once nothing is open, and every call was counted once', async () => {
  const held = await Promise.all(
    Array.from({ length: 20 }, () => rig.hold([{ silence: 700 }, { hangUp: true }])),
  );
  for (const { call } of held) {
    assert.deepEqual(call.warnings, []);
    assert.equal((await rig.stored(call.callSid)).outcome, 'completed');
  }
  await rig.carrier.idle();
  const metrics = await rig.metrics();
  assert.match(metrics, /^turnpike_calls_active 0$/m);
  const counted = [...metrics.matchAll(/^turnpike_calls_total\{.*\} (\d+)$/gm)];
  assert.equal(
    counted.reduce((sum, [, count]) => sum + Number(count), 0),
    rig.carrier.calls.length,
  );
  const responses = /^turnpike_turn_response_seconds_count\{source="generated"\} (\d+)$/m.exec(metrics);
  assert.ok(Number(responses?.[1]) >= 10, responses?.[0]);
  for (const stage of ['stt', 'llm', 'tts']) {
    assert.match(
      metrics,
      new RegExp(
        `^turnpike_provider_requests_total\\{stage="${stage}",provider="openai",outcome="ok"\\} [1-9]`,
        'm',
      ),
    );
  }
});

test('a gateway that is closed leaves no timer, socket or thread behind', async () => {
  after(() => rig.close());
  await rig.closeAll();
  const opened = (): readonly string[] => {
    const left = [...process.getActiveResourcesInfo()];
    for (const handle of handlesBefore) {
      const at = left.indexOf(handle);
      if (at >= 0) left.splice(at, 1);
    }
    // What `eventually` itself is waiting with, and the test runner's own pipe.
    return left.filter((handle) => !/^(?:Timeout|Immediate|PipeWrap)$/.test(handle));
  };
  await eventually(() => opened().length === 0, 'all is closed').catch(() => {
    assert.deepEqual(opened(), []);
  });
});
