// A call and its exchanges, as they are told to the store, the metrics, the watchers and the log: one row a turn.
import type { Logger } from '../base/logger.ts';
import type { BargeIn } from '../metrics/metrics.ts';
import type { CallTrace } from './callTrace.ts';
import type { CallInfo } from './port.ts';
import type { Privacy } from './privacy.ts';
import type { Publish } from './publish.ts';
import type { Reply } from './reply.ts';
import type { Conversation } from './conversation.ts';
import type { StoredTexts } from './storedTexts.ts';
import { TurnRecord, type Interval } from './turnRecord.ts';
import type { CallWorld } from './world.ts';

interface Spoken {
  readonly agentText: string;
  readonly heardText: string;
  readonly interrupted: boolean;
}

/** Utterances whose last word is timed; ears that never say it would fill the memory of a long call. */
const UNANSWERED_MAX = 32;

export class Exchanges {
  readonly #callSid: string;
  readonly #part: number;
  readonly #world: CallWorld;
  readonly #log: Logger;
  readonly #publish: Publish;
  readonly #privacy: Privacy;
  readonly #trace: CallTrace;
  /** The exchange under way, and the one before it until the agent has begun to answer. */
  #record: TurnRecord | undefined;
  #recordBefore: TurnRecord | undefined;
  readonly #observed = new WeakSet<TurnRecord>();
  /** When the ears were asked for the last word on an utterance. */
  readonly #committedAtMs = new Map<number, number>();
  readonly #stored: StoredTexts;
  #sttFinal: Interval | undefined;
  /** The utterance whose last word comes after its turn was taken. */
  #awaited: number | undefined;

  /** The conversation's `privacy` keeps out of the texts what is nobody's business, `stored` puts them right; its `part` numbers the rows. */
  constructor(
    callSid: string,
    world: CallWorld,
    log: Logger,
    publish: Publish,
    { privacy, stored, part }: Pick<Conversation, 'privacy' | 'stored' | 'part'>,
    trace: CallTrace,
  ) {
    this.#trace = trace;
    this.#part = part;
    this.#callSid = callSid;
    this.#world = world;
    this.#log = log;
    this.#publish = publish;
    this.#privacy = privacy;
    this.#stored = stored;
  }

  callStarted(info: CallInfo): void {
    const { agent, clock, writer } = this.#world;
    const { callSid, direction, from, to, leadId } = info;
    const startedAt = new Date(clock.wallMs());
    writer.callStarted({ callSid, direction, agent: agent.name, from, to, leadId, startedAt });
    this.#publish({ type: 'call.started', agent: agent.name, direction, from, to });
  }

