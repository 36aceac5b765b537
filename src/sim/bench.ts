// `npm run bench`: what the gateway takes of a caller's time and of a machine, measured from outside. Names after
// `--` choose; without one everything runs, some ten minutes.
import { parseArgs } from 'node:util';
import { errorText } from '../base/errors.ts';
import { benchHeard } from './benchHeard.ts';
import { benchLatency } from './benchLatency.ts';
import { benchLoad } from './benchLoad.ts';
import { benchParts } from './benchParts.ts';
import { drawReport, keepReport, thisMachine, type BenchReport } from './benchReport.ts';
import { benchShare } from './benchShare.ts';

interface Chosen {
  readonly calls: number;
  readonly seconds: number;
}

const BENCHES: Readonly<Record<string, (chosen: Chosen) => Promise<BenchReport>>> = {
  parts: () => benchParts(),
  latency: () => benchLatency(),
  share: () => benchShare(),
  load: (chosen) => benchLoad(chosen),
  heard: () => benchHeard(),
};
const USAGE = `usage: npm run bench -- [${Object.keys(BENCHES).join('|')} ...] [--seconds 120] [--calls 50]`;
const SECONDS_MAX = 3_600;
const CALLS_MAX = 1_000;

function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

async function run(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '120' },
      calls: { type: 'string', default: '50' },
    },
  });
  const chosen = {
    seconds: wholeNumber(values.seconds, SECONDS_MAX),
    calls: wholeNumber(values.calls, CALLS_MAX),
  };
  const names = positionals.length === 0 ? Object.keys(BENCHES) : positionals;
  if (names.some((name) => !Object.hasOwn(BENCHES, name))) throw new Error(USAGE);
  for (const name of names) {
    const machine = thisMachine();
    print(
      `${name}: ${machine.cores} cores of ${machine.cpu}, node ${machine.node}, load ${machine.loadBefore}`,
    );
    const report = await BENCHES[name]?.(chosen);
    if (report === undefined) throw new Error(USAGE);
    for (const line of drawReport(report)) print(line);
    print(`\n${keepReport(name, report, machine)}\n`);
  }
}

function wholeNumber(text: string, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max) throw new Error(USAGE);
  return value;
}

run().catch((error: unknown) => {
  process.stderr.write(`bench: ${errorText(error)}\n`);
  process.exitCode = 1;
});
