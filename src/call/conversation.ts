// What is said in a call, from the agent's side: its file, where it stands in it, and the history. It makes the
// replies. It outlives the stream, so that a call that was cut off can be taken up.
import { AS_ALWAYS } from '../agent/adapt.ts';
import { NO_PLAN, type IntentPlan } from '../agent/intentPlan.ts';
import { render, stateOf, systemPrompt, toolSpecs } from '../agent/prompt.ts';
import {
  append,
  CUT_IN_NOTE,
  emptyHistory,
  toMessages,
  type History,
  type HistoryItem,
} from '../llm/history.ts';
import type { Span } from '../base/span.ts';
import type { LlmRequest } from '../llm/port.ts';
import { responseKey } from '../llm/responseCache.ts';
import type { Line } from '../turn/state.ts';
import type { Ending } from './connection.ts';
import { HistoryForOthers } from './historyForOthers.ts';
import { IntentTurns } from './intentTurns.ts';
import type { CallInfo } from './port.ts';
import { Adaptive } from './adaptive.ts';
import { Privacy } from './privacy.ts';
import { Reply } from './reply.ts';
import { Toolbox, type ToolNews } from './toolbox.ts';
import type { CallSnapshot } from './snapshot.ts';
import { StoredTexts } from './storedTexts.ts';
import type { CallWorld } from './world.ts';

export interface ConversationListener {
  /** The call is to end this way, after the agent's last words. */
  ending(ending: Ending): void;
  failed(what: 'llm' | 'tts', error: unknown): void;
  toolNews(news: ToolNews): void;
}

/** Of a call at this moment. */
export interface UnderWay extends Pick<CallSnapshot, 'turn' | 'ending' | 'handedOver'> {
  /** The reply that has the line, and how much of it was heard. */
  readonly reply: Reply | undefined;
  readonly heardText: string;
  /** What the caller has said that is not answered yet. */
  readonly callerText: string;
}

export class Conversation {
  /** The last exchange that was begun. */
  turn = 0;
  readonly adaptive: Adaptive;
  /** Streams that this conversation has had. */
  parts = 0;
  /** When this instance has taken it up, ms since 1970; 0 for one that began here, so that no two are alike. */
  readonly part: number;
  readonly privacy: Privacy;
  readonly stored: StoredTexts;
  /** Of the first stream's span, wherever that was: those after it belong to its trace. */
  traceparent: string | undefined;
  readonly #world: CallWorld;
  readonly #toolbox: Toolbox;
  readonly #intents: IntentTurns;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #startedAtMs: number;
  #listener: ConversationListener | undefined;
  #history: History = emptyHistory;
  readonly #historyForOthers: HistoryForOthers;
  /** What each reply that answers the caller answers; a line answers nobody. */
  readonly #questions = new Map<number, string>();
  /** Under which the answers that are being made may be kept for others. */
  readonly #responseKeys = new WeakMap<Reply, string>();

