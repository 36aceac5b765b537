// What is asked of an instance about a call that it may have, and what it says.

/** Something that somebody outside wants done with a live call. */
export type CallAction =
  | { readonly kind: 'hangup' }
  | { readonly kind: 'transfer'; readonly to: string }
  | { readonly kind: 'say'; readonly text: string };

export type ActionOutcome =
  | { readonly kind: 'done' }
  /** It has no such call. */
  | { readonly kind: 'not_live' }
  /** It has, and says why not, as it would to whoever asks it over HTTP. */
  | { readonly kind: 'refused'; readonly status: number; readonly code: string; readonly message: string };

export type AskedOutcome =
  | ActionOutcome
  /** One that may have the call did not answer in time: it may still do it. */
  | { readonly kind: 'no_answer' }
  /** The others could not be asked. */
  | { readonly kind: 'unreachable' };

/** Does with a call of this instance what another one was asked to. Never rejects. */
export type Act = (callSid: string, action: CallAction) => Promise<ActionOutcome>;

/** Instances that are asked for what this one can't do itself. */
export interface OtherInstances {
  /** Never rejects, and answers in time. */
  ask(callSid: string, action: CallAction): Promise<AskedOutcome>;
  /** Who does here what they ask for. */
  serve(act: Act): void;
}
