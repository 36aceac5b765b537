// A database with nothing in it, kept beside the packages: to copy it takes a fraction of a second, and PGlite's initdb 5 s.
import { cp, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { isRecord } from '../base/json.ts';

const CACHE = path.join(import.meta.dirname, '../../node_modules/.cache/turnpike');

/** One for each version of PGlite: another's may be laid out otherwise. */
function blankFolder(): string {
  const require = createRequire(import.meta.url);
  const inside = path.dirname(require.resolve('@electric-sql/pglite'));
  const manifest: unknown = require(path.join(inside, '../package.json'));
  return path.join(CACHE, `database-${isRecord(manifest) ? String(manifest['version']) : ''}`);
}

/** Has `create` make it, unless it is there. Nobody sees it before it is whole; of two who make it at once the first one's is kept. */
export async function makeBlankDatabase(create: (folder: string) => Promise<void>): Promise<void> {
  const blank = blankFolder();
  if (await isThere(blank)) return;
  await mkdir(CACHE, { recursive: true });
  const part = await mkdtemp(path.join(CACHE, 'part-'));
  try {
    await create(part);
    await rename(part, blank);
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    if (!(await isThere(blank))) throw error;
  }
}

/** Puts a copy where `databaseDir` will be, if nothing is there yet and a blank database was ever made. */
export async function copyBlankDatabase(databaseDir: string): Promise<void> {
  const blank = blankFolder();
  if ((await isThere(databaseDir)) || !(await isThere(blank))) return;
  // A process that is killed meanwhile leaves no half database behind.
  const part = `${databaseDir}.part`;
  await rm(part, { recursive: true, force: true });
  await cp(blank, part, { recursive: true });
  await rename(part, databaseDir);
}

async function isThere(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
