// The console in Chromium, before a whole gateway with simulated calls: what an operator sees, and when.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { LiveEvent } from '../../src/events/event.ts';
import { openChromium } from '../helpers/chromium.ts';
import {
  assertAccessible,
  assertFits,
  buildConsole,
  openConsole,
  seenIn,
  shiftedIn,
  shoot,
  type Seen,
} from '../helpers/consolePage.ts';
import { eventually, GatewayRig, GREETING, type StoredCall } from '../helpers/gatewayRig.ts';
import { findProgram } from '../helpers/program.ts';

const program = findProgram('chromium');
const STAGES = [
  'endpoint',
  'sttFinal',
  'llmFirstToken',
  'llmFirstSentence',
  'ttsFirstAudio',
  'firstFrame',
  'response',
  'heard',
] as const;

let consoleDir = '';
let rig: GatewayRig;
let browser: Browser;
/** The call of the first test, for those that look at what is left of it. */
let told: StoredCall;

function address(page: string): string {
  return `${rig.gateway.url}/console/#/${page}`;
}

type Words = Extract<LiveEvent, { readonly text: string }>;

/** How long after an event its text stood in the page, ms; undefined when it never did. Words told once more stand there already. */
function delayOf(seen: readonly Seen[], { text, turn, at }: Words): number | undefined {
  const inTurns = seen.filter((one) => one.turn !== undefined);
  if (inTurns.some((one) => one.turn === turn && one.atMs < at && one.text.includes(text))) return 0;
  const there = inTurns.find((one) => one.atMs >= at - 20 && one.text.includes(text));
  return there === undefined ? undefined : Math.max(0, there.atMs - at);
}

function wordsIn(events: readonly LiveEvent[], sinceMs: number): readonly Words[] {
  return events.filter((event): event is Words => 'text' in event && event.at >= sinceMs);
}

