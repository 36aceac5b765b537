import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { ConfigError, readConfig } from '../../src/config.ts';

function mistakesOf(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.mistakes;
  }
  return [];
}

/** Each of these is wrong, and told with what was expected of it. */
function assertEachListed(wrong: Readonly<Record<string, string>>): void {
  const mistakes = mistakesOf(wrong);
  for (const name of Object.keys(wrong)) {
    assert.equal(mistakes.filter((mistake) => mistake.startsWith(`${name}: expected `)).length, 1, name);
  }
}

test('an empty environment gives the defaults', () => {
  const config = readConfig({});
  assert.equal(config.host, '127.0.0.1');
  assert.equal(config.port, 8080);
  assert.equal(config.publicUrl, undefined);
  assert.equal(config.dataDir, './data');
  assert.equal(config.callsMax, 200);
  assert.equal(config.disabled.size, 0);
  assert.ok(Object.isFrozen(config));
});

test('every mistake is listed at once, each with its variable and what was expected', () => {
  const mistakes = mistakesOf({
    PORT: 'http',
    PUBLIC_URL: 'voice.example.com',
    DATABASE_URL: 'mysql://x',
    CALLS_MAX: '0',
    DISABLE: 'speculation,speed',
    LOG_LEVEL: 'loud',
  });
  for (const name of ['PORT', 'PUBLIC_URL', 'DATABASE_URL', 'CALLS_MAX', 'DISABLE', 'LOG_LEVEL']) {
    assert.equal(mistakes.filter((mistake) => mistake.startsWith(`${name}: expected `)).length, 1, name);
  }
});

test('the value of a wrong variable is not repeated: it may be a secret', () => {
  const message = mistakesOf({ TWILIO_AUTH_TOKEN: 'short', ADMIN_TOKEN: 'hunter2' }).join();
  assert.ok(message.includes('TWILIO_AUTH_TOKEN') && message.includes('ADMIN_TOKEN'));
  assert.ok(!message.includes('short') && !message.includes('hunter2'));
});

test('a host that others can reach is refused without the token that tells Twilio from others', () => {
  assert.ok(mistakesOf({ HOST: '0.0.0.0' }).some((mistake) => mistake.startsWith('TWILIO_AUTH_TOKEN: ')));
  assert.deepEqual(
    mistakesOf({
      HOST: '0.0.0.0',
      TWILIO_AUTH_TOKEN: '0123456789abcdef',
      PUBLIC_URL: 'https://v.example.com',
    }),
    [],
  );
});

test('signatures need the public address', () => {
  assert.ok(
    mistakesOf({ TWILIO_AUTH_TOKEN: '0123456789abcdef' }).some((one) => one.startsWith('PUBLIC_URL: ')),
  );
});

test('addresses lose their trailing slash', () => {
  const config = readConfig({ PUBLIC_URL: 'https://voice.example.com/' });
  assert.equal(config.publicUrl, 'https://voice.example.com');
});

test('an empty value is an absent one', () => {
  assert.equal(readConfig({ PORT: '', DATABASE_URL: '' }).port, 8080);
});

test('improvements are switched off by name', () => {
  assert.deepEqual([...readConfig({ DISABLE: 'speculation, vad' }).disabled], ['speculation', 'vad']);
});

test('a secret is found by the name that the agent file gives', () => {
  const config = readConfig({ CRM_KEY: 'k', EMPTY: '' });
  assert.equal(config.secret('CRM_KEY'), 'k');
  assert.equal(config.secret('EMPTY'), undefined);
});

test('a deploy and an overload have their usual bounds unless they are told', () => {
  const usual = readConfig({});
  assert.deepEqual(
    [usual.drainMs, usual.overflowUrl, usual.shedLagMs, usual.shedLateMs],
    [600_000, undefined, 100, 80],
  );
  const told = readConfig({
    DRAIN_SECONDS: '0',
    OVERFLOW_URL: 'https://voice-2.example.com/twilio/voice',
    SHED_LAG_MS: '40',
    SHED_LATE_MS: '30',
  });
  assert.deepEqual(
    [told.drainMs, told.overflowUrl, told.shedLagMs, told.shedLateMs],
    [0, 'https://voice-2.example.com/twilio/voice', 40, 30],
  );
});

