// Makes test/fixtures/eventful-call.jsonl.gz anew: a call of the simulator's over real sockets, taped by the gateway.
//   node --import tsx test/helpers/makeTape.ts
// A machine that is too busy makes another call of it than was meant: then it is held again.
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { talkOn } from '../../src/tape/talk.ts';
import type { Reel } from '../../src/tape/reel.ts';
import { EVENTFUL, TapingRig } from './tapedCalls.ts';

const TRIES_MAX = 20;
const target = path.resolve(import.meta.dirname, '../fixtures/eventful-call.jsonl.gz');

/** What it is not, of what it was meant to be; undefined: it is all of it. */
function missing(reel: Reel): string | undefined {
  const turns = [...talkOn(reel).turns.values()];
  const asked = turns.map(({ callerText }) => callerText);
  if (turns.length !== 5) return `five turns (${JSON.stringify(asked)})`;
  const [, hours, weather, failed] = turns;
  if (hours?.interrupted !== true || hours.heardText === '') return 'an interruption';
  if (weather?.heardText !== 'Let me look. The answer is sunny.') return 'a tool';
  if (failed?.source !== 'fallback') return 'a model that fails';
  const began = new Map(
    reel.lines.flatMap(({ kind, atUs, ...line }) =>
      kind === 'doing' && 'doing' in line && line.doing[0] === 'began' ? [[Number(line.doing[1]), atUs]] : [],
    ),
  );
  const voices = reel.lines.filter(
    (line) =>
      line.kind === 'happening' &&
      line.happening[0] === 'voice' &&
      line.happening[2].kind === 'voiceStarted' &&
      line.atUs > (began.get(1) ?? 0) &&
      line.atUs < (began.get(2) ?? 0),
  );
  return voices.length < 2 ? 'a cough that was heard' : undefined;
}

const taping = await TapingRig.open();
try {
  let why: string | undefined = 'a call';
  for (let tries = 0; tries < TRIES_MAX && why !== undefined; tries += 1) {
    const { call } = await taping.rig.hold(EVENTFUL);
    why = missing(await taping.tapeOf(call.callSid));
    if (why === undefined) await copyFile(taping.fileOf(call.callSid), target);
    process.stdout.write(why === undefined ? `${target}\n` : `it has not ${why}: once more\n`);
  }
  process.exitCode = why === undefined ? 0 : 1;
} finally {
  await taping.close();
}
