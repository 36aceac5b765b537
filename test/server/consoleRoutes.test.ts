import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { served } from './harness.ts';

/** What a build would leave, made small. */
async function build(dataDir: string): Promise<void> {
  const folder = path.join(dataDir, 'console');
  await mkdir(path.join(folder, 'assets'), { recursive: true });
  await writeFile(path.join(folder, 'index.html'), '<!doctype html><title>the console</title>');
  await writeFile(path.join(folder, 'assets', 'index-abc.js'), 'export {};');
}

served(
  'without a build the console says how to make one, and serves it once it is there',
  async (harness) => {
    const { server, dataDir } = harness;
    const before = await fetch(`${server.url}/console/`);
    assert.equal(before.status, 503);
    assert.match(before.headers.get('content-type') ?? '', /^text\/html/);
    assert.match(await before.text(), /npm run build/);
    await build(dataDir);
    const after = await fetch(`${server.url}/console/`);
    assert.equal(after.status, 200);
    assert.match(await after.text(), /the console/);
  },
);

served('the page is asked for anew each time, what has a hash in its name never again', async (harness) => {
  const { server, dataDir } = harness;
  await build(dataDir);
  const page = await fetch(`${server.url}/console/`);
  assert.equal(page.headers.get('cache-control'), 'no-cache');
  const script = await fetch(`${server.url}/console/assets/index-abc.js`);
  assert.equal(script.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  assert.match(script.headers.get('content-type') ?? '', /javascript/);
  const none = await fetch(`${server.url}/console/assets/index-old.js`);
  assert.equal(none.status, 404);
  assert.equal(none.headers.get('cache-control'), 'no-cache');
});

served(
  'scripts, styles and sockets of this server alone may be used by the page',
  async ({ server, dataDir }) => {
    await build(dataDir);
    const { headers } = await fetch(`${server.url}/console/`);
    const policy = headers.get('content-security-policy') ?? '';
    const { host } = new URL(server.url);
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "worker-src 'self'",
      "frame-ancestors 'none'",
    ]) {
      assert.ok(policy.split('; ').includes(rule), `${rule} in ${policy}`);
    }
    assert.ok(policy.includes(`connect-src 'self' ws://${host} wss://${host}`), policy);
    assert.doesNotMatch(policy, /unsafe|\*/);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    const { headers: ofApi } = await fetch(`${server.url}/healthz`);
    assert.equal(ofApi.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'");
  },
);

served('the console is found without the slash too, also where a proxy strips a path', async ({ server }) => {
  const response = await fetch(`${server.url}/console`, { redirect: 'manual' });
  assert.equal(response.status, 308);
  assert.equal(response.headers.get('location'), 'console/');
});

served('nothing outside the build is served', async ({ server, dataDir }) => {
  await build(dataDir);
  await writeFile(path.join(dataDir, 'secret.txt'), 'secret');
  for (const way of [
    '../secret.txt',
    '%2e%2e/secret.txt',
    '..%2fsecret.txt',
    'assets/%2e%2e/%2e%2e/secret.txt',
  ]) {
    const response = await fetch(`${server.url}/console/${way}`);
    assert.ok(response.status >= 400, `${way} was answered with ${response.status}`);
  }
});
