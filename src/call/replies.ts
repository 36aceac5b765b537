// The replies of a call that are not over, by their number.
import type { Metrics } from '../metrics/metrics.ts';
import type { Line } from '../turn/state.ts';
import type { CallTrace } from './callTrace.ts';
import type { Conversation } from './conversation.ts';
import type { Reply } from './reply.ts';

type ReplyMetrics = Pick<Metrics, 'speculated' | 'headStart' | 'wasted'>;

export class Replies {
  readonly #conversation: Conversation;
  readonly #metrics: ReplyMetrics;
  readonly #trace: Pick<CallTrace, 'reply'>;
  readonly #replies = new Map<number, Reply>();
  /** Made before it was sure that the caller had finished, and not released since. */
  readonly #speculative = new Set<number>();
  /** ... and released since: they count as used when they have been heard. */
  readonly #used = new Set<number>();

  constructor(conversation: Conversation, metrics: ReplyMetrics, trace: Pick<CallTrace, 'reply'>) {
    this.#conversation = conversation;
    this.#metrics = metrics;
    this.#trace = trace;
  }

  get(replyId: number): Reply | undefined {
    return this.#replies.get(replyId);
  }

  /** Begins to make the answer to what the caller has said; cut in: they had not come to an end. */
  prepare(replyId: number, turn: number, callerText: string, cutIn: boolean): void {
    const span = this.#trace.reply(turn, replyId, true);
    this.#replies.set(replyId, this.#conversation.answer(replyId, callerText, cutIn, span));
    this.#speculative.add(replyId);
  }

  /** Begins to speak a line, which nothing has to wait for. */
  line(replyId: number, turn: number, line: Line): Reply {
    const reply = this.#conversation.line(replyId, line, this.#trace.reply(turn, replyId, false));
    this.#replies.set(replyId, reply);
    reply.release();
    return reply;
  }

  /** It will be heard. Undefined when there is no such reply. */
  release(replyId: number, speculated: boolean, nowMs: number): Reply | undefined {
    const reply = this.#replies.get(replyId);
    if (reply === undefined) return undefined;
    if (speculated) {
      this.#used.add(replyId);
      const askedAtMs = reply.times.llmAskedAtMs;
      if (askedAtMs !== undefined) this.#metrics.headStart(nowMs - askedAtMs);
    }
    this.#speculative.delete(replyId);
    reply.span.event('released');
    reply.release();
    return reply;
  }

  /** It will not be heard after all, or not yet. */
  withhold(replyId: number): void {
    const reply = this.#replies.get(replyId);
    reply?.withhold();
    reply?.span.event('withheld');
    this.#used.delete(replyId);
    this.#speculative.add(replyId);
  }

  /** Nobody has heard it, and nobody will. */
  discard(replyId: number): void {
    const reply = this.#replies.get(replyId);
    if (reply === undefined) return;
    reply.cancel();
    endSpan(reply, 'discarded');
    this.#replies.delete(replyId);
    this.#conversation.dropped(reply);
    if (!this.#speculative.delete(replyId)) return;
    this.#metrics.speculated('discarded');
    const { text, sentences } = reply.speech;
    this.#metrics.wasted('llm', text.length);
    this.#metrics.wasted(
      'tts',
      sentences.reduce((sum, sentence) => sum + sentence.text.length, 0),
    );
  }

  /** It was heard, as far as it will be. */
  over(reply: Reply): void {
    this.#replies.delete(reply.id);
    endSpan(reply, 'heard');
    if (this.#used.delete(reply.id)) this.#metrics.speculated('used');
  }

  /** Stops the work on all of them; they stay known. */
  cancelAll(): void {
    for (const reply of this.#replies.values()) reply.cancel();
  }

  /** Forgets those that nobody has asked about any more. */
  close(): void {
    for (const replyId of this.#replies.keys()) this.discard(replyId);
  }
}

function endSpan({ span, source }: Reply, outcome: 'heard' | 'discarded'): void {
  span.set({ 'turnpike.reply.outcome': outcome, 'turnpike.turn.source': source });
  span.end();
}
