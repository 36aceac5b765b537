// How often in a row the agent could only say that it is sorry. A call that gets nowhere is brought to an end: put
// through to where the agent's file says, or said goodbye to.
import type { AgentFile } from '../agent/schema.ts';
import type { TurnSource } from '../store/port.ts';
import type { LiveCall } from './port.ts';
import type { Reply } from './reply.ts';

export class Trouble {
  readonly #limits: Pick<AgentFile['limits'], 'apologiesMax' | 'troubleTransferTo'>;
  readonly #call: Pick<LiveCall, 'transfer'>;
  readonly #sayGoodbye: () => void;
  #apologies = 0;

  /** `sayGoodbye` says so and ends the call. */
  constructor(
    limits: Pick<AgentFile['limits'], 'apologiesMax' | 'troubleTransferTo'>,
    call: Pick<LiveCall, 'transfer'>,
    sayGoodbye: () => void,
  ) {
    this.#limits = limits;
    this.#call = call;
    this.#sayGoodbye = sayGoodbye;
  }

  /** A reply of this kind was heard to its end. */
  heard(source: TurnSource): void {
    // A line that needs no model shows nothing.
    if (source === 'cached') return;
    this.#apologies = source === 'fallback' ? this.#apologies + 1 : 0;
    if (this.#apologies >= this.#limits.apologiesMax) this.#leave();
  }

  /** Not even an apology could be said for this one. */
  hopeless(reply: Reply): void {
    this.#leave();
    reply.cancel();
  }

  #leave(): void {
    const { troubleTransferTo } = this.#limits;
    if (troubleTransferTo === undefined) this.#sayGoodbye();
    else this.#call.transfer(troubleTransferTo);
  }
}
