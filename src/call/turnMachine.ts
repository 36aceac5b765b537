// The turn machine at work: events in, one after the other, effects carried out in their order.
import type { TurnEffect, TurnEvent, TurnSettings, TurnState } from '../turn/state.ts';
import { reduceTurn } from '../turn/turn.ts';

export class TurnMachine {
  readonly #settings: TurnSettings;
  readonly #carryOut: (effect: TurnEffect) => void;
  readonly #news: TurnEvent[] = [];
  #state: TurnState;
  #busy = false;

  constructor(first: TurnState, settings: TurnSettings, carryOut: (effect: TurnEffect) => void) {
    this.#state = first;
    this.#settings = settings;
    this.#carryOut = carryOut;
  }

  get state(): TurnState {
    return this.#state;
  }

  /** The one door. What happens while effects are carried out waits for its turn. */
  tell(event: TurnEvent): void {
    this.#news.push(event);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#news.shift(); next !== undefined; next = this.#news.shift()) {
        const step = reduceTurn(this.#state, next, this.#settings);
        this.#state = step.state;
        for (const effect of step.effects) this.#carryOut(effect);
      }
    } finally {
      this.#busy = false;
    }
  }

  /** After a bug nothing that waited is true any more. */
  dropNews(): void {
    this.#news.length = 0;
  }
}
