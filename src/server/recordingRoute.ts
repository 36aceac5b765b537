// A call's recording, whole or in part, so that a player can seek, and what is marked in it.
import type { FastifyInstance } from 'fastify';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { readWavHeader, WAV_HEADER_BYTES_MAX } from '../audio/wav.ts';
import { MARKER_BYTES_MAX, readMarkers, type WavMarker } from '../audio/wavMarkers.ts';
import { ApiError } from './apiError.ts';
import type { ServerContext } from './context.ts';
import { fromStore } from './storeAnswer.ts';

export function recordingRoute(app: FastifyInstance, context: ServerContext): void {
  const { reader, dataDir } = context.options;

  const opened = async (callSid: string): Promise<OpenFile> => {
    const call = await fromStore(context, reader.call(callSid));
    if (call === undefined) throw new ApiError(404, 'not_found', 'no such call');
    const file = call.recording === null ? undefined : await openBelow(dataDir, call.recording);
    if (file === undefined) throw new ApiError(404, 'no_recording', 'this call has no recording');
    return file;
  };

  app.get<{ Params: { callSid: string } }>('/v1/calls/:callSid/recording/markers', async (request) => {
    const file = await opened(request.params.callSid);
    try {
      return { markers: await markersOf(file) };
    } finally {
      await file.handle.close();
    }
  });

  app.get<{ Params: { callSid: string } }>('/v1/calls/:callSid/recording', async (request, reply) => {
    const { handle, sizeBytes } = await opened(request.params.callSid);
    const range = parseRange(request.headers.range, sizeBytes);
    void reply.header('accept-ranges', 'bytes').type('audio/wav');
    if (range === 'unsatisfiable') {
      await handle.close();
      void reply.header('content-range', `bytes */${sizeBytes}`);
      throw new ApiError(416, 'bad_range', 'the recording is shorter');
    }
    const { first, last } = range ?? { first: 0, last: sizeBytes - 1 };
    if (range !== undefined) {
      void reply.code(206).header('content-range', `bytes ${first}-${last}/${sizeBytes}`);
    }
    void reply.header('content-length', last - first + 1);
    if (sizeBytes === 0) {
      await handle.close();
      return reply.send('');
    }
    // The stream closes the file, also when the client goes away.
    return reply.send(handle.createReadStream({ start: first, end: last }));
  });
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
}

/** None of a file that has no end yet. */
async function markersOf({ handle, sizeBytes }: OpenFile): Promise<readonly WavMarker[]> {
  const read = async (position: number, bytesMax: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(Math.max(0, Math.min(bytesMax, sizeBytes - position)));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, position);
    return bytes.subarray(0, bytesRead);
  };
  const header = readWavHeader(await read(0, WAV_HEADER_BYTES_MAX));
  if (!header.ok || header.dataBytes === undefined) return [];
  const behindAudio = await read(header.dataOffset + header.dataBytes, MARKER_BYTES_MAX);
  return readMarkers(behindAudio, header.sampleRateHz);
}

/** Opens a regular file below `folder`; undefined when there is none, or the path leads elsewhere. */
async function openBelow(folder: string, relative: string): Promise<OpenFile | undefined> {
  let handle: FileHandle | undefined;
  try {
    const root = await realpath(folder);
    const file = await realpath(path.resolve(root, relative));
    if (!file.startsWith(root + path.sep)) return undefined;
    handle = await open(file, 'r');
    const stats = await handle.stat();
    if (stats.isFile()) return { handle, sizeBytes: stats.size };
    await handle.close();
    return undefined;
  } catch {
    // Never written, or cleared away since: to the one who asks there is no recording.
    await handle?.close();
    return undefined;
  }
}

/**
 * The one range of a `Range` header, both ends included. Undefined when there is none or it is of a
 * kind that a server may pass over (several ranges, other units): then the whole is sent.
 */
export function parseRange(
  header: string | undefined,
  sizeBytes: number,
): { readonly first: number; readonly last: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  if (match === null) return undefined;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return undefined;
  if (from === '') {
    const first = Math.max(0, sizeBytes - Number(to));
    return Number(to) === 0 || sizeBytes === 0 ? 'unsatisfiable' : { first, last: sizeBytes - 1 };
  }
  const first = Number(from);
  const last = to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  if (to !== '' && Number(to) < first) return undefined;
  return first >= sizeBytes ? 'unsatisfiable' : { first, last };
}
