// The world as a taped call sees it. It is the same when the call is held and when it is told again: what differs is
// what is outside. Whatever the call waits for has a number, by which news of it find the way.
import type { Clock } from '../base/clock.ts';
import type { CallWorld } from '../call/world.ts';
import type { LanguageModel, LlmEvent } from '../llm/port.ts';
import type { Ticked } from '../playout/wheel.ts';
import type { SpeechToText, SttEvent } from '../stt/port.ts';
import type { SpeechChunk, TextToSpeech } from '../tts/port.ts';
import type { TurnRow } from '../store/port.ts';
import type { EndVerdict, TurnModel } from '../vad/turnModelPort.ts';
import type { VadEvent, VoiceDetector } from '../vad/port.ts';
import { Feed, withResolvers } from './feed.ts';
import type { Outside, WhichModel } from './outside.ts';
import { fetchKey, fingerprint, type FetchedAnswer, type Happening } from './records.ts';

/** Statuses that an answer with a body can't have. */
const BODILESS = new Set([101, 204, 205, 304]);

interface Fetching {
  readonly resolve: (answer: FetchedAnswer) => void;
  readonly reject: (error: unknown) => void;
}

export class Inside {
  readonly world: CallWorld;
  readonly #outside: Outside;
  readonly #timers = new Map<number, () => void>();
  readonly #ticked = new Set<Ticked>();
  readonly #voices = new Map<number, (event: VadEvent) => void>();
  readonly #sessions = new Map<number, (event: SttEvent) => void>();
  readonly #answers = new Map<number, Feed<LlmEvent>>();
  readonly #speeches = new Map<number, Feed<SpeechChunk>>();
  readonly #fetches = new Map<number, Fetching>();
  readonly #judges = new Map<number, (verdict: EndVerdict) => void>();
  readonly #waits = new Map<number, () => void>();
  /** Of what is waited for, each kind by itself. */
  readonly #counts = new Map<object, number>();

