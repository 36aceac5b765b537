// Several models as one: the next is asked when one fails before it has said anything, beside one that is late, and to
// go on where one broke off.
import assert from 'node:assert/strict';
import { Breaker } from '../base/breaker.ts';
import type { Clock } from '../base/clock.ts';
import { withDeadlines } from '../base/deadline.ts';
import { ProviderError } from '../base/errors.ts';
import type { Hedging } from '../base/hedging.ts';
import { LatencyWindow } from '../base/latencyWindow.ts';
import { race } from '../base/race.ts';
import { systemRandom } from '../base/random.ts';
import type { Span } from '../base/span.ts';
import { saysWhen, whenWilling, willing } from '../base/willing.ts';
import { continuing, Seam } from './continuation.ts';
import type { LanguageModel, LlmEvent, LlmRequest } from './port.ts';

/** A stream that stands still for so long is gone on with by the next model; with none behind it, its own bound goes. */
export const STALLED_MS = 700;
/** ... and sooner while so little was given that nothing may sound yet: the caller waits for it. */
export const STALLED_FIRST_MS = 250;
const FIRST_CHARS = 40;
/** One answer is gone on with so often: what breaks off again and again is not mended by another request. */
export const CONTINUED_MAX = 2;
/** To the first event there are other deadlines: each model's own, and the race's. */
const FIRST_MS_MAX = 120_000;

export interface FallbackOptions {
  readonly clock: Clock;
  /** Of each model, in the same order; without it what is learnt is kept here. */
  readonly latencies?: readonly LatencyWindow[];
  /** Of each model; without it each has one of its own. */
  readonly breakers?: readonly Breaker[];
  /** Of each model: how long it is waited for alone, ms; undefined: what is usual for it. */
  readonly switchMs?: readonly (number | undefined)[];
  /** Undefined: nothing is asked twice before it is late. */
  readonly hedging?: Hedging | undefined;
  /** Told of each change, with the error that caused it. */
  readonly onSwitch?: (error: ProviderError, from: LanguageModel, to: LanguageModel) => void;
}

interface Entry {
  readonly model: LanguageModel;
  readonly latencies: LatencyWindow;
  readonly breaker: Breaker;
  readonly switchMs: number | undefined;
}

/**
 * The models in the order in which they are asked, those that lately failed last; labelled as the first, `onSwitch` names
 * the others. Any `ProviderError` before the first event moves on, whatever its code: a key that one provider
 * refuses says nothing about the next. What the last one throws is thrown. A second request for the same
 * answer does nothing but cost: a tool's call is an event like a word, and only the winner's come out.
 *
 * After the first event, a stream that breaks off or stands still is gone on with: the next model, or the same when
 * there is no other, is asked for the rest, and what it repeats is left out. Not after a tool's call, which may not be
 * made twice.
 */
export function withFallback(models: readonly LanguageModel[], options: FallbackOptions): LanguageModel {
  const [first] = models;
  assert(first !== undefined, 'at least one model');
  const { clock } = options;
  const entries = models.map((model, place): Entry => ({
    model,
    latencies: options.latencies?.[place] ?? new LatencyWindow(clock),
    breaker: options.breakers?.[place] ?? new Breaker({ clock, random: systemRandom }),
    switchMs: options.switchMs?.[place],
  }));
  return {
    provider: first.provider,
    model: first.model,
    complete: (request, signal, span) => new Answer(entries, options, signal, span).events(request),
    /** All are warmed, so that a switch costs no handshake; it is enough when one of them stands. */
    async warmUp(signal) {
      const outcomes = await Promise.allSettled(models.map((model) => model.warmUp(signal)));
      signal.throwIfAborted();
      if (outcomes.some((outcome) => outcome.status === 'fulfilled')) return;
      const [failed] = outcomes;
      if (failed?.status === 'rejected') throw failed.reason;
    },
  };
}

/** One answer, by as many models as it takes. */
class Answer {
  readonly #entries: readonly Entry[];
  readonly #options: FallbackOptions;
  readonly #signal: AbortSignal;
  readonly #span: Span | undefined;
  #given = '';
  #calledTool = false;
  /** Who gives it now. */
  #giver: Entry | undefined;

