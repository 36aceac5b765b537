// The console in a real browser: built as it is served, opened beside a gateway, and watched as it changes.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';

const root = path.resolve(import.meta.dirname, '../..');
/** For whatever a busy machine takes its time for. */
const PATIENCE_MS = 60_000;

export const SHOTS = path.join(root, 'test-results', 'screenshots');

export const SIZES = {
  wide: { width: 1_280, height: 800 },
  narrow: { width: 380, height: 780 },
} as const;

/** Builds the console into a folder of its own, which is answered. */
export async function buildConsole(): Promise<string> {
  const outDir = await mkdtemp(path.join(tmpdir(), 'turnpike-console-'));
  await build({ configFile: path.join(root, 'vite.config.ts'), logLevel: 'error', build: { outDir } });
  return outDir;
}

export interface ConsolePage {
  readonly page: Page;
  /** What the browser has complained of. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

/** A browser that has never been here. */
export async function openConsole(
  browser: Browser,
  url: string,
  size: keyof typeof SIZES,
  colorScheme: 'light' | 'dark' = 'light',
): Promise<ConsolePage> {
  const context = await browser.newContext({ viewport: SIZES[size], colorScheme, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  await page.addInitScript({ content: WATCH });
  await page.goto(`${url}/console/`);
  return { page, faults, close: () => context.close() };
}

/** In the page: which texts were there and since when, and how much of it has moved without being asked to. */
const WATCH = `
  globalThis.seen = [];
  globalThis.shifted = 0;
  const known = new WeakMap();
  const look = () => {
    for (const element of document.querySelectorAll('[data-call], .said-text')) {
      const text = element.textContent;
      if (known.get(element) === text) continue;
      known.set(element, text);
      const call = element.closest('[data-call]')?.dataset.call;
      const turn = element.closest('[data-turn]')?.dataset.turn;
      seen.push({ atMs: Date.now(), text, call, turn: turn === undefined ? undefined : Number(turn) });
    }
  };
  document.addEventListener('DOMContentLoaded', () => {
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifted += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
`;

export interface Seen {
  /** ms since 1970. */
  readonly atMs: number;
  readonly text: string;
  readonly call?: string;
  readonly turn?: number;
}

export async function seenIn(page: Page): Promise<readonly Seen[]> {
  return page.evaluate<readonly Seen[]>('seen');
}

/** How much has moved by itself since this was last asked. 0.1 is what is called good; an unexpected line is 0.05 or more. */
export async function shiftedIn(page: Page): Promise<number> {
  return page.evaluate<number>('(() => { const by = shifted; shifted = 0; return by; })()');
}

/** Fails with what is wrong and where. */
export async function assertAccessible(page: Page, where: string): Promise<void> {
  // Not by a script element: the page's policy allows none of that.
  if (!(await page.evaluate<boolean>('"axe" in globalThis'))) await page.evaluate(axe.source);
  const violations = await page.evaluate<readonly string[]>(
    `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map(({ html, failureSummary }) => html.slice(0, 160) + ' ' + failureSummary).join(' | ')))`,
  );
  assert.deepEqual(violations, [], where);
}

/** Fails when something is wider than the screen. */
export async function assertFits(page: Page, where: string): Promise<void> {
  const wider = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  assert.ok(wider <= 0, `${where} is ${wider} px wider than the screen`);
}

export async function shoot(page: Page, name: string): Promise<void> {
  await mkdir(SHOTS, { recursive: true });
  await page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
}
