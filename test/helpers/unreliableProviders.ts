// A model, a voice, ears and a tool on the virtual clock that fail by chance, in the ways that the real ones do:
// behind the same deadlines, with the same errors.
import { BYTES_PER_MS } from '../../src/audio/mulaw.ts';
import { sleep, type Timer } from '../../src/base/clock.ts';
import { withDeadlines } from '../../src/base/deadline.ts';
import { ProviderError, type ProviderStage } from '../../src/base/errors.ts';
import type { HttpFetch } from '../../src/base/httpPool.ts';
import type { LanguageModel, LlmEvent, LlmRequest } from '../../src/llm/port.ts';
import type { SpeechToText, SttEvent, SttSession } from '../../src/stt/port.ts';
import type { SpeechChunk, TextToSpeech } from '../../src/tts/port.ts';
import { spokenAudio } from './callRig.ts';
import type { Chance } from './chance.ts';
import type { VirtualClock } from './virtualClock.ts';

const LLM_DEADLINES = { firstMs: 4_000, idleMs: 5_000 };
const TTS_DEADLINES = { firstMs: 3_000, idleMs: 3_000 };
/** What a real session waits for a final before it gives itself up. */
const FINAL_TIMEOUT_MS = 5_000;
const PIECE_BYTES = 400 * BYTES_PER_MS;

const ANSWERS = [
  'Certainly. What day would you like?',
  'We are open until six. Shall I book a table for you? It takes a moment.',
  'That costs twelve dollars, and it is ready tomorrow.',
  'Yes.',
  'Could you spell your last name for me, please?',
] as const;

const CALLS = [
  { name: 'look_up', argumentsText: '{}' },
  { name: 'look_up', argumentsText: 'nonsense' },
  { name: 'unknown_tool', argumentsText: '{}' },
  { name: 'play_digits', argumentsText: '{"digits":"12w3"}' },
] as const;

const ENDINGS = [
  { name: 'end_call', argumentsText: '{}' },
  { name: 'transfer', argumentsText: '{"to":"reception"}' },
] as const;

type StreamFault = 'none' | 'error' | 'hang' | 'cut' | 'slow' | 'stall';

/** Told of each fault as it is drawn, such as `llm hang`. */
export type OnFault = (name: string) => void;

function failure(stage: ProviderStage, code: ConstructorParameters<typeof ProviderError>[0]): ProviderError {
  return new ProviderError(code, 'simulated', { stage, provider: 'simulated' });
}

function drawFault(chance: Chance, share: number, stage: ProviderStage, onFault: OnFault): StreamFault {
  if (!chance.happens(share)) return 'none';
  const fault = chance.pick(['error', 'hang', 'cut', 'slow', 'stall'] as const);
  onFault(`${stage} ${fault}`);
  return fault;
}

/** `fault` as it shows before the first output. */
async function beginning(
  fault: StreamFault,
  delayMs: number,
  clock: VirtualClock,
  stage: ProviderStage,
  signal: AbortSignal,
): Promise<void> {
  await sleep(clock, fault === 'slow' ? delayMs + 2_000 : delayMs, signal);
  if (fault === 'error') throw failure(stage, 'server');
  if (fault === 'hang') await sleep(clock, 120_000, signal);
}

/** ... and in the middle. */
async function middle(
  fault: StreamFault,
  clock: VirtualClock,
  stage: ProviderStage,
  signal: AbortSignal,
): Promise<void> {
  if (fault === 'cut') throw failure(stage, 'truncated');
  if (fault === 'stall') await sleep(clock, 120_000, signal);
}

