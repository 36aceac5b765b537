// What the page and its audio thread tell each other.

/** The name under which the browser knows the processor. */
export const PROCESSOR = 'turnpike-phone';

export type ToWorklet =
  | { readonly kind: 'media'; readonly mulaw: Uint8Array }
  | { readonly kind: 'mark'; readonly name: string }
  | { readonly kind: 'clear' }
  /** The stream is over: nothing is played or told any more. */
  | { readonly kind: 'end' };

export type FromWorklet =
  /** 20 ms of the microphone, and how loud each side was meanwhile, in dB below full scale. */
  | {
      readonly kind: 'frame';
      readonly mulaw: Uint8Array;
      readonly callerDb: number;
      readonly agentDb: number;
    }
  /** To be sent back. */
  | { readonly kind: 'mark'; readonly name: string };
