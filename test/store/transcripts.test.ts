import assert from 'node:assert/strict';
import test from 'node:test';
import type { TranscriptTurn } from '../../src/store/port.ts';
import { Transcripts, WAITING_CALLS_MAX } from '../../src/store/transcripts.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';

type News = ReadonlyMap<string, ReadonlyMap<number, TranscriptTurn>>;

class Rig {
  readonly clock = new VirtualClock();
  readonly upserts: News[] = [];
  readonly errors: unknown[] = [];
  dropped = 0;
  fail: Error | undefined;
  readonly transcripts: Transcripts;

  constructor(gathering = true) {
    this.transcripts = new Transcripts({
      upsert: async (news) => {
        if (this.fail !== undefined) throw this.fail;
        this.upserts.push(news);
      },
      clock: this.clock,
      gathering,
      onDropped: (calls) => (this.dropped += calls),
      onKept: () => undefined,
      onError: (error) => this.errors.push(error),
    });
  }

  says(callSid: string, index: number, callerText: string, heardText = ''): void {
    this.transcripts.turnChanged(callSid, index, { callerText, heardText });
  }

  plain(): unknown {
    return this.upserts.map((news) =>
      [...news].map(([sid, turns]) => [
        sid,
        ...[...turns].map(([index, turn]) => [index, turn.callerText, turn.heardText]),
      ]),
    );
  }
}

test('several calls’ news go together, and of one turn only the last', async () => {
  const rig = new Rig();
  rig.says('CA1', 1, 'hello');
  rig.says('CA2', 4, 'yes');
  rig.says('CA1', 1, 'hello', 'Hi.');
  await rig.clock.advance(249);
  assert.equal(rig.upserts.length, 0);
  await rig.clock.advance(1);
  assert.deepEqual(rig.plain(), [
    [
      ['CA1', [1, 'hello', 'Hi.']],
      ['CA2', [4, 'yes', '']],
    ],
  ]);
  assert.deepEqual([rig.transcripts.waitingCalls, rig.clock.pendingTimers], [0, 0]);
});

test('news wait while the database is away, and newer ones of the same turn replace them', async () => {
  const rig = new Rig();
  rig.fail = new Error('away');
  rig.says('CA1', 1, 'hello');
  rig.says('CA1', 2, 'again');
  await rig.clock.advance(300);
  assert.equal(rig.errors.length, 1);
  rig.says('CA1', 2, 'again', 'Yes.');
  rig.fail = undefined;
  await rig.clock.advance(1_000);
  assert.deepEqual(rig.plain(), [[['CA1', [1, 'hello', ''], [2, 'again', 'Yes.']]]]);
  assert.equal(rig.dropped, 0);
});

test('what the database refuses for good is given up and counted', async () => {
  const rig = new Rig();
  rig.fail = Object.assign(new Error('no such text'), { code: '22021' });
  rig.says('CA1', 1, 'hello');
  await rig.clock.advance(300);
  assert.deepEqual([rig.dropped, rig.transcripts.waitingCalls], [1, 0]);
});

test('above the bound the oldest call’s news go, and are counted', () => {
  const rig = new Rig();
  for (let call = 0; call <= WAITING_CALLS_MAX; call += 1) rig.says(`CA${call}`, 1, 'hello');
  assert.deepEqual([rig.dropped, rig.transcripts.waitingCalls], [1, WAITING_CALLS_MAX]);
});

test('a flush does not wait for others to join, and no longer than it is told', async () => {
  const rig = new Rig();
  rig.says('CA1', 1, 'hello');
  await rig.transcripts.flush(1_000);
  assert.equal(rig.upserts.length, 1);
  rig.fail = new Error('away');
  rig.says('CA1', 2, 'hello');
  let over = false;
  void rig.transcripts.flush(1_000).then(() => (over = true));
  await rig.clock.advance(999);
  assert.equal(over, false);
  await rig.clock.advance(1);
  assert.equal(over, true);
});

test('closing keeps what it can, counts the rest, and leaves no timer', async () => {
  const rig = new Rig(false);
  rig.says('CA1', 1, 'hello');
  await rig.transcripts.close();
  assert.equal(rig.upserts.length, 1);
  rig.says('CA1', 2, 'too late');
  assert.equal(rig.dropped, 1);

  const away = new Rig();
  away.fail = new Error('away');
  away.says('CA1', 1, 'hello');
  const closed = away.transcripts.close();
  await away.clock.advance(5_000);
  await closed;
  assert.deepEqual([away.dropped, away.clock.pendingTimers], [1, 0]);
});
