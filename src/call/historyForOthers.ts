// What was said in a call, as others get to know it, in checkpoints: without what is nobody's business.
import { append, emptyHistory, type History, type HistoryItem } from '../llm/history.ts';
import type { Privacy } from './privacy.ts';

export class HistoryForOthers {
  readonly #privacy: Privacy;
  #history: History = emptyHistory;
  /** So many card and social-security numbers were known when it was last looked through. */
  #numbersTakenOut = 0;

  constructor(privacy: Privacy) {
    this.#privacy = privacy;
  }

  /** It was told to others before, as it is. */
  goOnFrom(history: History): void {
    this.#history = history;
  }

  /** Of the exchange under way. */
  add(item: HistoryItem): void {
    this.#history = append(this.#history, this.#itemForOthers(item));
  }

  /** The last so many are not history yet. */
  takeBack(count: number): void {
    const { items } = this.#history;
    this.#history = { ...this.#history, items: items.slice(0, items.length - count) };
  }

  /** All of it, with what is not history yet of the exchange under way, and what the caller has said since. */
  with(live: readonly HistoryItem[], unansweredText: string): History {
    const history = live.reduce((all, item) => append(all, this.#itemForOthers(item)), this.#inTheLight());
    return append(history, { kind: 'caller', text: this.#privacy.ofCaller(unansweredText) });
  }

  /** A number that has become known is taken out of what was said before it was. */
  #inTheLight(): History {
    const privacy = this.#privacy;
    if (privacy.numbersKnown > this.#numbersTakenOut) {
      this.#numbersTakenOut = privacy.numbersKnown;
      const items = this.#history.items.map((item) => {
        const text = privacy.ofThePast(item.text);
        if (item.kind !== 'toolCalls') return { ...item, text };
        return { ...item, text, calls: withoutSecrets(item.calls, (told) => privacy.ofThePast(told)) };
      });
      this.#history = { ...this.#history, items };
    }
    return this.#history;
  }

  /** A tool's call that would tell what is nobody's business tells nothing but its name. */
  #itemForOthers(item: HistoryItem): HistoryItem {
    const privacy = this.#privacy;
    if (item.kind === 'caller') return { ...item, text: privacy.ofQuestion(item.text) };
    const text = privacy.ofExchange(item.text);
    if (item.kind !== 'toolCalls') return { ...item, text };
    const calls = withoutSecrets(item.calls, (told) => privacy.ofExchange(told));
    return { ...item, text, calls };
  }
}

/** Arguments that would tell what is nobody's business tell nothing. */
function withoutSecrets<T extends { readonly argumentsText: string }>(
  calls: readonly T[],
  told: (text: string) => string,
): readonly T[] {
  return calls.map((call) =>
    told(call.argumentsText) === call.argumentsText ? call : { ...call, argumentsText: '{}' },
  );
}
