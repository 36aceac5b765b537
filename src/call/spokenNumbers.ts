// When in a call the numbers were said that nobody else is to hear. What was said lately is kept, since a number may turn
// out to be one only with its last digits, some turns later. Times are the call's clock's.
import type { NumberSpan } from '../redact/redact.ts';
import type { TurnEvent } from '../turn/state.ts';
import type { Privacy } from './privacy.ts';

/** Of the caller's utterances and the agent's sentences: a number that is dictated over more of them stays audible in the first. */
const KEPT_MAX = 64;
/** A word is known at least so soon after it was said, from most providers after 200 to 700 ms ... */
const LAG_MS_MAX = 700;
/** ... and if for so long none was, or the first or the last came later, they may all be late. */
const SILENT_MS_MAX = 1_500;
/** A soft onset is part of the word, and the voice is noticed a little late at both ends. */
const ROUND_MS = 300;
/** Words that nobody heard a voice for: so long they may have taken. */
const UNNOTICED_MS = 5_000;
/** Times of words that are kept of one utterance: more than anybody says in one breath. */
const STEPS_MAX = 256;

export interface SaidNumber {
  readonly side: 'caller' | 'agent';
  readonly kind: NumberSpan['kind'];
  readonly fromMs: number;
  readonly toMs: number;
}

/** So many words, which have stood as they are since `atMs`. */
interface Step {
  readonly words: number;
  readonly atMs: number;
  /** The last of them was said at most LAG_MS_MAX before this. */
  readonly sinceMs: number;
}

/** How the words of an utterance became known, and what they were last. */
interface Growth {
  steps: readonly Step[];
  text: string;
  words: readonly string[];
}

export interface SpokenNumbersListener {
  /** How late the caller's sound has come at most, since this was asked last. */
  lateMs(): number;
  onNumber(number: SaidNumber): void;
}

interface Spoken {
  readonly side: SaidNumber['side'];
  readonly text: string;
  /** How the text before ended, where a number may go on. */
  readonly tail: Privacy['wordTail'] | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  /** So much earlier than it was noticed it may have been said, because the line stood still. */
  readonly lateMs: number;
  readonly growth: Growth;
}

export class SpokenNumbers {
  readonly #privacy: Privacy;
  readonly #nowMs: () => number;
  readonly #listener: SpokenNumbersListener;
  #kept: readonly Spoken[] = [];
  #tail: Privacy['wordTail'];
  #known: number;
  /** The utterance under way: its first voice, the end of its last one, and its words as they come. */
  #voiceAtMs: number | undefined;
  #silenceAtMs: number | undefined;
  #growth = newGrowth();
  /** Bounds of those that were committed and have no last word yet. */
  readonly #committed = new Map<number, Omit<Spoken, 'side' | 'text' | 'tail'>>();
  #sentence: { readonly text: string; readonly fromMs: number } | undefined;

  constructor(privacy: Privacy, nowMs: () => number, listener: SpokenNumbersListener) {
    this.#privacy = privacy;
    this.#nowMs = nowMs;
    this.#listener = listener;
    this.#tail = privacy.wordTail;
    this.#known = privacy.numbersKnown;
  }

  /** Something happened in the call, and was told to `privacy` before. */
  saw(event: TurnEvent): void {
    if (event.kind === 'voiceStarted') {
      this.#voiceAtMs ??= event.voiceAtMs;
      this.#silenceAtMs = undefined;
    }
    if (event.kind === 'voiceStopped') this.#silenceAtMs = event.silenceAtMs;
    else if (event.kind === 'committed') this.#close(event.utterance);
    else if (event.kind === 'words') this.#words(event);
    this.#tail = this.#privacy.wordTail;
    if (this.#privacy.numbersKnown !== this.#known) this.#lookBack();
  }

  /** A sentence of the agent begins to be heard, and the one before it is over. */
  agentSays(text: string): void {
    this.agentSilent();
    this.#sentence = { text, fromMs: this.#nowMs() };
  }

  /** What the agent was saying is over, or was cut off. Idempotent. */
  agentSilent(): void {
    if (this.#sentence === undefined) return;
    const { text, fromMs } = this.#sentence;
    this.#sentence = undefined;
    this.#keep({
      side: 'agent',
      text,
      tail: undefined,
      fromMs,
      toMs: this.#nowMs(),
      lateMs: 0,
      growth: newGrowth(),
    });
  }

