// Speech-to-text as the call sees it. A provider is one file that makes a `SpeechToText`.
import type { ProviderError } from '../base/errors.ts';
import type { Span } from '../base/span.ts';

export interface SttCapabilities {
  /** Words arrive while the caller is speaking. */
  readonly liveWords: boolean;
  /** It commits by itself when it hears a pause; `commit` is then a request to hurry. */
  readonly commitsItself: boolean;
  /** It tells by `turnJudged` when the caller's turn is over. Asking it for a final ends the turn, so who waits for its judgement doesn't. */
  readonly judgesTurns?: boolean;
}

export interface SpeechToText {
  /** Label for metrics, from a closed set: `openai`, `deepgram`, ... */
  readonly provider: string;
  readonly capabilities: SttCapabilities;
  /** Starts connecting at once and answers at once; the listener is never called before this returns. `span`: on whose behalf. */
  open(options: SttOptions, listener: (event: SttEvent) => void, span?: Span): SttSession;
}

export interface SttOptions {
  /** BCP 47, such as `en-US`. */
  readonly language: string;
  /** Names and terms that callers are likely to say. */
  readonly keywords: readonly string[];
}

/**
 * A listening session of one call. Speech is cut into utterances numbered from 0: utterance n is
 * what was pushed after commit n-1 and before commit n.
 */
export interface SttSession {
  /** 8 kHz mu-law of any length, copied. Held within a bound until the provider is ready. Never throws. */
  push(mulaw: Uint8Array): void;
  /**
   * The utterance under way is over: asks for its final words and answers its number. Exactly one
   * `final` with that number follows (empty when there was nothing to hear) unless the session fails first.
   */
  commit(): number;
  /** Ends the session; nothing is reported after it. `silent`: it had no words for a voice; for whoever counts. Idempotent. */
  close(reason?: 'silent'): void;
}

export type TurnJudgement =
  /** The caller has begun to speak. */
  | 'started'
  /** The turn is probably over: prepare an answer. */
  | 'eager'
  /** It was not over after all. */
  | 'resumed'
  /** It is over. The utterance has had its `final`, unasked. */
  | 'ended';

export type SttEvent =
  /** The provider accepted the session; audio held until now is on its way. */
  | { readonly kind: 'ready' }
  /** All the words of the utterance so far; replaces earlier news of the same utterance. */
  | { readonly kind: 'words'; readonly utterance: number; readonly text: string }
  /** The last word on this utterance, asked for or not. May arrive after words of the next one. */
  | { readonly kind: 'final'; readonly utterance: number; readonly text: string }
  /** Only of a provider that judges turns, and after the words that it judges. */
  | {
      readonly kind: 'turnJudged';
      readonly utterance: number;
      readonly judgement: TurnJudgement;
      /** 0 to 1: how sure the provider is that the turn is over; undefined when it doesn't say. */
      readonly confidence: number | undefined;
    }
  /** Audio that had to be thrown away, because the provider was not ready or did not read. */
  | { readonly kind: 'dropped'; readonly audioBytes: number }
  /** The session is over. What was not final is lost unless the call opens another one. */
  | { readonly kind: 'failed'; readonly error: ProviderError };
