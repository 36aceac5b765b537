#!/usr/bin/env node
// The process: configuration in, gateway up, signals out.
import { systemClock } from './base/clock.ts';
import { errorText } from './base/errors.ts';
import { readConfig, type Config } from './config.ts';
import { Drain } from './drain.ts';
import { openGateway } from './gateway.ts';
import { openLog } from './log/log.ts';
import { migrate } from './store/migrate.ts';
import { replayCommand } from './tape/command.ts';

async function serve(config: Config): Promise<void> {
  const logger = openLog(config.logLevel, undefined, config.secrets);
  const gateway = await openGateway(config, logger);
  const drain = new Drain({
    gateway,
    logger,
    clock: systemClock,
    drainMs: config.drainMs,
    exit: (code) => process.exit(code),
  });
  process.on('SIGTERM', () => drain.signalled());
  process.on('SIGINT', () => drain.signalled());
  process.on('uncaughtException', (error) => drain.failed(error));
}

async function run(): Promise<void> {
  // It needs nothing of what a gateway needs.
  if (process.argv[2] === 'replay') {
    process.exitCode = await replayCommand(process.argv.slice(3), (line) =>
      process.stdout.write(`${line}\n`),
    );
    return;
  }
  const config = readConfig();
  if (process.argv[2] === 'migrate') {
    const applied = await migrate({
      ...config,
      onError: (error) => process.stderr.write(`turnpike: ${errorText(error)}\n`),
    });
    process.stdout.write(applied.length === 0 ? 'up to date\n' : `${applied.join('\n')}\n`);
  } else {
    await serve(config);
  }
}

run().catch((error: unknown) => {
  // No log yet, or none any more: a person is reading.
  process.stderr.write(`turnpike: ${errorText(error)}\n`);
  process.exitCode = 1;
});
