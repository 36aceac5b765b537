// The calls of this process: opened by the server, found by it, and taken up again when a stream is lost.
import { sleep, type Timer } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import { conversationOf, durationOf, snapshotOf, type Before } from './before.ts';
import { afterOf, Afterwards } from './afterwards.ts';
import { Border } from './border.ts';
import type { Span } from '../base/span.ts';
import { Call } from './call.ts';
import { FLUSH_MS, tellEnded, tellOthers, tellResumed, type ResumedHow } from './callNews.ts';
import { beginCallSpan, CallTrace } from './callTrace.ts';
import { endingOf, hangupOf, outcomeOf, outcomeOfStatus, type CallClosed } from './connection.ts';
import { Ears } from './ears.ts';
import { Leaving } from './leaving.ts';
import type { AfterStream, CallInfo, CallStream, LiveCall, LiveCalls } from './port.ts';
import { RingingCalls } from './ringing.ts';
import { parseSnapshot } from './snapshot.ts';
import type { CallOutcome } from '../store/port.ts';
import { RunningTapes } from './taping.ts';
import type { CallWorld } from './world.ts';

/** How long a lost stream may take to come back before the call counts as over. */
const LOST_MS_MAX = 30_000;
/** An instance that has the stream has heard of its end, and written that down, within this. */
const HUNG_UP_MS = 2_000;
/** How often it is looked for a moment to leave a call. */
const LOOK_MS = 50;

interface Lost {
  readonly info: CallInfo;
  readonly before: Before;
  readonly how: ResumedHow;
  readonly recording: string | undefined;
  readonly timer: Timer;
}

interface Live {
  readonly call: Call;
  readonly border: Border;
}

export class Calls implements LiveCalls {
  readonly #world: CallWorld;
  readonly #ringing: RingingCalls;
  readonly #live = new Map<string, Live>();
  readonly #lost = new Map<string, Lost>();
  /** Left to other instances: never ended by this one. As many as were live, and the process ends with them. */
  readonly #letGo = new Map<string, Omit<Lost, 'timer'>>();
  readonly #afterwards: Afterwards;
  readonly #whenIdle = new Set<() => void>();
  readonly #tapes: RunningTapes;
  /** The call that is being closed here because another instance has it. */
  #takenAway: string | undefined;
  /** Every call is left to another instance, those whose streams are lost from now on as well. */
  #handingOver = false;
  #lookAgain: Timer | undefined;

