import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import type { CallerStep } from '../../src/sim/caller.ts';
import { replayCommand } from '../../src/tape/command.ts';
import { replay, type Replayed } from '../../src/tape/player.ts';
import type { Reel } from '../../src/tape/reel.ts';
import { compare, report } from '../../src/tape/report.ts';
import { eventually } from '../helpers/gatewayRig.ts';
import { BYE, EVENTFUL, TapingRig } from '../helpers/tapedCalls.ts';

/** The calls take some ten seconds; a machine that has other work to do takes its time. */
const PATIENCE_MS = 120_000;

let taping: TapingRig;
const calls = new Map<string, string>();

before(async () => {
  taping = await TapingRig.open();
  // All at once: a process that is busy is what tapes are made in.
  await Promise.all([
    held('eventful', EVENTFUL),
    held('transferred', [{ say: 'Reception, please.' }, { waitForHangUp: 20_000 }]),
    held('left', [{ say: 'What are your hours today?' }, { silence: 2_500 }, { hangUp: true }]),
    loseStream(),
    pressKeys(),
  ]);
});
after(() => taping.close());

async function held(name: string, steps: readonly CallerStep[]): Promise<void> {
  const { call } = await taping.rig.hold(steps);
  calls.set(name, call.callSid);
}

async function loseStream(): Promise<void> {
  const { call, report: over } = await taping.rig.begin([{ silence: 2_500 }, { silence: 2_500 }, ...BYE]);
  calls.set('lost', call.callSid);
  await eventually(() => finished(call.callSid, 0), 'the greeting was heard', PATIENCE_MS);
  call.dropStream();
  await over;
}

async function pressKeys(): Promise<void> {
  const { call, report: over } = await taping.rig.begin([
    { press: '123#', afterAgentMs: 300 },
    { silence: PATIENCE_MS },
  ]);
  const { callSid } = call;
  calls.set('keys', callSid);
  await eventually(() => finished(callSid, 1), 'the keys were answered', PATIENCE_MS);
  const live = taping.rig.gateway.calls.find(callSid);
  assert.equal(live?.say('Please hold the line.'), true);
  const said = (): boolean =>
    taping.rig
      .eventsOf(callSid)
      .some((event) => event.type === 'agent.said' && event.text.includes('hold the line'));
  await eventually(said, 'the line is said', PATIENCE_MS);
  live?.hangUp();
  await over;
}

function finished(callSid: string, turn: number): boolean {
  return taping.rig.eventsOf(callSid).some((event) => event.type === 'turn.finished' && event.turn === turn);
}

/** Told again; fails with what a reader would be told unless it came out the same. */
async function sameAgain(name: string): Promise<{ readonly reel: Reel; readonly replayed: Replayed }> {
  const reel = await taping.tapeOf(calls.get(name) ?? '');
  const replayed = await replay(reel);
  assert.ok(compare(reel, replayed).isExact, report(reel, replayed).join('\n'));
  assert.deepEqual(replayed.remarks, []);
  assert.ok(replayed.talk.messages.length > 10, 'something was said');
  return { reel, replayed };
}

function kindsOf({ lines }: Reel): ReadonlySet<string> {
  return new Set(lines.map((line) => (line.kind === 'happening' ? line.happening[0] : line.doing[0])));
}

test('a call that was held over real sockets comes out the same when it is told again, bit for bit', async () => {
  const { reel, replayed } = await sameAgain('eventful');
  const stored = await taping.rig.stored(calls.get('eventful') ?? '');
  // What was stored is what comes out, timings and all.
  for (const { index, callerText, heardText, source, interrupted, timings } of stored.turns) {
    const now = replayed.talk.turns.get(index);
    assert.deepEqual(
      [now?.callerText, now?.heardText, now?.source, now?.interrupted, now?.timings],
      [callerText, heardText, source, interrupted, timings],
    );
  }
  const kinds = kindsOf(reel);
  for (const kind of [
    'rang',
    'opened',
    'message',
    'voice',
    'heard',
    'wrote',
    'spoke',
    'over',
    'timer',
    'tick',
  ])
    assert.ok(kinds.has(kind), kind);
});

test('so does one that lost its stream, and went on', async () => {
  const { reel } = await sameAgain('lost');
  const opened = reel.lines.filter((line) => line.kind === 'happening' && line.happening[0] === 'opened');
  assert.equal(opened.length, 2);
});

test('so does one in which keys were pressed, and somebody outside said a line and hung up', async () => {
  const kinds = kindsOf((await sameAgain('keys')).reel);
  assert.ok(kinds.has('say') && kinds.has('hangUp'));
});

test('so do one that was transferred, and one whose caller hung up', async () => {
  await sameAgain('transferred');
  await sameAgain('left');
});

test('the command says so, and ends with 0', async () => {
  const lines: string[] = [];
  const code = await replayCommand([taping.fileOf(calls.get('eventful') ?? '')], (line) => lines.push(line));
  assert.equal(code, 0, lines.join('\n'));
  assert.match(lines.join('\n'), /^the same: \d+ messages, bit for bit and at the same times$/m);
});

test('a tape is its owner’s alone', async () => {
  const { mode } = await stat(taping.fileOf(calls.get('eventful') ?? ''));
  assert.equal(mode & 0o777, 0o600);
});
