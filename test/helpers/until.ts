// For real sockets only: everything else has a clock to turn.
import assert from 'node:assert/strict';

/** Waits until `condition` holds, at most `timeoutMs`; then fails with `what`. */
export async function until(condition: () => boolean, what: string, timeoutMs = 2_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `waited ${timeoutMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