  /** `before`: how far it had come at another instance, where that is known of one that is `resumed`. */
  constructor(info: CallInfo, world: CallWorld, before?: CallSnapshot, resumed = before !== undefined) {
    this.#world = world;
    this.adaptive = new Adaptive(world);
    const { clock } = world;
    this.part = resumed ? clock.wallMs() : 0;
    this.#startedAtMs = clock.nowMs() - (before === undefined ? 0 : clock.wallMs() - before.startedAtMs);
    this.#variables = { ...world.agent.variables, ...info.variables };
    const listener = {
      ending: (ending: Ending) => this.#listener?.ending(ending),
      isTold: (text: string): boolean => this.privacy.ofExchange(text) === text,
      noteFields: (fields: Readonly<Record<string, string>>): void => {
        this.stored.fields(fields);
      },
      news: (news: ToolNews) => this.#listener?.toolNews(news),
    };
    this.#toolbox = new Toolbox(world, listener, (line) => render(line, this.#variables));
    this.#intents = new IntentTurns(world, {
      ...listener,
      state: () => this.#toolbox.state,
      moveTo: (state) => this.#toolbox.moveTo(state),
    });
    this.privacy = new Privacy(world.agent, () => this.#toolbox.state);
    this.#historyForOthers = new HistoryForOthers(this.privacy);
    this.stored = new StoredTexts(this.privacy, info.leadId, world.writer);
    if (before !== undefined) this.#goOnFrom(before);
  }

  #goOnFrom({ agent, turn, parts, state, items, omittedItems, traceparent }: CallSnapshot): void {
    this.traceparent = traceparent;
    this.turn = turn;
    this.parts = parts;
    // Another agent has not said this.
    if (agent !== this.#world.agent.name) return;
    this.#history = { items, omittedItems };
    this.#historyForOthers.goOnFrom(this.#history);
    this.privacy.goOnFrom(items);
    if (state !== undefined && this.#world.agent.states?.named[state] !== undefined)
      this.#toolbox.moveTo(state);
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

  /** Begins to make the reply to what the caller has said. `cutIn`: they were still talking, and the model is told. */
  answer(replyId: number, callerText: string, cutIn: boolean, span: Span): Reply {
    const question = cutIn ? `${callerText} ${CUT_IN_NOTE}` : callerText;
    this.#questions.set(replyId, question);
    const opening = this.#openingLine();
    const plan = this.#intents.plan(replyId, callerText, opening !== undefined);
    const reply = this.#reply(replyId, question, span, plan);
    if (plan.say !== undefined) reply.say([render(plan.say, this.#variables)], { source: 'intent' });
    else if (opening === undefined || plan.goTo !== undefined) this.#think(reply, question, plan);
    else reply.say([render(opening.line, this.#variables)], { interruptible: opening.lineInterruptible });
    return reply;
  }

  /** What was answered before to the very same, or what the model says. */
  #think(reply: Reply, question: string, plan: IntentPlan): void {
    const known = this.#answeredBefore(reply, question, plan);
    if (known === undefined) reply.answer();
    else reply.say(known);
  }

  /** Begins to speak a line. */
  line(replyId: number, line: Line, span: Span): Reply {
    const question = line.kind === 'reconnected' ? this.#takeUnanswered() : undefined;
    const reply = this.#reply(replyId, question ?? '', span);
    // What somebody outside wants said is no template.
    const text = this.#textOf(line);
    const interruptible = line.kind !== 'greeting' || this.#world.agent.greetingInterruptible;
    const spoken = line.kind === 'text' ? text : render(text, this.#variables);
    if (question === undefined) reply.say([spoken], { interruptible });
    else {
      this.#questions.set(replyId, question);
      reply.answer(spoken);
    }
    return reply;
  }

  /** Whether this reply answers the caller; a line answers nobody. */
  answers(replyId: number): boolean {
    return this.#questions.has(replyId);
  }

  /** A reply is over: its question, what its tools did, and what of it was heard are history now. */
  spoken(reply: Reply, heardText: string, interrupted: boolean): void {
    const key = this.#responseKeys.get(reply);
    const sentences = interrupted ? undefined : reply.repeatable;
    // Heard to its end: that nobody cut in says that it was no wrong answer, as far as can be told.
    if (
      key !== undefined &&
      sentences !== undefined &&
      heardText === sentences.join(' ') &&
      this.#isPublic(reply, heardText)
    ) {
      this.#world.responses?.keep(key, sentences);
    }
    const question = this.#questions.get(reply.id);
    if (question !== undefined) this.adaptive.answered(question, interrupted);
    this.#remember(reply);
    this.#add({ kind: 'agent', text: heardText, cut: interrupted });
    this.#intents.spoken(reply.id, heardText, interrupted);
  }

  /** A reply that nobody heard. What its tools have done is done and stays known. */
  dropped(reply: Reply): void {
    if (reply.added.length > 0) this.#remember(reply);
    this.#questions.delete(reply.id);
    this.#intents.dropped(reply.id);
  }

  /** Whether nothing in the exchange is kept from others: what is said to one caller may be said to the next. */
  #isPublic(reply: Reply, heardText: string): boolean {
    const question = this.#questions.get(reply.id) ?? '';
    return this.privacy.ofQuestion(question) === question && this.privacy.ofExchange(heardText) === heardText;
  }

  /** The caller said it, if anything, and the stream was lost before there was an answer; `privacy` was told that this was their turn. */
  unanswered(callerText: string): void {
    this.#add({ kind: 'caller', text: callerText });
  }

  /** How far it has come, for another instance; `now` is what history does not have yet. */
  snapshot(info: CallInfo, { reply, heardText, callerText, ...now }: UnderWay): CallSnapshot {
    const question = reply === undefined ? '' : (this.#questions.get(reply.id) ?? '');
    const live: readonly HistoryItem[] = [
      { kind: 'caller', text: question },
      ...(reply?.added ?? []),
      { kind: 'agent', text: heardText, cut: reply !== undefined },
    ];
    const history = this.#historyForOthers.with(live, callerText);
    const { clock, agent } = this.#world;
    const startedAtMs = clock.wallMs() - this.durationMs;
    const { state } = this.#toolbox;
    const { parts, traceparent } = this;
    return { ...now, info, agent: agent.name, startedAtMs, parts, state, traceparent, ...history };
  }

  /** An agent with states that doesn't greet answers the caller's first words with the line of its first state. */
  #openingLine(): { readonly line: string; readonly lineInterruptible: boolean } | undefined {
    const { greeting, states } = this.#world.agent;
    const spoken =
      this.#history.omittedItems > 0 || this.#history.items.some((item) => item.kind === 'agent');
    if (spoken || greeting !== undefined || states === undefined) return undefined;
    const { line, lineInterruptible = true } = states.named[states.initial] ?? {};
    return line === undefined ? undefined : { line, lineInterruptible };
  }

  /** What was answered to the same words in the same conversation, where the agent's file says that it may be again. */
  #answeredBefore(reply: Reply, callerText: string, plan: IntentPlan): readonly string[] | undefined {
    const { agent, responses } = this.#world;
    const state = stateOf(agent, plan.goTo ?? this.#toolbox.state);
    if (responses === undefined || !(agent.repeatable || state?.state.repeatable === true)) return undefined;
    // What is nobody's business is not kept either.
    if (state?.state.sensitive === true) return undefined;
    const key = responseKey(
      agent.version,
      state?.name,
      this.#request(callerText, [], plan, plan.goTo).messages,
    );
    if (key === undefined) return undefined;
    const known = responses.lookup(key);
    if (known === undefined) this.#responseKeys.set(reply, key);
    return known;
  }

  #remember(reply: Reply): void {
    const question = this.#questions.get(reply.id);
    this.#questions.delete(reply.id);
    const items: readonly HistoryItem[] = [
      ...(question === undefined ? [] : [{ kind: 'caller' as const, text: question }]),
      // What was said before a tool was called is part of what was heard, which follows.
      ...reply.added.map((item) => (item.kind === 'toolCalls' ? { ...item, text: '' } : item)),
    ];
    for (const item of items) this.#add(item);
  }

  #add(item: HistoryItem): void {
    this.#history = append(this.#history, item);
    this.#historyForOthers.add(item);
  }

  /**
   * What nobody has answered when the stream was lost, taken out of the history: it is going to be the question of the
   * answer. Empty when the agent was to go on after a tool; undefined when nothing is owed.
   */
  #takeUnanswered(): string | undefined {
    const { items } = this.#history;
    const last = items.at(-1);
    const unheard = last?.kind === 'agent' && last.cut && last.text === '';
    const owed = items.at(unheard ? -2 : -1);
    if (owed === undefined || owed.kind === 'agent') return undefined;
    const taken = Number(unheard) + Number(owed.kind === 'caller');
    this.#history = { ...this.#history, items: items.slice(0, items.length - taken) };
    this.#historyForOthers.takeBack(taken);
    return owed.kind === 'caller' ? owed.text : '';
  }

  #reply(replyId: number, question: string, span: Span, plan: IntentPlan = NO_PLAN): Reply {
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
      intents: plan.found,
      request: (added) =>
        this.#request(question, added, plan, this.#intents.leadsTo(replyId), adaptation.note),
      toolbox: {
        filler: (name) => this.#toolbox.filler(name),
        run: (call, signal, within) => {
          this.#intents.move(replyId);
          return this.#toolbox.run(call, signal, within);
        },
      },
      span,
      sorry: render(agent.lines.sorry, this.#variables),
      onUsage: (usage) => {
        metrics.tokensUsed(providers.llm, 'prompt', usage.promptTokens);
        metrics.tokensUsed(providers.llm, 'completion', usage.completionTokens);
        metrics.tokensUsed(providers.llm, 'cached', usage.cachedTokens);
      },
      onFailed: (what, error) => this.#listener?.failed(what, error),
    });
  }

  #request(
    question: string,
    added: readonly HistoryItem[],
    plan: IntentPlan,
    goTo: string | undefined,
    note = '',
  ): LlmRequest {
    const { agent } = this.#world;
    const state = goTo ?? this.#toolbox.state;
    const steer = plan.steer.map((one) => render(one, this.#variables).trim());
    // Behind all that stays the same from turn to turn: a provider's prompt cache holds up to there.
    const prompt = systemPrompt(agent, this.#variables, state);
    let history = append(this.#history, { kind: 'caller', text: question });
    for (const item of added) history = append(history, item);
    const messages = toMessages(history, [prompt, ...steer].join('\n\n'));
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