  constructor(
    entries: readonly Entry[],
    options: FallbackOptions,
    signal: AbortSignal,
    span: Span | undefined,
  ) {
    this.#entries = entries;
    this.#options = options;
    this.#signal = signal;
    this.#span = span;
  }

  async *events(request: LlmRequest): AsyncGenerator<LlmEvent, void, undefined> {
    let order = willing(this.#entries);
    // Only then: a promise on the way would hold the request back.
    if (order.length === 0) order = await this.#waited();
    let waited = false;
    for (let continued = 0; ; continued += 1) {
      try {
        const begun = this.#given !== '';
        const asked = begun ? this.#rest(order, continuing(request, this.#given)) : this.#ask(order, request);
        for await (const event of asked) {
          if (event.kind === 'text') this.#given += event.text;
          if (event.kind === 'toolCall') this.#calledTool = true;
          yield event;
        }
        return;
      } catch (error) {
        const broken = this.#giver;
        const nothing = this.#given === '' && !this.#calledTool;
        if (nothing && !waited && !this.#signal.aborted && saysWhen(error)) {
          waited = true;
          order = await this.#waited();
          continue;
        }
        const over = this.#given === '' || this.#calledTool || continued === CONTINUED_MAX;
        if (over || broken === undefined || this.#signal.aborted || !(error instanceof ProviderError))
          throw error;
        broken.breaker.failed(error);
        order = [...willing(this.#entries.filter((entry) => entry !== broken)), broken];
        this.#options.onSwitch?.(error, broken.model, order[0]?.model ?? broken.model);
      }
    }
  }

  #waited(): Promise<readonly Entry[]> {
    const { provider } = this.#entries[0]?.model ?? { provider: '' };
    return whenWilling(this.#entries, { stage: 'llm', provider }, this.#options.clock, this.#signal);
  }

  /** What is said after what was given, without what of it is said again. */
  async *#rest(order: readonly Entry[], request: LlmRequest): AsyncGenerator<LlmEvent, void, undefined> {
    const seam = new Seam(this.#given);
    for await (const event of this.#ask(order, request)) {
      if (event.kind !== 'text') {
        yield* textOf(seam.end());
        yield event;
      } else yield* textOf(seam.push(event.text));
    }
  }

  #ask(order: readonly Entry[], request: LlmRequest): AsyncGenerator<LlmEvent, void, undefined> {
    const { clock, hedging, onSwitch } = this.#options;
    this.#giver = undefined;
    return race<LlmEvent>(
      order.map(({ model, latencies, breaker, switchMs }) => ({
        latencies,
        breaker,
        switchMs,
        run: (stop) => this.#complete(model, request, stop),
      })),
      {
        clock,
        hedging,
        switches: true,
        begins: () => true,
        onBegun: (place) => {
          this.#giver = order[place];
        },
        onSwitch: (error, from, to) => {
          const [lost, next] = [order[from], order[to]];
          if (lost !== undefined && next !== undefined) onSwitch?.(error, lost.model, next.model);
        },
      },
      this.#signal,
    );
  }

  /** With another behind it, one that stands still is left. */
  #complete(model: LanguageModel, request: LlmRequest, stop: AbortSignal): AsyncIterable<LlmEvent> {
    if (this.#entries.length === 1) return model.complete(request, stop, this.#span);
    const details = { stage: 'llm', provider: model.provider } as const;
    const timedOut = (code: 'first_output_timeout' | 'idle_timeout'): ProviderError =>
      new ProviderError(code, 'the model stands still', details);
    const idleMs = (): number => (this.#given.length < FIRST_CHARS ? STALLED_FIRST_MS : STALLED_MS);
    const deadlines = { firstMs: FIRST_MS_MAX, idleMs, timedOut };
    return withDeadlines(
      (signal) => model.complete(request, signal, this.#span),
      deadlines,
      this.#options.clock,
      stop,
    );
  }
}

function* textOf(text: string): Generator<LlmEvent, void, undefined> {
  if (text !== '') yield { kind: 'text', text };
}
