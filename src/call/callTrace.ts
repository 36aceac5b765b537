// A call as a trace: the call, its turns, the replies that were made for each, and below those what was asked of whom. The
// stages of a turn are those of its record, so that a trace, the API and the metrics tell the same.
import type { Span, SpanAttributes } from '../base/span.ts';
import type { BargeIn, TurnOutcome } from '../metrics/metrics.ts';
import type { CallInfo } from './port.ts';
import type { TurnRecord } from './turnRecord.ts';
import type { CallWorld } from './world.ts';

/** Of a stream: a call that is connected again has one more of them, below the first. */
export function beginCallSpan(
  { tracer, agent }: Pick<CallWorld, 'tracer' | 'agent'>,
  { callSid, direction }: CallInfo,
  traceparent: string | undefined,
): Span | undefined {
  return tracer?.begin(
    'call',
    {
      kind: 'server',
      inherited: { 'turnpike.call.sid': callSid, 'gen_ai.conversation.id': callSid },
      attributes: { 'turnpike.call.direction': direction, 'gen_ai.agent.name': agent.name },
    },
    traceparent,
  );
}

/** Before the call has ended there are few of them; a turn that is begun by nobody is told of at the end. */
const TURNS_OPEN_MAX = 16;

export class CallTrace {
  readonly span: Span;
  readonly #nowMs: () => number;
  /** Turns for which something was made, by their number; those that are told of stay as parents, the oldest go. */
  readonly #turns = new Map<number, { readonly span: Span; told: boolean }>();

  constructor(span: Span, nowMs: () => number) {
    this.span = span;
    this.#nowMs = nowMs;
  }

  /** A reply begins to be made. `prepared`: before it is sure that the caller has finished. */
  reply(turn: number, replyId: number, prepared: boolean): Span {
    return this.#turn(turn).child('reply', {
      attributes: { 'turnpike.reply': replyId, 'turnpike.reply.prepared': prepared },
    });
  }

  /** Once for each turn, together with its metrics. */
  turnOver(
    record: TurnRecord,
    providers: { readonly stt: string; readonly llm: string; readonly tts: string },
  ): void {
    const { wait, sounding, source, interrupted, speculated, intents, adapted } = record;
    const span = this.#turn(record.index);
    if (wait !== undefined) span.began(wait.fromMs);
    for (const { name, asked, fromMs, toMs } of record.stages()) {
      const attributes: SpanAttributes =
        asked === undefined ? {} : { 'gen_ai.provider.name': providers[asked] };
      span.child(name, { atMs: fromMs, attributes }).end({ atMs: toMs });
    }
    if (sounding.fromMs !== undefined) {
      const playout = span.child('playout', {
        atMs: sounding.fromMs,
        attributes: { 'turnpike.interrupted': interrupted },
      });
      if (sounding.heardAtMs !== undefined) playout.event('heard', {}, sounding.heardAtMs);
      playout.end();
    }
    span.set({
      'turnpike.turn.source': source,
      'turnpike.turn.speculated': speculated,
      'turnpike.interrupted': interrupted,
      'turnpike.turn.intents': intents.length === 0 ? undefined : intents,
      'turnpike.turn.adapted': adapted.length === 0 ? undefined : adapted,
      'turnpike.turn.response_ms': wait === undefined ? undefined : wait.toMs - wait.fromMs,
      'turnpike.turn.unaccounted_ms': record.unaccountedMs(),
    });
    this.#tell(record.index, record.outcome);
  }

  /** What the caller said last, and nobody answered. */
  turnUnanswered(turn: number): void {
    this.#tell(turn, 'unanswered');
  }

  /** The caller goes on before they have heard a word of it. */
  turnTakenBack(turn: number): void {
    this.#turn(turn).event('withdrawn');
  }

  /** Where a turn is found; undefined when it is not kept. */
  idsOf(turn: number): Span['ids'] {
    return this.#turn(turn).ids;
  }

  /** A sound over the agent was judged. */
  bargedIn(turn: number, voiceAtMs: number, outcome: BargeIn): void {
    this.#turn(turn)
      .child('barge_in', { atMs: voiceAtMs, attributes: { 'turnpike.outcome': outcome } })
      .end();
  }

  /** A row of the turn is on its way to be safe; what is answered is to be called when it is. */
  storing(turn: number): () => void {
    const span = this.#turn(turn).child('store');
    return () => span.end();
  }

  /** The stream is over, and with it what was begun and came to nothing. */
  close(why: string): void {
    for (const [turn, { told }] of this.#turns) if (!told) this.#tell(turn, undefined);
    this.#turns.clear();
    this.span.set({ 'turnpike.call.ended': why });
    this.span.end(why === 'broke' ? { failure: 'bug' } : {});
  }

  #turn(turn: number): Span {
    const known = this.#turns.get(turn);
    if (known !== undefined) return known.span;
    const span = this.span.child('turn', {
      atMs: this.#nowMs(),
      inherited: { 'turnpike.turn': turn },
      attributes: { 'gen_ai.operation.name': 'invoke_agent' },
    });
    this.#turns.set(turn, { span, told: false });
    const [oldest] = this.#turns.keys();
    if (this.#turns.size > TURNS_OPEN_MAX && oldest !== undefined) {
      if (this.#turns.get(oldest)?.told === false) this.#tell(oldest, undefined);
      this.#turns.delete(oldest);
    }
    return span;
  }

  #tell(turn: number, outcome: TurnOutcome | undefined): void {
    const span = this.#turn(turn);
    span.set({ 'turnpike.turn.outcome': outcome ?? 'never_begun' });
    span.end(outcome === 'apologized' ? { failure: 'apologized' } : {});
    const known = this.#turns.get(turn);
    if (known !== undefined) known.told = true;
  }
}
