// A call that is held on the virtual clock and taped, so that its tape is one of today's code.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FRAME_MS } from '../../src/audio/mulaw.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Calls } from '../../src/call/calls.ts';
import type { CallInfo } from '../../src/call/port.ts';
import { ACCOUNT_SID, CALL_SID, quietFrame, RehearsalSocket } from '../../src/call/rehearsalParts.ts';
import { snapshotJson, type CallSnapshot } from '../../src/call/snapshot.ts';
import type { CallCheckpoints } from '../../src/store/port.ts';
import { readTape, type Reel } from '../../src/tape/reel.ts';
import { TAPES_FOLDER } from '../../src/tape/tapeFile.ts';
import { Tapes } from '../../src/tape/tapes.ts';
import { MediaStream } from '../../src/twilio/mediaStream.ts';
import { CallRig, type RigOptions } from './callRig.ts';

export const INFO: CallInfo = {
  callSid: CALL_SID,
  accountSid: ACCOUNT_SID,
  direction: 'inbound',
  from: '+15550100001',
  to: '+15550100002',
  leadId: undefined,
  variables: {},
};

/** The caller's side of it. */
export interface SteppedCaller {
  readonly rig: CallRig;
  /** Time passes, the caller's line is quiet. */
  pass(durationMs: number): Promise<void>;
  says(text: string): Promise<void>;
  /** A sound that is no word, for so long. */
  coughs(durationMs: number): Promise<void>;
  /** Until the agent has said what it has to say. */
  agentFinishes(): Promise<void>;
  hangsUp(): Promise<void>;
}

const AGENT_MS_MAX = 30_000;

/** What is known of the call before its stream is there. */
export interface KnownBefore {
  /** What another instance has left of it. */
  readonly snapshot?: CallSnapshot;
  readonly answeredBy?: string;
}

/** Resolves with the tape of a call in which `talk` was held. */
export async function steppedTape(
  options: RigOptions,
  talk: (caller: SteppedCaller) => Promise<void>,
  { snapshot, answeredBy }: KnownBefore = {},
): Promise<Reel> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'turnpike-stepped-'));
  try {
    const rig = new CallRig(options);
    const stopped: string[] = [];
    const which = { share: 1, numbers: new Set<string>() };
    const tapes = new Tapes({ tapedCalls: which, dataDir }, silentLogger, () => stopped.push('stopped'));
    const checkpoints = snapshot === undefined ? {} : { checkpoints: leftBehind(snapshot) };
    const calls = new Calls({ ...rig.world, ...checkpoints, tapes });
    if (snapshot !== undefined) await calls.takeUp(INFO);
    const socket = new RehearsalSocket(rig.clock);
    const stream = new MediaStream(socket, { startWithinMs: 1_000, bufferedBytesMax: Infinity }, rig.clock);
    calls.prepare(INFO);
    if (answeredBy !== undefined) calls.answeredBy(INFO.callSid, answeredBy);
    await rig.clock.advance(100);
    socket.sayStart();
    await stream.started;
    calls.open(INFO, stream);
    await talk(callerOf(rig, socket));
    await rig.clock.advance(10_000);
    await tapes.close();
    if (stopped.length + rig.bugs.length > 0) throw new Error(`${stopped.join()} ${String(rig.bugs[0])}`);
    return await readTape(path.join(dataDir, TAPES_FOLDER, `${CALL_SID}.jsonl.gz`));
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Another instance's last word on the call. */
function leftBehind(snapshot: CallSnapshot): CallCheckpoints {
  return {
    changed: () => undefined,
    takeUp: () => Promise.resolve({ kind: 'taken', snapshot: snapshotJson(snapshot) }),
    isTaken: () => Promise.resolve(false),
    watchLost: () => undefined,
    flush: () => Promise.resolve(),
  };
}

function callerOf(rig: CallRig, socket: RehearsalSocket): SteppedCaller {
  const pass = async (durationMs: number): Promise<void> => {
    for (let ms = 0; ms < durationMs; ms += FRAME_MS) {
      socket.sayMedia(quietFrame);
      await rig.clock.advance(FRAME_MS);
    }
  };
  return {
    rig,
    pass,
    says: async (text) => {
      await rig.voice();
      for (const word of text.split(' ')) {
        await pass(200);
        rig.words(word);
      }
      await rig.silence();
    },
    coughs: async (durationMs) => {
      await rig.voice();
      await pass(durationMs);
      await rig.silence();
    },
    agentFinishes: async () => {
      const before = socket.mediaMessages;
      for (let ms = 0; ms < AGENT_MS_MAX && socket.mediaMessages === before; ms += FRAME_MS)
        await pass(FRAME_MS);
      for (let ms = 0; ms < AGENT_MS_MAX && !socket.isQuiet; ms += FRAME_MS) await pass(FRAME_MS);
      await pass(100);
    },
    hangsUp: async () => {
      socket.sayStop();
      await pass(FRAME_MS);
    },
  };
}