export function unreliableModel(
  clock: VirtualClock,
  chance: Chance,
  faultShare: number,
  onFault: OnFault,
): LanguageModel {
  let calls = 0;
  const eventsOf = (request: LlmRequest): LlmEvent[] => {
    const afterTool = request.messages.at(-1)?.role === 'tool';
    if (!afterTool && chance.happens(0.03)) return [];
    const events: LlmEvent[] = [];
    const uses = chance.happens(0.2) && (!afterTool || chance.happens(0.2));
    if (!uses || chance.happens(0.3)) {
      const words = chance.pick(ANSWERS).split(' ');
      for (const word of words) events.push({ kind: 'text', text: `${word} ` });
    }
    if (!uses) return events;
    const call = chance.happens(0.2) ? chance.pick(ENDINGS) : chance.pick(CALLS);
    events.push({ kind: 'toolCall', call: { id: `call_${(calls += 1)}`, ...call } });
    return events;
  };
  async function* stream(
    request: LlmRequest,
    signal: AbortSignal,
  ): AsyncGenerator<LlmEvent, void, undefined> {
    const fault = drawFault(chance, faultShare, 'llm', onFault);
    const events = eventsOf(request);
    await beginning(fault, chance.between(150, 600), clock, 'llm', signal);
    const middleAt = chance.between(0, events.length);
    for (const [at, event] of events.entries()) {
      if (at === middleAt) await middle(fault, clock, 'llm', signal);
      yield event;
      await sleep(clock, 30, signal);
    }
    yield { kind: 'finished', reason: 'stop' };
  }
  return {
    provider: 'simulated',
    model: 'simulated',
    warmUp: () => Promise.resolve(),
    complete: (request, signal) =>
      withDeadlines(
        (stop) => stream(request, stop),
        { ...LLM_DEADLINES, timedOut: (which) => failure('llm', which) },
        clock,
        signal,
      ),
  };
}

const made = new Map<string, Uint8Array>();

function audioOf(text: string): Uint8Array {
  const audio = made.get(text) ?? spokenAudio(text);
  made.set(text, audio);
  return audio;
}

/** `lines` are at hand, as a warm cache has them, and never fail. */
export function unreliableVoice(
  clock: VirtualClock,
  chance: Chance,
  faultShare: number,
  lines: ReadonlySet<string>,
  onFault: OnFault,
): TextToSpeech {
  async function* stream(text: string, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    const fault = drawFault(chance, faultShare, 'tts', onFault);
    await beginning(fault, chance.between(60, 300), clock, 'tts', signal);
    const audio = audioOf(text);
    for (let at = 0; at < audio.length; at += PIECE_BYTES) {
      if (at >= audio.length / 2) await middle(fault, clock, 'tts', signal);
      yield { mulaw: audio.subarray(at, at + PIECE_BYTES) };
      await sleep(clock, fault === 'slow' ? 500 : 40, signal);
    }
  }
  async function* atHand(text: string): AsyncGenerator<SpeechChunk, void, undefined> {
    yield await Promise.resolve({ mulaw: audioOf(text) });
  }
  return {
    provider: 'simulated',
    cacheKey: 'simulated',
    warmUp: () => Promise.resolve(),
    isReady: (text) => lines.has(text),
    speak: (text, signal) =>
      lines.has(text)
        ? atHand(text)
        : withDeadlines(
            (stop) => stream(text, stop),
            { ...TTS_DEADLINES, timedOut: (which) => failure('tts', which) },
            clock,
            signal,
          ),
  };
}

/** A session that judges turns does so by so much silence after the last word. */
const JUDGED_AFTER_MS = { eager: 250, ended: 450 } as const;

/** What a caller says reaches the session that listens at the time; one that fails is never heard of again. */
export class UnreliableEars {
  readonly provider: SpeechToText;
  readonly #clock: VirtualClock;
  readonly #chance: Chance;
  readonly #faultShare: number;
  readonly #judgesTurns: boolean;
  readonly #onFault: OnFault;
  #hear: ((word: string) => void) | undefined;
  /** Sessions that were opened and not closed. */
  open = 0;
  /** How often words, or news of them, were lost: what was said then need not be answered. */
  losses = 0;

  constructor(clock: VirtualClock, chance: Chance, faultShare: number, onFault: OnFault) {
    this.#onFault = onFault;
    this.#clock = clock;
    this.#chance = chance;
    this.#faultShare = faultShare;
    // A third of the callers is heard by one that judges turns.
    const judgesTurns = chance.happens(0.33);
    this.#judgesTurns = judgesTurns;
    this.provider = {
      provider: 'simulated',
      capabilities: { liveWords: true, commitsItself: judgesTurns, judgesTurns },
      open: (_options, listener) => this.#session(listener),
    };
  }

