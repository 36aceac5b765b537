// Debian's Chromium under a test: a fresh one, without a word to anybody outside.
import { chromium, type Browser } from 'playwright-core';

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** `program` is its path; `flags` are further ones. Its folder is its own, and goes with it. */
export function openChromium(program: string, flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: program, headless: true, args: [...QUIET, ...flags] });
}
