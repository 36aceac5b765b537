// Voice activity as the call sees it: when speech began, when it stopped.

export interface VoiceDetector {
  readonly kind: 'silero' | 'energy';
  /** The listener is never called before this returns. One that is not `measured` is left out of delays and counts. */
  open(listener: (event: VadEvent) => void, measured?: boolean): VadSession;
  /** Ends every session and whatever runs behind them. */
  close(): Promise<void>;
}

export interface VadSession {
  /** The next 8 kHz mu-law of the call, copied; `atMs` is the monotonic time at which its last byte arrived. */
  push(mulaw: Uint8Array, atMs: number): void;
  /** Nothing is reported after it. Idempotent. */
  close(): void;
}

/** Times are on the clock of `push`'s `atMs`, so the detector's own delay can be told from the caller's. */
export type VadEvent =
  /** Speech is going on since `voiceAtMs`, so far as loud as `levelDbfs` (the loudest 32 ms). */
  | { readonly kind: 'voiceStarted'; readonly voiceAtMs: number; readonly levelDbfs: number }
  /** The same speech has grown louder: its loudest 32 ms by now. Told for each 3 dB. */
  | { readonly kind: 'voiceLouder'; readonly levelDbfs: number }
  /** No voice for some 64 ms: the caller may have come to an end, or not. Followed by one of the next two. */
  | { readonly kind: 'voiceFaltered' }
  | { readonly kind: 'voiceWentOn' }
  /**
   * The caller has been silent since `silenceAtMs`, for as long as the detector's hangover. `speechMs`: for so long on
   * end it was speech without a doubt, which a cough is not; undefined while nothing in the call has been without one,
   * as with a detector that can't tell.
   */
  | { readonly kind: 'voiceStopped'; readonly silenceAtMs: number; readonly speechMs: number | undefined };
