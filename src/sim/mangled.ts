// Messages of the carrier's, right and in every way wrong, from a seed: what a parser has to live with.
import type { Random } from '../base/random.ts';
import { pick, pickNumber } from './chance.ts';

const STREAM_SID = `MZ${'a'.repeat(32)}`;

const SOUND: readonly ((random: Random) => unknown)[] = [
  (random) => mediaOf(random),
  (random) => mediaOf(random),
  () => ({ event: 'mark', sequenceNumber: '4', streamSid: STREAM_SID, mark: { name: 's1' } }),
  (random) => ({
    event: 'dtmf',
    streamSid: STREAM_SID,
    sequenceNumber: '5',
    dtmf: { track: 'inbound_track', digit: pick(random, ['0', '9', '#', '*']) },
  }),
  () => ({ event: 'connected', protocol: 'Call', version: '1.0.0' }),
  () => ({
    event: 'start',
    sequenceNumber: '1',
    streamSid: STREAM_SID,
    start: {
      streamSid: STREAM_SID,
      accountSid: `AC${'b'.repeat(32)}`,
      callSid: `CA${'c'.repeat(32)}`,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8_000, channels: 1 },
      customParameters: { token: 'a.b' },
    },
  }),
];

const STRANGE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  '',
  ' ',
  '\u0000',
  '\ud800',
  'NaN',
  '__proto__',
  'constructor',
  '-1',
  '9'.repeat(400),
  [],
  {},
  [[]],
  { __proto__: null },
  'x'.repeat(20_000),
  '!!!!',
  '////',
  'inbound',
  'media',
  Number.MAX_SAFE_INTEGER,
];

function mediaOf(random: Random): unknown {
  const bytes = Buffer.alloc(
    pick(random, [160, 160, 160, 0, 1, 159, 8_000, 8_001]),
    pickNumber(random, 0, 255),
  );
  return {
    event: 'media',
    sequenceNumber: String(pickNumber(random, 1, 1e9)),
    media: {
      track: 'inbound',
      chunk: String(pickNumber(random, 1, 1e9)),
      timestamp: String(pickNumber(random, 0, 1e9)),
      payload: bytes.toString('base64'),
    },
    streamSid: STREAM_SID,
  };
}

/** One message, as it came or damaged: a value replaced, a key gone or doubled, text cut, swapped or put in. */
export function anyMessage(random: Random): string {
  const message = pick(random, SOUND)(random);
  const damage = random.next();
  if (damage < 0.2) return JSON.stringify(message);
  if (damage < 0.6) return JSON.stringify(withDamage(message, random)) ?? 'undefined';
  return damagedText(JSON.stringify(message), random);
}

function withDamage(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.next() < 0.15) return pick(random, STRANGE);
  const entries = Object.entries(value);
  const at = pickNumber(random, 0, Math.max(0, entries.length - 1));
  const chosen = entries[at];
  if (chosen === undefined || random.next() < 0.1)
    return { ...value, [pick(random, ['__proto__', 'event', 'x', ''])]: pick(random, STRANGE) };
  if (random.next() < 0.15) return Object.fromEntries(entries.filter((_entry, i) => i !== at));
  return Object.fromEntries(
    entries.map(([key, inner], i) => (i === at ? [key, withDamage(inner, random)] : [key, inner])),
  );
}

function damagedText(text: string, random: Random): string {
  const at = pickNumber(random, 0, text.length);
  switch (pickNumber(random, 0, 4)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + String.fromCharCode(pickNumber(random, 0, 0xffff)) + text.slice(at + 1);
    case 2:
      return (
        text.slice(0, at) +
        pick(random, ['"', '{', '}', '\\', '[', '\u0000', '\\u0000', ',,', '1e999']) +
        text.slice(at)
      );
    case 3:
      return text + text.slice(at);
    default:
      return pick(random, [
        '',
        '{',
        '[]',
        'null',
        '"media"',
        '['.repeat(5_000),
        '{"a":'.repeat(2_000),
        text.repeat(60),
      ]);
  }
}
