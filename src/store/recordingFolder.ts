// The folders with what was recorded of calls: what a file is called, and which are to go.
import { opendir, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { hasCode } from '../base/errors.ts';

const FOLDER = 'recordings';
/** `CA1.wav`, and `CA1-2.wav` for what was recorded after the stream broke; tapes likewise. What is called otherwise is not ours. */
const NAME = /^([A-Za-z0-9_-]{1,64}?)(?:-\d{1,4})?\.(?:wav|jsonl\.gz)$/;
/** As many as there are tapes of one call: each stream of it that some instance had has made one. */
const PARTS_TRIED_MAX = 99;

export interface CallFiles {
  readonly dataDir: string;
  /** Folders below it, beside that of the recordings, whose files are named after calls. */
  readonly tapeFolders?: readonly string[];
  /** A file can't be deleted. */
  readonly onError: (error: unknown) => void;
}

/**
 * Where the recording of a part may lie below the data folder: at its own number, from 1 on, or where that is taken at one of
 * those after it.
 */
export function recordingPaths(callSid: string, part: number): readonly string[] {
  return Array.from({ length: PARTS_TRIED_MAX }, (_unused, more) => recordingPath(callSid, part + more));
}

function recordingPath(callSid: string, part: number): string {
  return path.join(FOLDER, part === 1 ? `${callSid}.wav` : `${callSid}-${part}.wav`);
}

/** All parts of these calls. Answers how many files went. */
export function deleteRecordingsOf(files: CallFiles, callSids: ReadonlySet<string>): Promise<number> {
  return deleteFiles(files, async (_file, callSid) => callSids.has(callSid));
}

/** Those that were last written to before `beforeMs`, ms since 1970. */
export function deleteRecordingsBefore(files: CallFiles, beforeMs: number): Promise<number> {
  return deleteFiles(files, async (file) => (await stat(file)).mtimeMs < beforeMs);
}

type IsToGo = (file: string, callSid: string) => Promise<boolean>;

async function deleteFiles(
  { dataDir, tapeFolders = [], onError }: CallFiles,
  isToGo: IsToGo,
): Promise<number> {
  let deleted = 0;
  for (const name of [FOLDER, ...tapeFolders])
    deleted += await deleteIn(path.join(dataDir, name), isToGo, onError);
  return deleted;
}

async function deleteIn(folder: string, isToGo: IsToGo, onError: (error: unknown) => void): Promise<number> {
  let deleted = 0;
  try {
    for await (const { name } of await opendir(folder)) {
      const [, callSid] = NAME.exec(name) ?? [];
      const file = path.join(folder, name);
      if (callSid !== undefined && (await deleteIf(file, () => isToGo(file, callSid), onError))) deleted += 1;
    }
  } catch (error) {
    // Nothing was ever recorded.
    if (!hasCode(error, 'ENOENT')) onError(error);
  }
  return deleted;
}

async function deleteIf(
  file: string,
  isToGo: () => Promise<boolean>,
  onError: (error: unknown) => void,
): Promise<boolean> {
  try {
    if (!(await isToGo())) return false;
    await unlink(file);
    return true;
  } catch (error) {
    // Another instance on this folder was quicker.
    if (!hasCode(error, 'ENOENT')) onError(error);
    return false;
  }
}