test('how long what is kept is kept is told in days, and a recording no longer than its call', () => {
  const usual = readConfig({});
  assert.deepEqual([usual.callsKeptMs, usual.recordingsKeptMs], [undefined, undefined]);
  const told = readConfig({ RETENTION_DAYS: '30', RECORDING_RETENTION_DAYS: '7' });
  assert.deepEqual([told.callsKeptMs, told.recordingsKeptMs], [30 * 86_400_000, 7 * 86_400_000]);
  assert.equal(readConfig({ RECORDING_RETENTION_DAYS: '7' }).recordingsKeptMs, 7 * 86_400_000);
  assert.match(
    String(mistakesOf({ RETENTION_DAYS: '0' })),
    /^RETENTION_DAYS: expected a whole number from 1/u,
  );
  const longer = mistakesOf({ RETENTION_DAYS: '7', RECORDING_RETENTION_DAYS: '8' });
  assert.match(String(longer), /^RECORDING_RETENTION_DAYS: expected to be at most RETENTION_DAYS/u);
});

test('what a deploy or an overload is told wrongly is listed', () => {
  const wrong = {
    DRAIN_SECONDS: 'soon',
    OVERFLOW_URL: 'https://voice-2.example.com/twilio/voice?x=1',
    SHED_LAG_MS: '0',
    SHED_LATE_MS: '-1',
  };
  assertEachListed(wrong);
});

test('every secret of the environment is known, so that it can be kept out of the log', () => {
  const config = readConfig({
    OPENAI_API_KEY: 'sk-one',
    DEEPGRAM_API_KEY: 'dg-two',
    ADMIN_TOKEN: 'admin-token-three',
    DATABASE_URL: 'postgres://me:p%40ss@db/x',
    CRM_KEY: 'crm-four',
  });
  assert.ok(!config.secrets().includes('crm-four'));
  config.secret('CRM_KEY');
  assert.deepEqual(config.secrets(), ['sk-one', 'dg-two', 'admin-token-three', 'p%40ss', 'p@ss', 'crm-four']);
});

test('hosts that tools may reach are named one by one', () => {
  assert.deepEqual(
    [...readConfig({ TOOL_HOSTS: 'CRM.internal:8443, 10.0.0.7' }).toolHosts],
    ['crm.internal:8443', '10.0.0.7'],
  );
  assert.throws(() => readConfig({ TOOL_HOSTS: 'http://crm' }), /TOOL_HOSTS: expected hosts/u);
});

test('calls to tape are all, a share, or numbers', () => {
  assert.equal(readConfig({}).tapedCalls, undefined);
  assert.deepEqual(readConfig({ TAPE_CALLS: 'all' }).tapedCalls, { share: 1, numbers: new Set() });
  assert.deepEqual(readConfig({ TAPE_CALLS: '2.5%, +15550100123,1%' }).tapedCalls, {
    share: 0.025,
    numbers: new Set(['+15550100123']),
  });
  for (const wrong of ['some', '5', '101%', '15550100123', 'all,'])
    assert.throws(() => readConfig({ TAPE_CALLS: wrong }), /TAPE_CALLS: expected all, a share/u, wrong);
});

test('traces are wanted when a collector is named, in the words of OpenTelemetry', () => {
  assert.equal(readConfig({ OTEL_SERVICE_NAME: 'desk', OTEL_TRACES_SAMPLER: 'always_on' }).traces, undefined);
  assert.deepEqual(readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318/' }).traces, {
    url: 'http://127.0.0.1:4318/v1/traces',
    headers: {},
    serviceName: 'turnpike',
    sampler: 'parentbased_always_on',
    ratio: 1,
  });
  const { traces } = readConfig({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example.com/otlp',
    OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Basic%20YTpi, x-scope = front desk ,',
    OTEL_SERVICE_NAME: 'desk',
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
  });
  assert.deepEqual(traces, {
    url: 'https://otlp.example.com/otlp/v1/traces',
    headers: { Authorization: 'Basic YTpi', 'x-scope': 'front desk' },
    serviceName: 'desk',
    sampler: 'traceidratio',
    ratio: 0.25,
  });
});

