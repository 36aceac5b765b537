// Ears, a model and a voice on the virtual clock that are quick and right until something befalls them: the same kinds of
// fault as the simulated providers know over real sockets, with the errors and the deadlines that the real adapters make of
// them.
import { BYTES_PER_MS } from '../../src/audio/mulaw.ts';
import { sleep, type Clock, type Timer } from '../../src/base/clock.ts';
import { withDeadlines } from '../../src/base/deadline.ts';
import { ProviderError, type ProviderErrorCode, type ProviderStage } from '../../src/base/errors.ts';
import type { LanguageModel, LlmEvent, LlmRequest } from '../../src/llm/port.ts';
import type { FaultName } from '../../src/sim/struckProvider.ts';
import type { SpeechToText, SttEvent, SttSession } from '../../src/stt/port.ts';
import type { SpeechChunk, TextToSpeech } from '../../src/tts/port.ts';
import { spokenAudio } from './callRig.ts';

/** As the agent's file has them when it says nothing. */
const LLM_DEADLINES = { firstMs: 4_000, idleMs: 5_000 };
const TTS_DEADLINES = { firstMs: 3_000, idleMs: 3_000 };
const CONNECT_MS_MAX = 5_000;
const FINAL_MS_MAX = 5_000;
const WORDS_MS = 200;
const FINAL_MS = 150;
const FIRST_TOKEN_MS = 500;
const TOKEN_MS = 20;
const FIRST_AUDIO_MS = 200;
const AUDIO_PIECE_MS = 60;
const SPEED = 4;
const ROUND_TRIP_MS = 20;
const LATE_MS = 6_000;
const RETRY_AFTER_MS = 2_000;

/** What befalls the one that is struck, at this moment. */
export type Struck = () => FaultName | undefined;

/** Never comes, unless it is stopped. */
function forEver(clock: Clock, signal: AbortSignal): Promise<void> {
  return sleep(clock, 600_000, signal);
}

class Failures {
  readonly #stage: ProviderStage;
  readonly #provider: string;

  constructor(stage: ProviderStage, provider: string) {
    this.#stage = stage;
    this.#provider = provider;
  }

