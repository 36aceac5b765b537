// The end of a turn judged by its sound, as the call sees it. Text tells more; how it was said tells what text can't.

export interface TurnModel {
  /** For one call. The listener is never called before `ask` returns. */
  open(listener: (verdict: EndVerdict) => void): TurnModelSession;
  /** Ends every session and the model behind them. Idempotent. */
  close(): Promise<void>;
}

export interface TurnModelSession {
  /**
   * Asks whether the caller's turn is over after this 8 kHz mu-law, which is the turn so far and is not copied.
   * An earlier question that has not been answered is dropped. There may be no answer.
   */
  ask(mulaw: Uint8Array, silenceAtMs: number): void;
  /** Nothing is reported after it. Idempotent. */
  close(): void;
}

export interface EndVerdict {
  /** 0 (the caller goes on) to 1 (the turn is over). */
  readonly probability: number;
  /** Of the question, so that late news can be told from fresh. */
  readonly silenceAtMs: number;
}