  constructor(world: CallWorld) {
    this.#world = world;
    this.#tapes = new RunningTapes(world);
    this.#afterwards = new Afterwards(world.clock);
    this.#ringing = new RingingCalls(world.clock, (callSid) => {
      if (!this.#live.has(callSid) && this.#known(callSid) === undefined) this.#tapes.end(callSid);
      this.#tellIfIdle();
    });
    world.checkpoints?.watchLost((callSid) => this.takenElsewhere(callSid));
  }

  get activeCount(): number {
    return this.#live.size;
  }

  /** Opens the ears, so that their connection is there when the caller is, and has the rest made ready. */
  prepare(info: CallInfo): void {
    if (this.#ringing.has(info.callSid) || this.#live.has(info.callSid)) return;
    const { whileRinging, background } = this.#world;
    const span = this.#beginSpan(info);
    const world = this.#tapes.of(info)?.world;
    const ring = (): void => {
      const ears = whileRinging === 'nothing' ? undefined : this.#openEars(span, world);
      this.#ringing.add(info.callSid, { ears, span });
    };
    this.#tapes.happens(info.callSid, { kind: 'rang', ears: whileRinging !== 'nothing' }, ring);
    if (typeof whileRinging === 'function') background.run(whileRinging(info));
  }

  open(info: CallInfo, stream: CallStream, resumed = false): void {
    const { callSid } = info;
    const before = this.#known(callSid)?.before;
    const begun = this.#live.has(callSid) || conversationOf(before) !== undefined;
    const snapshot = snapshotOf(before);
    const world = this.#tapes.of(info, begun)?.world ?? this.#world;
    const answeredBy = this.#ringing.answeredBy(callSid);
    this.#tapes.happens(callSid, { kind: 'opened', stream, snapshot }, () =>
      this.#open(info, stream, world, resumed),
    );
    if (answeredBy !== undefined) this.#noteAnsweredBy(callSid, answeredBy);
  }

  #open(info: CallInfo, stream: CallStream, world: CallWorld, resumed: boolean): void {
    const { callSid } = info;
    // The carrier has opened a second stream before we saw the first one's end.
    const replaced = this.#live.get(callSid);
    replaced?.border.within(() => replaced.call.streamReplaced());
    const known = this.#known(callSid);
    // It was saying its last words: it has ended as we wanted, and what comes next is told when the carrier asks.
    if (replaced !== undefined && known === undefined) {
      this.#ringing.giveUp(callSid);
      stream.close();
      return;
    }
    const ringing = this.#ringing.take(callSid);
    const span = ringing?.span ?? this.#beginSpan(info);
    this.#lost.get(callSid)?.timer.cancel();
    this.#lost.delete(callSid);
    this.#letGo.delete(callSid);
    if (known !== undefined) tellResumed(this.#world, callSid, known.how);
    const ears = ringing?.ears ?? this.#openEars(span, world);
    const border = new Border((error) => call.broke(error));
    const parts = {
      info: known?.info ?? info,
      stream: border.stream(stream),
      ears: border.ears(ears),
      trace: new CallTrace(span, () => this.#world.clock.nowMs()),
      resumed: resumed || known !== undefined,
      ...known?.before,
    };
    const call = new Call(parts, border.world(world), (closed, why) => this.#onClosed(closed, why));
    this.#live.set(callSid, { call, border });
    border.within(() => call.begin());
  }

  find(callSid: string): LiveCall | undefined {
    const live = this.#live.get(callSid);
    return live === undefined ? undefined : this.#tapes.live(live.border.live(live.call));
  }

  isUnderWay(callSid: string): boolean {
    return this.#live.has(callSid) || this.#ringing.has(callSid) || this.#lost.has(callSid);
  }

  afterStream(callSid: string): AfterStream {
    if (this.#afterwards.asked(callSid)) this.#tellIfIdle();
    const after = this.#afterwards.get(callSid);
    if (after !== undefined) return after;
    const letGo = this.#letGo.get(callSid);
    if (letGo !== undefined) return { kind: 'elsewhere', info: letGo.info };
    const open = this.#live.get(callSid)?.call.info ?? this.#lost.get(callSid)?.info;
    return open === undefined ? { kind: 'unknown' } : { kind: 'connect', info: open };
  }

  async takeUp(asked: CallInfo): Promise<AfterStream> {
    const { callSid } = asked;
    const taken = await this.#world.checkpoints?.takeUp(callSid);
    if (taken === undefined || taken.kind === 'unknown') return { kind: 'unknown' };
    const snapshot = parseSnapshot(taken.snapshot);
    if (taken.kind === 'ended') return afterOf(snapshot?.ending);
    // The carrier did not wait for the answer.
    if (snapshot === undefined || this.#live.has(callSid)) return { kind: 'connect', info: asked };
    const { info, ending } = snapshot;
    if (ending !== undefined) {
      this.#afterwards.remember(callSid, afterOf(ending));
      tellEnded(this.#world, info, outcomeOf(ending), undefined, durationOf({ snapshot }, this.#world.clock));
      tellOthers(this.#world, snapshot, true);
      return afterOf(ending);
    }
    this.#lose({
      info,
      before: { snapshot },
      how: snapshot.handedOver ? 'handover' : 'crash',
      recording: undefined,
    });
    return { kind: 'connect', info };
  }

  answeredBy(callSid: string, answeredBy: string): boolean {
    const isLive = this.#live.has(callSid);
    if (isLive) this.#noteAnsweredBy(callSid, answeredBy);
    return isLive || this.#ringing.noteAnsweredBy(callSid, answeredBy);
  }

  #noteAnsweredBy(callSid: string, answeredBy: string): void {
    this.#tapes.happens(callSid, { kind: 'answeredBy', answeredBy }, () => {
      const live = this.#live.get(callSid);
      live?.border.within(() => live.call.noteAnsweredBy(answeredBy));
    });
  }

  hungUp(asked: CallInfo): void {
    const { callSid } = asked;
    const { kind } = this.afterStream(callSid);
    if (this.#known(callSid) !== undefined) this.#endGone(callSid);
    // One that was taken from us may be nobody's by now.
    else if (kind === 'unknown' || kind === 'elsewhere') this.#world.background.run(this.#endStored(asked));
  }

  /** A call that another instance had, unless that one ends it. */
  async #endStored(asked: CallInfo): Promise<void> {
    const { clock, logger } = this.#world;
    const { callSid } = asked;
    await sleep(clock, HUNG_UP_MS);
    try {
      await this.takeUp(asked);
    } catch (error) {
      logger.warn({ callSid, failure: errorText(error) }, 'nobody could be asked whether a call has ended');
    }
    this.#endGone(callSid);
  }

  /** Its caller has hung up when it had no stream. */
  #endGone(callSid: string): void {
    if (this.#known(callSid) === undefined) return;
    this.#ringing.giveUp(callSid);
    this.#giveUp(callSid, 'completed');
    this.#afterwards.asked(callSid);
    this.#afterwards.remember(callSid, { kind: 'hangup' });
    this.#tellIfIdle();
  }

  neverStarted(info: CallInfo, status: string): void {
    this.#ringing.giveUp(info.callSid);
    // It had been connected: its stream was lost, and the caller left before there was another.
    if (this.#lost.has(info.callSid)) return this.#giveUp(info.callSid);
    const at = new Date(this.#world.clock.wallMs());
    const { callSid, direction, from, to, leadId } = info;
    this.#world.writer.callStarted({
      callSid,
      direction,
      agent: this.#world.agent.name,
      from,
      to,
      leadId,
      startedAt: at,
    });
    tellEnded(this.#world, info, outcomeOfStatus(status), undefined, 0);
  }

  /**
   * Leaves every call to another instance: closes its stream at a good moment, so that the carrier asks who goes on with it.
   * Resolves when there is none left and the carrier has asked about all, or had its time to.
   */
  async handOver(): Promise<void> {
    const { clock, checkpoints } = this.#world;
    const leaving = new Leaving(clock);
    this.#handingOver = true;
    for (const lost of this.#lost.values()) this.#lose(lost);
    // Also one that comes back, to be left again, and one that is announced here because nobody else takes it.
    while (!this.#isIdle) {
      if (leaving.isLate) this.#ringing.giveUpAll();
      const due = [...this.#live].filter(([callSid, { call }]) => leaving.isDue(callSid, call.standing.lull));
      // What the next instance has to know is there before the carrier asks it.
      if (due.length > 0) await checkpoints?.flush(FLUSH_MS);
      for (const [callSid, { call, border }] of due) {
        if (this.#live.get(callSid)?.call !== call || !leaving.isDue(callSid, call.standing.lull)) continue;
        border.within(() => call.streamReplaced());
      }
      await sleep(clock, LOOK_MS);
    }
    this.#tellIfIdle();
  }

  /** Hangs every call up. For the end of the process: an orderly one waits for `idle` first. */
  hangUpAll(): void {
    for (const { call, border } of this.#live.values()) this.#tapes.live(border.live(call)).hangUp();
    this.#ringing.giveUpAll();
    for (const callSid of this.#lost.keys()) this.#giveUp(callSid);
  }

  /**
   * Resolves when no call is live, rings or is being connected again, and the carrier knows what comes after
   * those that we ended: without an answer it would tell their callers of an error.
   */
  async idle(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#whenIdle.add(resolve);
      this.#tellIfIdle();
    });
  }

  get #underWay(): number {
    return this.#live.size + this.#ringing.size + this.#lost.size;
  }

  get #isIdle(): boolean {
    return this.#underWay === 0 && this.#afterwards.unaskedMs === 0;
  }

  #tellIfIdle(): void {
    if (this.#whenIdle.size === 0 || this.#underWay > 0) return;
    this.#lookAgain?.cancel();
    this.#lookAgain = undefined;
    const { unaskedMs } = this.#afterwards;
    if (unaskedMs > 0) {
      this.#lookAgain = this.#world.clock.after(unaskedMs, () => this.#tellIfIdle());
      return;
    }
    for (const resolve of this.#whenIdle) resolve();
    this.#whenIdle.clear();
  }

  #known(callSid: string): Omit<Lost, 'timer'> | undefined {
    return this.#lost.get(callSid) ?? this.#letGo.get(callSid);
  }

  /** Of a call that was here or elsewhere before it goes on with that one's trace. */
  #beginSpan(info: CallInfo): Span {
    const before = this.#known(info.callSid)?.before;
    const came = conversationOf(before) ?? snapshotOf(before);
    return beginCallSpan(this.#world, info, came?.traceparent);
  }

  #openEars(span: Span, world: CallWorld = this.#world): Ears {
    const { agent, detector, ears, earBreakers, clock } = world;
    const keywords = agent.providers.stt[0]?.keywords ?? [];
    const options = { language: agent.language, keywords };
    return new Ears({ detector, providers: ears, breakers: earBreakers, options, clock, span });
  }

  #onClosed(call: Call, why: CallClosed): void {
    const { callSid } = call.info;
    this.#live.delete(callSid);
    // What becomes of it, whoever has it says: a word of ours would take it back.
    if (this.#takenAway === callSid) return;
    if (why !== 'stream_lost' || this.#handingOver) this.#tapes.end(callSid);
    const { streamMs } = call.standing;
    if (why === 'stream_lost') {
      tellOthers(this.#world, call.standing.snapshot(this.#handingOver), false, streamMs);
      const { info, conversation, recording } = call;
      this.#lose({ info, before: { conversation }, how: 'stream', recording: recording.path });
    } else {
      tellOthers(this.#world, { ...call.standing.snapshot(), ending: endingOf(why) }, true, streamMs);
      this.#afterwards.remember(callSid, afterOf(typeof why === 'object' ? why : undefined));
      tellEnded(this.#world, call.info, outcomeOf(why), call.recording.path, call.conversation.durationMs);
    }
    if (typeof why === 'object' || why === 'broke') this.#afterwards.awaitQuestion(callSid);
    this.#tellIfIdle();
  }

  /** Its stream is lost, and the carrier is about to ask who goes on with it. */
  #lose({ info, before, how, recording }: Omit<Lost, 'timer'>): void {
    const { callSid } = info;
    this.#lost.get(callSid)?.timer.cancel();
    this.#lost.delete(callSid);
    if (this.#handingOver) {
      this.#letGo.set(callSid, { info, before, how: how === 'stream' ? 'handover' : how, recording });
      this.#afterwards.awaitQuestion(callSid);
      return;
    }
    const timer = this.#world.clock.after(LOST_MS_MAX, () => this.#giveUp(callSid));
    this.#lost.set(callSid, { info, before, how, recording, timer });
  }

  /** Another instance goes on with it: this one lets it go without a word, and sends the carrier there. */
  takenElsewhere(callSid: string): void {
    this.#ringing.giveUp(callSid);
    const live = this.#live.get(callSid);
    const info = live?.call.info ?? this.#lost.get(callSid)?.info;
    if (info === undefined) return;
    this.#tapes.end(callSid);
    this.#lost.get(callSid)?.timer.cancel();
    this.#lost.delete(callSid);
    this.#world.logger.warn({ callSid }, 'another instance goes on with the call');
    this.#takenAway = callSid;
    live?.border.within(() => live.call.streamReplaced());
    this.#takenAway = undefined;
    this.#afterwards.remember(callSid, { kind: 'elsewhere', info });
    this.#tellIfIdle();
  }

  /** There is no other stream of it. */
  #giveUp(callSid: string, outcome: CallOutcome = 'abandoned'): void {
    const lost = this.#known(callSid);
    if (lost === undefined) return;
    this.#lost.get(callSid)?.timer.cancel();
    this.#lost.delete(callSid);
    this.#letGo.delete(callSid);
    this.#tapes.end(callSid);
    const { checkpoints, background, clock } = this.#world;
    const end = (): void => {
      tellEnded(this.#world, lost.info, outcome, lost.recording, durationOf(lost.before, clock));
      const snapshot = snapshotOf(lost.before);
      // Whoever is asked about it later finds that it is over.
      if (snapshot !== undefined) tellOthers(this.#world, { ...snapshot, ending: hangupOf(outcome) }, true);
    };
    if (checkpoints === undefined) end();
    // The carrier may have asked another instance, which has told nobody.
    else background.run(checkpoints.isTaken(callSid).then((taken) => (taken ? undefined : end())));
    this.#tellIfIdle();
  }
}
