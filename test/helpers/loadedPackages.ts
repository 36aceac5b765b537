// A process that loads what the gateway loads, and tells how much of OpenTelemetry is there: first without traces, then
// with. Its `api`, which is types and little else, is not counted: prom-client brings it along.
import { createRequire } from 'node:module';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { readConfig } from '../../src/config.ts';
import '../../src/gateway.ts';
import { openTraces } from '../../src/traces.ts';

const { cache } = createRequire(import.meta.url);
const loaded = (): number =>
  Object.keys(cache).filter((file) => /@opentelemetry\/(?!api\/)/.test(file)).length;

const off = await openTraces(readConfig({}), systemClock, silentLogger);
const without = loaded();
const on = await openTraces(
  readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }),
  systemClock,
  silentLogger,
);
await on?.close();
process.stdout.write(JSON.stringify({ off: off === undefined, without, with: loaded() }));
