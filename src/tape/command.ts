// `turnpike replay`: tells a call again, and says what came out otherwise.
import { parseArgs } from 'node:util';
import { loadAgentFile } from '../agent/file.ts';
import { errorText } from '../base/errors.ts';
import { replay } from './player.ts';
import { readTape } from './reel.ts';
import { compare, report } from './report.ts';

export const USAGE = `usage: replay FILE [--agent AGENT.yaml]

Tells a taped call again to this code, offline, and compares what it sends to the carrier.
  --agent  an agent's file in place of the one that had the call

Ends with 0: the same; 1: different; 2: the file can't be used.`;

/** Answers the exit code. Never rejects. */
export async function replayCommand(
  args: readonly string[],
  print: (line: string) => void,
): Promise<0 | 1 | 2> {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { agent: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0 || values.help === true) {
      print(USAGE);
      return values.help === true ? 0 : 2;
    }
    const reel = await readTape(file);
    const agent = values.agent === undefined ? undefined : await loadAgentFile(values.agent);
    const replayed = await replay(reel, agent);
    for (const line of report(reel, replayed)) print(line);
    return compare(reel, replayed).isSame ? 0 : 1;
  } catch (error) {
    print(errorText(error));
    return 2;
  }
}
