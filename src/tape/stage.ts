// The call of a tape once more: the process's calls, of which there is this one, and a carrier's socket that plays to nobody.
import { SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import { intentsOf } from '../agent/intentPlan.ts';
import type { AgentFile } from '../agent/schema.ts';
import { Background } from '../base/background.ts';
import type { Clock } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import { silentLogger, type Logger } from '../base/logger.ts';
import { Calls } from '../call/calls.ts';
import type { CallInfo } from '../call/port.ts';
import { rehearsalWriter } from '../call/rehearsalParts.ts';
import { turnSettingsOf } from '../call/turnSettings.ts';
import type { CallWorld } from '../call/world.ts';
import type { LanguageModel } from '../llm/port.ts';
import { openUnseenMetrics } from '../metrics/metrics.ts';
import { MediaStream, type StreamSocket, type StreamTap } from '../twilio/mediaStream.ts';
import { SocketListeners } from '../twilio/socketListeners.ts';
import { infoOf, type TapeHeader } from './header.ts';
import { Inside } from './inside.ts';
import type { Outside } from './outside.ts';
import { sentRecord, type Happening, type OpenedStream } from './records.ts';

export interface StageParts {
  readonly header: TapeHeader;
  readonly agent: AgentFile;
  readonly outside: Outside;
  /** Whether the phone rang with ears. */
  readonly ears: boolean;
  /** Why the next message can't be sent; undefined: it can. */
  readonly unsent: () => 'closing' | 'full' | undefined;
  readonly onEnded: () => void;
  readonly onBug: (failure: string) => void;
}

export class Stage {
  readonly #parts: StageParts;
  readonly #info: CallInfo;
  readonly #inside: Inside;
  readonly #calls: Calls;
  #socket: ToldSocket | undefined;
  #snapshot: unknown = null;

  constructor(parts: StageParts) {
    this.#parts = parts;
    this.#info = infoOf(parts.header);
    const world = this.#world();
    this.#inside = new Inside(world, parts.outside);
    const tape = {
      world: this.#inside.world,
      happens: (_deed: unknown, work: () => void) => work(),
      end: () => parts.onEnded(),
    };
    this.#calls = new Calls({ ...world, tapes: { open: () => tape } });
  }

  wants(happening: Happening): boolean {
    switch (happening[0]) {
      case 'rang':
      case 'opened':
        return true;
      case 'message':
      case 'closed':
      case 'failed':
        return this.#socket !== undefined;
      case 'say':
      case 'transfer':
      case 'hangUp':
      case 'answeredBy':
        return this.#calls.activeCount > 0;
      default:
        return this.#inside.wants(happening);
    }
  }

  async take(happening: Happening): Promise<void> {
    const { callSid } = this.#info;
    switch (happening[0]) {
      case 'rang':
        return this.#calls.prepare(this.#info);
      case 'opened':
        return this.#opened(happening[1]);
      case 'message':
        return this.#socket?.say(happening[1]);
      case 'closed':
        return this.#socket?.tellClosed();
      case 'failed':
        return this.#socket?.fail(happening[1]);
      case 'say':
        this.#calls.find(callSid)?.say(happening[1]);
        return undefined;
      case 'transfer':
        return this.#calls.find(callSid)?.transfer(happening[1]);
      case 'hangUp':
        return this.#calls.find(callSid)?.hangUp();
      case 'answeredBy':
        return void this.#calls.answeredBy(callSid, happening[1]);
      default:
        return this.#inside.take(happening);
    }
  }

  async #opened({ streamSid, waiting, ended, snapshot }: OpenedStream): Promise<void> {
    const socket = new ToldSocket(this.#parts.unsent);
    const options = { startWithinMs: 0, bufferedBytesMax: Number.MAX_SAFE_INTEGER };
    const stream = new MediaStream(socket, options, STILL);
    this.#socket = socket;
    socket.start(streamSid, this.#info);
    for (const text of waiting) socket.say(text);
    if (ended === 'stop') socket.say(JSON.stringify({ event: 'stop' }));
    else if (ended === 'error') socket.fail('');
    else if (ended !== null) socket.tellClosed();
    stream.tap(tapInto(this.#parts.outside));
    if (snapshot !== null) {
      this.#snapshot = snapshot;
      await this.#calls.takeUp(this.#info);
    }
    this.#calls.open(this.#info, stream);
  }

  /** With nothing outside: what the call asks for, it asks the tape. */
  #world(): CallWorld {
    const { header, agent, onBug } = this.#parts;
    const withWhat = header.with;
    const metrics = openUnseenMetrics();
    const background = new Background((error) => onBug(errorText(error)));
    const logger: Logger = {
      ...silentLogger,
      error: (fields) => onBug(String(fields['failure'])),
      child: () => logger,
    };
    return {
      agent,
      clock: STILL,
      logger,
      metrics,
      events: { publish: () => undefined },
      writer: rehearsalWriter,
      checkpoints: {
        changed: () => undefined,
        takeUp: () => Promise.resolve({ kind: 'taken', snapshot: this.#snapshot }),
        isTaken: () => Promise.resolve(false),
        watchLost: () => undefined,
        flush: () => Promise.resolve(),
      },
      detector: { kind: header.detector, open: unasked, close: () => Promise.resolve() },
      ears: header.ears.map(({ provider, ...capabilities }) => ({ provider, capabilities, open: unasked })),
      ...(header.trusted === 0
        ? {}
        : {
            earBreakers: Array.from({ length: header.trusted }, () => ({
              accepted: unasked,
              admits: unasked,
              failed: unasked,
              restMs: unasked,
              succeeded: unasked,
              tryLimit: unasked,
              untilMs: 0,
            })),
          }),
      ...(withWhat.turnModel ? { turnModel: { open: unasked, close: () => Promise.resolve() } } : {}),
      ...(withWhat.intents ? { intents: intentsOf(agent) } : {}),
      model: unaskedModel(header.model),
      responses: withWhat.responses ? { lookup: unasked, keep: unasked } : undefined,
      voice: { provider: header.voice, cacheKey: '', speak: unasked, warmUp: () => Promise.resolve() },
      ...(withWhat.adaptive === 'no'
        ? {}
        : {
            adaptive: {
              firstTokenP95Ms: unasked,
              fasterModel: withWhat.adaptive === 'yes' ? undefined : unaskedModel(header.model),
            },
          }),
      ...(withWhat.waiting ? { beforeAnswer: unasked } : {}),
      providers: { llm: header.model, tts: header.voice },
      wheel: { add: unasked, remove: unasked },
      turnSettings: turnSettingsOf(agent, withWhat.speculation),
      firstSentence: withWhat.firstSentence,
      background,
      fetch: unasked,
      secret: () => undefined,
      ...(this.#parts.ears ? {} : { whileRinging: 'nothing' as const }),
      openRecording: () => undefined,
    };
  }
}

/** The tape is asked instead. */
function unasked(): never {
  throw new Error('a call that is told again has nothing outside the tape');
}

function unaskedModel(provider: string): LanguageModel {
  return { provider, model: '', complete: unasked, warmUp: () => Promise.resolve() };
}

/** Of what goes on beside the call: on the tape nothing of it rang before the call's end. */
const STILL: Clock = {
  nowMs: () => 0,
  wallMs: () => 0,
  after: () => ({ cancel: () => undefined }),
};

function tapInto(outside: Outside): StreamTap {
  return {
    onNews: (_news, deal) => deal(),
    onSent: (text) => outside.note(sentRecord(text)),
    onUnsent: (why) => outside.note(['unsent', why]),
  };
}

class ToldSocket extends SocketListeners implements StreamSocket {
  readonly OPEN = 1;
  readonly CLOSED = 3;
  readonly #unsent: () => 'closing' | 'full' | undefined;

  constructor(unsent: () => 'closing' | 'full' | undefined) {
    super();
    this.#unsent = unsent;
  }

  get readyState(): number {
    return this.#unsent() === 'closing' ? 2 : this.OPEN;
  }

  get bufferedAmount(): number {
    return this.#unsent() === 'full' ? Infinity : 0;
  }

  send(): void {
    // It was noted on its way.
  }

  terminate(): void {
    // The tape says when it is closed.
  }

  start(streamSid: string, { callSid, accountSid }: CallInfo): void {
    const mediaFormat = { encoding: 'audio/x-mulaw', sampleRate: SAMPLE_RATE_HZ, channels: 1 };
    this.say(JSON.stringify({ event: 'start', start: { streamSid, callSid, accountSid, mediaFormat } }));
  }

  /** Null: something that is no text. */
  say(text: string | null): void {
    this.tellMessage(Buffer.from(text ?? ''), text === null);
  }

  fail(code: string): void {
    const error = Object.assign(new Error('the socket failed'), { code });
    this.tellError(error);
  }

  close(): void {
    // The tape says when it is closed.
  }
}
