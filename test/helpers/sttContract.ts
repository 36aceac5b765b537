// What every speech-to-text must do, whoever provides it. Run over each provider against its simulator.
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { silence } from '../../src/audio/mulaw.ts';
import { systemClock } from '../../src/base/clock.ts';
import { ProviderError } from '../../src/base/errors.ts';
import { seededRandom } from '../../src/base/random.ts';
import { Ears } from '../../src/call/ears.ts';
import type { SpeechToText, SttEvent, SttSession } from '../../src/stt/port.ts';
import type { VoiceDetector } from '../../src/vad/port.ts';
import { say, spoken, type Said } from './phrases.ts';
import { until } from './until.ts';

export interface SttRig {
  readonly stt: SpeechToText;
  /** Ends the provider: every connection breaks. */
  breakDown(): Promise<void>;
  /** How many sessions the provider has open. */
  openSessions(): number;
}

/** What the provider must be able to understand. */
export const CONTRACT_TEXTS = ['I would like to book a table.', 'For two people, please.'] as const;

const CUTS = 8;
const CUTS_SEED = 5;

const noDetector: VoiceDetector = {
  kind: 'energy',
  open: () => ({ push: () => undefined, close: () => undefined }),
  close: () => Promise.resolve(),
};

/** A provider whose session under way can be cut as a network does it. */
function breakableSpeech(stt: SpeechToText): { readonly stt: SpeechToText; readonly cut: () => void } {
  let cut = (): void => undefined;
  return {
    cut: () => cut(),
    stt: {
      ...stt,
      open(options, listener) {
        const session = stt.open(options, listener);
        cut = () => {
          session.close();
          const error = new ProviderError('truncated', 'cut', { stage: 'stt', provider: stt.provider });
          listener({ kind: 'failed', error });
        };
        return session;
      },
    },
  };
}

type Final = Extract<SttEvent, { kind: 'final' }>;

