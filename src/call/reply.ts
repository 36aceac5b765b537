// One reply of the agent: the model's words, cut into sentences, spoken into a speech, up to its audio. It is
// prepared before it is sure that the caller has finished, so nothing that can't be undone happens before
// `release`.
import type { Background } from '../base/background.ts';
import type { Clock } from '../base/clock.ts';
import type { HistoryItem } from '../llm/history.ts';
import type { LanguageModel, LlmRequest, LlmUsage, ToolCall } from '../llm/port.ts';
import { Speech } from '../playout/speech.ts';
import { sayable, splitAll } from '../sentence/sayable.ts';
import type { TurnSource } from '../store/port.ts';
import type { TextToSpeech } from '../tts/port.ts';
import { Mouth } from './mouth.ts';
import type { ToolOutcome } from './toolbox.ts';
import type { ReplyTimes } from './turnRecord.ts';

/** Calls of tools, then again the model: so often in one reply. */
export const TOOL_ROUNDS_MAX = 5;

/** What a reply needs of its call. */
export interface ReplyWorld {
  readonly model: LanguageModel;
  readonly voice: TextToSpeech;
  readonly clock: Clock;
  readonly background: Background;
  readonly language: string;
  /** Off: the model's text is awaited whole before it is spoken. */
  readonly firstSentence: boolean;
  /** The request for this reply; `added` is what its tool rounds have said and got so far. */
  readonly request: (added: readonly HistoryItem[]) => LlmRequest;
  readonly toolbox: {
    /** What to say while it runs, if the agent's file has something. */
    filler(name: string): string | undefined;
    run(call: ToolCall, signal: AbortSignal): Promise<ToolOutcome>;
  };
  /** Said when there is nothing else that could be. */
  readonly sorry: string;
  readonly adapted?: readonly string[];
  /** Awaited first; never rejects. */
  readonly beforeAnswer?: () => Promise<void>;
  readonly onUsage: (usage: LlmUsage) => void;
  readonly onFailed: (what: 'llm' | 'tts', error: unknown) => void;
}

export class Reply {
  readonly id: number;
  readonly speech: Speech;
  readonly times: ReplyTimes = {};
  /** Why it was made other than always: for the turn's event and log. */
  readonly adapted: readonly string[];
  readonly #world: ReplyWorld;
  readonly #stop = new AbortController();
  /** Stops the making of the answer, when it is not waited for any longer. */
  readonly #giveUp = new AbortController();
  readonly #working = AbortSignal.any([this.#stop.signal, this.#giveUp.signal]);
  #mouth: Mouth;
  readonly #added: HistoryItem[] = [];
  /** What was given to the voice, fillers apart. */
  readonly #said: string[] = [];
  #source: TurnSource = 'generated';
  #sure = new Gate();

  constructor(id: number, world: ReplyWorld) {
    this.id = id;
    this.#world = world;
    this.adapted = world.adapted ?? [];
    this.speech = new Speech(id);
    this.#mouth = this.#openMouth(this.#working);
  }

  /** Who was asked. */
  get model(): Pick<LanguageModel, 'provider' | 'model'> {
    return this.#world.model;
  }

  get source(): TurnSource {
    return this.#source;
  }

  /** Calls of tools and their results, in the order of the history; each call has its result. */
  get added(): readonly HistoryItem[] {
    return this.#added;
  }

