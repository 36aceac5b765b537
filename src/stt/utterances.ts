// Which of the server's items belongs to which of our utterances, and what is known of each. Our
// utterances end with our commits; a server with its own voice detection may make several items of one.
//
//   open --commit--> asked --the server has committed--> answered --every item complete--> final
//
// An item that is first heard of belongs to the earliest utterance that isn't answered: the server
// speaks in the order of the audio.
import type { SttEvent } from './port.ts';

/** Ids of finished items that are remembered, so that late news of them isn't taken for a new item's. */
const FINISHED_ITEMS_MAX = 64;

interface Item {
  text: string;
  /** The server closed it: its completion follows. */
  committed: boolean;
  complete: boolean;
  /** It was closed by the server's own voice detection. */
  endedBySilence: boolean;
}

interface Utterance {
  readonly number: number;
  asked: boolean;
  answered: boolean;
  readonly items: Map<string, Item>;
  /** What was last reported. */
  text: string;
}

export class Utterances {
  readonly #report: (event: SttEvent) => void;
  /** Those without a final, in order; the last one is open. */
  #live: Utterance[] = [newUtterance(0)];
  readonly #finished = new Set<string>();
  #talkingItem: string | undefined;

  constructor(report: (event: SttEvent) => void) {
    this.#report = report;
  }

  /** Ends the open utterance and answers its number. */
  end(): number {
    const open = this.#open;
    open.asked = true;
    this.#live.push(newUtterance(open.number + 1));
    return open.number;
  }

  /** Whether the server has by itself closed all that was said in this utterance. */
  closedBySilence(number: number): boolean {
    const utterance = this.#find(number);
    if (utterance === undefined || this.#talkingItem !== undefined) return false;
    return [...utterance.items.values()].some((item) => item.committed && item.endedBySilence);
  }

  /** Nothing more will be committed for this utterance. */
  settle(number: number): void {
    const utterance = this.#find(number);
    if (utterance === undefined || utterance.answered) return;
    utterance.answered = true;
    // What the server hasn't closed goes on in the next utterance.
    for (const [itemId, item] of utterance.items) {
      if (item.committed || item.complete) continue;
      utterance.items.delete(itemId);
      this.#earliest.items.set(itemId, item);
    }
    this.#finish(utterance);
  }

  /** The server refused a commit because there was too little sound; `number` if it said which. */
  refused(number: number | undefined): void {
    const oldest = this.#live.find((utterance) => utterance.asked && !utterance.answered);
    this.settle(number ?? oldest?.number ?? -1);
  }

  speechStarted(itemId: string): void {
    if (this.#take(itemId) !== undefined) this.#talkingItem = itemId;
  }

  speechStopped(itemId: string): void {
    const taken = this.#take(itemId);
    if (taken !== undefined) taken.item.endedBySilence = true;
    this.#stopTalking(itemId);
  }

  committed(itemId: string): void {
    const taken = this.#take(itemId);
    this.#stopTalking(itemId);
    if (taken === undefined) return;
    taken.item.committed = true;
    if (taken.utterance.asked) taken.utterance.answered = true;
    this.#finish(taken.utterance);
  }

  delta(itemId: string, text: string): void {
    const taken = this.#take(itemId);
    if (taken === undefined || taken.item.complete || text === '') return;
    taken.item.text += text;
    this.#tellWords(taken.utterance);
  }

  /** The item's last word; without a text what was known of it stands. */
  completed(itemId: string, text: string | undefined): void {
    const taken = this.#take(itemId);
    if (taken === undefined || taken.item.complete) return;
    taken.item.text = text ?? taken.item.text;
    taken.item.complete = true;
    if (!this.#finish(taken.utterance)) this.#tellWords(taken.utterance);
  }

  get #open(): Utterance {
    return this.#live.at(-1) as Utterance;
  }

  get #earliest(): Utterance {
    return this.#live.find((utterance) => !utterance.answered) as Utterance;
  }

  #find(number: number): Utterance | undefined {
    return this.#live.find((utterance) => utterance.number === number);
  }

  #stopTalking(itemId: string): void {
    if (this.#talkingItem === itemId) this.#talkingItem = undefined;
  }

  #take(itemId: string): { readonly utterance: Utterance; readonly item: Item } | undefined {
    if (this.#finished.has(itemId)) return undefined;
    for (const utterance of this.#live) {
      const item = utterance.items.get(itemId);
      if (item !== undefined) return { utterance, item };
    }
    const utterance = this.#earliest;
    const item = { text: '', committed: false, complete: false, endedBySilence: false };
    utterance.items.set(itemId, item);
    return { utterance, item };
  }

  #tellWords(utterance: Utterance): void {
    const text = textOf(utterance);
    if (text === utterance.text) return;
    utterance.text = text;
    this.#report({ kind: 'words', utterance: utterance.number, text });
  }

  #finish(utterance: Utterance): boolean {
    if (!utterance.answered) return false;
    for (const item of utterance.items.values()) if (item.committed && !item.complete) return false;
    this.#live = this.#live.filter((other) => other !== utterance);
    for (const itemId of utterance.items.keys()) this.#finished.add(itemId);
    for (const itemId of this.#finished) {
      if (this.#finished.size <= FINISHED_ITEMS_MAX) break;
      this.#finished.delete(itemId);
    }
    this.#report({ kind: 'final', utterance: utterance.number, text: textOf(utterance) });
    return true;
  }
}

function newUtterance(number: number): Utterance {
  return { number, asked: false, answered: false, items: new Map(), text: '' };
}

function textOf(utterance: Utterance): string {
  const texts = [...utterance.items.values()].map((item) => item.text.trim());
  return texts.filter((text) => text !== '').join(' ');
}
