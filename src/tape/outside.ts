// All that a taped call has of the world: the real one while it is held, the tape when it is told again.
import type { Timer } from '../base/clock.ts';
import type { Span } from '../base/span.ts';
import type { EarTrust } from '../call/earTrust.ts';
import type { LlmRequest } from '../llm/port.ts';
import type { SttOptions, SttSession } from '../stt/port.ts';
import type { TurnModelSession } from '../vad/turnModelPort.ts';
import type { VadSession } from '../vad/port.ts';
import type { Source } from './feed.ts';
import type { Doing } from './records.ts';

/** Which of the models: the one that is asked first, or the one for a slow line. */
export type WhichModel = 'usual' | 'faster';

/** What it has to tell comes as a `Happening` with the number that was given here, never before the question was answered. */
export interface Outside {
  readonly nowMs: number;
  readonly wallMs: number;
  /** The call did this, or was told this at once. */
  note(doing: Doing): void;
  after(timer: number, delayMs: number): Timer;
  /** Whether the call wants the playout's ticks. */
  ticks(wanted: boolean): void;
  openVoice(session: number): VadSession;
  listen(session: number, place: number, options: SttOptions, span?: Span): SttSession;
  /** What other calls know of it, and are told of it. */
  earTrust(place: number): EarTrust;
  openTurnModel(session: number): TurnModelSession;
  complete(request: number, which: WhichModel, asked: LlmRequest, span?: Span): Source;
  speak(request: number, text: string, span?: Span): Source;
  /** `stop` ends it. */
  fetch(request: number, url: string, init: RequestInit): Pick<Source, 'stop'>;
  beforeAnswer(wait: number): void;
  firstTokenP95Ms(): number | undefined;
  /** What was answered before. */
  known(key: string): readonly string[] | undefined;
  keep(key: string, sentences: readonly string[]): void;
}