test('what a collector is told wrongly is listed, and what is told it is kept out of the log', () => {
  const wrong = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'grpc://collector:4317',
    OTEL_EXPORTER_OTLP_HEADERS: 'a key with no value',
    OTEL_TRACES_SAMPLER: 'jaeger_remote',
    OTEL_TRACES_SAMPLER_ARG: '1.5',
  };
  assertEachListed(wrong);
  assert.equal(mistakesOf({ OTEL_EXPORTER_OTLP_HEADERS: 'a=100%' }).length, 1);
  assert.equal(mistakesOf({ OTEL_EXPORTER_OTLP_HEADERS: 'a=b\r\nc: d' }).length, 1);
  const secrets = readConfig({ OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abcdefg' }).secrets();
  assert.deepEqual(secrets, ['Bearer abcdefg', 'abcdefg']);
});

/** What each variable may not be, and what is said then. */
const refused: readonly (readonly [name: string, wrong: readonly string[], expected: string])[] = [
  ['HOST', ['voice.example.com', '300.1.1.1'], 'an IP address or localhost'],
  ['PORT', ['65536', '-1', '80.5'], 'a whole number from 0 to 65535'],
  [
    'PUBLIC_URL',
    ['wss://voice.example.com', 'voice.example.com'],
    'an address such as https://voice.example.com',
  ],
  ['STREAM_URL', ['https://voice.example.com'], 'an address such as wss://voice.example.com'],
  ['DATABASE_URL', ['mysql://db/x'], 'an address such as postgres://user:password@host:5432/database'],
  ['REDIS_URL', ['http://redis:6379', 'redis'], 'an address such as redis://:password@host:6379'],
  ['AGENT', ['agents/front-desk.json'], 'the path of a .yaml file'],
  ['TWILIO_ACCOUNT_SID', ['AC123', `SK${'a'.repeat(32)}`], 'AC and 32 hexadecimal digits'],
  ['TWILIO_AUTH_TOKEN', ['short'], 'the auth token of the account'],
  ['TWILIO_API_BASE_URL', ['api.twilio.com'], 'an address such as http://127.0.0.1:9999'],
  ['OPENAI_BASE_URL', ['ws://127.0.0.1/v1'], 'an address such as https://api.openai.com/v1'],
  ['ADMIN_TOKEN', ['hunter2'], 'at least 16 characters'],
  ['TOOL_HOSTS', ['http://crm', 'crm,a b'], 'hosts with commas between, such as crm.internal:8443'],
  ['TOOL_HOSTS', [Array.from({ length: 101 }, (_unused, at) => `h${at}`).join()], 'at most 100 hosts'],
  ['CALLS_MAX', ['0', '100001', 'many'], 'a whole number from 1 to 100000'],
  ['REFUSED_PER_MINUTE', ['-1', '1000001'], 'a whole number from 0 to 1000000'],
  ['API_PER_MINUTE', ['1e3', '1000001'], 'a whole number from 0 to 1000000'],
  ['NUMBER_PER_MINUTE', ['unlimited', '1000001'], 'a whole number from 0 to 1000000'],
  [
    'TRUSTED_PROXIES',
    ['proxy.internal', '10.0.0.0/33'],
    'addresses or networks with commas between, such as 10.0.0.0/8',
  ],
  [
    'TRUSTED_PROXIES',
    [Array.from({ length: 101 }, (_unused, at) => `10.0.0.${at}`).join()],
    'at most 100 proxies',
  ],
  ['DRAIN_SECONDS', ['86401', '10m'], 'a whole number from 0 to 86400'],
  ['OVERFLOW_URL', ['voice-2'], 'an address such as https://voice-2.example.com/twilio/voice'],
  [
    'OVERFLOW_URL',
    ['https://v.example.com/twilio/voice?x=1', 'https://v.example.com/#x'],
    'an address without a query',
  ],
  ['SHED_LAG_MS', ['0', '60001'], 'a whole number from 1 to 60000'],
  ['SHED_LATE_MS', ['0', '60001'], 'a whole number from 1 to 60000'],
  ['RETENTION_DAYS', ['0', '36501', '30d'], 'a whole number from 1 to 36500'],
  ['RECORDING_RETENTION_DAYS', ['0', '36501'], 'a whole number from 1 to 36500'],
  [
    'TAPE_CALLS',
    ['some', '101%'],
    'all, a share such as 5%, or numbers such as +15550100123, with commas between',
  ],
  ['TAPE_CALLS', [Array.from({ length: 1_001 }, () => '1%').join()], 'at most 1000 entries'],
  ['MIGRATE', ['true', 'OFF'], 'on or off'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', ['grpc://collector:4317'], 'an address such as http://127.0.0.1:4318'],
  ['OTEL_EXPORTER_OTLP_HEADERS', ['a key'], 'name=value with commas between, such as api-key=abc'],
  [
    'OTEL_EXPORTER_OTLP_HEADERS',
    [Array.from({ length: 21 }, (_unused, at) => `h${at}=1`).join()],
    'at most 20 headers',
  ],
  ['OTEL_SERVICE_NAME', ['n'.repeat(256)], 'at most 255 characters'],
  ['OTEL_TRACES_SAMPLER_ARG', ['1.5', '-0.1', 'half'], 'a number from 0 to 1'],
  ['LOG_LEVEL', ['loud'], 'one of trace, debug, info, warn, error, fatal, silent'],
];
/** Any text will do for these; the two lists of names say their names, which the tests above have. */
const ANYTHING = ['DATA_DIR', 'OPENAI_API_KEY', 'DEEPGRAM_API_KEY'];
const LISTED = ['DISABLE', 'OTEL_TRACES_SAMPLER'];

for (const [name, wrong, expected] of refused) {
  test(`${name} is refused when it is not ${expected}`, () => {
    for (const value of wrong) {
      const told = mistakesOf({ [name]: value }).filter((mistake) => mistake.startsWith(`${name}: `));
      assert.deepEqual(told, [`${name}: expected ${expected}`], value.slice(0, 40));
    }
  });
}

test('every variable that can be wrong has a case', () => {
  const source = readFileSync(path.join(import.meta.dirname, '../../src/config.ts'), 'utf8');
  const [, schema = ''] = source.split('const environment = z.object({');
  const names = [...(schema.split('\n});')[0] ?? '').matchAll(/^ {2}([A-Z_]+): /gm)].map(
    ([, name = '']) => name,
  );
  assert.ok(names.length > 30);
  const covered = [...new Set([...refused.map(([name]) => name), ...ANYTHING, ...LISTED])];
  assert.deepEqual(covered.toSorted(), names.toSorted());
});

test('a list of names is refused with all of them, whatever else is right in it', () => {
  assert.match(
    String(mistakesOf({ DISABLE: 'vad,speed' })),
    /^DISABLE: expected names out of llm-streaming, .*, metrics$/u,
  );
  assert.match(
    String(mistakesOf({ OTEL_TRACES_SAMPLER: 'jaeger_remote' })),
    /^OTEL_TRACES_SAMPLER: expected one of always_on, .*, parentbased_traceidratio$/u,
  );
});

test('instances that share a Redis are told where, in the clear or by TLS, and its password is kept out of the log', () => {
  assert.equal(readConfig({}).redisUrl, undefined);
  assert.equal(
    readConfig({ REDIS_URL: 'rediss://redis.internal:6380/1/' }).redisUrl,
    'rediss://redis.internal:6380/1',
  );
  const config = readConfig({ REDIS_URL: 'redis://:p%40ss@redis:6379' });
  assert.equal(config.redisUrl, 'redis://:p%40ss@redis:6379');
  assert.deepEqual(config.secrets(), ['p%40ss', 'p@ss']);
});

test('who may ask how often is told by the minute, and 0 is no limit', () => {
  assert.deepEqual(readConfig({}).perMinute, { refused: 300, api: 6_000, number: 300 });
  const told = readConfig({ REFUSED_PER_MINUTE: '0', API_PER_MINUTE: '1000000', NUMBER_PER_MINUTE: '12' });
  assert.deepEqual(told.perMinute, { refused: 0, api: 1_000_000, number: 12 });
});

test('proxies are trusted by address and by network, of both kinds', () => {
  assert.deepEqual(readConfig({}).trustedProxies, []);
  const { trustedProxies } = readConfig({ TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.7 ,fd00::/8,::1' });
  assert.deepEqual(trustedProxies, ['10.0.0.0/8', '192.0.2.7', 'fd00::/8', '::1']);
});

test('the database is migrated at the start unless that is off', () => {
  assert.deepEqual([readConfig({}).migrate, readConfig({ MIGRATE: 'on' }).migrate], [true, true]);
  assert.equal(readConfig({ MIGRATE: 'off' }).migrate, false);
});
