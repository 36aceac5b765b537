// What is said in a call, from the agent's side: its file, where it stands in it, and the history. It makes the
// replies. It outlives the stream, so that a call that was cut off can be taken up.
import { AS_ALWAYS } from '../agent/adapt.ts';
import { render, systemPrompt, toolSpecs } from '../agent/prompt.ts';
import { append, emptyHistory, toMessages, type History, type HistoryItem } from '../llm/history.ts';
import type { LlmRequest } from '../llm/port.ts';
import type { Line } from '../turn/state.ts';
import type { Ending } from './connection.ts';
import type { CallInfo } from './port.ts';
import { Adaptive } from './adaptive.ts';
import { Reply } from './reply.ts';
import { Toolbox } from './toolbox.ts';
import type { CallWorld } from './world.ts';

export interface ConversationListener {
  /** The model wants the call to end this way, after its last words. */
  ending(ending: Ending): void;
  failed(what: 'llm' | 'tts', error: unknown): void;
}

export class Conversation {
  /** The last exchange that was begun. */
  turn = 0;
  readonly adaptive: Adaptive;
  /** Streams that this conversation has had. */
  parts = 0;
  readonly #world: CallWorld;
  readonly #toolbox: Toolbox;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #startedAtMs: number;
  #listener: ConversationListener | undefined;
  #history: History = emptyHistory;
  /** What each reply that answers the caller answers; a line answers nobody. */
  readonly #questions = new Map<number, string>();

  constructor(info: CallInfo, world: CallWorld) {
    this.#world = world;
    this.adaptive = new Adaptive(world);
    this.#startedAtMs = world.clock.nowMs();
    this.#variables = { ...world.agent.variables, ...info.variables };
    this.#toolbox = new Toolbox(world, {
      ending: (ending) => this.#listener?.ending(ending),
      noteFields: (fields) => {
        if (info.leadId !== undefined) world.writer.leadFields(info.leadId, fields);
      },
    });
  }

  get durationMs(): number {
    return this.#world.clock.nowMs() - this.#startedAtMs;
  }

  /** Whom the conversation tells: the call that has the stream. */
  attach(listener: ConversationListener): void {
    this.#listener = listener;
  }

  /** What the agent says when the stream is there; undefined: the caller speaks first. */
  opening(again: boolean): Line | undefined {
    if (again) return { kind: 'reconnected' };
    return this.#world.agent.greeting === undefined ? undefined : { kind: 'greeting' };
  }

  /** Begins to make the reply to what the caller has said. */
  answer(replyId: number, callerText: string): Reply {
    this.#questions.set(replyId, callerText);
    const reply = this.#reply(replyId, callerText);
    const opening = this.#openingLine();
    if (opening === undefined) reply.answer();
    else reply.say([render(opening, this.#variables)]);
    return reply;
  }

  /** Begins to speak a line. */
  line(replyId: number, line: Line): Reply {
    const reply = this.#reply(replyId, '');
    // What somebody outside wants said is no template.
    const text = this.#textOf(line);
    reply.say([line.kind === 'text' ? text : render(text, this.#variables)]);
    return reply;
  }

  /** A reply is over: its question, what its tools did, and what of it was heard are history now. */
  spoken(reply: Reply, heardText: string, interrupted: boolean): void {
    const question = this.#questions.get(reply.id);
    if (question !== undefined) this.adaptive.answered(question, interrupted);
    const { llmAskedAtMs, firstTokenAtMs } = reply.times;
    if (llmAskedAtMs !== undefined && firstTokenAtMs !== undefined) {
      const { provider, model } = reply.model;
      this.#world.adaptive?.note(provider, model, firstTokenAtMs - llmAskedAtMs);
    }
    this.#remember(reply);
    this.#history = append(this.#history, { kind: 'agent', text: heardText, cut: interrupted });
  }

  /** A reply that nobody heard. What its tools have done is done and stays known. */
  dropped(reply: Reply): void {
    if (reply.added.length > 0) this.#remember(reply);
    this.#questions.delete(reply.id);
  }

  /** The caller said it, and the stream was lost before there was an answer. */
  unanswered(callerText: string): void {
    this.#history = append(this.#history, { kind: 'caller', text: callerText });
  }

  /** An agent with states that doesn't greet answers the caller's first words with the line of its first state. */
  #openingLine(): string | undefined {
    const { greeting, states } = this.#world.agent;
    const spoken =
      this.#history.omittedItems > 0 || this.#history.items.some((item) => item.kind === 'agent');
    if (spoken || greeting !== undefined || states === undefined) return undefined;
    return states.named[states.initial]?.line;
  }

  #remember(reply: Reply): void {
    const question = this.#questions.get(reply.id);
    this.#questions.delete(reply.id);
    const items: readonly HistoryItem[] = [
      ...(question === undefined ? [] : [{ kind: 'caller' as const, text: question }]),
      // What was said before a tool was called is part of what was heard, which follows.
      ...reply.added.map((item) => (item.kind === 'toolCalls' ? { ...item, text: '' } : item)),
    ];
    for (const item of items) this.#history = append(this.#history, item);
  }

  #reply(replyId: number, question: string): Reply {
    const { agent, voice, clock, background, firstSentence, metrics, providers, beforeAnswer } = this.#world;
    const adaptation = question === '' ? AS_ALWAYS : this.adaptive.choose(question);
    return new Reply(replyId, {
      model: this.adaptive.model(adaptation),
      adapted: adaptation.why,
      voice,
      clock,
      background,
      firstSentence,
      ...(beforeAnswer === undefined ? {} : { beforeAnswer }),
      language: agent.language,
      request: (added) => this.#request(question, added, adaptation.note),
      toolbox: this.#toolbox,
      sorry: render(agent.lines.sorry, this.#variables),
      onUsage: (usage) => {
        metrics.tokensUsed(providers.llm, 'prompt', usage.promptTokens);
        metrics.tokensUsed(providers.llm, 'completion', usage.completionTokens);
        metrics.tokensUsed(providers.llm, 'cached', usage.cachedTokens);
      },
      onFailed: (what, error) => this.#listener?.failed(what, error),
    });
  }

  #request(question: string, added: readonly HistoryItem[], note: string): LlmRequest {
    const { agent } = this.#world;
    const state = this.#toolbox.state;
    let history = append(this.#history, { kind: 'caller', text: question });
    for (const item of added) history = append(history, item);
    const messages = toMessages(history, systemPrompt(agent, this.#variables, state));
    return {
      // Last, so that all before it stays the same for the provider's prompt cache.
      messages: note === '' ? messages : [...messages, { role: 'system', content: note }],
      tools: toolSpecs(agent, state),
    };
  }

  #textOf(line: Line): string {
    const { agent } = this.#world;
    switch (line.kind) {
      case 'greeting':
        return agent.greeting ?? '';
      case 'idle':
        return agent.limits.idle[line.step]?.say ?? '';
      case 'goodbye':
        return agent.lines.goodbye;
      case 'reconnected':
        return agent.lines.reconnected;
      case 'noWords':
        return agent.lines.noWords;
      case 'voicemail':
        return agent.voicemail?.say ?? '';
      case 'text':
        return line.text;
      default:
        return line satisfies never;
    }
  }
}
