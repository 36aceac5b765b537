// Calls from a real browser: a WAV file for a microphone, the gateway between, and what the page really played.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { encodeMulaw, SAMPLE_RATE_HZ } from '../../src/audio/mulaw.ts';
import { createResampler } from '../../src/audio/resample.ts';
import { wavHeader } from '../../src/audio/wav.ts';
import { plain } from '../../src/sim/recogniser.ts';
import { openVoice, toSampleRate, trimSilence } from '../../src/sim/voice.ts';
import { openChromium } from '../helpers/chromium.ts';
import { eventually, GatewayRig, GREETING, wordsOf, type StoredCall } from '../helpers/gatewayRig.ts';
import { findProgram } from '../helpers/program.ts';

const root = path.resolve(import.meta.dirname, '../..');
const SHOTS = path.join(root, 'test-results', 'screenshots');
const program = findProgram('chromium');
const MICROPHONE_HZ = 48_000;
const FIRST = 'I would like an appointment.';
const SECOND = 'Thank you, goodbye.';
/** For whatever a busy machine takes its time for. */
const PATIENCE_MS = 120_000;

let rig: GatewayRig;
/** Its microphone is somebody who says one sentence after the greeting, and another after the answer. */
let browser: Browser;

async function microphoneFile(
  says: readonly { readonly atMs: number; readonly text: string }[],
): Promise<string> {
  const voice = await openVoice();
  const samples = new Int16Array(MICROPHONE_HZ * 60);
  for (const { atMs, text } of says) {
    const spoken = await voice.say(text);
    const { samples: heard, words } = trimSilence(toSampleRate(spoken, SAMPLE_RATE_HZ), 0);
    rig.providers.book.add({ text, samples: heard, words });
    const { samples: said } = trimSilence(toSampleRate(spoken, MICROPHONE_HZ), 0);
    samples.set(said, (atMs * MICROPHONE_HZ) / 1_000);
  }
  const file = path.join(rig.dataDir, 'microphone.wav');
  const pcm = new Uint8Array(samples.buffer);
  await writeFile(file, Buffer.concat([wavHeader(1, MICROPHONE_HZ, pcm.length), pcm]));
  return file;
}

/** In the page: a copy of whatever its worklet gives to the loudspeaker, and what was asked of the microphone. */
const LISTEN_IN = `
  globalThis.kept = { samples: [], rateHz: 0, echoCancellation: [] };
  const { addModule } = AudioWorklet.prototype;
  AudioWorklet.prototype.addModule = async function (url, options) {
    await addModule.call(this, 'recorder.js');
    return addModule.call(this, url, options);
  };
  const { connect } = AudioNode.prototype;
  AudioNode.prototype.connect = function (...to) {
    if (to[0] === this.context.destination) {
      const recorder = new AudioWorkletNode(this.context, 'recorder', { numberOfOutputs: 0 });
      recorder.port.onmessage = ({ data }) => kept.samples.push(data);
      kept.rateHz = this.context.sampleRate;
      connect.call(this, recorder);
    }
    return connect.apply(this, to);
  };
  const { getUserMedia } = MediaDevices.prototype;
  MediaDevices.prototype.getUserMedia = async function (wish) {
    const stream = await getUserMedia.call(this, wish);
    for (const track of stream.getAudioTracks()) kept.echoCancellation.push(track.getSettings().echoCancellation);
    return stream;
  };
`;

/** Beside the console, because its policy has scripts of its own server alone. Told in large pieces: the page has other work. */
const RECORDER = `registerProcessor('recorder', class extends AudioWorkletProcessor {
  #piece = new Int16Array(2048);
  #filled = 0;
  process([[samples]]) {
    for (let i = 0; i < (samples?.length ?? 0); i += 1) {
      this.#piece[this.#filled] = samples[i] * 32767;
      this.#filled += 1;
      if (this.#filled < this.#piece.length) continue;
      this.port.postMessage(this.#piece);
      this.#filled = 0;
    }
    return true;
  }
});`;

interface Kept {
  readonly samples: readonly (readonly number[])[];
  readonly rateHz: number;
  readonly echoCancellation: readonly unknown[];
}