  /** What `world` has that is not taped is passed on: what is kept of a call, and told of it. */
  constructor(world: CallWorld, outside: Outside) {
    this.#outside = outside;
    this.world = {
      ...world,
      clock: this.#clock(),
      wheel: this.#wheel(),
      detector: this.#detector(world.detector),
      ears: world.ears.map((ears, place) => this.#ears(ears, place)),
      ...(world.earBreakers === undefined ? {} : { earBreakers: this.#breakers(world.earBreakers.length) }),
      ...(world.turnModel === undefined ? {} : { turnModel: this.#turnModel() }),
      model: this.#model(world.model, 'usual'),
      voice: this.#voice(world.voice),
      responses: world.responses === undefined ? undefined : this.#responses(),
      ...(world.adaptive === undefined ? {} : { adaptive: this.#adaptive(world.adaptive) }),
      ...(world.beforeAnswer === undefined ? {} : { beforeAnswer: () => this.#beforeAnswer() }),
      fetch: (url, init) => this.#fetch(String(url), init ?? {}),
      events: this.#events(world.events),
      writer: this.#writer(world.writer),
    };
  }

  /** Whether somebody still waits for it. */
  wants(happening: Happening): boolean {
    const [kind, number] = happening;
    switch (kind) {
      case 'timer':
        return this.#timers.has(number);
      case 'tick':
        return this.#ticked.size > 0;
      case 'voice':
        return this.#voices.has(number);
      case 'heard':
        return this.#sessions.has(number);
      case 'wrote':
        return this.#answers.get(number)?.isWanted === true;
      case 'spoke':
        return this.#speeches.get(number)?.isWanted === true;
      case 'over':
        return this.#feed(happening)?.isWanted === true;
      case 'fetched':
      case 'unfetched':
        return this.#fetches.has(number);
      case 'judged':
        return this.#judges.has(number);
      case 'answerable':
        return this.#waits.has(number);
      default:
        return false;
    }
  }

  /** Tells whoever waits for it. */
  take(happening: Happening): void {
    switch (happening[0]) {
      case 'timer':
        return taken(this.#timers, happening[1])?.();
      case 'tick':
        for (const ticked of this.#ticked) ticked(this.#outside.nowMs);
        return undefined;
      case 'voice':
        return this.#voices.get(happening[1])?.(happening[2]);
      case 'heard':
        return this.#sessions.get(happening[1])?.(happening[2]);
      case 'wrote':
        return this.#answers.get(happening[1])?.take(happening[2]);
      case 'spoke':
        return this.#speeches.get(happening[1])?.take(happening[2]);
      case 'over':
        return happening.length === 3
          ? this.#feed(happening)?.finish()
          : this.#feed(happening)?.fail(happening[3]);
      case 'fetched':
        return taken(this.#fetches, happening[1])?.resolve(happening[2]);
      case 'unfetched':
        return taken(this.#fetches, happening[1])?.reject(happening[2]);
      case 'judged':
        return this.#judges.get(happening[1])?.(happening[2]);
      case 'answerable':
        return taken(this.#waits, happening[1])?.();
      default:
        return undefined;
    }
  }

  #feed([, what, number]: Happening & readonly ['over', ...unknown[]]):
    | Pick<Feed<unknown>, 'isWanted' | 'finish' | 'fail'>
    | undefined {
    return what === 'model' ? this.#answers.get(number) : this.#speeches.get(number);
  }

  /** The next number of this kind, from 1. */
  #number(kind: object): number {
    const number = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, number);
    return number;
  }

  #clock(): Clock {
    const outside = this.#outside;
    return {
      nowMs: () => outside.nowMs,
      wallMs: () => outside.wallMs,
      after: (delayMs, callback) => {
        const number = this.#number(this.#timers);
        this.#timers.set(number, callback);
        outside.note(['wake', number, delayMs]);
        const timer = outside.after(number, delayMs);
        return {
          cancel: () => {
            if (this.#timers.delete(number)) timer.cancel();
          },
        };
      },
    };
  }

  #wheel(): CallWorld['wheel'] {
    return {
      add: (ticked) => {
        this.#ticked.add(ticked);
        this.#outside.ticks(true);
      },
      remove: (ticked) => {
        this.#ticked.delete(ticked);
        if (this.#ticked.size === 0) this.#outside.ticks(false);
      },
    };
  }

  #detector({ kind }: VoiceDetector): VoiceDetector {
    return {
      kind,
      open: (listener) => {
        const number = this.#number(this.#voices);
        this.#voices.set(number, listener);
        const session = this.#outside.openVoice(number);
        return {
          push: (mulaw, atMs) => session.push(mulaw, atMs),
          close: () => {
            this.#voices.delete(number);
            session.close();
          },
        };
      },
      // It is everybody's.
      close: () => Promise.resolve(),
    };
  }

  #ears({ provider, capabilities }: SpeechToText, place: number): SpeechToText {
    const outside = this.#outside;
    return {
      provider,
      capabilities,
      open: (options, listener, span) => {
        const number = this.#number(this.#sessions);
        this.#sessions.set(number, listener);
        outside.note(['listen', number, place]);
        const session = outside.listen(number, place, options, span);
        return {
          push: (mulaw) => session.push(mulaw),
          commit: () => {
            const utterance = session.commit();
            outside.note(['commit', number, utterance]);
            return utterance;
          },
          close: (reason) => {
            this.#sessions.delete(number);
            session.close(reason);
          },
        };
      },
    };
  }

  #breakers(count: number): NonNullable<CallWorld['earBreakers']> {
    return Array.from({ length: count }, (_unused, place) => {
      const trust = this.#outside.earTrust(place);
      const noted = <T>(name: 'admits' | 'untilMs' | 'restMs', answer: T): T => {
        this.#outside.note([name, place, answer]);
        return answer;
      };
      return {
        admits: () => noted('admits', trust.admits()),
        get untilMs() {
          return noted('untilMs', trust.untilMs);
        },
        restMs: () => noted('restMs', trust.restMs()),
        accepted: () => trust.accepted(),
        failed: (why) => trust.failed(why),
        succeeded: () => trust.succeeded(),
        tryLimit: () => trust.tryLimit(),
      };
    });
  }

  #turnModel(): TurnModel {
    return {
      open: (listener) => {
        const number = this.#number(this.#judges);
        this.#judges.set(number, listener);
        const session = this.#outside.openTurnModel(number);
        return {
          ask: (mulaw, silenceAtMs) => session.ask(mulaw, silenceAtMs),
          close: () => {
            this.#judges.delete(number);
            session.close();
          },
        };
      },
      close: () => Promise.resolve(),
    };
  }

  #model(asked: LanguageModel, which: WhichModel): LanguageModel {
    const outside = this.#outside;
    return {
      provider: asked.provider,
      model: asked.model,
      warmUp: (signal) => asked.warmUp(signal),
      complete: (request, signal, span) => {
        const number = this.#number(this.#answers);
        const open = () => {
          outside.note(['asked', number, which, fingerprint(JSON.stringify(request))]);
          return outside.complete(number, which, request, span);
        };
        const feed = new Feed<LlmEvent>(signal, open, () => this.#answers.delete(number));
        this.#answers.set(number, feed);
        return feed;
      },
    };
  }

  #voice(voice: TextToSpeech): TextToSpeech {
    const outside = this.#outside;
    return {
      provider: voice.provider,
      cacheKey: voice.cacheKey,
      warmUp: (signal) => voice.warmUp(signal),
      speak: (text, signal, span) => {
        const number = this.#number(this.#speeches);
        const open = () => {
          outside.note(['speak', number, text]);
          return outside.speak(number, text, span);
        };
        const feed = new Feed<SpeechChunk>(signal, open, () => this.#speeches.delete(number));
        this.#speeches.set(number, feed);
        return feed;
      },
    };
  }

  #responses(): NonNullable<CallWorld['responses']> {
    return {
      lookup: (key) => {
        const known = this.#outside.known(key);
        this.#outside.note(['known', key.slice(0, 10), known ?? null]);
        return known;
      },
      keep: (key, sentences) => this.#outside.keep(key, sentences),
    };
  }

  #adaptive({ fasterModel }: NonNullable<CallWorld['adaptive']>): NonNullable<CallWorld['adaptive']> {
    return {
      firstTokenP95Ms: () => {
        const p95Ms = this.#outside.firstTokenP95Ms();
        this.#outside.note(['slowness', p95Ms ?? null]);
        return p95Ms;
      },
      fasterModel: fasterModel === undefined ? undefined : this.#model(fasterModel, 'faster'),
    };
  }

  #beforeAnswer(): Promise<void> {
    const number = this.#number(this.#waits);
    const { promise, resolve } = withResolvers<void>();
    this.#waits.set(number, resolve);
    this.#outside.note(['wait', number]);
    this.#outside.beforeAnswer(number);
    return promise;
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    const { signal } = init;
    signal?.throwIfAborted();
    const number = this.#number(this.#fetches);
    const { promise, resolve, reject } = withResolvers<FetchedAnswer>();
    this.#fetches.set(number, { resolve, reject });
    this.#outside.note(['fetch', number, ...fetchKey(url, init)]);
    const fetching = this.#outside.fetch(number, url, init);
    const onAbort = (): void => {
      if (!this.#fetches.delete(number)) return;
      fetching.stop(signal?.reason);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const { status, body } = await promise;
      return new Response(BODILESS.has(status) ? null : Buffer.from(body), { status });
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  #events(events: CallWorld['events']): CallWorld['events'] {
    return {
      publish: (event) => {
        if (event.type === 'turn.started') this.#outside.note(['began', event.turn, event.callerText]);
        if (event.type === 'turn.withdrawn') this.#outside.note(['withdrawn', event.turn]);
        events.publish(event);
      },
    };
  }

  #writer(writer: CallWorld['writer']): CallWorld['writer'] {
    return {
      callStarted: (call) => writer.callStarted(call),
      turnFinished: (row) => {
        this.#outside.note(['turn', toldOf(row)]);
        return writer.turnFinished(row);
      },
      callEnded: (call) => writer.callEnded(call),
      leadFields: (leadId, fields) => writer.leadFields(leadId, fields),
      get pendingWrites() {
        return writer.pendingWrites;
      },
      flush: (timeoutMs) => writer.flush(timeoutMs),
    };
  }
}

/** What of a turn is its caller's and its agent's. */
export type ToldTurn = Omit<TurnRow, 'callSid' | 'part' | 'startedAt'>;

function toldOf({ callSid: _callSid, part: _part, startedAt: _startedAt, ...told }: TurnRow): ToldTurn {
  return told;
}

/** Waited for once. */
function taken<T>(waiting: Map<number, T>, number: number): T | undefined {
  const one = waiting.get(number);
  waiting.delete(number);
  return one;
}
