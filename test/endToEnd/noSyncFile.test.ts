import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import { eventually, GatewayRig } from '../helpers/gatewayRig.ts';

/** Every function of `fs` that makes the whole process wait. */
const names = Object.keys(fs).filter((name) => name.endsWith('Sync'));
const functions: Record<string, unknown> = fs;

/** Writes down who calls one of them, until `stop`. */
function trap(): { readonly calls: readonly string[]; stop(): void } {
  const calls: string[] = [];
  const real = new Map(names.map((name) => [name, functions[name] as (...args: unknown[]) => unknown]));
  for (const [name, original] of real) {
    functions[name] = (...args: unknown[]): unknown => {
      calls.push(`${name} ${new Error('called').stack}`);
      return original(...args);
    };
  }
  syncBuiltinESMExports();
  return {
    calls,
    stop: () => {
      for (const [name, original] of real) functions[name] = original;
      syncBuiltinESMExports();
    },
  };
}

/** The simulators play other machines, and the loader of TypeScript is not there in production. */
function ofTheGateway(call: string): boolean {
  return !/\/src\/sim\/|\/test\/helpers\/|\/tsx\/|node:internal\/modules/.test(call);
}

test('the trap notices a synchronous file call, by whichever name it was imported', async () => {
  const trapped = trap();
  try {
    const { existsSync } = await import('node:fs');
    existsSync('/');
    fs.readdirSync('/');
    assert.deepEqual(
      trapped.calls.filter(ofTheGateway).map((call) => call.split(' ')[0]),
      ['existsSync', 'readdirSync'],
    );
  } finally {
    trapped.stop();
  }
});

test('from its start to the end of a recorded call with a cache on disk nobody waits for a file', async () => {
  const rig = await GatewayRig.open();
  const trapped = trap();
  try {
    const { call } = await rig.hold([
      { say: 'Do you have parking?' },
      { say: 'Goodbye.' },
      { waitForHangUp: 20_000 },
    ]);
    await rig.stored(call.callSid);
    await eventually(async () => {
      const response = await fetch(`${rig.gateway.url}/v1/calls/${call.callSid}/recording`);
      await response.arrayBuffer();
      return response.ok;
    }, 'the recording is whole');
    assert.deepEqual(trapped.calls.filter(ofTheGateway), []);
  } finally {
    trapped.stop();
    await rig.close();
  }
});
