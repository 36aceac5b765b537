import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import {
  isFree,
  reducePhone,
  type NextStep,
  type OfferedStream,
  type Phone,
  type PhoneEffect,
  type PhoneEvent,
} from '../../src/console/softphone/phone.ts';

function stream(callSid = 'SP1'): OfferedStream {
  return { callSid, accountSid: 'AC1', streamSid: 'MZ1', token: 't', protocols: ['a', 'b'], url: '/m' };
}

/** What comes of these events, from the beginning. */
function told(...events: readonly PhoneEvent[]): {
  readonly phone: Phone;
  readonly effects: readonly string[];
} {
  let phone: Phone = { kind: 'idle' };
  const effects: string[] = [];
  for (const event of events) {
    const step = reducePhone(phone, event);
    phone = step.phone;
    effects.push(...step.effects.map(({ kind }) => kind));
  }
  return { phone, effects };
}

const PLACED: readonly PhoneEvent[] = [
  { kind: 'callWanted' },
  { kind: 'microphoneReady' },
  { kind: 'admitted', stream: stream() },
];
const IN_CALL: readonly PhoneEvent[] = [...PLACED, { kind: 'opened' }];
const known = (step: NextStep): PhoneEvent => ({ kind: 'nextKnown', step });

test('a call is asked for, admitted, opened, and ends when the agent hangs up', () => {
  const { phone, effects } = told(...IN_CALL, { kind: 'closed' }, known({ next: 'hangup' }));
  assert.deepEqual(phone, { kind: 'ended', callSid: 'SP1', how: { by: 'agent' } });
  assert.deepEqual(effects, ['askMicrophone', 'place', 'open', 'askNext', 'releaseMicrophone']);
});

test('hanging up says goodbye on the stream and lets the microphone go', () => {
  const { phone, effects } = told(...IN_CALL, { kind: 'hangUpWanted' }, { kind: 'closed' });
  assert.deepEqual(phone, { kind: 'ended', callSid: 'SP1', how: { by: 'caller' } });
  assert.deepEqual(effects.slice(3), ['hangUp', 'releaseMicrophone']);
});

for (const why of ['denied', 'missing', 'busy', 'insecure', 'unsupported'] as const) {
  test(`no call is placed when the microphone is ${why}, and one may be tried again`, () => {
    const failed = told({ kind: 'callWanted' }, { kind: 'microphoneFailed', why });
    assert.deepEqual(failed.phone, { kind: 'failed', callSid: undefined, why, message: undefined });
    assert.deepEqual(failed.effects, ['askMicrophone']);
    assert.equal(reducePhone(failed.phone, { kind: 'callWanted' }).phone.kind, 'asking');
  });
}

test('a gateway that takes no call is told with its own words', () => {
  const { phone, effects } = told(
    { kind: 'callWanted' },
    { kind: 'microphoneReady' },
    { kind: 'notAdmitted', why: 'full', message: 'no more calls' },
  );
  assert.deepEqual(phone, { kind: 'failed', callSid: undefined, why: 'full', message: 'no more calls' });
  assert.deepEqual(effects, ['askMicrophone', 'place', 'releaseMicrophone']);
});

test('a stream that never opens gives its place back', () => {
  const { phone, effects } = told(...PLACED, { kind: 'closed' });
  assert.equal(phone.kind === 'failed' && phone.why, 'blocked');
  assert.deepEqual(effects.slice(3), ['hangUp', 'releaseMicrophone']);
});

test('a broken stream is replaced, and who was muted stays so', () => {
  const { phone, effects } = told(
    ...IN_CALL,
    { kind: 'muteWanted', muted: true },
    { kind: 'closed' },
    { kind: 'nextUnknown' },
    known({ next: 'ask', path: '/elsewhere' }),
    known({ next: 'connect', stream: stream() }),
    { kind: 'opened' },
  );
  assert.deepEqual(phone, { kind: 'inCall', callSid: 'SP1', muted: true });
  assert.deepEqual(effects.slice(3), ['askNext', 'askNext', 'askNext', 'open']);
});

test('a gateway that stays away is given up, and so is one that apologizes', () => {
  const silence = Array.from({ length: 25 }, (): PhoneEvent => ({ kind: 'nextUnknown' }));
  const gone = told(...IN_CALL, { kind: 'closed' }, ...silence);
  const sorry = told(...IN_CALL, { kind: 'closed' }, known({ next: 'apologize' }));
  for (const { phone, effects } of [gone, sorry]) {
    assert.equal(phone.kind === 'failed' && phone.why, 'lost');
    assert.equal(effects.at(-1), 'releaseMicrophone');
  }
});

test('who is put through is told to whom', () => {
  const { phone } = told(...IN_CALL, { kind: 'closed' }, known({ next: 'dial', to: '+15550001' }));
  assert.deepEqual(phone, { kind: 'ended', callSid: 'SP1', how: { by: 'transfer', to: '+15550001' } });
});

const anyEvent: fc.Arbitrary<PhoneEvent> = fc.oneof(
  fc.constantFrom<PhoneEvent>(
    { kind: 'callWanted' },
    { kind: 'microphoneReady' },
    { kind: 'microphoneFailed', why: 'denied' },
    { kind: 'notAdmitted', why: 'full', message: undefined },
    { kind: 'opened' },
    { kind: 'closed' },
    { kind: 'nextUnknown' },
    { kind: 'muteWanted', muted: true },
    { kind: 'hangUpWanted' },
    known({ next: 'hangup' }),
    known({ next: 'connect', stream: stream('SP-again') }),
  ),
  fc.constant<PhoneEvent>({ kind: 'admitted', stream: stream('SP-new') }),
);

/** The shell answers each of its questions once, sooner or later; nothing else comes from it. */
interface Owed {
  microphones: number;
  admissions: number;
}

/** Whether this may happen now; takes it off what is owed. */
function mayHappen(event: PhoneEvent, owed: Owed): boolean {
  const kinds = { microphoneReady: 'microphones', microphoneFailed: 'microphones' } as const;
  const admissions = { admitted: 'admissions', notAdmitted: 'admissions' } as const;
  const key = { ...kinds, ...admissions }[event.kind as keyof typeof kinds | keyof typeof admissions];
  if (key === undefined) return true;
  if (owed[key] === 0) return false;
  owed[key] -= 1;
  return true;
}

test('whatever happens, no microphone is left open and no admitted call is forgotten', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 200 }), (events) => {
      let phone: Phone = { kind: 'idle' };
      const owed: Owed = { microphones: 0, admissions: 0 };
      let microphoneOpen = false;
      const answered: string[] = [];
      const note = (effect: PhoneEffect): void => {
        if (effect.kind === 'askMicrophone') owed.microphones += 1;
        if (effect.kind === 'place') owed.admissions += 1;
        if (effect.kind === 'releaseMicrophone') microphoneOpen = false;
        if (effect.kind === 'open' || effect.kind === 'hangUp') answered.push(effect.kind);
      };
      for (const event of events) {
        if (!mayHappen(event, owed)) continue;
        if (event.kind === 'microphoneReady') microphoneOpen = true;
        answered.length = 0;
        const step = reducePhone(phone, event);
        phone = step.phone;
        for (const effect of step.effects) note(effect);
        if (event.kind === 'admitted') assert.equal(answered.length, 1, 'opened, or cancelled');
        if (isFree(phone)) assert.ok(!microphoneOpen, `${phone.kind} after ${event.kind}`);
      }
    }),
    { numRuns: 500 },
  );
});
