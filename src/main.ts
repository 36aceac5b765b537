// The process: configuration in, gateway up, signals out.
import { systemClock } from './base/clock.ts';
import { errorText } from './base/errors.ts';
import type { Logger } from './base/logger.ts';
import { readConfig, type Config } from './config.ts';
import { openGateway, type Gateway } from './gateway.ts';
import { openLog } from './log/log.ts';
import { migrate } from './store/migrate.ts';

/** How long live calls may go on after the first SIGTERM. */
const DRAIN_MS_MAX = 10 * 60 * 1_000;

/** Lets the calls end by themselves, for a while; whoever hurries it ends them at once. */
class Shutdown {
  readonly #gateway: Gateway;
  readonly #logger: Logger;
  #hurry: () => void = () => undefined;
  #begun = false;

  constructor(gateway: Gateway, logger: Logger) {
    this.#gateway = gateway;
    this.#logger = logger;
  }

  /** The first signal asks politely, the second means now. */
  signalled(): void {
    if (this.#begun) this.#hurry();
    else void this.run(DRAIN_MS_MAX, 0); // never rejects: it ends in an exit
    this.#begun = true;
  }

  async run(drainMs: number, exitCode: number): Promise<void> {
    this.#begun = true;
    const hurried = new Promise<void>((resolve) => {
      this.#hurry = resolve;
      systemClock.after(drainMs, resolve);
    });
    this.#logger.info({ calls: this.#gateway.calls.activeCount }, 'draining');
    try {
      await Promise.race([this.#gateway.drain(), hurried]);
      await this.#gateway.close();
      this.#logger.info({}, 'closed');
    } catch (error) {
      this.#logger.error({ failure: errorText(error) }, 'could not close');
    }
    process.exit(exitCode);
  }
}

async function serve(config: Config): Promise<void> {
  const logger = openLog(config.logLevel, undefined, config.secrets);
  const gateway = await openGateway(config, logger);
  const shutdown = new Shutdown(gateway, logger);
  process.on('SIGTERM', () => shutdown.signalled());
  process.on('SIGINT', () => shutdown.signalled());
  process.on('uncaughtException', (error) => {
    // What is broken we don't know: no more calls, and the live ones are not kept waiting for it.
    logger.error({ failure: error.stack ?? error.message }, 'a bug: the process ends');
    void shutdown.run(0, 1); // never rejects
  });
}

async function run(): Promise<void> {
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
