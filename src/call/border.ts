// The border of one call: a bug behind it ends that call, and neither its neighbours nor the process. Whatever
// calls into a call from outside passes here.
import type { Clock } from '../base/clock.ts';
import type { Ticked } from '../playout/wheel.ts';
import type { MediaStreamListener } from '../twilio/mediaStream.ts';
import type { EarsListener } from './ears.ts';
import type { CallEars, CallStream, LiveCall } from './port.ts';
import type { CallWorld } from './world.ts';

/** The WebSocket's code for a server that ran into a condition it did not expect. */
export const INTERNAL_ERROR = 1011;

/** Told of what was thrown; must not throw. */
export type OnBug = (error: unknown) => void;

export class Border {
  readonly #onBug: OnBug;

  constructor(onBug: OnBug) {
    this.#onBug = onBug;
  }

  /** Does it; what it throws goes no further than here. */
  within(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#onBug(error);
    }
  }

  /** The stream, so that what it tells passes the border. */
  stream(stream: CallStream): CallStream {
    return {
      streamSid: stream.streamSid,
      listen: (listener) => stream.listen(this.#streamListener(listener)),
      sendMedia: (mulaw) => stream.sendMedia(mulaw),
      sendMark: (name) => stream.sendMark(name),
      sendClear: () => stream.sendClear(),
      close: (code, reason) => stream.close(code, reason),
    };
  }

  ears(ears: CallEars): CallEars {
    return {
      get provider() {
        return ears.provider;
      },
      attach: (listener) => ears.attach(this.#earsListener(listener)),
      push: (mulaw, atMs) => ears.push(mulaw, atMs),
      commit: () => ears.commit(),
      replace: () => ears.replace(),
      close: () => ears.close(),
    };
  }

  /** The world, whose timers and ticks pass the border. */
  world(world: CallWorld): CallWorld {
    const clock: Clock = {
      nowMs: () => world.clock.nowMs(),
      wallMs: () => world.clock.wallMs(),
      after: (delayMs, callback) => world.clock.after(delayMs, () => this.within(callback)),
    };
    const guarded = new Map<Ticked, Ticked>();
    const wheel: CallWorld['wheel'] = {
      add: (ticked) => {
        const known = guarded.get(ticked);
        const within = known ?? ((nowMs: number): void => this.within(() => ticked(nowMs)));
        guarded.set(ticked, within);
        world.wheel.add(within);
      },
      remove: (ticked) => {
        const within = guarded.get(ticked);
        if (within !== undefined) world.wheel.remove(within);
      },
    };
    return { ...world, clock, wheel };
  }

  /** For whoever acts on the call from outside. */
  live(call: LiveCall): LiveCall {
    return {
      info: call.info,
      hangUp: () => this.within(() => call.hangUp()),
      transfer: (to) => this.within(() => call.transfer(to)),
      say: (text) => {
        let taken = false;
        this.within(() => {
          taken = call.say(text);
        });
        return taken;
      },
    };
  }

  #streamListener(listener: MediaStreamListener): MediaStreamListener {
    return {
      onMedia: (mulaw, timestampMs) => this.within(() => listener.onMedia(mulaw, timestampMs)),
      onMark: (name) => this.within(() => listener.onMark(name)),
      onDtmf: (digit) => this.within(() => listener.onDtmf(digit)),
      onEnded: (reason) => this.within(() => listener.onEnded(reason)),
      onRefused: (failure) => this.within(() => listener.onRefused(failure)),
    };
  }

  #earsListener(listener: EarsListener): EarsListener {
    return {
      onVoice: (event) => this.within(() => listener.onVoice(event)),
      onWords: (utterance, text, final) => this.within(() => listener.onWords(utterance, text, final)),
      onHearing: (hears) => this.within(() => listener.onHearing(hears)),
      onJudge: (judgesTurns) => this.within(() => listener.onJudge(judgesTurns)),
      onTurnJudged: (utterance, judgement) => this.within(() => listener.onTurnJudged(utterance, judgement)),
      onFailed: (error) => this.within(() => listener.onFailed(error)),
      onReplaced: (provider, replayedBytes) =>
        this.within(() => listener.onReplaced(provider, replayedBytes)),
      onDropped: (audioBytes) => this.within(() => listener.onDropped(audioBytes)),
    };
  }
}
