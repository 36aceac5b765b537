// Several models as one: the next is asked when one fails before it has said anything.
import assert from 'node:assert/strict';
import { ProviderError } from '../base/errors.ts';
import type { LanguageModel, LlmEvent, LlmRequest } from './port.ts';

/** Told of each change, with the error that caused it. */
export type OnSwitch = (error: ProviderError, from: LanguageModel, to: LanguageModel) => void;

/**
 * The models in the order in which they are asked; labelled as the first, `onSwitch` names the others.
 * Only a `ProviderError` before the first event moves on, whatever its code: a key that one provider
 * refuses says nothing about the next. What the last one throws is thrown.
 */
export function withFallback(models: readonly LanguageModel[], onSwitch: OnSwitch): LanguageModel {
  const [first] = models;
  assert(first !== undefined, 'at least one model');

  async function* complete(
    request: LlmRequest,
    signal: AbortSignal,
  ): AsyncGenerator<LlmEvent, void, undefined> {
    for (const [place, model] of models.entries()) {
      const next = models[place + 1];
      let begun = false;
      try {
        for await (const event of model.complete(request, signal)) {
          begun = true;
          yield event;
        }
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (begun || next === undefined || !(error instanceof ProviderError)) throw error;
        onSwitch(error, model, next);
      }
    }
  }

  /** All are warmed, so that a switch costs no handshake; it is enough when one of them stands. */
  async function warmUp(signal: AbortSignal): Promise<void> {
    const outcomes = await Promise.allSettled(models.map((model) => model.warmUp(signal)));
    signal.throwIfAborted();
    if (outcomes.some((outcome) => outcome.status === 'fulfilled')) return;
    const [failed] = outcomes;
    if (failed?.status === 'rejected') throw failed.reason;
  }

  return { provider: first.provider, model: first.model, complete, warmUp };
}