  /** Asks the model and speaks its answer. */
  answer(): void {
    this.#run(async () => {
      await this.#world.beforeAnswer?.();
      const owed = await this.#answer();
      await this.#mouth.finished();
      if (owed && !this.#answerSounds()) await this.#sayInstead();
    });
  }

  /** Speaks lines that are known; no model. */
  say(lines: readonly string[]): void {
    this.#source = 'cached';
    this.#run(() => this.#sayAll(lines));
  }

  /** Says something while the answer is being made. False when that sounds already: it is not said then. */
  fill(text: string): boolean {
    return !this.#working.aborted && this.#mouth.fill(text);
  }

  /** It took too long: gives the answer up and says so. False when there is something of it to hear already. */
  apologise(): boolean {
    if (this.#working.aborted || this.speech.ended || this.#answerSounds()) return false;
    this.#giveUp.abort(new DOMException('the answer took too long', 'TimeoutError'));
    return true;
  }

  /** It is sure that this reply will be heard: tools may run. Idempotent. */
  release(): void {
    this.#sure.open();
  }

  /** It is not sure after all: no further tool runs until it is released again. */
  withhold(): void {
    if (this.#sure.isOpen) this.#sure = new Gate();
  }

  /** Stops all work at once. What was made stays in the speech. Idempotent. */
  cancel(): void {
    this.#stop.abort(new DOMException('the reply is not wanted any more', 'AbortError'));
  }

  #run(work: () => Promise<void>): void {
    this.#world.background.run(
      work()
        .catch((error: unknown) => {
          if (this.#stop.signal.aborted) return undefined;
          if (!this.#giveUp.signal.aborted) throw error;
          this.#world.onFailed('llm', this.#giveUp.signal.reason);
          this.#mouth = this.#openMouth(this.#stop.signal);
          return this.#sayInstead();
        })
        .finally(() => this.speech.end()),
    );
  }

  /** Resolves when all is with the voice: whether the caller has to hear something now, or a tool's doing was the answer. */
  async #answer(): Promise<boolean> {
    for (let round = 0; round <= TOOL_ROUNDS_MAX; round += 1) {
      const calls: ToolCall[] = [];
      const before = this.#said.length;
      try {
        await this.#sayModelsWords(this.#texts(calls));
      } catch (error) {
        if (this.#working.aborted) throw error;
        this.#world.onFailed('llm', error);
        // Something was said already: better half an answer than an answer and an apology. What was said
        // before a tool was called is no answer.
        if (this.#said.length === before) await this.#sayInstead();
        return true;
      }
      if (calls.length === 0) {
        if (this.#said.length === before) await this.#sayInstead();
        return true;
      }
      const said = this.#said.slice(before).join(' ');
      if (!(await this.#useTools(calls, said))) return false;
    }
    return true;
  }

  async #sayModelsWords(texts: AsyncIterable<string>): Promise<void> {
    const language = this.#world.language;
    if (!this.#world.firstSentence) {
      let whole = '';
      for await (const text of texts) whole += text;
      await this.#sayAll(splitAll(whole, { language }));
      return;
    }
    for await (const sentence of sayable(texts, { language, earlyClause: true })) await this.#say(sentence);
  }

  /** The model's text as it comes; its calls of tools go into `calls`. */
  async *#texts(calls: ToolCall[]): AsyncGenerator<string, void, undefined> {
    const { clock, model, request, onUsage } = this.#world;
    this.times.llmAskedAtMs ??= clock.nowMs();
    for await (const event of model.complete(request(this.#added), this.#working)) {
      if (event.kind === 'finished') {
        if (event.usage !== undefined) onUsage(event.usage);
        continue;
      }
      this.times.firstTokenAtMs ??= clock.nowMs();
      if (event.kind === 'text') yield event.text;
      else calls.push(event.call);
    }
  }

  /** Runs the tools; answers whether the model has to be asked again. */
  async #useTools(calls: readonly ToolCall[], said: string): Promise<boolean> {
    await this.#beSure();
    const filler = said === '' ? this.#world.toolbox.filler(calls[0]?.name ?? '') : undefined;
    if (filler !== undefined) await this.#say(filler);
    const results: HistoryItem[] = [];
    let goOn = false;
    for (const call of calls) {
      await this.#beSure();
      const outcome = await this.#world.toolbox.run(call, this.#working);
      results.push({ kind: 'toolResult', callId: call.id, text: outcome.result });
      if (outcome.tones !== undefined) this.#playTones(outcome.tones);
      if (outcome.say !== undefined && said === '') await this.#say(outcome.say);
      goOn ||= outcome.askAgain;
    }
    // Together, so that a call never stands in the history without its result.
    this.#added.push({ kind: 'toolCalls', text: said, calls }, ...results);
    return goOn;
  }

  /** Resolves while the reply is released; throws when it is stopped. */
  async #beSure(): Promise<void> {
    while (!this.#sure.isOpen) {
      await Promise.race([this.#sure.opened, aborted(this.#working)]);
      this.#working.throwIfAborted();
    }
  }

  #playTones(tones: Uint8Array): void {
    const writer = this.speech.add('');
    writer.write(tones);
    writer.end();
  }

  #openMouth(signal: AbortSignal): Mouth {
    const { speech, times } = this;
    return new Mouth({ ...this.#world, speech, signal, times }, (error) =>
      this.#world.onFailed('tts', error),
    );
  }

  /** Something of the answer, fillers apart, is there to be heard. */
  #answerSounds(): boolean {
    return this.speech.sentences.slice(this.speech.fillers).some((sentence) => sentence.audioBytes > 0);
  }

  async #sayInstead(): Promise<void> {
    this.#source = 'fallback';
    await this.#say(this.#world.sorry);
  }

  async #sayAll(sentences: readonly string[]): Promise<void> {
    for (const sentence of sentences) await this.#say(sentence);
  }

  async #say(sentence: string): Promise<void> {
    this.times.firstSentenceAtMs ??= this.#world.clock.nowMs();
    this.#said.push(sentence);
    await this.#mouth.say(sentence);
  }
}

class Gate {
  isOpen = false;
  #resolve: () => void = () => undefined;
  readonly opened = new Promise<void>((resolve) => {
    this.#resolve = resolve;
  });

  open(): void {
    this.isOpen = true;
    this.#resolve();
  }
}

/** Resolves when the signal aborts. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
