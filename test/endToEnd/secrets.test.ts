// A whole call with a secret of its own in each variable that holds one, on a database with a password: none of them is in
// anything that the gateway says. And at the end the call is deleted, with all that was kept of it.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { startPostgres } from '../../src/sim/postgres.ts';
import { openDatabase } from '../../src/store/database.ts';
import { API_KEY, AUTH_TOKEN, eventually, GatewayRig, TALK_TOOLS } from '../helpers/gatewayRig.ts';

const SECRETS = {
  DEEPGRAM_API_KEY: 'dg-a-key-that-nobody-may-see',
  BACKUP_KEY: 'bk-a-key-that-nobody-may-see',
  CRM_TOKEN: 'crm-a-token-that-nobody-may-see',
  OTEL_EXPORTER_OTLP_HEADERS: 'x-key=otel-a-key-that-nobody-may-see',
};
const PASSWORD = 'pw-that-nobody-may-see';
const TOOLS = `${TALK_TOOLS}
  - name: get_weather
    description: The weather in a city.
    parameters: { type: object, properties: { city: { type: string } }, required: [city] }
    url: http://127.0.0.1:9/weather
    headersEnv: { authorization: CRM_TOKEN }
`;

const postgres = await startPostgres();
if ('missing' in postgres) test('secrets of a whole call', { skip: postgres.missing });
else
  test('no secret is in the log, the events, the metrics, the API, an error or the database, and the call goes when it is deleted', async () => {
    const plain = new URL(await postgres.newDatabase());
    plain.password = PASSWORD;
    const databaseUrl = plain.toString();
    const rig = await GatewayRig.open({ agent: TOOLS, env: { ...SECRETS, DATABASE_URL: databaseUrl } });
    const answers: string[] = [];
    const ask = async (route: string, init: RequestInit = {}): Promise<Response> => {
      const response = await fetch(rig.gateway.url + route, init);
      answers.push(await response.clone().text(), JSON.stringify([...response.headers]));
      return response;
    };
    try {
      // A server that quotes the key that it refuses, as some do.
      rig.providers.chatRefusal = (callerText, authorization) =>
        callerText.includes('hours')
          ? { status: 401, body: JSON.stringify({ error: { message: `Incorrect key: ${authorization}` } }) }
          : undefined;
      const { call, report } = await rig.begin([
        { say: 'I would like an appointment.' },
        { say: 'What is the weather in Oslo?' },
        { say: 'What are your hours?' },
        { say: 'Thank you, goodbye.' },
        { waitForHangUp: 20_000 },
      ]);
      await eventually(
        async () => rig.eventsOf(call.callSid).some(({ type }) => type === 'turn.finished'),
        'it is under way',
      );
      const refused = await ask(`/v1/calls/${call.callSid}`, { method: 'DELETE' });
      assert.equal(refused.status, 409, 'a live call is not deleted');
      await report;
      const stored = await rig.stored(call.callSid);
      assert.ok(stored.turns.length >= 4);
      for (const route of [
        '/v1/calls',
        `/v1/calls/${call.callSid}`,
        '/v1/openapi.json',
        '/v1/leads',
        '/readyz',
        '/v1/calls/x',
      ])
        await ask(route);
      await ask('/v1/calls', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } });
      await ask('/twilio/voice', {
        method: 'POST',
        body: 'CallSid=1',
        headers: { 'x-twilio-signature': 'no' },
      });
      const database = await openDatabase({ databaseUrl, dataDir: rig.dataDir, onError: () => undefined });
      const tables = ['calls', 'turns', 'transcripts', 'checkpoints'] as const;
      const rows = async (): Promise<string> =>
        JSON.stringify(
          await Promise.all(tables.map((table) => database.knex(table).where({ call_sid: call.callSid }))),
        );
      const kept = await rows();
      assert.match(kept, /appointment/);

      const told = [...rig.log, ...answers, JSON.stringify(rig.events), await rig.metrics(), kept].join('\n');
      assert.match(told, /the key was refused/, 'the refusal was told');
      const values = Object.values(SECRETS).map((value) => value.replace(/^x-key=/, ''));
      for (const secret of [...values, PASSWORD, API_KEY, AUTH_TOKEN])
        assert.ok(!told.includes(secret), secret);

      const recording = path.join(rig.dataDir, String(stored.recording));
      assert.ok(existsSync(recording));
      assert.equal((await ask(`/v1/calls/${call.callSid}`, { method: 'DELETE' })).status, 204);
      assert.equal((await ask(`/v1/calls/${call.callSid}`)).status, 404);
      assert.equal(await rows(), '[[],[],[],[]]');
      assert.deepEqual(await readdir(path.dirname(recording)), []);
      assert.match(await rig.metrics(), /turnpike_deleted_total\{what="call",why="request"\} 1/);
      await database.close();
    } finally {
      await rig.close();
      await postgres.remove();
    }
  });
