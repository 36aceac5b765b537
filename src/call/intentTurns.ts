// What callers mean, as far as it needs no model: a plan for each reply, carried out when the reply is over. Nothing
// happens before, for a reply may be prepared for words that are not the caller's last.
import { NO_PLAN, planIntents, type IntentPlan } from '../agent/intentPlan.ts';
import type { Ending } from './connection.ts';
import type { CallWorld } from './world.ts';

export interface IntentTurnsListener {
  state(): string | undefined;
  moveTo(state: string): void;
  /** Something was learnt about the person. */
  noteFields(fields: Readonly<Record<string, string>>): void;
  /** The call is to end this way now. */
  ending(ending: Ending): void;
}

export class IntentTurns {
  readonly #world: Pick<CallWorld, 'agent' | 'intents'>;
  readonly #listener: IntentTurnsListener;
  readonly #plans = new Map<number, IntentPlan>();

  constructor(world: Pick<CallWorld, 'agent' | 'intents'>, listener: IntentTurnsListener) {
    this.#world = world;
    this.#listener = listener;
  }

  /** `opening`: the agent has not introduced itself. */
  plan(replyId: number, callerText: string, opening: boolean): IntentPlan {
    const { agent, intents } = this.#world;
    if (intents === undefined) return NO_PLAN;
    const plan = planIntents(agent, this.#listener.state(), intents.find(callerText), opening);
    this.#plans.set(replyId, plan);
    return plan;
  }

  /** The state in which this reply is said, when the plan leads to another. */
  leadsTo(replyId: number): string | undefined {
    return this.#plans.get(replyId)?.goTo;
  }

  /** A tool is about to run, so the reply is sure: it runs where the plan leads. */
  move(replyId: number): void {
    const plan = this.#plans.get(replyId);
    if (plan?.goTo === undefined) return;
    this.#plans.set(replyId, { ...plan, goTo: undefined });
    this.#listener.moveTo(plan.goTo);
  }

  /**
   * The reply is over. Cut before a word of it was heard, it has led nowhere; and the call ends only after all of it.
   * What the caller has said is noted in any case.
   */
  spoken(replyId: number, heardText: string, interrupted: boolean): void {
    if (!interrupted || heardText !== '') this.move(replyId);
    const { ending, note } = this.#plans.get(replyId) ?? NO_PLAN;
    this.#plans.delete(replyId);
    if (note !== undefined) this.#listener.noteFields(note);
    if (ending === undefined || interrupted) return;
    this.#listener.ending(
      ending.kind === 'dial'
        ? { kind: 'dial', to: ending.to, forced: false }
        : { kind: 'hangup', outcome: 'completed', forced: false },
    );
  }

  /** Nobody has heard it, and nobody will. */
  dropped(replyId: number): void {
    this.#plans.delete(replyId);
  }
}
