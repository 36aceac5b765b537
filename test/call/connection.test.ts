import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  reduceConnection,
  type Connection,
  type ConnectionEvent,
  type Ending,
} from '../../src/call/connection.ts';

const wish: Ending = { kind: 'hangup', outcome: 'completed', forced: false };
const force: Ending = { kind: 'hangup', outcome: 'completed', forced: true };
const live: Connection = { kind: 'live' };

function after(...events: readonly ConnectionEvent[]): Connection {
  return events.reduce(reduceConnection, live);
}

test('an ending waits for the last words', () => {
  const wanted = { kind: 'endingWanted', ending: wish, speaking: true } as const;
  assert.deepEqual(after(wanted), { kind: 'ending', ending: wish });
  assert.deepEqual(after(wanted, { kind: 'speechOver' }), { kind: 'closed', why: wish });
  assert.deepEqual(after(wanted, { kind: 'endingTimedOut' }), { kind: 'closed', why: wish });
});

test('with nothing to say it is over at once', () => {
  assert.deepEqual(after({ kind: 'endingWanted', ending: wish, speaking: false }), {
    kind: 'closed',
    why: wish,
  });
});

test('a caller who objects keeps the call, unless the ending is forced', () => {
  assert.deepEqual(
    after({ kind: 'endingWanted', ending: wish, speaking: true }, { kind: 'interrupted' }),
    live,
  );
  const forced = after({ kind: 'endingWanted', ending: force, speaking: true }, { kind: 'interrupted' });
  assert.equal(forced.kind, 'ending');
});

test('a forced ending replaces a wish, a wish never replaces another', () => {
  const transfer: Ending = { kind: 'dial', to: '+15550001111', forced: false };
  const first = { kind: 'endingWanted', ending: transfer, speaking: true } as const;
  assert.deepEqual(after(first, { kind: 'endingWanted', ending: wish, speaking: true }), {
    kind: 'ending',
    ending: transfer,
  });
  assert.deepEqual(after(first, { kind: 'endingWanted', ending: force, speaking: true }), {
    kind: 'ending',
    ending: force,
  });
});

test('the carrier stopping the stream is the caller hanging up; a socket that breaks is a lost stream', () => {
  assert.deepEqual(after({ kind: 'streamEnded', stopped: true }), { kind: 'closed', why: 'caller_hung_up' });
  assert.deepEqual(after({ kind: 'streamEnded', stopped: false }), { kind: 'closed', why: 'stream_lost' });
});

test('a socket that breaks during the last words ends the call as wanted', () => {
  const end = after(
    { kind: 'endingWanted', ending: wish, speaking: true },
    { kind: 'streamEnded', stopped: false },
  );
  assert.deepEqual(end, { kind: 'closed', why: wish });
});

test('closed stays closed, whatever comes', () => {
  const event: fc.Arbitrary<ConnectionEvent> = fc.oneof(
    fc.record({
      kind: fc.constant('endingWanted' as const),
      ending: fc.constantFrom(wish, force),
      speaking: fc.boolean(),
    }),
    fc.constantFrom(
      { kind: 'speechOver' as const },
      { kind: 'interrupted' as const },
      { kind: 'endingTimedOut' as const },
    ),
    fc.record({ kind: fc.constant('streamEnded' as const), stopped: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(event), (events) => {
      let state: Connection = live;
      let closed: Connection | undefined;
      for (const one of events) {
        state = reduceConnection(state, one);
        if (closed !== undefined) assert.equal(state, closed);
        if (state.kind === 'closed') closed = state;
      }
    }),
  );
});