/** As text: a million numbers one by one take the browser's protocol a minute. */
async function keptIn(page: Page): Promise<Kept> {
  const text = await page.evaluate<string>(
    'JSON.stringify({ ...kept, samples: kept.samples.map((piece) => [...piece]) })',
  );
  // What LISTEN_IN has kept.
  return JSON.parse(text) as Kept;
}

/** What the page has played, as words. */
async function wordsPlayed(page: Page): Promise<readonly string[]> {
  const { samples, rateHz } = await keptIn(page);
  const heard = createResampler(rateHz, SAMPLE_RATE_HZ).process(Int16Array.from(samples.flat()));
  return rig.played.wordsIn(encodeMulaw(heard)).map(({ word }) => plain(word));
}

/** These words in this order and no others; of a busy machine's audio some may be missing. */
function assertPlayed(played: readonly string[], text: string): void {
  const left = [...wordsOf(text)];
  for (const word of played) {
    const at = left.indexOf(word);
    assert.ok(at >= 0, `"${played.join(' ')}" was played of "${text}"`);
    left.splice(0, at + 1);
  }
  assert.ok(played.length * 2 >= wordsOf(text).length, `no more than "${played.join(' ')}" was played`);
}

interface Phone {
  readonly page: Page;
  /** What the browser has complained of. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

/** A phone that has not been used, in a window of its own. */
async function openPhone(
  browser: Browser,
  width: number,
  colorScheme: 'light' | 'dark',
  allowed = true,
): Promise<Phone> {
  const viewport = { width, height: width < 600 ? 844 : 800 };
  const context = await browser.newContext({ viewport, colorScheme });
  if (allowed) await context.grantPermissions(['microphone'], { origin: rig.gateway.url });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  await page.addInitScript({ content: LISTEN_IN });
  await page.goto(`${rig.gateway.url}/console/#/phone`);
  return { page, faults, close: () => context.close() };
}

async function callSidOn(page: Page): Promise<string> {
  const link = await page.getByRole('link', { name: 'Turns, waits' }).getAttribute('href');
  return /SP[0-9a-f]{32}/.exec(link ?? '')?.[0] ?? '';
}

async function assertAccessible(page: Page): Promise<void> {
  // Not by a script element: the page's policy allows none of that.
  await page.evaluate(axe.source);
  const violations = await page.evaluate<readonly string[]>(
    'axe.run().then(({ violations }) => violations.map(({ id }) => id))',
  );
  assert.deepEqual(violations, []);
}

function heardOf(call: StoredCall): string {
  return call.turns.map((turn) => turn.heardText).join(' ');
}

suite('the softphone in a browser', { concurrency: 2, skip: program === undefined }, () => {
  before(async () => {
    const consoleDir = path.join(root, 'test-results', 'console');
    await build({
      configFile: path.join(root, 'vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: consoleDir },
    });
    rig = await GatewayRig.open({ consoleDir });
    await mkdir(SHOTS, { recursive: true });
    const file = await microphoneFile([
      { atMs: 6_000, text: FIRST },
      { atMs: 13_000, text: SECOND },
    ]);
    await writeFile(path.join(consoleDir, 'recorder.js'), RECORDER);
    browser = await openChromium(program ?? '', [
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-audio-capture=${file}%noloop`,
    ]);
  });
  after(async () => {
    await browser.close();
    await rig.close();
  });

  for (const { width, colorScheme } of [
    { width: 1_280, colorScheme: 'light' },
    { width: 380, colorScheme: 'dark' },
  ] as const) {
    test(`holds a call of two turns, ${width} px wide and ${colorScheme}, and its audio comes back`, async () => {
      const { page, faults, close } = await openPhone(browser, width, colorScheme);
      try {
        await assertAccessible(page);
        await page.getByRole('button', { name: 'Call the agent' }).click();
        await page.getByText('In a call.').waitFor();
        // The simulated ears know the very sound: what browsers do to a voice is for real ones. The file begins anew by it.
        await page.getByLabel('Headphones').check();
        const callSid = await callSidOn(page);
        await page.getByText('I can help you with that.').waitFor();
        await page.screenshot({ path: path.join(SHOTS, `softphone-${width}.png`), fullPage: true });
        await assertAccessible(page);
        assert.ok(await fits(page), 'nothing is wider than the screen');
        await page.getByText('The agent has hung up.').waitFor();
        await page.screenshot({ path: path.join(SHOTS, `softphone-${width}-ended.png`), fullPage: true });

        const stored = await rig.stored(callSid);
        const [opening, ...turns] = stored.turns;
        assert.ok(opening?.heardText.startsWith(GREETING), opening?.heardText);
        assert.deepEqual(
          turns.map((turn) => [turn.callerText, turn.heardText]),
          [
            [FIRST, 'I can help you with that.'],
            [SECOND, 'Have a lovely day.'],
          ],
        );
        const { from, to, direction, outcome, recording } = stored;
        assert.deepEqual([from, to, direction, outcome], ['softphone', 'test-agent', 'inbound', 'completed']);
        assert.equal(recording, `recordings/${callSid}.wav`);
        assert.deepEqual((await keptIn(page)).echoCancellation, [true, false]);
        assertPlayed(await wordsPlayed(page), heardOf(stored));
        const said = await page.getByLabel('What was said').innerText();
        for (const text of [FIRST, SECOND, GREETING, 'Have a lovely day.'])
          assert.ok(said.includes(text), said);
        assert.deepEqual(faults, []);
      } finally {
        await close();
      }
    });
  }

  test('keys, mute and the way to another page: by the keyboard alone', async () => {
    const { page, close } = await openPhone(browser, 1_280, 'light');
    try {
      await page.getByRole('button', { name: 'Call the agent' }).focus();
      await page.keyboard.press('Enter');
      await page.getByText('In a call.').waitFor();
      const callSid = await callSidOn(page);
      await page.keyboard.press('m');
      await page.getByText('You are muted.').waitFor();
      // The line of the events breaks, and not that of the call: the words go on when it is back.
      const again = page.waitForResponse((response) => response.url().endsWith(`/v1/calls/${callSid}`));
      await page.evaluate("dispatchEvent(new Event('offline'))");
      await again;
      await page.keyboard.press('4');
      await page.keyboard.press('#');
      const keyed = (): boolean =>
        rig.eventsOf(callSid).some((event) => event.type === 'transcript.partial' && /4/.test(event.text));
      await eventually(keyed, 'the keys arrive', PATIENCE_MS);
      await page.getByLabel('What was said').getByText('4').first().waitFor();
      assert.deepEqual((await keptIn(page)).echoCancellation, [true], 'a loudspeaker stands beside it');

      await page.locator('nav a[href="#/calls"]').focus();
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: 'In a call. You are muted.' }).waitFor();
      await page.getByRole('button', { name: 'Hang up' }).focus();
      await page.keyboard.press('Enter');
      const stored = await rig.stored(callSid);
      assert.equal(stored.outcome, 'completed');
    } finally {
      await close();
    }
  });

  test('a tab that is closed has hung up', async () => {
    const { page, close } = await openPhone(browser, 380, 'light');
    try {
      await page.getByRole('button', { name: 'Call the agent' }).click();
      await page.getByText('In a call.').waitFor();
      const callSid = await callSidOn(page);
      await page.goto('about:blank');
      assert.equal((await rig.stored(callSid)).outcome, 'completed');
    } finally {
      await close();
    }
  });

  test('a microphone that is not allowed is told of, and no call is placed', async () => {
    const { page, close } = await openPhone(browser, 380, 'dark', false);
    try {
      await page.getByRole('button', { name: 'Call the agent' }).click();
      await page.getByText('may not use the microphone').waitFor();
      await assertAccessible(page);
      assert.ok(await page.getByRole('button', { name: 'Call the agent' }).isEnabled());
    } finally {
      await close();
    }
  });

  test('a machine without a microphone is told so', async () => {
    const bare = await openChromium(program ?? '');
    const { page, close } = await openPhone(bare, 1_280, 'light');
    try {
      await page.getByRole('button', { name: 'Call the agent' }).click();
      await page.getByText('There is no microphone').waitFor();
    } finally {
      await close();
      await bare.close();
    }
  });
});

function fits(page: Page): Promise<boolean> {
  return page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth');
}
