// What is kept of calls, and where they tell it.
import path from 'node:path';
import type { AgentFile } from './agent/schema.ts';
import type { Clock } from './base/clock.ts';
import { errorText } from './base/errors.ts';
import type { Logger } from './base/logger.ts';
import type { CallWorld, OpenRecording } from './call/world.ts';
import type { Config } from './config.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { Sharing } from './sharing.ts';
import { StereoRecording } from './store/recording.ts';
import { recordingPaths } from './store/recordingFolder.ts';
import { openStore, type Store } from './store/store.ts';
import { TAPES_FOLDER } from './tape/tapeFile.ts';
import { Tapes } from './tape/tapes.ts';

/** With an improvement switched off an answer waits for the database or for watchers, but no longer than this. */
const NAIVE_MS_MAX = 2_000;

export function openTheStore(
  config: Config,
  instance: string,
  clock: Clock,
  metrics: Metrics,
  logger: Logger,
): Promise<Store> {
  return openStore({
    databaseUrl: config.databaseUrl,
    dataDir: config.dataDir,
    migrate: config.migrate,
    batching: !config.disabled.has('batched-writes'),
    instance,
    clock,
    onDropped: (rows) => metrics.dropped('store_rows', rows),
    onCommit: (durationMs, rows) => {
      metrics.stageTook('store_commit', '', durationMs);
      logger.debug({ durationMs, rows }, 'committed');
    },
    tapeFolders: [TAPES_FOLDER],
    callsMs: config.callsKeptMs,
    recordingsMs: config.recordingsKeptMs,
    onDeleted: (what, why, count) => {
      metrics.deleted(what, why, count);
      logger.info({ what, why, count }, 'deleted');
    },
    onTranscripts: (durationMs, calls) => logger.debug({ durationMs, calls }, 'kept transcripts'),
    onError: (error) => logger.error({ failure: errorText(error) }, 'the store failed'),
  });
}

/** Where calls tell what is kept of them; without the improvements an answer waits for what was said before it to be committed, and told. */
export function whatIsKept(
  { disabled }: Config,
  { writer, transcripts, checkpoints }: Store,
  { events, bus }: Sharing,
): Pick<CallWorld, 'events' | 'writer' | 'transcripts' | 'checkpoints' | 'beforeAnswer'> {
  const waits: (() => Promise<void>)[] = [];
  if (disabled.has('batched-writes')) {
    waits.push(() => writer.flush(NAIVE_MS_MAX));
    waits.push(() => transcripts.flush(NAIVE_MS_MAX));
  }
  if (disabled.has('background-events')) waits.push(() => bus.taken(NAIVE_MS_MAX));
  if (waits.length === 0) return { events, writer, transcripts, checkpoints };
  return {
    events,
    writer,
    transcripts,
    checkpoints,
    beforeAnswer: async () => {
      // What the turn's start has to tell is told in the same breath, after this was asked for.
      await Promise.resolve();
      for (const wait of waits) await wait();
    },
  };
}

/** Undefined for every call unless the agent's file asks for recordings. */
export function recordingsOf(
  { dataDir }: Config,
  { recording }: AgentFile,
  metrics: Metrics,
  logger: Logger,
): CallWorld['openRecording'] {
  return (callSid, part) => (recording ? openRecording(dataDir, callSid, part, metrics, logger) : undefined);
}

function openRecording(
  dataDir: string,
  callSid: string,
  part: number,
  metrics: Metrics,
  logger: Logger,
): OpenRecording {
  const [file = '', ...otherwise] = recordingPaths(callSid, part).map((name) => path.join(dataDir, name));
  const recording = new StereoRecording({
    path: file,
    otherwise,
    durationMaxMs: 4 * 60 * 60 * 1_000,
    onError: (error) => {
      metrics.dropped('recording', 1);
      logger.error({ callSid, failure: error.message }, 'a recording failed');
    },
  });
  return {
    recording,
    get path() {
      return path.relative(dataDir, recording.path);
    },
  };
}

/** Tapes of the calls that the configuration names; `closing` is what is done at the end. */
export function openTapes(
  config: Config,
  metrics: Metrics,
  logger: Logger,
  closing: (() => Promise<unknown> | void)[],
): Tapes {
  const tapes = new Tapes(config, logger, () => metrics.dropped('tape', 1));
  closing.push(() => tapes.close());
  return tapes;
}