  committed(utterance: number): void {
    this.#committedAtMs.set(utterance, this.#world.clock.nowMs());
    const [oldest] = this.#committedAtMs.keys();
    if (oldest !== undefined && this.#committedAtMs.size > UNANSWERED_MAX) this.#committedAtMs.delete(oldest);
  }

  /** The ears have said their last word on an utterance. */
  finalWords(utterance: number): void {
    const committedAtMs = this.#committedAtMs.get(utterance);
    this.#committedAtMs.delete(utterance);
    // One that nobody asked for took no time.
    const took =
      committedAtMs === undefined ? undefined : { fromMs: committedAtMs, toMs: this.#world.clock.nowMs() };
    if (utterance === this.#awaited) this.#record?.finalCame(took);
    else this.#sttFinal = took;
  }

  /** The caller's turn is over and is being answered. */
  began(
    turn: {
      readonly turn: number;
      readonly callerText: string;
      readonly speculated: boolean;
      readonly silenceAtMs: number;
    },
    intents: readonly string[],
  ): void {
    const { clock } = this.#world;
    this.#privacy.turnBegan(turn.callerText);
    this.#recordBefore = this.#record;
    const callerText = this.#privacy.ofQuestion(turn.callerText);
    this.#correctThePast();
    const release = {
      silenceAtMs: turn.silenceAtMs,
      releasedAtMs: clock.nowMs(),
      sttFinal: this.#sttFinal,
    };
    // A turn may be answered before the last word on it.
    this.#awaited = [...this.#committedAtMs.keys()].at(-1);
    this.#sttFinal = undefined;
    const startedAt = new Date(clock.wallMs());
    this.#record = new TurnRecord(turn.turn, callerText, turn.speculated, startedAt, release, intents);
    this.#transcribe(turn.turn, callerText, '');
  }

  /** It was not over after all. */
  takenBack(): void {
    const taken = this.#record;
    if (taken === undefined || taken === this.#recordBefore) return;
    this.#publish({ type: 'turn.withdrawn', turn: taken.index, callerText: taken.callerText });
    this.#trace.turnTakenBack(taken.index);
    this.#privacy.turnTakenBack();
    this.#transcribe(taken.index, '', '');
    this.#record = this.#recordBefore;
  }

  /** The agent speaks of itself: part of the exchange under way, or the opening. */
  spokeUp(turn: number): void {
    this.#record ??= new TurnRecord(turn, '', false, new Date(this.#world.clock.wallMs()));
  }

  firstFrame(atMs: number, { source, times, adapted }: Pick<Reply, 'source' | 'times' | 'adapted'>): void {
    this.#record?.answered(atMs, source, times, adapted);
  }

  /** A sound over the agent was judged. */
  bargedIn(voiceAtMs: number, outcome: BargeIn): void {
    // The first sound of a call may come before the agent's.
    const turn = this.#record?.index ?? 0;
    const exemplar = { callSid: this.#callSid, turn, trace: this.#trace.idsOf(turn) };
    this.#world.metrics.bargedIn(this.#world.clock.nowMs() - voiceAtMs, outcome, exemplar);
    this.#trace.bargedIn(turn, voiceAtMs, outcome);
  }

  heard(atMs: number): void {
    this.#record?.heard(atMs);
  }

  /** A speech is over, whole or cut. */
  spoken({ agentText, heardText, interrupted }: Spoken, sttProvider: string): void {
    const record = this.#record;
    const privacy = this.#privacy;
    privacy.agentSpoke(heardText !== '');
    if (record === undefined) return;
    record.spoken(privacy.ofExchange(agentText), privacy.ofExchange(heardText), interrupted);
    this.#tell(record);
    this.#correctThePast();
    if (this.#observed.has(record)) return;
    this.#observed.add(record);
    if (record.callerText !== '') this.#world.metrics.turnOver(record.outcome);
    const providers = { ...this.#world.providers, stt: sttProvider };
    record.observe(this.#world.metrics, this.#callSid, providers, this.#trace.idsOf(record.index));
    this.#trace.turnOver(record, providers);
  }

  /** Nothing more is said in this stream. What the caller said last and nobody has answered is a turn all the same. */
  over(turn: number, unansweredText: string): void {
    if (unansweredText !== '') this.#unanswered(turn, unansweredText);
    this.#correctThePast();
  }

  #unanswered(turn: number, callerText: string): void {
    this.#privacy.turnBegan(callerText);
    const text = this.#privacy.ofQuestion(callerText);
    this.#world.metrics.turnOver('unanswered');
    this.#trace.turnUnanswered(turn);
    this.#tell(new TurnRecord(turn, text, false, new Date(this.#world.clock.wallMs())));
  }

  /** What is stored of earlier turns is put right when a number becomes known that was said over several. */
  #correctThePast(): void {
    for (const row of this.#stored.putRight()) {
      this.#world.background.run(this.#world.writer.turnFinished(row));
      this.#transcribe(row.index, row.callerText, row.heardText);
    }
  }

  #tell(record: TurnRecord): void {
    const row = this.#stored.row(record.row(this.#callSid, this.#part));
    const stored = this.#trace.storing(row.index);
    const safe = this.#world.writer.turnFinished(row);
    const { index, callerText, agentText, heardText, interrupted, source, speculated } = row;
    const { intents } = record;
    this.#transcribe(index, callerText, heardText);
    const timings = { ...row.timings };
    const { adapted } = record;
    // What is told to be finished is so for good: it would outlive this process.
    this.#world.background.run(
      safe.then(() => {
        stored();
        this.#publish({
          type: 'turn.finished',
          turn: index,
          callerText,
          agentText,
          heardText,
          interrupted,
          source,
          speculated,
          intents,
          timings,
          ...(adapted.length === 0 ? {} : { adapted }),
        });
        this.#log.info(
          { turn: index, source, interrupted, speculated, intents, adapted, ...timings },
          'turn finished',
        );
      }),
    );
  }

  /** No turn takes less than a millisecond: behind its part, its number is none of another part's. */
  #transcribe(turn: number, callerText: string, heardText: string): void {
    this.#world.transcripts?.turnChanged(this.#callSid, this.#part + turn, { callerText, heardText });
  }
}
