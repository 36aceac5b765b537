// What a Deepgram session needs to know of the dialect that its model speaks.
import type { SttEvent } from './port.ts';

/** What a message of the server means for the connection; what it means for the words was reported. */
export type Heard =
  | { readonly kind: 'nothing' }
  /** The server is ready for audio. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'error'; readonly code: string; readonly description: string };

/** The server's news, made into utterances. */
export interface Transcription {
  /** A message of the server. Never throws. */
  hear(text: string): Heard;
  /** The utterance under way is over; answers its number. */
  end(): number;
  /** The server was asked for the last words of the utterance, `audioMs` of audio after the beginning. */
  asked(number: number, audioMs: number): void;
  /** It hasn't answered in time, or had nothing to answer: what is known is the last word. */
  settle(number: number): void;
}

export interface Dialect {
  /** The server says when it is ready; else it is so at once. */
  readonly greets: boolean;
  /** Asks for the last words of what was sent. */
  readonly endMessage: string;
  /** How long an answer to that is waited for: there may be none when nothing was said. */
  readonly answerMs: number;
  readonly pieceMs: number;
  /** What is sent when there was no audio for so long. */
  readonly idle: { readonly afterMs: number; readonly send: 'keepAlive' | 'silence' };
  readonly open: (report: (event: SttEvent) => void) => Transcription;
}