/** `open` starts a provider that knows the phrases; `close` is `breakDown`. */
export function sttContract(name: string, open: (phrases: readonly Said[]) => Promise<SttRig>): void {
  describe(`${name} keeps the contract of speech-to-text`, () => {
    let rig: SttRig | undefined;

    async function start(): Promise<{
      session: SttSession;
      events: SttEvent[];
      finals: () => Final[];
      first: Said;
      second: Said;
    }> {
      const first = await say(CONTRACT_TEXTS[0]);
      const second = await say(CONTRACT_TEXTS[1]);
      rig = await open([first, second]);
      const events: SttEvent[] = [];
      let returned = false;
      const session = rig.stt.open({ language: 'en-US', keywords: ['table'] }, (event) => {
        assert.ok(returned, 'the listener was called before open returned');
        events.push(event);
      });
      returned = true;
      return {
        session,
        events,
        finals: () => events.filter((event) => event.kind === 'final'),
        first,
        second,
      };
    }

    afterEach(async () => {
      await rig?.breakDown();
      rig = undefined;
    });

    it('is ready once, and hears what was said before it was', async () => {
      const { session, events, finals, first } = await start();
      session.push(first.mulaw);
      session.push(silence(300));
      assert.equal(session.commit(), 0);
      await until(() => finals().length === 1, 'the final');
      assert.equal(events.filter(({ kind }) => kind === 'ready').length, 1);
      assert.equal(events[0]?.kind, 'ready');
      assert.equal(spoken(finals()[0]?.text ?? ''), spoken(first.text));
      session.close();
    });

    it('numbers utterances from 0 and gives each exactly one final with its own words', async () => {
      const { session, finals, first, second } = await start();
      const said = [first, second, first];
      for (const [number, { mulaw }] of said.entries()) {
        session.push(mulaw);
        session.push(silence(200));
        assert.equal(session.commit(), number);
      }
      await until(() => finals().length === 3, 'three finals');
      const byNumber = finals().toSorted((a, b) => a.utterance - b.utterance);
      assert.deepEqual(
        byNumber.map(({ utterance, text }) => [utterance, spoken(text)]),
        said.map(({ text }, number) => [number, spoken(text)]),
      );
      session.close();
    });

    it('answers an utterance without sound, with too little or with silence by an empty final, and goes on', async () => {
      const { session, events, finals, first } = await start();
      const before = events.length;
      assert.equal(session.commit(), 0);
      assert.equal(events.length, before, 'the number comes before the final');
      session.push(silence(40));
      assert.equal(session.commit(), 1);
      session.push(silence(400));
      assert.equal(session.commit(), 2);
      session.push(first.mulaw);
      session.push(silence(200));
      assert.equal(session.commit(), 3);
      await until(() => finals().length === 4, 'four finals');
      const texts = finals()
        .toSorted((a, b) => a.utterance - b.utterance)
        .map(({ text }) => spoken(text));
      assert.deepEqual(texts, ['', '', '', spoken(first.text)]);
      session.close();
    });

    it('loses no word of what is said when the connection is lost in the middle of it', async () => {
      const { session, first } = await start();
      session.close();
      const random = seededRandom(CUTS_SEED);
      for (let cut = 0; cut < CUTS; cut += 1) {
        const breakable = breakableSpeech((rig as SttRig).stt);
        const clock = systemClock;
        const options = { language: 'en-US', keywords: [] };
        const ears = new Ears({ detector: noDetector, providers: [breakable.stt], options, clock });
        const finals: string[] = [];
        ears.attach({
          onVoice: () => undefined,
          onWords: (_utterance, text, final) => void (final && finals.push(text)),
          onHearing: () => undefined,
          onJudge: () => undefined,
          onTurnJudged: () => undefined,
          onFailed: () => undefined,
          onReplaced: () => undefined,
          onDropped: () => assert.fail('audio was lost'),
        });
        const cutAtByte = Math.floor(random.next() * (first.mulaw.length + 1_600));
        const all = Buffer.concat([first.mulaw, silence(200)]);
        ears.push(all.subarray(0, cutAtByte), clock.nowMs());
        breakable.cut();
        ears.push(all.subarray(cutAtByte), clock.nowMs());
        ears.commit();
        await until(() => finals.length === 1, `the final, cut at byte ${cutAtByte}`);
        assert.equal(spoken(finals[0] ?? ''), spoken(first.text), `seed ${CUTS_SEED}, cut ${cut}`);
        ears.close();
      }
    });

    it('takes audio in pieces of any length and keeps none of it', async () => {
      const { session, finals, first } = await start();
      const lengths = [1, 160, 333, 7, 1_600];
      for (let at = 0, turn = 0; at < first.mulaw.length; turn += 1) {
        const piece = first.mulaw.slice(at, at + (lengths[turn % lengths.length] ?? 1));
        session.push(piece);
        at += piece.length;
        piece.fill(0);
      }
      session.push(silence(200));
      session.commit();
      await until(() => finals().length === 1, 'the final');
      assert.equal(spoken(finals()[0]?.text ?? ''), spoken(first.text));
      session.close();
    });

    it('tells live words as they grow, if it says it can', async () => {
      const { session, events, finals, first } = await start();
      const wordsOf = (): string[] =>
        events.flatMap((event) => (event.kind === 'words' && event.utterance === 0 ? [event.text] : []));
      session.push(first.mulaw);
      session.push(silence(400));
      if (rig?.stt.capabilities.liveWords === true) {
        await until(
          () => spoken(wordsOf().at(-1) ?? '') === spoken(first.text),
          'all words before the commit',
        );
        const texts = wordsOf();
        for (const [i, text] of texts.entries()) assert.ok(text.startsWith(texts[i - 1] ?? ''), 'words grow');
        assert.ok(texts.length >= 5, 'word by word');
      }
      session.commit();
      await until(() => finals().length === 1, 'the final');
      session.close();
    });

    it('says nothing more once it is closed, however often, and takes no harm from what comes late', async () => {
      const { session, events, first } = await start();
      const provider = rig;
      await until(() => events.length > 0, 'it is ready');
      session.push(first.mulaw);
      session.commit();
      session.close();
      const told = events.length;
      session.close();
      session.push(first.mulaw);
      session.commit();
      await until(() => provider?.openSessions() === 0, 'the provider sees it closed');
      assert.equal(events.length, told);
    });

    it('may be closed before it is connected', async () => {
      const { session, events } = await start();
      session.close();
      const provider = rig;
      await until(() => provider?.openSessions() === 0, 'no session is left');
      assert.deepEqual(events, []);
    });

    it('fails once, with a provider error, when the provider goes away', async () => {
      const { session, events, first } = await start();
      await until(() => events.length > 0, 'it is ready');
      await rig?.breakDown();
      await until(() => events.some(({ kind }) => kind === 'failed'), 'it fails');
      session.push(first.mulaw);
      session.commit();
      session.close();
      const failures = events.flatMap((event) => (event.kind === 'failed' ? [event.error] : []));
      assert.equal(failures.length, 1);
      assert.ok(failures[0] instanceof ProviderError);
      assert.equal(failures[0].stage, 'stt');
      assert.equal(failures[0].retryable, true);
      assert.equal(events.at(-1)?.kind, 'failed');
    });
  });
}