  /** The caller has said this word. */
  hear(word: string): void {
    if (this.#hear === undefined) this.losses += 1;
    else this.#hear(word);
  }

  #session(listener: (event: SttEvent) => void): SttSession {
    const timers = new Set<Timer>();
    const texts: string[] = [''];
    const final = new Set<number>();
    let over = false;
    // It takes everything and has a word for nothing.
    const deaf = this.#chance.happens(this.#faultShare / 4);
    if (deaf) this.#onFault('stt deaf');
    this.open += 1;
    const later = (delayMs: number, work: () => void): void => {
      const timer = this.#clock.after(delayMs, () => {
        timers.delete(timer);
        work();
      });
      timers.add(timer);
    };
    const stop = (): void => {
      if (over) return;
      over = true;
      this.open -= 1;
      if (this.#hear === hear) this.#hear = undefined;
      for (const timer of timers) timer.cancel();
    };
    const fail = (code: ConstructorParameters<typeof ProviderError>[0]): void => {
      if (over) return;
      this.losses += 1;
      this.#onFault(`stt ${code}`);
      listener({ kind: 'failed', error: failure('stt', code) });
    };
    const hear = (word: string): void => {
      if (deaf) {
        this.losses += 1;
        return;
      }
      const utterance = texts.length - 1;
      const text = `${texts[utterance] ?? ''} ${word}`.trim();
      texts[utterance] = text;
      const late = this.#faulty() ? this.#chance.between(0, 1_500) : 0;
      const tell = (): void => {
        if (!final.has(utterance)) listener({ kind: 'words', utterance, text });
      };
      later(this.#chance.between(50, 250) + late, tell);
      if (this.#faulty()) later(300 + late, tell);
      if (this.#judgesTurns) judgeAfter(utterance, text);
      if (this.#chance.happens(this.#faultShare / 10)) fail('server');
    };
    /** Unless a word follows; a faulty one judges too early, or not at all. */
    const judgeAfter = (utterance: number, text: string): void => {
      const confidence = undefined;
      if (this.#faulty()) return;
      const began = !text.includes(' ');
      if (began)
        later(250, () => listener({ kind: 'turnJudged', utterance, judgement: 'started', confidence }));
      const early = this.#faulty() ? 200 : 0;
      const stands = (): boolean => utterance === texts.length - 1 && texts[utterance] === text;
      let eager = false;
      later(JUDGED_AFTER_MS.eager - early, () => {
        eager = stands();
        if (eager) listener({ kind: 'turnJudged', utterance, judgement: 'eager', confidence });
      });
      later(JUDGED_AFTER_MS.ended - early, () => {
        if (!stands()) {
          if (eager) listener({ kind: 'turnJudged', utterance, judgement: 'resumed', confidence });
          return;
        }
        texts.push('');
        final.add(utterance);
        listener({ kind: 'final', utterance, text });
        listener({ kind: 'turnJudged', utterance, judgement: 'ended', confidence });
      });
    };
    const commit = (): number => {
      const utterance = texts.length - 1;
      const text = texts[utterance] ?? '';
      texts.push('');
      const fault = this.#faulty() ? this.#chance.pick(['late', 'none_comes', 'empty']) : 'none';
      if (fault !== 'none') this.#onFault(`stt final ${fault}`);
      if (fault === 'none_comes') later(FINAL_TIMEOUT_MS, () => fail('idle_timeout'));
      else {
        const delayMs = fault === 'late' ? this.#chance.between(500, 4_000) : this.#chance.between(80, 300);
        later(delayMs, () => {
          final.add(utterance);
          if (fault === 'empty') this.losses += 1;
          listener({ kind: 'final', utterance, text: fault === 'empty' ? '' : text });
        });
      }
      return utterance;
    };
    this.#hear = hear;
    if (this.#chance.happens(this.#faultShare / 4))
      later(this.#chance.between(0, 400), () => fail('connect'));
    return { push: () => undefined, commit, close: stop };
  }

  #faulty(): boolean {
    return this.#chance.happens(this.#faultShare);
  }
}

export function unreliableFetch(
  clock: VirtualClock,
  chance: Chance,
  faultShare: number,
  onFault: OnFault,
): HttpFetch {
  return async (_input, init) => {
    const fault = chance.happens(faultShare) ? chance.pick(['error', 'hang', 'refused']) : 'none';
    if (fault !== 'none') onFault(`tool ${fault}`);
    const signal = init?.signal ?? undefined;
    await sleep(clock, fault === 'hang' ? 120_000 : chance.between(50, 900), signal);
    if (fault === 'error') throw new TypeError('fetch failed');
    return new Response('{"found":true}', { status: fault === 'refused' ? 500 : 200 });
  };
}
