// One call: joins the hops, tells the turn machine what happened, carries out what it answers, ends everything once.
import { errorText, failureOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { Timers } from '../base/timers.ts';
import { Playout } from '../playout/playout.ts';
import { takesLine, turnOfWords, unansweredText } from '../turn/floor.ts';
import { turnText } from '../turn/keyed.ts';
import { firstState, type Line, type TurnEffect, type TurnEvent, type TurnTimer } from '../turn/state.ts';
import { Border, INTERNAL_ERROR } from './border.ts';
import {
  reduceConnection,
  type CallClosed,
  type Connection,
  type ConnectionEvent,
  type Ending,
} from './connection.ts';
import { Conversation } from './conversation.ts';
import { DeadAir } from './deadAir.ts';
import { earsListener } from './earsNews.ts';
import { EndJudge, turnNews } from './endJudge.ts';
import { Exchanges } from './exchanges.ts';
import { heardAll, heardBefore } from './heardSoFar.ts';
import type { CallParts } from './callParts.ts';
import type { CallTrace } from './callTrace.ts';
import { CallRecording } from './callRecording.ts';
import type { CallEars, CallInfo, CallStream, LiveCall } from './port.ts';
import { playoutListener } from './playoutNews.ts';
import { publisher } from './publish.ts';
import { Replies } from './replies.ts';
import type { Reply } from './reply.ts';
import { Standing, type CallNow } from './standing.ts';
import { streamListener } from './streamNews.ts';
import { Told } from './told.ts';
import { Trouble } from './trouble.ts';
import { TurnMachine } from './turnMachine.ts';
import type { CallWorld } from './world.ts';

/** The agent's last words take no longer than this; then the call is ended over them. */
const LAST_WORDS_MS_MAX = 20_000;

export class Call implements LiveCall {
  readonly info: CallInfo;
  readonly conversation: Conversation;
  readonly standing: Standing;
  readonly recording: CallRecording;
  readonly #stream: CallStream;
  readonly #ears: CallEars;
  readonly #world: CallWorld;
  readonly #log: Logger;
  readonly #playout: Playout;
  readonly #onClosed: (call: Call, why: CallClosed) => void;
  readonly #startedAtMs: number;

  #connection: Connection = { kind: 'live' };
  readonly #turn: TurnMachine;
  readonly #timers: Timers<TurnTimer | 'longest' | 'lastWords'>;
  readonly #replies: Replies;
  /** How the call was to end by a reply that was then withheld. */
  #withheldEnding: Ending | undefined;
  readonly #deadAir: DeadAir;
  readonly #trouble: Trouble;
  readonly #endJudge: EndJudge;
  readonly #exchanges: Exchanges;
  readonly #told: Told;
  readonly #trace: CallTrace;

  /**
   * Nothing happens before `begin`. `onClosed` is called exactly once, when everything of the call is closed.
   */
  constructor(parts: CallParts, world: CallWorld, onClosed: (call: Call, why: CallClosed) => void) {
    const { info, stream, ears, trace } = parts;
    this.info = info;
    this.#stream = stream;
    this.#ears = ears;
    this.#world = world;
    this.#log = world.logger.child({ callSid: info.callSid, streamSid: stream.streamSid });
    this.#onClosed = onClosed;
    this.#startedAtMs = world.clock.nowMs();
    this.#timers = new Timers(world.clock);
    const publish = publisher(world, info.callSid, () => this.standing.changed());
    this.standing = new Standing(world, info, () => this.#now());
    this.#endJudge = new EndJudge(world, (event) => this.#happened(event));
    this.conversation = parts.conversation ?? new Conversation(info, world, parts.snapshot, parts.resumed);
    this.#trace = trace;
    this.conversation.traceparent ??= trace.span.traceparent;
    this.#exchanges = new Exchanges(info.callSid, world, this.#log, publish, this.conversation, this.#trace);
    this.#told = new Told(publish, this.conversation.privacy);
    this.conversation.attach({
      toolNews: (news) => this.#told.toolNews(this.conversation.turn, news),
      ending: (ending) => this.#connectionChanged({ kind: 'endingWanted', ending, speaking: true }),
      failed: (what, error) =>
        this.#log.warn({ stage: what, ...failureOf(error) }, 'a provider failed the reply'),
    });
    this.#replies = new Replies(this.conversation, world.metrics, this.#trace);
    // What is said after a lost stream is an exchange of its own: the one before it is stored.
    if (this.conversation.parts > 0) this.conversation.turn += 1;
    this.#turn = new TurnMachine(firstState(this.conversation.turn), world.turnSettings, (effect) =>
      this.#carryOut(effect),
    );
    this.conversation.parts += 1;
    this.recording = new CallRecording(world, info.callSid, this.conversation);
    const listener = playoutListener({
      replies: this.#replies,
      conversation: this.conversation,
      exchanges: this.#exchanges,
      told: this.#told,
      recording: this.recording,
      metrics: world.metrics,
      nowMs: () => world.clock.nowMs(),
      turn: () => this.#turn.state.turn,
      heardText: () => this.#playout.heard()?.text,
      onStarted: (replyId) => this.#happened({ kind: 'replyStarted', replyId }),
      onPlayed: (replyId) => this.#onPlayed(replyId),
    });
    this.#playout = new Playout(stream, listener, world.wheel, world.clock);
    this.#trouble = new Trouble(world.agent.limits, this, () => this.#lineThenEnd());
    this.#deadAir = new DeadAir(world, this.#playout, (reply) => this.#trouble.hopeless(reply));
  }

  /** A bug: the call is closed, as far as that is still possible. */
  broke(error: unknown): void {
    const failure = error instanceof Error ? (error.stack ?? error.message) : errorText(error);
    this.#log.error({ failure }, 'a bug: the call is closed');
    this.#turn.dropNews();
    this.#connectionChanged({ kind: 'broke' });
  }

  hangUp(): void {
    this.#end({ kind: 'hangup', outcome: 'completed', forced: true });
  }

  transfer(to: string): void {
    this.#end({ kind: 'dial', to, forced: true });
  }

  say(text: string): boolean {
    const taken = takesLine(this.#turn.state);
    if (taken) this.#happened({ kind: 'lineWanted', line: { kind: 'text', text } });
    return taken;
  }

  /** Who answered an outgoing call. A machine gets the agent's voicemail message, if it has one, and is hung up on. */
  noteAnsweredBy(answeredBy: string): void {
    if (!answeredBy.startsWith('machine') && answeredBy !== 'fax') return;
    const message = answeredBy === 'fax' ? undefined : this.#world.agent.voicemail?.say;
    const replyId = this.#playout.speech?.id;
    if (message !== undefined) this.#happened({ kind: 'lineWanted', line: { kind: 'voicemail' } });
    if (replyId !== undefined) {
      this.#interrupt(replyId);
      this.#happened({ kind: 'replyPlayed', replyId, atMs: this.#world.clock.nowMs() });
    }
    this.#end({ kind: 'hangup', outcome: 'voicemail', forced: true }, message !== undefined);
  }

  /** The carrier has opened another stream for this call: this one is as good as lost. */
  streamReplaced(): void {
    this.#connectionChanged({ kind: 'streamEnded', stopped: false });
  }

  /** The conversation starts. Once. */
  begin(): void {
    const again = this.conversation.parts > 1;
    if (!again) this.#exchanges.callStarted(this.info);
    this.#log.info({ direction: this.info.direction, again }, 'call started');
    this.#stream.listen(
      streamListener(this.#world.metrics, this.#log, {
        onMedia: (mulaw, timestampMs) => this.#onMedia(mulaw, timestampMs),
        onMark: (name) => this.#playout.echoed(name),
        onDtmf: (key) => this.#happened({ kind: 'keyPressed', atMs: this.#world.clock.nowMs(), key }),
        onEnded: (stopped) => this.#connectionChanged({ kind: 'streamEnded', stopped }),
      }),
    );
    if (this.#connection.kind === 'closed') return;
    this.#ears.attach(
      earsListener(this.#world.metrics, this.#log, {
        onVoice: (event) => this.#happened({ ...event, atMs: this.#world.clock.nowMs() }),
        onWords: (utterance, text, final) => this.#onWords(utterance, text, final),
        ...turnNews(this.#world, (event) => this.#happened(event)),
      }),
    );
    const { callMinutesMax } = this.#world.agent.limits;
    this.#timers.start('longest', callMinutesMax * 60_000, () => this.#lineThenEnd());
    this.#happened({ kind: 'opened', line: this.conversation.opening(again) });
  }

  // --- what happens ---

  /** Per inbound frame: a copy for the detector, one for the provider, one for the recording. */
  #onMedia(mulaw: Uint8Array, timestampMs: number): void {
    const nowMs = this.#world.clock.nowMs();
    this.#ears.push(mulaw, nowMs);
    this.#endJudge.push(mulaw);
    this.recording.caller(nowMs, timestampMs, mulaw);
  }

  #onWords(utterance: number, text: string, final: boolean): void {
    if (final) this.#exchanges.finalWords(utterance);
    this.#told.callerWords(turnOfWords(this.#turn.state, utterance), text, final);
    this.#happened({ kind: 'words', atMs: this.#world.clock.nowMs(), utterance, text, final });
  }

  #onPlayed(replyId: number): void {
    const reply = this.#replies.get(replyId);
    if (reply !== undefined) {
      this.#happened(heardAll(reply.speech));
      this.#spoken(reply, reply.speech.audibleText, false);
    }
    this.#happened({ kind: 'replyPlayed', replyId, atMs: this.#world.clock.nowMs() });
    if (this.#turn.state.phase.kind !== 'thinking') this.#connectionChanged({ kind: 'speechOver' });
    if (reply !== undefined) this.#trouble.heard(reply.source);
  }

  #now(): CallNow {
    const [playout, replies, connection] = [this.#playout, this.#replies, this.#connection];
    return { conversation: this.conversation, playout, replies, turn: this.#turn.state, connection };
  }

  // --- the turn machine ---

  #happened(event: TurnEvent): void {
    const heard = heardBefore(event, this.#playout, this.#replies, this.#world.agent);
    if (heard !== undefined) this.#turn.tell(heard);
    this.recording.saw(event);
    this.#turn.tell(event);
    this.conversation.adaptive.saw(event);
    this.#endJudge.saw(event, this.#turn.state.phase);
  }

  #carryOut(effect: TurnEffect): void {
    switch (effect.kind) {
      case 'commit': {
        const utterance = this.#ears.commit();
        this.#exchanges.committed(utterance);
        return this.#happened({ kind: 'committed', utterance });
      }
      case 'prepare':
        this.#replies.prepare(effect.replyId, effect.turn, effect.callerText, effect.cutIn);
        return this.#told.turnPrepared(effect.turn, effect.callerText);
      case 'release':
        return this.#release(effect);
      case 'withhold':
        return this.#withhold(effect.replyId);
      case 'discard':
        this.#withheldEnding = undefined;
        return this.#replies.discard(effect.replyId);
      case 'sayLine':
        return this.#sayLine(effect.replyId, effect.turn, effect.line);
      case 'hold':
        return this.#playout.hold();
      case 'resume':
        return this.#playout.resume();
      case 'interrupt':
        return this.#interrupt(effect.replyId);
      case 'bargeIn':
        return this.#exchanges.bargedIn(effect.voiceAtMs, effect.outcome);
      case 'keyed':
        return this.#told.callerWords(effect.turn, effect.text, effect.final);
      case 'keyDropped':
        return this.#world.metrics.dropped('keys', 1);
      case 'startTimer':
        return this.#timers.start(effect.timer, effect.delayMs, () =>
          this.#happened({ kind: 'timerRang', timer: effect.timer, atMs: this.#world.clock.nowMs() }),
        );
      case 'stopTimer':
        return this.#timers.stop(effect.timer);
      case 'replaceEars':
        return this.#ears.replace();
      case 'textDropped':
        return this.#world.metrics.dropped('caller_text', effect.chars);
      case 'giveUp':
        return this.#lineThenEnd();
      default:
        return effect satisfies never;
    }
  }

  #release(effect: TurnEffect & { kind: 'release' }): void {
    const reply = this.#replies.release(effect.replyId, effect.speculated, this.#world.clock.nowMs());
    if (reply === undefined) return;
    const ending = this.#withheldEnding;
    this.#withheldEnding = undefined;
    if (ending !== undefined) this.#connectionChanged({ kind: 'endingWanted', ending, speaking: true });
    this.#exchanges.began(effect, reply.intents);
    this.conversation.turn = effect.turn;
    this.#told.turnStarted(effect.turn, effect.callerText);
    this.#deadAir.watch(reply, effect.silenceAtMs);
    this.#playout.play(reply.speech);
  }

  /** The caller goes on before a word of it was heard: nothing is sure any more, the call's end neither. */
  #withhold(replyId: number): void {
    this.#deadAir.stop();
    this.#playout.clear();
    this.recording.agentCut();
    if (this.#connection.kind === 'closed') return;
    this.#exchanges.takenBack();
    this.#replies.withhold(replyId);
    const before = this.#connection;
    this.#connectionChanged({ kind: 'interrupted' });
    if (before.kind === 'ending' && this.#connection.kind === 'live') this.#withheldEnding = before.ending;
  }

  #sayLine(replyId: number, turn: number, line: Line): void {
    const reply = this.#replies.line(replyId, turn, line);
    this.conversation.turn = Math.max(this.conversation.turn, turn);
    this.#exchanges.spokeUp(turn);
    this.#deadAir.watch(reply, this.#world.clock.nowMs());
    this.#playout.play(reply.speech);
  }

  #interrupt(replyId: number): void {
    const reply = this.#replies.get(replyId);
    const heard = this.#playout.clear();
    this.recording.agentCut();
    // A carrier that does not read is noticed by writing to it, and then the call is closed by now.
    if (reply === undefined || this.#connection.kind === 'closed') return;
    reply.cancel();
    this.#connectionChanged({ kind: 'interrupted' });
    const [heardText, cut] = [heard?.text ?? '', heard?.whole !== true];
    const { turn, said, keyed } = this.#turn.state;
    if (cut) this.#told.agentInterrupted(turn, heardText, turnText(said, keyed));
    this.#spoken(reply, heardText, cut);
  }

  /** A speech is over, whole or cut: history, store, metrics and watchers get what was heard. */
  #spoken(reply: Reply, heardText: string, interrupted: boolean): void {
    this.#deadAir.stop();
    this.#replies.over(reply);
    const lost = interrupted && this.#connection.kind === 'closed';
    this.conversation.spoken(reply, lost ? reply.heardOfAnswer(heardText) : heardText, interrupted);
    this.#exchanges.spoken({ agentText: reply.speech.text, heardText, interrupted }, this.#ears.provider);
  }

  // --- the end ---

  #lineThenEnd(): void {
    this.#happened({ kind: 'lineWanted', line: { kind: 'goodbye' } });
    this.#end({ kind: 'hangup', outcome: 'completed', forced: true }, true);
  }

  #end(ending: Ending, speaking = this.#playout.speech !== undefined): void {
    this.#connectionChanged({ kind: 'endingWanted', ending, speaking });
  }

  #connectionChanged(event: ConnectionEvent): void {
    const before = this.#connection;
    this.#connection = reduceConnection(before, event);
    if (this.#connection === before) return;
    this.standing.changed();
    if (this.#connection.kind === 'closed') this.#close(this.#connection.why);
    else if (this.#connection.kind === 'ending') {
      if (before.kind === 'ending') return;
      this.#timers.start('lastWords', LAST_WORDS_MS_MAX, () =>
        this.#connectionChanged({ kind: 'endingTimedOut' }),
      );
    } else this.#timers.stop('lastWords');
  }

  /** Reached once: the connection never leaves `closed`. A bug may be why: what fails keeps nothing else open. */
  #close(why: CallClosed): void {
    const durationMs = Math.round(this.#world.clock.nowMs() - this.#startedAtMs);
    const steps = [
      () => this.#lastNews(),
      () => this.#happened({ kind: 'callEnded' }),
      () => this.#timers.stopAll(),
      () => this.#deadAir.stop(),
      () => this.#endJudge.close(),
      () => this.#replies.close(),
      () => this.#playout.close(),
      () => this.#ears.close(),
      () => (why === 'broke' ? this.#stream.close(INTERNAL_ERROR, 'internal error') : this.#stream.close()),
      () => this.#world.metrics.marksLost(this.#playout.lostMarks),
      () => this.recording.close(),
      () => this.#told.close(),
      () => this.#trace.close(typeof why === 'string' ? why : why.kind),
    ];
    const border = new Border((error) => this.#log.error({ failure: errorText(error) }, 'a bug at the end'));
    for (const step of steps) border.within(step);
    this.#log.info({ why: typeof why === 'string' ? why : why.kind, durationMs }, 'call closed');
    this.#onClosed(this, why);
  }

  /** What was being said counts as far as it was heard; what nobody has answered is a turn all the same. */
  #lastNews(): void {
    const cut = this.#playout.clear();
    this.#replies.cancelAll();
    const cutReply = cut === undefined ? undefined : this.#replies.get(cut.speechId);
    if (cutReply !== undefined) this.#spoken(cutReply, cut?.text ?? '', cut?.whole !== true);
    const callerText = unansweredText(this.#turn.state);
    if (callerText !== '') this.conversation.turn = this.#turn.state.turn + 1;
    this.#exchanges.over(this.conversation.turn, callerText);
    this.conversation.unanswered(callerText);
  }
}
