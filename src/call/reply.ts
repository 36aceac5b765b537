// One reply of the agent: the model's words, cut into sentences, spoken into a speech, up to its audio. It is
// prepared before it is sure that the caller has finished, so nothing that can't be undone happens before
// `release`.
import type { Background } from '../base/background.ts';
import type { Clock } from '../base/clock.ts';
import { noSpan, type Span } from '../base/span.ts';
import { untilAborted } from '../base/untilAborted.ts';
import { UNFINISHED_RESULT, type HistoryItem } from '../llm/history.ts';
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
/** A text that is spoken as one is cut at a sentence above this: no voice takes much more in a request. */
export const WHOLE_CHARS_MAX = 4_000;

/** What a reply needs of its call. */
export interface ReplyWorld {
  readonly model: LanguageModel;
  readonly voice: TextToSpeech;
  readonly clock: Clock;
  readonly background: Background;
  readonly language: string;
  /** Off: the model's text is awaited whole, made as one, and played when its whole sound is there. */
  readonly firstSentence: boolean;
  /** The request for this reply; `added` is what its tool rounds have said and got so far. */
  readonly request: (added: readonly HistoryItem[]) => LlmRequest;
  readonly toolbox: {
    /** What to say while it runs, if the agent's file has something. */
    filler(name: string): string | undefined;
    run(call: ToolCall, signal: AbortSignal, span: Span): Promise<ToolOutcome>;
  };
  /** Said when there is nothing else that could be. */
  readonly sorry: string;
  /** What the caller means by what is answered here, as far as the words alone tell. */
  readonly intents: readonly string[];
  readonly adapted?: readonly string[];
  /** Awaited first; never rejects. */
  readonly beforeAnswer?: () => Promise<void>;
  /** Of this reply, in the call's trace; whoever ends the reply ends it. */
  readonly span?: Span;
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
  /** Of these, what is said before the answer: the line that it stands behind, and what a tool's caller is told. */
  readonly #before = new Set<string>();
  #source: TurnSource = 'generated';
  #hasActed = false;
  #sure = new Gate();
  #usesTool = false;
  /** The model came to the end of an answer by itself. */
  #complete = false;

  constructor(id: number, world: ReplyWorld) {
    this.id = id;
    this.#world = world;
    this.adapted = world.adapted ?? [];
    this.speech = new Speech(id);
    this.#mouth = this.#openMouth(this.#working);
  }

  get span(): Span {
    return this.#world.span ?? noSpan;
  }

  /** Who was asked. */
  get model(): Pick<LanguageModel, 'provider' | 'model'> {
    return this.#world.model;
  }

  get source(): TurnSource {
    return this.#source;
  }

  get intents(): readonly string[] {
    return this.#world.intents;
  }

  /** Calls of tools and their results, in the order of the history. A call without a result was never begun. */
  get added(): readonly HistoryItem[] {
    return this.#added;
  }

  /** Its tools have begun to do what can't be undone. */
  get hasActed(): boolean {
    return this.#hasActed;
  }

  /**
   * The sentences of the model's answer, when it is whole and would be as right to whoever asks the same: no tool was
   * called, nothing failed, and it was not so late that something else was said.
   */
  get repeatable(): readonly string[] | undefined {
    const plain = this.#complete && this.#added.length === 0 && this.speech.fillers === 0;
    return plain && this.#source === 'generated' && this.#said.length > 0 ? this.#said : undefined;
  }

