// The caller's side of a call: each frame goes to the voice detector and to speech-to-text. A session that fails or is deaf
// is replaced by the next provider's, which hears again what nobody has answered; the call's utterances keep their numbers.
import type { Clock, Timer } from '../base/clock.ts';
import { ProviderError } from '../base/errors.ts';
import type { Span } from '../base/span.ts';
import type { SpeechToText, SttEvent, SttOptions, SttSession, TurnJudgement } from '../stt/port.ts';
import type { VadEvent, VadSession, VoiceDetector } from '../vad/port.ts';
import { Deafness } from './deafness.ts';
import { EarTrusts, type EarTrust } from './earTrust.ts';
import { Unanswered } from './unanswered.ts';

/** Between two tries when every provider has failed in turn; the first change of provider is immediate. */
const REOPEN_MS = [0, 250, 500, 1_000, 2_000] as const;

export interface EarsParts {
  readonly detector: VoiceDetector;
  /** In order of preference, at least one. */
  readonly providers: readonly SpeechToText[];
  /** Of the providers, in their order, shared by all calls. */
  readonly breakers?: readonly EarTrust[] | undefined;
  readonly options: SttOptions;
  readonly clock: Clock;
  /** On whose behalf they listen. */
  readonly span?: Span;
}

export interface EarsListener {
  onVoice(event: VadEvent): void;
  /** All the words of an utterance so far; `final` is the last news of it. */
  onWords(utterance: number, text: string, final: boolean): void;
  /** From now on somebody listens who judges turns, or doesn't; at first nobody does. */
  onJudge(judgesTurns: boolean): void;
  /** Only from who judges turns, after the words that are judged. */
  onTurnJudged(utterance: number, judgement: TurnJudgement): void;
  /** Nobody may be asked to listen for some time, or somebody listens again; at first somebody does. */
  onHearing(hears: boolean): void;
  onFailed(error: ProviderError): void;
  /** Another session listens: it has heard so much of the call again. */
  onReplaced(provider: string, replayedBytes: number): void;
  onDropped(audioBytes: number): void;
}

interface Listening {
  readonly session: SttSession;
  /** In the list of providers. */
  readonly place: number;
  /** The call's number of the session's utterance 0. */
  readonly firstUtterance: number;
  /** Of what it was given to hear again, and of what was too long ago for that. */
  readonly replayedBytes: number;
  readonly lostBytes: number;
  /** Utterances that it was asked for and has not answered; few, since one that does not answer is replaced. */
  readonly committedAtMs: Map<number, number>;
  /** What an answer has taken at most. */
  slowestFinalMs: number;
}

export class Ears {
  readonly #parts: EarsParts;
  readonly #vad: VadSession;
  readonly #trusts: EarTrusts;
  readonly #unanswered = new Unanswered();
  readonly #deafness: Deafness;
  #listener: EarsListener | undefined;
  #listening: Listening | undefined;
  /** Opened beside it, since it has no words for a voice: who has words first stays. */
  #rival: Listening | undefined;
  /** Whether the session under way judges turns, as the listener was last told. */
  #judging = false;
  /** No provider wants to be asked. */
  #waiting = false;
  #failures = 0;
  #reopening: Timer | undefined;
  #closed = false;
  /** The call's number of the utterance under way. */
  #utterance = 0;
  /** Words known of utterances that have no final. */
  readonly #words = new Map<number, string>();
  /** Utterances below it may be heard for the second time. */
  #replayedTo = 0;
  /** Audio of them that is heard by nobody any more. */
  #lostBytes = 0;

