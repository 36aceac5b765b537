// The caller's side of a call: each frame goes to the voice detector and to speech-to-text. A session that
// fails is replaced by the next provider's, and the call's utterances keep their numbers.
import type { Clock, Timer } from '../base/clock.ts';
import { ProviderError } from '../base/errors.ts';
import type { SpeechToText, SttEvent, SttOptions, SttSession, TurnJudgement } from '../stt/port.ts';
import type { VadEvent, VadSession, VoiceDetector } from '../vad/port.ts';

/** Between two tries when every provider has failed in turn; the first change of provider is immediate. */
const REOPEN_MS = [0, 250, 500, 1_000, 2_000] as const;

export interface EarsListener {
  onVoice(event: VadEvent): void;
  /** All the words of an utterance so far; `final` is the last news of it. */
  onWords(utterance: number, text: string, final: boolean): void;
  /** From now on somebody listens who judges turns, or doesn't; at first nobody does. */
  onJudge(judgesTurns: boolean): void;
  /** Only from who judges turns, after the words that are judged. */
  onTurnJudged(utterance: number, judgement: TurnJudgement): void;
  onFailed(error: ProviderError): void;
  onDropped(audioBytes: number): void;
}

interface Listening {
  readonly session: SttSession;
  /** The call's number of the session's utterance 0. */
  readonly firstUtterance: number;
}

export class Ears {
  readonly #providers: readonly SpeechToText[];
  readonly #options: SttOptions;
  readonly #clock: Clock;
  readonly #vad: VadSession;
  #listener: EarsListener | undefined;
  #listening: Listening | undefined;
  /** Whether the session under way judges turns, as the listener was last told. */
  #judging = false;
  #failures = 0;
  #reopening: Timer | undefined;
  #closed = false;
  /** The call's number of the utterance under way. */
  #utterance = 0;
  /** Committed and not final yet, with the words known so far: what a failing session must still answer. */
  readonly #open = new Map<number, string>();

  /** Connects at once, so that it can be done while the phone rings. `providers` in order of preference, at least one. */
  constructor(
    detector: VoiceDetector,
    providers: readonly SpeechToText[],
    options: SttOptions,
    clock: Clock,
  ) {
    this.#providers = providers;
    this.#options = options;
    this.#clock = clock;
    this.#vad = detector.open((event) => this.#listener?.onVoice(event));
    this.#openSession();
  }

  /** Who is told from now on; what came before is of no interest. */
  attach(listener: EarsListener): void {
    this.#listener = listener;
    this.#tellJudge();
  }

  /** The provider in use, for metrics. */
  get provider(): string {
    return this.#current().provider;
  }

  /** A frame of the caller's audio that arrived at `atMs`. */
  push(mulaw: Uint8Array, atMs: number): void {
    this.#vad.push(mulaw, atMs);
    if (this.#listening === undefined) this.#listener?.onDropped(mulaw.length);
    else this.#listening.session.push(mulaw);
  }

  /** The utterance under way is over; a final with the number answered follows, from whatever session. */
  commit(): number {
    if (this.#listening === undefined) {
      const utterance = this.#utterance;
      this.#utterance += 1;
      const words = this.#open.get(utterance) ?? '';
      this.#open.delete(utterance);
      // Not synchronously: who commits is not ready for the answer yet.
      this.#clock.after(0, () => this.#tell(utterance, words, true));
      return utterance;
    }
    const utterance = this.#listening.firstUtterance + this.#listening.session.commit();
    this.#utterance = Math.max(this.#utterance, utterance + 1);
    if (!this.#open.has(utterance)) this.#open.set(utterance, '');
    return utterance;
  }

  /** A voice is heard and the session has no word of it: the next provider's takes its place, as if it had failed. */
  replace(): void {
    if (this.#listening === undefined || this.#closed) return;
    const { provider } = this;
    this.#listening.session.close('silent');
    this.#failed(new ProviderError('silent', 'no words for a voice', { stage: 'stt', provider }));
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#reopening?.cancel();
    this.#listening?.session.close();
    this.#listening = undefined;
    this.#vad.close();
  }

  #current(): SpeechToText {
    return this.#providers[this.#failures % this.#providers.length] as SpeechToText;
  }

  #openSession(): void {
    const firstUtterance = this.#utterance;
    const session = this.#current().open(this.#options, (event) => {
      if (this.#listening?.session === session) this.#onEvent(event, firstUtterance);
    });
    this.#listening = { session, firstUtterance };
    this.#tellJudge();
  }

  #tellJudge(): void {
    const judging = this.#current().capabilities.judgesTurns === true;
    if (this.#listener === undefined || judging === this.#judging) return;
    this.#judging = judging;
    this.#listener.onJudge(judging);
  }

  #onEvent(event: SttEvent, firstUtterance: number): void {
    switch (event.kind) {
      case 'ready':
        return;
      case 'words':
        this.#noteWords(firstUtterance + event.utterance, event.text);
        return;
      case 'final': {
        // It works again: the next failure changes the provider at once.
        this.#failures %= this.#providers.length;
        const utterance = firstUtterance + event.utterance;
        this.#open.delete(utterance);
        this.#utterance = Math.max(this.#utterance, utterance + 1);
        this.#tell(utterance, event.text, true);
        return;
      }
      case 'turnJudged':
        this.#listener?.onTurnJudged(firstUtterance + event.utterance, event.judgement);
        return;
      case 'dropped':
        this.#listener?.onDropped(event.audioBytes);
        return;
      case 'failed':
        this.#failed(event.error);
        return;
      default:
        event satisfies never;
    }
  }

  #noteWords(utterance: number, text: string): void {
    this.#utterance = Math.max(this.#utterance, utterance);
    this.#open.set(utterance, text);
    this.#tell(utterance, text, false);
  }

  #tell(utterance: number, text: string, final: boolean): void {
    if (!this.#closed) this.#listener?.onWords(utterance, text, final);
  }

  /** What was committed is answered with the words known; the next session begins a new utterance. */
  #failed(error: ProviderError): void {
    this.#listening?.session.close();
    this.#listening = undefined;
    this.#failures += 1;
    this.#listener?.onFailed(error);
    const unanswered = [...this.#open].sort(([a], [b]) => a - b);
    this.#open.clear();
    for (const [utterance, words] of unanswered) {
      this.#utterance = Math.max(this.#utterance, utterance + 1);
      this.#tell(utterance, words, true);
    }
    if (this.#closed) return;
    const round = Math.floor(this.#failures / this.#providers.length);
    const delayMs = REOPEN_MS[Math.min(round, REOPEN_MS.length - 1)] ?? 0;
    this.#reopening = this.#clock.after(delayMs, () => this.#openSession());
  }
}