suite('the console in a browser', { skip: program === undefined }, () => {
  before(async () => {
    consoleDir = await buildConsole();
    rig = await GatewayRig.open({ consoleDir, callee: () => ({ kind: 'busy', afterMs: 50 }) });
    browser = await openChromium(program ?? '');
  });
  after(async () => {
    await browser.close();
    await rig.close();
    await rm(consoleDir, { recursive: true });
  });

  test('a call appears as it comes in, and its words as they are said, without anything moving', async (t) => {
    const { page, faults, close } = await openConsole(browser, rig.gateway.url, 'wide');
    await page.getByText('Up to date').waitFor();
    const { call, report } = await rig.begin([
      { say: 'What are your hours?' },
      { interrupt: 'Sorry, wait a moment.', afterAgentMs: 2_500 },
      { say: 'Please look up number four.' },
      { say: 'Thank you, goodbye.' },
      { waitForHangUp: 10_000 },
    ]);
    const row = page.locator(`[data-call="${call.callSid}"]`);
    await row.waitFor();
    await page.keyboard.press('Tab');
    await row.getByRole('link').focus();
    await page.keyboard.press('Enter');
    await page.locator('[data-turn="0"]').waitFor();
    const openedAtMs = Date.now();
    await page.getByText('hours').first().waitFor();
    await shiftedIn(page);
    await page.getByText('number four').first().waitFor();
    await shoot(page, 'call-live-wide');
    await assertAccessible(page, 'a live call');
    await report;
    const live = await shiftedIn(page);
    told = await rig.stored(call.callSid);
    const events = rig.eventsOf(call.callSid);
    const seen = await seenIn(page);

    const startedAtMs = events.find(({ type }) => type === 'call.started')?.at ?? 0;
    const appearedMs = (seen.find((one) => one.call === call.callSid)?.atMs ?? Infinity) - startedAtMs;
    const words = wordsIn(events, openedAtMs);
    const delays = words.flatMap((event) => {
      const delayMs = delayOf(seen, event);
      // Words that may change may have changed before they were drawn.
      assert.ok(
        delayMs !== undefined || event.type === 'transcript.partial',
        `"${event.text}" was never seen`,
      );
      return delayMs ?? [];
    });
    assert.ok(
      delays.length > words.filter(({ type }) => type !== 'transcript.partial').length,
      'words were seen before they were final',
    );
    const sorted = delays.toSorted((a, b) => a - b);
    t.diagnostic(
      `the call was in the list after ${appearedMs} ms; ${delays.length} texts after ${sorted.at(sorted.length >> 1)} ms ` +
        `(median), ${sorted.at(-1)} ms (all); moved by ${live.toFixed(4)}`,
    );
    assert.ok(appearedMs < 20_000, 'it appeared by the event, not by chance');
    assert.ok(words.length >= 6, `${words.length} texts`);
    assert.ok(live < 0.05, `the page has moved by ${live}`);
    assert.deepEqual(faults, []);
    await close();
  });

  test('each turn has what was said and heard, where the caller cut in, and the API’s own times', async () => {
    const { page, close } = await openConsole(
      browser,
      address(`call/${told.callSid}`).replace('/console/', ''),
      'wide',
    );
    await page.goto(address(`call/${told.callSid}`));
    for (const turn of told.turns) {
      const card = page.locator(`[data-turn="${turn.index}"]`);
      await card.waitFor();
      for (const stage of STAGES) {
        const times = await card.locator(`[data-stage="${stage}"] .waterfall-ms`).allTextContents();
        const value = turn.timings[stage];
        const expected = value === undefined ? [] : [`${Math.round(value).toLocaleString('en-US')} ms`];
        assert.deepEqual(times, expected, `${stage} of turn ${turn.index}`);
      }
      const caller = await card.locator('.utterance.caller .said-text').allTextContents();
      assert.deepEqual(caller, turn.callerText === '' && turn.index === 0 ? [] : [turn.callerText]);
      // Where the caller really cut in, a busy machine decides.
      assert.equal(await card.locator('.cut').count(), turn.interrupted ? 1 : 0);
      const notHeard = (await card.locator('del').allTextContents()).join('');
      assert.equal(`${turn.heardText}${notHeard}`, turn.agentText);
      assert.equal(notHeard !== '', turn.heardText !== turn.agentText);
    }
    await close();
  });

  test('the recording is drawn for both voices, is played, and goes where it is clicked', async () => {
    const { page, faults, close } = await openConsole(browser, rig.gateway.url, 'wide');
    await page.goto(address(`call/${told.callSid}`));
    const slider = page.getByRole('slider', { name: 'Place in the recording' });
    await slider.waitFor();
    const drawn = (): Promise<readonly number[]> =>
      page.evaluate(`(() => {
      const canvas = document.querySelector('.waveform canvas');
      const half = canvas.height / 2;
      const coloured = (top) => canvas.getContext('2d').getImageData(0, top, canvas.width, half).data.filter((_, i) => i % 4 === 3).filter(Boolean).length;
      return [coloured(0), coloured(half)];
    })()`);
    // The slider is there before its sound has come and been looked through.
    const bothSeen = async (): Promise<boolean> => (await drawn()).every((pixels) => pixels > 1_000);
    await eventually(bothSeen, 'both voices are drawn');
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    const placeS = (): Promise<number> => page.evaluate('document.querySelector("audio").currentTime');
    await eventually(async () => (await placeS()) > 0.3, 'the recording plays');
    await page.getByRole('button', { name: 'Pause' }).click();
    const box = await slider.boundingBox();
    assert.ok(box !== null);
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    const durationS = Number(await slider.getAttribute('aria-valuemax'));
    await eventually(async () => Math.abs((await placeS()) - durationS / 2) < 1, 'it is in the middle');
    await slider.press('Home');
    await eventually(async () => (await placeS()) === 0, 'it is at the beginning');
    await page
      .getByRole('button', { name: /^Listen from/ })
      .nth(2)
      .click();
    await eventually(async () => (await placeS()) > 1, 'it plays from a turn on');
    await page.keyboard.press('Escape');
    await shoot(page, 'call-wide');
    assert.deepEqual(faults, []);
    await close();
  });

  test('a call is acted on by keys, in a narrow window: said, not hung up, hung up', async () => {
    const { page, close } = await openConsole(browser, rig.gateway.url, 'narrow', 'dark');
    await page.getByText('Up to date').waitFor();
    const { call, report } = await rig.begin([{ silence: 30_000 }, { waitForHangUp: 30_000 }]);
    await page.locator(`[data-call="${call.callSid}"]`).waitFor();
    await shoot(page, 'live-narrow');
    await page.locator(`[data-call="${call.callSid}"] a`).click();
    await page.getByText(GREETING).waitFor();
    await page.keyboard.press('s');
    await page.getByLabel('Words').fill('This is your operator.');
    await page.getByRole('button', { name: 'Say it' }).click();
    await page.locator('.said-text', { hasText: 'This is your operator.' }).waitFor();
    await page.keyboard.press('h');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.keyboard.press('t');
    await page.getByLabel('Number or SIP address').fill('reception');
    await page.getByRole('button', { name: 'Transfer' }).last().click();
    await page.getByRole('alert').waitFor();
    await assertAccessible(page, 'a dialog with a refusal');
    await page.keyboard.press('Escape');
    assert.ok(!rig.eventsOf(call.callSid).some(({ type }) => type === 'call.ended'));
    await page.keyboard.press('h');
    await page.getByRole('dialog').getByRole('button', { name: 'Hang up' }).click();
    await eventually(
      () => rig.eventsOf(call.callSid).some(({ type }) => type === 'call.ended'),
      'the call is ended',
    );
    await page.getByText('Completed').waitFor();
    await report;
    await close();
  });

  test('calls are found by what was said in them', async () => {
    const { page, close } = await openConsole(browser, rig.gateway.url, 'wide');
    await page.getByText('Up to date').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.locator(`[data-call="${told.callSid}"]`).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('numb look');
    await eventually(async () => (await page.locator('[data-call]').count()) === 1, 'one call is left');
    assert.equal(await page.locator('[data-call]').getAttribute('data-call'), told.callSid);
    await page.getByRole('searchbox').fill('xylophone');
    await page.getByText('No call fits.').waitFor();
    await page.getByRole('searchbox').fill('');
    await page.getByLabel('Outcome').selectOption('failed');
    await page.getByText('No call fits.').waitFor();
    await close();
  });

  test('the waits of the last hour are the API’s, stage by stage', async () => {
    const { page, close } = await openConsole(browser, rig.gateway.url, 'wide');
    await page.goto(address('latency'));
    await page.locator('table').waitFor();
    interface Latency {
      readonly stages: Record<string, { readonly p50: number; readonly p95: number; readonly count: number }>;
    }
    const latency = (await (await fetch(`${rig.gateway.url}/v1/latency`)).json()) as Latency;
    for (const stage of STAGES) {
      const figures = await page.locator(`tr[data-stage="${stage}"] td`).allTextContents();
      const { p50, p95, count } = latency.stages[stage] ?? { p50: NaN, p95: NaN, count: 0 };
      const ms = (value: number): string => `${Math.round(value).toLocaleString('en-US')} ms`;
      assert.deepEqual(figures, [ms(p50), ms(p95), String(count)], stage);
    }
    await page.getByRole('button', { name: 'Voice: first audio' }).click();
    await page.getByRole('img', { name: /^Voice: first audio/ }).waitFor();
    await close();
  });

  test('a lead is added, changed and called', async () => {
    const { page, faults, close } = await openConsole(browser, rig.gateway.url, 'narrow');
    await page.goto(address('leads'));
    await page.getByText('There is no lead yet.').waitFor();
    await page.getByRole('button', { name: 'Add a lead' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Ada Example');
    await page.getByLabel('Phone').fill('+1 (555) 010-0777');
    await page.getByRole('button', { name: '+ Field' }).click();
    await page.getByLabel('Name of field 1').fill('city');
    await page.getByLabel('Value of city').fill('Turin');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('+15550100777').waitFor();
    await page.getByRole('button', { name: 'Edit Ada Example' }).click();
    await page.getByLabel('Value of city').fill('Milan');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Milan').waitFor();
    await page.getByRole('button', { name: 'Call Ada Example' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Call' }).click();
    await page.getByText('Busy').waitFor();
    assert.deepEqual(
      faults.filter((fault) => !fault.includes('404')),
      [],
    );
    await close();
  });

  test('a call that was over before its page was open, and is stored later, is there as soon as it is', async () => {
    const { page, close } = await openConsole(browser, rig.gateway.url, 'wide');
    let asked = 0;
    await page.route(`**/v1/calls/${told.callSid}`, async (route) => {
      asked += 1;
      if (asked > 2) return route.continue();
      return route.fulfill({ status: 404, json: { error: { code: 'not_found', message: 'no such call' } } });
    });
    await page.goto(address(`call/${told.callSid}`));
    await page.getByText('There is no such call, or it has not begun yet.').waitFor();
    await page.locator('[data-turn="1"]').waitFor();
    await close();
  });

  test('a line that breaks is said, and the page is up to date again when it is back', async () => {
    const { page, close } = await openConsole(browser, rig.gateway.url, 'wide');
    await page.getByText('Up to date').waitFor();
    await page.context().setOffline(true);
    await page.getByText(/^As of .*, reconnecting/).waitFor();
    await page.context().setOffline(false);
    await page.getByText('Up to date').waitFor();
    await close();
  });

  for (const size of ['wide', 'narrow'] as const) {
    for (const scheme of ['light', 'dark'] as const) {
      test(`every page is accessible and fits, ${size} and ${scheme}`, async () => {
        const { page, close } = await openConsole(browser, rig.gateway.url, size, scheme);
        await everyPage(page, async (name) => {
          await assertAccessible(page, `${name}, ${size}, ${scheme}`);
          await assertFits(page, `${name}, ${size}`);
          await shoot(page, `${name}-${size}-${scheme}`);
        });
        await close();
      });
    }
  }
});

/** Goes to each page and waits until it shows something. */
async function everyPage(page: Page, look: (name: string) => Promise<void>): Promise<void> {
  const pages = [
    { name: 'live', at: 'live', ready: '.empty, [data-call]' },
    { name: 'calls', at: 'calls', ready: '[data-call]' },
    { name: 'call', at: `call/${told.callSid}`, ready: '.waveform canvas' },
    { name: 'latency', at: 'latency', ready: 'table' },
    { name: 'leads', at: 'leads', ready: '[data-lead]' },
  ];
  for (const { name, at, ready } of pages) {
    await page.goto(address(at));
    await page.locator(ready).first().waitFor();
    await look(name);
  }
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  await look('keyboard');
}
