// Programs of the system that some tests need.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** Its path, or undefined where it is not installed: then a test skips, but with CI=true this throws. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  const found = folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
  if (found === undefined)
    assert.notEqual(process.env['CI'], 'true', `${name} has to be installed with CI=true`);
  return found;
}
