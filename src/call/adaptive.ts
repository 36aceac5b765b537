// What a call has noticed of its caller, and how the next reply is made for it.
import { adapt, AS_ALWAYS, type Adaptation, type CallerTurn } from '../agent/adapt.ts';
import type { LanguageModel } from '../llm/port.ts';
import type { TurnEvent } from '../turn/state.ts';
import type { CallWorld } from './world.ts';

/** More is not looked at. */
const TURNS_KEPT_MAX = 8;

export class Adaptive {
  readonly #world: CallWorld;
  readonly #turns: CallerTurn[] = [];
  #voiceAtMs: number | undefined;
  #voicedMs = 0;

  constructor(world: CallWorld) {
    this.#world = world;
  }

  /** Measures how long the caller speaks. */
  saw(event: TurnEvent): void {
    if (event.kind === 'voiceStarted') this.#voiceAtMs = event.voiceAtMs;
    if (event.kind !== 'voiceStopped' || this.#voiceAtMs === undefined) return;
    this.#voicedMs += Math.max(0, event.silenceAtMs - this.#voiceAtMs);
    this.#voiceAtMs = undefined;
  }

  /** How to answer this. Looks only: the answer may be dropped. */
  choose(callerText: string): Adaptation {
    const { agent, adaptive } = this.#world;
    if (adaptive === undefined) return AS_ALWAYS;
    const now = { text: callerText, voicedMs: this.#voicedMs, cutAnswer: false };
    return adapt([...this.#turns, now], { firstTokenP95Ms: adaptive.firstTokenP95Ms() }, agent.adaptive);
  }

  /** Who is asked for it. */
  model({ slowLine }: Adaptation): LanguageModel {
    const { adaptive, model } = this.#world;
    return (slowLine ? adaptive?.fasterModel : undefined) ?? model;
  }

  /** The caller's turn was answered, and heard to its end or not. */
  answered(callerText: string, cutAnswer: boolean): void {
    this.#turns.push({ text: callerText, voicedMs: this.#voicedMs, cutAnswer });
    if (this.#turns.length > TURNS_KEPT_MAX) this.#turns.shift();
    this.#voicedMs = 0;
  }
}
