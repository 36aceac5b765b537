// Who may look: the console's door, before a server with an admin token and before one without.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before } from 'node:test';
import type { Browser } from 'playwright-core';
import { openChromium } from '../helpers/chromium.ts';
import { assertAccessible, buildConsole, openConsole, shoot } from '../helpers/consolePage.ts';
import { findProgram } from '../helpers/program.ts';
import { ADMIN_TOKEN, served } from '../server/harness.ts';

const program = findProgram('chromium');
let consoleDir = '';
let browser: Browser | undefined;

if (program !== undefined) {
  consoleDir = await buildConsole();
  before(async () => {
    browser = await openChromium(program);
  });
  after(async () => {
    await browser?.close();
    await rm(consoleDir, { recursive: true });
  });

  served(
    'the token is asked for, refused when it is wrong, and stands in no address',
    async ({ server }) => {
      assert.ok(browser !== undefined);
      const { page, close } = await openConsole(browser, server.url, 'narrow');
      const addresses: string[] = [];
      page.on('request', (request) => addresses.push(request.url()));
      page.on('websocket', (socket) => addresses.push(socket.url()));
      const input = page.getByLabel('Admin token');
      await input.fill('not-the-token-of-the-admin');
      await input.press('Enter');
      await page.getByText('That is not the token.').waitFor();
      await assertAccessible(page, 'the door');
      await shoot(page, 'login-narrow');
      await input.fill(ADMIN_TOKEN);
      await input.press('Enter');
      await page.getByText('Up to date').waitFor();
      assert.ok(
        addresses.some((address) => address.startsWith('ws')),
        'a socket was opened',
      );
      assert.ok(!addresses.some((address) => address.includes(ADMIN_TOKEN)));
      await page.reload();
      await page.getByText('Up to date').waitFor();
      await page.getByRole('button', { name: 'Log out' }).click();
      await input.waitFor();
      assert.equal(await page.evaluate('sessionStorage.length + document.cookie.length'), 0);
      await close();
    },
    { consoleDir, publicUrl: undefined },
  );

  served(
    'without a token nobody on this machine is asked for one, and a script from elsewhere does not run',
    async ({ server }) => {
      assert.ok(browser !== undefined);
      const { page, faults, close } = await openConsole(browser, server.url, 'wide');
      await page.getByText('Up to date').waitFor();
      assert.deepEqual(faults, []);
      await page.evaluate(`{
        const script = document.createElement('script');
        script.textContent = 'document.title = "taken over"';
        document.body.append(script);
      }`);
      assert.notEqual(await page.title(), 'taken over');
      assert.match(faults.join(' '), /Content Security Policy/);
      await close();
    },
    { consoleDir, publicUrl: undefined, adminToken: undefined },
  );
}