  /**
   * What was heard of it, for whoever goes on behind a lost stream: nothing while the caller has heard no more than that they
   * are to wait, or the line before the answer, which is still owed.
   */
  heardOfAnswer(heardText: string): string {
    const { sentences } = this.speech;
    const begins = sentences.findIndex(({ filler, text }) => filler !== true && !this.#before.has(text));
    const before = (begins < 0 ? sentences : sentences.slice(0, begins)).map(({ text }) => text);
    return heardText.length > before.join(' ').length ? heardText : '';
  }

  /** Asks the model and speaks its answer, behind a line that is known. */
  answer(line?: string): void {
    if (line !== undefined) this.#before.add(line);
    this.#run(async () => {
      if (line !== undefined) await this.#say(line);
      // Without a pause where nothing is waited for: the model's request goes out within this call.
      if (this.#world.beforeAnswer !== undefined) await this.#world.beforeAnswer();
      const owed = await this.#answer();
      await this.#mouth.finished();
      this.#working.throwIfAborted();
      if (owed && !this.#answerSounds()) await this.#sayInstead();
    });
  }

  /** Speaks lines that are known; no model. `interruptible` false: to their end, whatever the caller does. */
  say(
    lines: readonly string[],
    {
      interruptible = true,
      source = 'cached',
    }: { readonly interruptible?: boolean | undefined; readonly source?: 'cached' | 'intent' } = {},
  ): void {
    this.#source = source;
    this.#run(async () => {
      await this.#sayAll(lines, interruptible);
      this.speech.knowText();
      await this.#mouth.finished();
      this.#working.throwIfAborted();
    });
  }

  /** Says something while the caller would hear nothing; `done` hears whether it was said. */
  fill(text: string, done: (said: boolean) => void): void {
    this.#mouth.fill(text, done);
  }

  /** A tool is at work, which has a time limit of its own. */
  get usesTool(): boolean {
    return this.#usesTool;
  }

  /** It took too long: gives up what is still to come and says so. False when that was done before. */
  apologise(): boolean {
    if (this.#working.aborted || this.speech.ended) return false;
    this.#giveUp.abort(new DOMException('the answer took too long', 'TimeoutError'));
    return true;
  }

  /** It is sure that this reply will be heard: tools may run. Idempotent. */
  release(): void {
    this.#sure.open();
  }

  /** It is not sure after all: no further tool runs until it is released again, and then it is heard from its beginning. */
  withhold(): void {
    if (this.#sure.isOpen) this.#sure = new Gate();
    this.speech.rewind();
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
        .finally(() => {
          this.#mouth.close();
          this.speech.end();
        }),
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
      await this.#sayAll(joined(splitAll(whole, { language })));
      return;
    }
    for await (const sentence of sayable(texts, { language, earlyClause: true })) await this.#say(sentence);
  }

  /** The model's text as it comes; its calls of tools go into `calls`. */
  async *#texts(calls: ToolCall[]): AsyncGenerator<string, void, undefined> {
    const { clock, model, request, onUsage } = this.#world;
    this.times.llmAskedAtMs ??= clock.nowMs();
    for await (const event of model.complete(request(this.#added), this.#working, this.span)) {
      if (event.kind === 'finished') {
        this.#complete = event.reason === 'stop';
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
    this.#added.push({ kind: 'toolCalls', text: said, calls });
    const filler = said === '' ? this.#world.toolbox.filler(calls[0]?.name ?? '') : undefined;
    if (filler !== undefined) {
      this.#before.add(filler);
      await this.#say(filler);
    }
    let goOn = false;
    for (const call of calls) {
      await this.#beSure();
      this.#hasActed = true;
      // Whoever stops the reply from here on has to know that it may have been done.
      const place = this.#added.push({ kind: 'toolResult', callId: call.id, text: UNFINISHED_RESULT }) - 1;
      const outcome = await this.#runTool(call);
      this.#added[place] = { kind: 'toolResult', callId: call.id, text: outcome.result };
      if (outcome.tones !== undefined) this.#playTones(outcome.tones);
      if (outcome.say !== undefined && said === '') await this.#say(outcome.say);
      goOn ||= outcome.askAgain;
    }
    return goOn;
  }

  async #runTool(call: ToolCall): Promise<ToolOutcome> {
    this.#usesTool = true;
    try {
      return await this.#world.toolbox.run(call, this.#working, this.span);
    } finally {
      this.#usesTool = false;
    }
  }

  /** Resolves while the reply is released; throws when it is stopped. */
  async #beSure(): Promise<void> {
    while (!this.#sure.isOpen) {
      await untilAborted(this.#sure.opened, this.#working);
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
    const options = { ...this.#world, speech, signal, times, streaming: this.#world.firstSentence };
    return new Mouth(options, (error) => this.#world.onFailed('tts', error));
  }

  /** Something of the answer, fillers apart, is there to be heard. */
  #answerSounds(): boolean {
    return this.speech.sentences.slice(this.speech.fillers).some((sentence) => sentence.audioBytes > 0);
  }

  async #sayInstead(): Promise<void> {
    this.#source = 'fallback';
    await this.#say(this.#world.sorry);
  }

  async #sayAll(sentences: readonly string[], interruptible = true): Promise<void> {
    for (const sentence of sentences) await this.#say(sentence, interruptible);
  }

  async #say(sentence: string, interruptible = true): Promise<void> {
    this.times.firstSentenceAtMs ??= this.#world.clock.nowMs();
    this.#said.push(sentence);
    await this.#mouth.say(sentence, interruptible);
  }
}

/** Sentences in as few pieces as a voice takes. */
function joined(sentences: readonly string[]): readonly string[] {
  const pieces: string[] = [];
  for (const sentence of sentences) {
    const last = pieces.at(-1);
    if (last === undefined || last.length + 1 + sentence.length > WHOLE_CHARS_MAX) pieces.push(sentence);
    else pieces[pieces.length - 1] = `${last} ${sentence}`;
  }
  return pieces;
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
