// The outside of a call that is held: the process's world, whose news wait at the gate until the call can be told.
import type { Span } from '../base/span.ts';
import type { Timer } from '../base/clock.ts';
import { BLIND_TRUST, type EarTrust } from '../call/earTrust.ts';
import type { CallWorld } from '../call/world.ts';
import type { LlmRequest } from '../llm/port.ts';
import { TOOL_ANSWER_BYTES_MAX } from '../llm/tools.ts';
import type { SttOptions, SttSession } from '../stt/port.ts';
import type { VadSession } from '../vad/port.ts';
import type { TurnModelSession } from '../vad/turnModelPort.ts';
import type { Source } from './feed.ts';
import type { Gate } from './gate.ts';
import type { Outside, WhichModel } from './outside.ts';
import type { Doing, FetchedAnswer, Happening } from './records.ts';

export interface LiveOutsideParts {
  readonly world: CallWorld;
  readonly gate: Gate;
  readonly note: (doing: Doing) => void;
  /** News for the call. */
  readonly tell: (happening: Happening) => void;
}

export class LiveOutside implements Outside {
  readonly note: (doing: Doing) => void;
  readonly #world: CallWorld;
  readonly #gate: Gate;
  readonly #tell: (happening: Happening) => void;
  readonly #onTick = (): void => this.#tell(TICK);

  constructor(parts: LiveOutsideParts) {
    this.note = parts.note;
    this.#world = parts.world;
    this.#gate = parts.gate;
    this.#tell = parts.tell;
  }

  get nowMs(): number {
    return this.#gate.nowMs;
  }

  get wallMs(): number {
    return this.#gate.startWallMs + Math.floor(this.#gate.nowMs - this.#gate.startMs);
  }

  after(timer: number, delayMs: number): Timer {
    return this.#world.clock.after(delayMs, () => this.#tell(['timer', timer]));
  }

  ticks(wanted: boolean): void {
    if (wanted) this.#world.wheel.add(this.#onTick);
    else this.#world.wheel.remove(this.#onTick);
  }

  openVoice(session: number): VadSession {
    return this.#world.detector.open((event) => this.#tell(['voice', session, event]));
  }

  listen(session: number, place: number, options: SttOptions, span?: Span): SttSession {
    const ears = this.#world.ears[place] ?? this.#world.ears[0];
    if (ears === undefined) throw new Error('a call without ears');
    return ears.open(options, (event) => this.#tell(['heard', session, event]), span);
  }

  earTrust(place: number): EarTrust {
    return this.#world.earBreakers?.[place] ?? BLIND_TRUST;
  }

  openTurnModel(session: number): TurnModelSession {
    const none: TurnModelSession = { ask: () => undefined, close: () => undefined };
    return this.#world.turnModel?.open((verdict) => this.#tell(['judged', session, verdict])) ?? none;
  }

  complete(request: number, which: WhichModel, asked: LlmRequest, span?: Span): Source {
    const { model, adaptive } = this.#world;
    const chosen = which === 'faster' ? (adaptive?.fasterModel ?? model) : model;
    return pulled(
      (signal) => chosen.complete(asked, signal, span),
      (event) => this.#tell(['wrote', request, event]),
      (...failure) => this.#tell(['over', 'model', request, ...failure]),
    );
  }

  speak(request: number, text: string, span?: Span): Source {
    return pulled(
      (signal) => this.#world.voice.speak(text, signal, span),
      (chunk) => this.#tell(['spoke', request, chunk]),
      (...failure) => this.#tell(['over', 'speech', request, ...failure]),
    );
  }

  fetch(request: number, url: string, init: RequestInit): Pick<Source, 'stop'> {
    const stop = new AbortController();
    const { background } = this.#world;
    background.run(
      this.#fetched(url, { ...init, signal: stop.signal }).then(
        (answer) => this.#tell(['fetched', request, answer]),
        (error: unknown) => this.#tell(['unfetched', request, error]),
      ),
    );
    return { stop: (reason) => stop.abort(reason) };
  }

  beforeAnswer(wait: number): void {
    const { background, beforeAnswer } = this.#world;
    background.run((beforeAnswer?.() ?? Promise.resolve()).then(() => this.#tell(['answerable', wait])));
  }

  firstTokenP95Ms(): number | undefined {
    return this.#world.adaptive?.firstTokenP95Ms();
  }

  known(key: string): readonly string[] | undefined {
    return this.#world.responses?.lookup(key);
  }

  keep(key: string, sentences: readonly string[]): void {
    this.#world.responses?.keep(key, sentences);
  }

  /** As much of the answer as a tool's caller reads, and a byte that says that there was more. */
  async #fetched(url: string, init: RequestInit): Promise<FetchedAnswer> {
    const response = await this.#world.fetch(url, init);
    const parts: Uint8Array[] = [];
    let bytes = 0;
    // To leave it cancels what is still to come.
    for await (const part of response.body ?? []) {
      parts.push(part);
      bytes += part.length;
      if (bytes > TOOL_ANSWER_BYTES_MAX) break;
    }
    return { status: response.status, body: Buffer.concat(parts).subarray(0, TOOL_ANSWER_BYTES_MAX + 1) };
  }
}

const TICK: Happening = ['tick'];

/** A provider's stream, of which a piece is taken when one is wanted. */
function pulled<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  onPiece: (piece: T) => void,
  onOver: (...failure: readonly [] | readonly [unknown]) => void,
): Source {
  const stop = new AbortController();
  const iterator = open(stop.signal)[Symbol.asyncIterator]();
  return {
    pull: () => {
      iterator.next().then(
        (result) => (result.done === true ? onOver() : onPiece(result.value)),
        (error: unknown) => onOver(error),
      );
    },
    stop: (reason) => {
      stop.abort(reason);
      // What it still has to say, nobody waits for.
      iterator.return?.().then(undefined, () => undefined);
    },
  };
}
