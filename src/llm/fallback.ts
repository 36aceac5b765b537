// Several models as one: the next is asked when one fails before it has said anything, or, with hedging, beside one
// that is late.
import assert from 'node:assert/strict';
import type { Clock } from '../base/clock.ts';
import type { ProviderError } from '../base/errors.ts';
import type { Hedging } from '../base/hedging.ts';
import { LatencyWindow } from '../base/latencyWindow.ts';
import { race, type Contender } from '../base/race.ts';
import type { LanguageModel, LlmEvent } from './port.ts';

export interface FallbackOptions {
  readonly clock: Clock;
  /** Of each model, in the same order; without it what is learnt is kept here. */
  readonly latencies?: readonly LatencyWindow[];
  /** Undefined: one after another. */
  readonly hedging?: Hedging | undefined;
  /** Told of each change, with the error that caused it. */
  readonly onSwitch?: (error: ProviderError, from: LanguageModel, to: LanguageModel) => void;
}

/**
 * The models in the order in which they are asked; labelled as the first, `onSwitch` names the others.
 * Only a `ProviderError` before the first event moves on, whatever its code: a key that one provider
 * refuses says nothing about the next. What the last one throws is thrown. A second request for the same
 * answer does nothing but cost: a tool's call is an event like a word, and only the winner's come out.
 */
export function withFallback(models: readonly LanguageModel[], options: FallbackOptions): LanguageModel {
  const [first] = models;
  assert(first !== undefined, 'at least one model');
  const { clock, hedging, onSwitch } = options;
  const windows = options.latencies ?? models.map(() => new LatencyWindow(clock));
  const entrants = models.map((model, place) => {
    const latencies = windows[place];
    assert(latencies !== undefined, 'a window for each model');
    return { model, latencies };
  });
  const modelAt = (place: number): LanguageModel => models[place] ?? first;

  /** All are warmed, so that a switch costs no handshake; it is enough when one of them stands. */
  async function warmUp(signal: AbortSignal): Promise<void> {
    const outcomes = await Promise.allSettled(models.map((model) => model.warmUp(signal)));
    signal.throwIfAborted();
    if (outcomes.some((outcome) => outcome.status === 'fulfilled')) return;
    const [failed] = outcomes;
    if (failed?.status === 'rejected') throw failed.reason;
  }

  return {
    provider: first.provider,
    model: first.model,
    warmUp,
    complete(request, signal) {
      const contenders = entrants.map(({ model, latencies }): Contender<LlmEvent> => ({
        latencies,
        run: (stop) => model.complete(request, stop),
      }));
      return race(
        contenders,
        {
          clock,
          hedging,
          begins: () => true,
          onSwitch: (error, from, to) => onSwitch?.(error, modelAt(from), modelAt(to)),
        },
        signal,
      );
    },
  };
}