  /** Connects at once, so that it can be done while the phone rings. */
  constructor(parts: EarsParts) {
    this.#parts = parts;
    this.#trusts = new EarTrusts(parts.providers.length, parts.breakers);
    this.#deafness = new Deafness(parts.clock, {
      onDeaf: () => this.#openRival(),
      onVain: () => this.#closeRival(),
    });
    this.#vad = parts.detector.open((event) => this.#onVoice(event));
    this.#openSession();
  }

  /** Who is told from now on; what came before is of no interest. */
  attach(listener: EarsListener): void {
    this.#listener = listener;
    this.#tellJudge();
    if (this.#waiting) listener.onHearing(false);
  }

  /** The provider in use, or that was last, for metrics. */
  get provider(): string {
    return this.#provider(this.#listening?.place ?? this.#failures).provider;
  }

  /** A frame of the caller's audio that arrived at `atMs`. */
  push(mulaw: Uint8Array, atMs: number): void {
    this.#vad.push(mulaw, atMs);
    this.#unanswered.push(mulaw);
    this.#listening?.session.push(mulaw);
    this.#rival?.session.push(mulaw);
  }

  /** The utterance under way is over; a final with the number answered follows, from whatever session. */
  commit(): number {
    this.#rival?.session.commit();
    const listening = this.#listening;
    const utterance =
      listening === undefined ? this.#utterance : listening.firstUtterance + listening.session.commit();
    this.#utterance = Math.max(this.#utterance, utterance + 1);
    this.#unanswered.committed(utterance);
    if (this.#unanswered.voiced) {
      if (listening !== undefined) listening.committedAtMs.set(utterance, this.#parts.clock.nowMs());
      this.#deafness.committed(listening?.slowestFinalMs ?? 0);
    }
    return utterance;
  }

  /** A voice is heard and the session has no word of it: the next provider's takes its place, as if it had failed, if one may be asked. */
  replace(): void {
    if (this.#listening === undefined || this.#closed) return;
    const next = this.#rival?.place ?? this.#trusts.beside(this.#listening.place);
    if (next !== undefined) this.#failed(this.#silent(this.#listening), next);
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#reopening?.cancel();
    this.#deafness.close();
    this.#closeRival();
    this.#listening?.session.close();
    this.#listening = undefined;
    this.#vad.close();
  }

  #provider(place: number): SpeechToText {
    const { providers } = this.#parts;
    return providers[place % providers.length] as SpeechToText;
  }

  /** At this place, or of those that may be asked; when nobody may, nobody listens until then, and what is said is kept. */
  #openSession(next?: number): void {
    const whom = next === undefined ? this.#trusts.from(this.#failures) : { place: next };
    if ('place' in whom) this.#take(this.#listen(whom.place));
    else {
      this.#wait(true);
      this.#reopening = this.#parts.clock.after(whom.waitMs, () => this.#openSession());
    }
  }

  #wait(waiting: boolean): void {
    if (waiting === this.#waiting) return;
    this.#waiting = waiting;
    this.#listener?.onHearing(!waiting);
  }

  /** From now on this one counts. */
  #take(listening: Listening): void {
    const { place, replayedBytes, lostBytes } = listening;
    this.#listening = listening;
    this.#replayedTo = this.#utterance + 1;
    this.#lostBytes = lostBytes;
    if (lostBytes > 0) this.#listener?.onDropped(lostBytes);
    if (this.#failures > 0) this.#listener?.onReplaced(this.#provider(place).provider, replayedBytes);
    this.#tellJudge();
  }

  /** A session that hears first what nobody has answered. */
  #listen(place: number): Listening {
    const firstUtterance = this.#unanswered.oldest ?? this.#utterance;
    const { options, span } = this.#parts;
    const session = this.#provider(place).open(options, (event) => this.#onEvent(event, listening), span);
    const listening: Listening = {
      session,
      place,
      firstUtterance,
      ...this.#unanswered.replayTo(session),
      committedAtMs: new Map(),
      slowestFinalMs: 0,
    };
    return listening;
  }

  #openRival(): boolean {
    if (this.#listening === undefined || this.#rival !== undefined || this.#closed) return false;
    const place = this.#trusts.beside(this.#listening.place);
    if (place !== undefined) this.#rival = this.#listen(place);
    return place !== undefined;
  }

  #closeRival(): void {
    this.#rival?.session.close();
    this.#rival = undefined;
  }

  #onVoice(event: VadEvent): void {
    if (event.kind === 'voiceStarted') {
      this.#unanswered.voiceBegan(Math.max(0, this.#parts.clock.nowMs() - event.voiceAtMs));
      const { liveWords } = this.#provider(this.#listening?.place ?? 0).capabilities;
      if (liveWords && !this.#words.has(this.#utterance)) this.#deafness.voiceBegan();
    } else if (event.kind === 'voiceStopped') {
      this.#unanswered.voiceEnded();
      this.#deafness.voiceEnded();
    }
    this.#listener?.onVoice(event);
  }

  #tellJudge(): void {
    const judging = this.#provider(this.#listening?.place ?? 0).capabilities.judgesTurns === true;
    if (this.#listener === undefined || judging === this.#judging) return;
    this.#judging = judging;
    this.#listener.onJudge(judging);
  }

  #onEvent(event: SttEvent, from: Listening): void {
    if (from === this.#rival) {
      if (event.kind === 'failed') return this.#rivalFailed(event.error);
      if (!hasWords(event)) return undefined;
      this.#rivalWins(from);
    }
    if (from !== this.#listening) return undefined;
    if (event.kind === 'ready' || hasWords(event)) this.#wait(false);
    if (hasWords(event)) {
      this.#trusts.of(from.place).succeeded();
      this.#deafness.heardWords();
      this.#closeRival();
    }
    switch (event.kind) {
      case 'ready':
        return this.#trusts.of(from.place).accepted();
      case 'words':
        return this.#noteWords(from.firstUtterance + event.utterance, event.text);
      case 'final':
        this.#noteTime(from, from.firstUtterance + event.utterance);
        return this.#noteFinal(from.firstUtterance + event.utterance, event.text);
      case 'turnJudged':
        return this.#listener?.onTurnJudged(from.firstUtterance + event.utterance, event.judgement);
      case 'dropped':
        return this.#listener?.onDropped(event.audioBytes);
      case 'failed':
        return this.#failed(event.error);
      default:
        return event satisfies never;
    }
  }

  /** Words that are heard for the second time are no news until there are more of them. */
  #noteWords(utterance: number, text: string): void {
    this.#utterance = Math.max(this.#utterance, utterance);
    const known = this.#words.get(utterance);
    if (known !== undefined && utterance < this.#replayedTo && wordCount(text) <= wordCount(known)) return;
    this.#words.set(utterance, text);
    this.#tell(utterance, text, false);
  }

  #noteFinal(utterance: number, text: string): void {
    // It works again: the next failure changes the provider at once.
    this.#failures %= this.#parts.providers.length;
    this.#deafness.answered();
    const known = this.#words.get(utterance) ?? '';
    for (const older of this.#words.keys()) if (older <= utterance) this.#words.delete(older);
    this.#unanswered.answered(utterance);
    this.#utterance = Math.max(this.#utterance, utterance + 1);
    this.#tell(utterance, utterance < this.#replayedTo ? this.#heardTwice(known, text) : text, true);
  }

  #noteTime(from: Listening, utterance: number): void {
    const committedAtMs = from.committedAtMs.get(utterance);
    from.committedAtMs.delete(utterance);
    if (committedAtMs === undefined) return;
    from.slowestFinalMs = Math.max(from.slowestFinalMs, this.#parts.clock.nowMs() - committedAtMs);
  }

  /** What the second session has of an utterance that the first one knew `known` of. */
  #heardTwice(known: string, text: string): string {
    if (text.trim() === '') return known;
    const lost = this.#lostBytes > 0;
    this.#lostBytes = 0;
    return lost && known !== '' ? `${known} ${text}` : text;
  }

  #tell(utterance: number, text: string, final: boolean): void {
    if (!this.#closed) this.#listener?.onWords(utterance, text, final);
  }

  #silent({ place }: Listening): ProviderError {
    const { provider } = this.#provider(place);
    return new ProviderError('silent', 'no words for a voice', { stage: 'stt', provider });
  }

  #rivalFailed(error: ProviderError): void {
    if (this.#rival !== undefined) this.#trusts.of(this.#rival.place).failed(error);
    this.#closeRival();
    this.#listener?.onFailed(error);
  }

  #rivalWins(rival: Listening): void {
    const deaf = this.#listening;
    this.#rival = undefined;
    if (deaf === undefined) return;
    this.#failures += 1;
    this.#trusts.of(deaf.place).failed('late');
    this.#listening = undefined;
    deaf.session.close('silent');
    this.#listener?.onFailed(this.#silent(deaf));
    this.#take(rival);
  }

  /** The next session hears again what was not answered; until then the words known stand. `next`: it was deaf, and who is to follow. */
  #failed(error: ProviderError, next?: number): void {
    const failed = this.#listening;
    this.#listening = undefined;
    failed?.session.close(next === undefined ? undefined : 'silent');
    this.#failures += 1;
    if (failed !== undefined) this.#trusts.of(failed.place).failed(next === undefined ? error : 'late');
    this.#listener?.onFailed(error);
    if (this.#closed) return;
    const rival = this.#rival;
    if (rival !== undefined) {
      this.#rival = undefined;
      this.#take(rival);
      return;
    }
    const { providers, clock } = this.#parts;
    const round = Math.floor(this.#failures / providers.length);
    const delayMs = REOPEN_MS[Math.min(round, REOPEN_MS.length - 1)] ?? 0;
    this.#reopening = clock.after(delayMs, () => this.#openSession(next));
  }
}

function hasWords(event: SttEvent): boolean {
  return (event.kind === 'words' || event.kind === 'final') && event.text.trim() !== '';
}

function wordCount(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}
