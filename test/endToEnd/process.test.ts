import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import type { CallerReport, CallerStep } from '../../src/sim/caller.ts';
import type { Carrier } from '../../src/sim/carrier.ts';
import type { CarrierCall } from '../../src/sim/carrierCall.ts';
import { startGateway, type GatewayProcess } from '../../src/sim/gatewayProcess.ts';
import {
  AGENT_NUMBER,
  agentYaml,
  API_KEY,
  AUTH_TOKEN,
  CALLER_NUMBER,
  environment,
  eventually,
  hurriedCaller,
  newCarrier,
  openSpeakingProviders,
  storedCall,
  TALK_TOOLS,
} from '../helpers/gatewayRig.ts';

const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts');

let speaking: Awaited<ReturnType<typeof openSpeakingProviders>>;
let dataDir: string;
let env: Record<string, string>;
let gateway: GatewayProcess | undefined;
let carrier: Carrier | undefined;
/** Of the first process, whose call the second one has to know. */
let firstCallSid = '';

before(async () => {
  speaking = await openSpeakingProviders();
  dataDir = await mkdtemp(path.join(tmpdir(), 'turnpike-test-'));
  const agentPath = path.join(dataDir, 'agent.yaml');
  await writeFile(agentPath, agentYaml(speaking.providers.url, TALK_TOOLS));
  const { PORT: _chosen, ...rest } = environment({
    providersUrl: speaking.providers.url,
    dataDir,
    agentPath,
  });
  env = rest;
});
after(async () => {
  await carrier?.close();
  await gateway?.stop();
  await speaking.providers.close();
  await rm(dataDir, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runMain(args: readonly string[], own: Readonly<Record<string, string>>): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...own },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

async function start(): Promise<GatewayProcess> {
  gateway = await startGateway({ env, clock: systemClock });
  carrier = newCarrier(gateway.url);
  return gateway;
}

async function begin(
  steps: readonly CallerStep[],
): Promise<{ readonly call: CarrierCall; readonly report: Promise<CallerReport> }> {
  const caller = await hurriedCaller({ steps, ...speaking });
  assert.ok(carrier !== undefined);
  const call = carrier.placeCall({ from: CALLER_NUMBER, to: AGENT_NUMBER });
  const report = caller.take(call);
  await eventually(() => call.arrivals.length > 0, 'the agent greets');
  return { call, report };
}

test('a wrong environment stops the start with every mistake, and no value, on the terminal', async () => {
  const ended = await runMain([], {
    PORT: 'eighty',
    CALLS_MAX: '-1',
    PUBLIC_URL: 'a secret',
    DISABLE: 'luck',
  });
  assert.equal(ended.code, 1);
  for (const name of ['PORT', 'CALLS_MAX', 'PUBLIC_URL', 'DISABLE']) {
    assert.match(ended.stderr, new RegExp(`^  ${name}: expected `, 'm'));
  }
  assert.doesNotMatch(ended.stderr, /eighty|secret|luck\b.*luck|at .*\.ts:/);
});

test('an agent file that is not there stops the start with its name', async () => {
  const ended = await runMain([], { AGENT: path.join(dataDir, 'nobody.yaml'), DATA_DIR: dataDir });
  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /^turnpike: .*nobody\.yaml/);
});

test('migrate brings the database up to date and ends', async () => {
  const first = await runMain(['migrate'], env);
  assert.deepEqual([first.code, first.stderr], [0, '']);
  assert.match(first.stdout, /^\d\S+\n$/m);
});

test('SIGTERM lets the call under way come to its end, takes no other, and then the process ends', async () => {
  const { url, pid, exited, log } = await start();
  const { call, report } = await begin([
    { say: 'I would like an appointment.' },
    { say: 'Thank you, goodbye.' },
    { waitForHangUp: 20_000 },
  ]);
  firstCallSid = call.callSid;
  process.kill(pid, 'SIGTERM');
  await eventually(async () => (await fetch(`${url}/readyz`)).status === 503, 'it drains');
  const turnedAway = carrier?.placeCall({ from: CALLER_NUMBER, to: AGENT_NUMBER });
  await eventually(() => (turnedAway?.said.length ?? 0) > 0, 'the other one is told');
  assert.match(turnedAway?.said[0]?.text ?? '', /call again/);
  turnedAway?.hangUp();

  const held = await report;
  assert.deepEqual([held.missedTurns, held.agentStayed, call.end?.by], [0, false, 'verb']);
  assert.equal(await exited, 0);
  const lines = log.join('\n');
  assert.match(lines, /"msg":"draining"/);
  assert.match(lines, /"msg":"closed"/);
  assert.doesNotMatch(lines, /"level":"error"/);
  for (const secret of [AUTH_TOKEN, API_KEY, CALLER_NUMBER.slice(1), 'appointment']) {
    assert.ok(!lines.includes(secret), secret);
  }
});

test('the next process in the same folder knows the calls of the one before', async () => {
  const { url } = await start();
  const stored = await storedCall(url, firstCallSid);
  assert.equal(stored.outcome, 'completed');
  assert.deepEqual(
    stored.turns.map((turn) => turn.callerText),
    ['', 'I would like an appointment.', 'Thank you, goodbye.'],
  );
});

test('a second and a third SIGTERM end the process at once, in good order', async () => {
  assert.ok(gateway !== undefined);
  const { pid, url, exited } = gateway;
  // Nobody would end this call for minutes.
  const { call, report } = await begin([{ silence: 300_000 }]);
  process.kill(pid, 'SIGTERM');
  await eventually(async () => (await fetch(`${url}/readyz`)).status === 503, 'it drains');
  process.kill(pid, 'SIGTERM');
  await eventually(() => gateway?.log.join('').includes('"msg":"handing calls over"') === true, 'it hurries');
  process.kill(pid, 'SIGTERM');
  assert.equal(await exited, 0);
  call.hangUp();
  await report;
});