  /** The call is over: what has no last word counts as well. */
  close(): void {
    this.agentSilent();
    this.#close(Infinity);
    for (const bounds of this.#committed.values())
      this.#keep({ side: 'caller', text: bounds.growth.text, tail: this.#tail, ...bounds });
    this.#committed.clear();
    this.#lookBack();
  }

  #words({ utterance, text, final }: TurnEvent & { kind: 'words' }): void {
    if (!final) return grow(this.#committed.get(utterance)?.growth ?? this.#growth, text, this.#nowMs());
    if (!this.#committed.has(utterance)) this.#close(utterance);
    const bounds = this.#committed.get(utterance);
    this.#committed.delete(utterance);
    if (text !== '' && bounds !== undefined)
      this.#keep({ side: 'caller', text, tail: this.#tail, ...bounds });
  }

  /** What is said from now on belongs to another utterance. */
  #close(utterance: number): void {
    const nowMs = this.#nowMs();
    const firstMs = this.#growth.steps[0]?.atMs ?? nowMs;
    this.#committed.set(utterance, {
      fromMs: this.#voiceAtMs ?? firstMs - UNNOTICED_MS,
      toMs: this.#silenceAtMs ?? nowMs,
      lateMs: this.#listener.lateMs(),
      growth: this.#growth,
    });
    for (const oldest of this.#committed.keys()) {
      if (this.#committed.size <= KEPT_MAX) break;
      this.#committed.delete(oldest);
    }
    // A voice that is still there goes on in the next one, which began when this one's last words were still awaited.
    const goesOn = this.#silenceAtMs === undefined && this.#voiceAtMs !== undefined;
    this.#voiceAtMs = goesOn ? nowMs - LAG_MS_MAX : undefined;
    this.#silenceAtMs = undefined;
    this.#growth = newGrowth();
  }

  #keep(spoken: Spoken): void {
    this.#kept = [...this.#kept, spoken].slice(-KEPT_MAX);
    this.#look(spoken, false);
  }

  /** Numbers have become known: they may have been said before. */
  #lookBack(): void {
    this.#known = this.#privacy.numbersKnown;
    for (const spoken of this.#kept) this.#look(spoken, true);
  }

  #look(spoken: Spoken, past: boolean): void {
    const spans = this.#privacy.numbersIn(spoken.text, spoken.tail, past);
    for (const kind of ['card', 'ssn'] as const) {
      const of = spans.filter((span) => span.kind === kind);
      const [first, last] = [of[0], of.at(-1)];
      if (first === undefined || last === undefined) continue;
      this.#listener.onNumber({ side: spoken.side, kind, ...stretchOf(spoken, first.start, last.end) });
    }
  }
}

function newGrowth(): Growth {
  return { steps: [], text: '', words: [] };
}

/** A step whose words do not stand is none any more. */
function grow(growth: Growth, text: string, atMs: number): void {
  const words = wordsIn(text);
  const changed = growth.words.findIndex((word, place) => word !== words[place]);
  const steps = changed === -1 ? growth.steps : growth.steps.filter((step) => step.words <= changed);
  growth.text = text;
  growth.words = words;
  growth.steps = steps;
  const last = steps.at(-1);
  if (words.length <= (last?.words ?? 0) || steps.length >= STEPS_MAX) return;
  // What was waited for, or was something else at first, may have been said when the words before it were known.
  const prompt = changed === -1 && last !== undefined && atMs - last.atMs <= LAG_MS_MAX;
  const sinceMs = prompt ? atMs : (last?.sinceMs ?? -Infinity);
  growth.steps = [...steps, { words: words.length, atMs, sinceMs }];
}

/** When the characters from `start` to `end` were said: rather too much than too little. */
function stretchOf(spoken: Spoken, start: number, end: number): Pick<SaidNumber, 'fromMs' | 'toMs'> {
  const { text, growth, fromMs, toMs, lateMs } = spoken;
  const whole = { fromMs: fromMs - lateMs - ROUND_MS, toMs: toMs + ROUND_MS };
  const before = wordsIn(text.slice(0, start));
  const after = wordsIn(text.slice(end));
  if (!isTimely(spoken, before, after)) return whole;
  const knownBefore = growth.steps.findLast(({ words }) => words <= before.length);
  // It is over when a word behind it is known, and no sooner: of its own words the last ones may be missing.
  const knownAfter = growth.steps.find(({ words }) => words > growth.words.length - after.length);
  return {
    fromMs: Math.max(whole.fromMs, (knownBefore?.sinceMs ?? -Infinity) - lateMs - LAG_MS_MAX),
    toMs: Math.min(whole.toMs, knownAfter?.atMs ?? Infinity),
  };
}

/** The words became known as they were said, and those around the number are the last ones. */
function isTimely(
  { growth: { steps, words }, fromMs, toMs }: Spoken,
  before: readonly string[],
  after: readonly string[],
): boolean {
  const times = [fromMs, ...steps.map(({ atMs }) => atMs), toMs];
  const steady = times.every((atMs, place) => atMs - (times[place - 1] ?? atMs) <= SILENT_MS_MAX);
  const lastMs = steps.at(-1)?.atMs ?? fromMs;
  const same =
    before.length + after.length <= words.length &&
    before.every((word, place) => word === words[place]) &&
    after.every((word, place) => word === words[words.length - after.length + place]);
  return steps.length > 1 && steady && same && lastMs <= toMs + SILENT_MS_MAX;
}

function wordsIn(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
