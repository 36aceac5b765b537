import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'node:test';
import { sleep, systemClock } from '../../src/base/clock.ts';
import { Inspector, INSPECTED } from '../../src/sim/inspector.ts';
import { until } from '../helpers/until.ts';

/** A process that tells every time when something of its was collected. */
const PROGRAM = `
  const gone = new FinalizationRegistry(() => process.stdout.write('collected\\n'));
  setInterval(() => gone.register({ some: 'thing' }), 20);
`;

test('a process collects its garbage when it is asked to, and an end of it is told to who still asks', async () => {
  const child = spawn(process.execPath, [...INSPECTED, '-e', PROGRAM], { stdio: ['ignore', 'pipe', 'pipe'] });
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => log.push(...String(chunk).split('\n')));
  const exited = once(child, 'exit');
  await until(() => log.some((line) => line.includes('Debugger listening')), 'it says where', 20_000);
  const inspector = await Inspector.of({ log });
  // Something has to be there to be collected.
  await sleep(systemClock, 100);
  await inspector.collectGarbage();
  await until(() => log.includes('collected'), 'something was collected', 20_000);
  child.kill('SIGKILL');
  await exited;
  await assert.rejects(async () => {
    for (;;) await inspector.collectGarbage();
  });
  inspector.close();
});
