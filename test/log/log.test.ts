import assert from 'node:assert/strict';
import test from 'node:test';
import { openLog, type LogLevel } from '../../src/log/log.ts';

/** A log whose lines can be read. */
function captured(level: LogLevel = 'debug') {
  const lines: string[] = [];
  const log = openLog(level, { write: (line: string) => void lines.push(line) });
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test('a line is JSON with the level by name, the time, the fields and the message', () => {
  const { log, parsed } = captured();
  log.child({ callSid: 'CA1' }).warn({ failure: 'x' }, 'something failed');
  const [line] = parsed();
  assert.equal(line?.['level'], 'warn');
  assert.equal(line?.['callSid'], 'CA1');
  assert.equal(line?.['failure'], 'x');
  assert.equal(line?.['msg'], 'something failed');
  assert.match(String(line?.['time']), /^\d{4}-\d\d-\d\dT/);
});

test('numbers, words that were said and secrets do not reach the log', () => {
  const { log, lines } = captured();
  log.info({ from: '+15550001111', text: 'my card is', token: 's3cret' }, 'a');
  log.error({ call: { to: '+15550002222', callerText: 'hello there' } }, 'b');
  log.child({ phone: '+15550003333' }).debug({ nested: { apiKey: 'sk-1' } }, 'c');
  assert.doesNotMatch(lines.join(''), /\+1555|card|hello|s3cret|sk-1/);
  assert.equal(lines.length, 3);
});

test('what is below the level is not written', () => {
  const { log, lines } = captured('warn');
  log.debug({}, 'a');
  log.info({}, 'b');
  log.warn({}, 'c');
  assert.equal(lines.length, 1);
});

test('a secret is in no line, in whatever field or message it comes', () => {
  const lines: string[] = [];
  const secrets = ['sk-very"secret', 'hunter22', 'on'];
  const log = openLog('debug', { write: (line) => void lines.push(line) }, () => secrets);
  log
    .child({ url: 'postgres://me:hunter22@db/x' })
    .error({ failure: 'Incorrect key: sk-very"secret' }, 'gone wrong');
  assert.equal(lines.length, 1);
  assert.doesNotMatch(lines.join(''), /very|hunter22/u);
  assert.match(lines.join(''), /gone wrong/u);
});