  of(code: ProviderErrorCode): ProviderError {
    const details = { stage: this.#stage, provider: this.#provider };
    const limited = code === 'rate_limit' ? { retryAfterMs: RETRY_AFTER_MS } : {};
    return new ProviderError(code, 'struck', { ...details, ...limited });
  }

  /** How a request fares that is made at this moment; resolves when it will be answered. */
  async begin(fault: FaultName | undefined, clock: Clock, signal: AbortSignal): Promise<void> {
    const code = codeOfBeginning(fault);
    if (code !== undefined) {
      await sleep(clock, ROUND_TRIP_MS, signal);
      throw this.of(code);
    }
    if (fault === 'hangs' || fault === 'silent wire' || fault === 'slow drip') await forEver(clock, signal);
    if (fault === 'late') await sleep(clock, LATE_MS, signal);
  }

  /** ... and in the middle of it: `befell` when it was made, `now` at this moment. */
  async goOn(
    befell: FaultName | undefined,
    now: FaultName | undefined,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<void> {
    if (befell === 'half, then the end' || befell === 'cut') throw this.of('truncated');
    if (befell === 'stalls in the middle') await forEver(clock, signal);
    if (now === 'refused' || now === 'sent away' || now === 'cut') throw this.of('truncated');
    if (now === 'corrupt bytes') throw this.of('bad_answer');
    if (now === 'silent wire' || now === 'slow drip') await forEver(clock, signal);
  }
}

function codeOfBeginning(fault: FaultName | undefined): ProviderErrorCode | undefined {
  switch (fault) {
    case 'refused':
    case 'sent away':
      return 'connect';
    case 'status 500':
      return 'server';
    case 'status 429':
      return 'rate_limit';
    case 'garbage':
    case 'wrong type':
    case 'corrupt bytes':
      return 'bad_answer';
    default:
      return undefined;
  }
}

export function struckModel(
  provider: string,
  clock: Clock,
  struck: Struck,
  answer: (request: LlmRequest) => string,
): LanguageModel {
  const failures = new Failures('llm', provider);
  async function* stream(
    request: LlmRequest,
    signal: AbortSignal,
  ): AsyncGenerator<LlmEvent, void, undefined> {
    const befell = struck();
    await failures.begin(befell, clock, signal);
    const words = befell === 'nothing in it' ? [] : answer(request).split(' ');
    await sleep(clock, FIRST_TOKEN_MS, signal);
    for (const [place, word] of words.entries()) {
      if (place > 2) await failures.goOn(befell, struck(), clock, signal);
      yield { kind: 'text', text: `${word} ` };
      await sleep(clock, TOKEN_MS, signal);
    }
    yield { kind: 'finished', reason: 'stop' };
  }
  return {
    provider,
    model: provider,
    warmUp: () => Promise.resolve(),
    complete: (request, signal) =>
      withDeadlines(
        (stop) => stream(request, stop),
        { ...LLM_DEADLINES, timedOut: (which) => failures.of(which) },
        clock,
        signal,
      ),
  };
}

/** `lines` are at hand, as a warm cache has them. */
export function struckVoice(
  provider: string,
  clock: Clock,
  struck: Struck,
  lines: ReadonlySet<string>,
): TextToSpeech {
  const failures = new Failures('tts', provider);
  async function* stream(text: string, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    const befell = struck();
    await failures.begin(befell, clock, signal);
    await sleep(clock, FIRST_AUDIO_MS, signal);
    if (befell === 'nothing in it') throw failures.of('bad_answer');
    const audio = spokenAudio(text);
    const pieceBytes = AUDIO_PIECE_MS * BYTES_PER_MS;
    for (let at = 0; at < audio.length; at += pieceBytes) {
      if (at > 2 * pieceBytes) await failures.goOn(befell, struck(), clock, signal);
      yield { mulaw: audio.subarray(at, at + pieceBytes) };
      await sleep(clock, AUDIO_PIECE_MS / SPEED, signal);
    }
  }
  async function* atHand(text: string): AsyncGenerator<SpeechChunk, void, undefined> {
    yield await Promise.resolve({ mulaw: spokenAudio(text) });
  }
  return {
    provider,
    cacheKey: provider,
    warmUp: () => Promise.resolve(),
    isReady: (text) => lines.has(text),
    speak: (text, signal) =>
      lines.has(text)
        ? atHand(text)
        : withDeadlines(
            (stop) => stream(text, stop),
            { ...TTS_DEADLINES, timedOut: (which) => failures.of(which) },
            clock,
            signal,
          ),
  };
}

/** A byte of a frame that says which word ends with it; the rest of a caller's sound says nothing. */
export const NO_WORD = 0xff;

/** Hears words by the bytes that stand for them, so that what is heard again is understood again. */
export function struckEars(
  provider: string,
  clock: Clock,
  struck: Struck & { readonly onChange: (listener: () => void) => () => void },
  wordOf: (code: number) => string,
): SpeechToText {
  const failures = new Failures('stt', provider);
  return {
    provider,
    capabilities: { liveWords: true, commitsItself: false },
    open: (_options, listener) => new StruckSession(clock, struck, wordOf, failures, listener),
  };
}

/** Faults under which a connection that stands breaks at once, and those under which nothing comes of it any more. */
const BREAKS: ReadonlySet<FaultName> = new Set([
  'refused',
  'sent away',
  'cut',
  'corrupt bytes',
  'status 500',
  'status 429',
  'half, then the end',
]);
const SILENT: ReadonlySet<FaultName> = new Set([
  'silent wire',
  'slow drip',
  'hangs',
  'stalls in the middle',
  'garbage',
  'wrong type',
]);

class StruckSession implements SttSession {
  readonly #clock: Clock;
  readonly #struck: Struck;
  readonly #wordOf: (code: number) => string;
  readonly #failures: Failures;
  readonly #listener: (event: SttEvent) => void;
  readonly #timers = new Set<Timer>();
  readonly #stopWatching: () => void;
  readonly #texts: string[] = [''];
  readonly #finalTimers = new Map<number, Timer>();
  #over = false;

  constructor(
    clock: Clock,
    struck: Struck & { readonly onChange: (listener: () => void) => () => void },
    wordOf: (code: number) => string,
    failures: Failures,
    listener: (event: SttEvent) => void,
  ) {
    this.#clock = clock;
    this.#struck = struck;
    this.#wordOf = wordOf;
    this.#failures = failures;
    this.#listener = listener;
    this.#stopWatching = struck.onChange(() => this.#look());
    const fault = struck();
    const code = codeOfBeginning(fault);
    if (code === 'connect' || code === 'server' || code === 'rate_limit')
      this.#later(ROUND_TRIP_MS, () => this.#fail(code));
    else if (fault === 'hangs' || fault === 'silent wire' || fault === 'slow drip')
      this.#later(CONNECT_MS_MAX, () => this.#fail('connect'));
  }

  push(mulaw: Uint8Array): void {
    for (const byte of mulaw) if (byte !== NO_WORD) this.#hear(this.#wordOf(byte));
  }

  commit(): number {
    const utterance = this.#texts.length - 1;
    this.#texts.push('');
    this.#finalTimers.set(
      utterance,
      this.#later(FINAL_MS_MAX, () => this.#fail('idle_timeout')),
    );
    this.#say(FINAL_MS, (empty) => {
      this.#finalTimers.get(utterance)?.cancel();
      return { kind: 'final', utterance, text: empty ? '' : (this.#texts[utterance] ?? '') };
    });
    return utterance;
  }

  close(): void {
    this.#over = true;
    this.#stopWatching();
    for (const timer of this.#timers) timer.cancel();
  }

  #hear(word: string): void {
    const utterance = this.#texts.length - 1;
    const text = `${this.#texts[utterance] ?? ''} ${word}`.trim();
    this.#texts[utterance] = text;
    this.#say(WORDS_MS, (empty) => ({ kind: 'words', utterance, text: empty ? '' : text }));
  }

  /** After `delayMs`, if it is not struck by then. */
  #say(delayMs: number, event: (empty: boolean) => SttEvent): void {
    this.#later(delayMs, () => {
      const fault = this.#struck();
      if (fault !== undefined && SILENT.has(fault)) return;
      if (fault === 'late') this.#later(LATE_MS, () => this.#listener(event(false)));
      else this.#listener(event(fault === 'nothing in it'));
    });
  }

  #look(): void {
    const fault = this.#struck();
    if (fault !== undefined && BREAKS.has(fault)) this.#fail('truncated');
  }

  #fail(code: ProviderErrorCode): void {
    if (this.#over) return;
    this.close();
    this.#listener({ kind: 'failed', error: this.#failures.of(code) });
  }

  #later(delayMs: number, callback: () => void): Timer {
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(timer);
      if (!this.#over) callback();
    });
    this.#timers.add(timer);
    return timer;
  }
}
