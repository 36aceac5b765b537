// The recording of one stream of a call, on the call's own time, silent where a number was said that nobody is to hear. A
// call that is not recorded has one as well, which does nothing.
import type { TurnEvent } from '../turn/state.ts';
import type { Conversation } from './conversation.ts';
import { SpokenNumbers, type SaidNumber } from './spokenNumbers.ts';
import type { CallWorld, OpenRecording } from './world.ts';

export class CallRecording {
  readonly #world: Pick<CallWorld, 'clock' | 'background' | 'openRecording'>;
  readonly #startedAtMs: number;
  readonly #open: OpenRecording | undefined;
  /** Where the stream's own time begins in the recording; what was least delayed tells it best. */
  #streamFromMs = Infinity;
  /** By how much the caller's sound of late came after its place in the recording: what was noticed then was said before. */
  #lateMs = 0;
  readonly #numbers: SpokenNumbers | undefined;

  constructor(
    world: Pick<CallWorld, 'clock' | 'background' | 'openRecording'>,
    callSid: string,
    { parts, privacy }: Pick<Conversation, 'parts' | 'privacy'>,
  ) {
    this.#world = world;
    this.#startedAtMs = world.clock.nowMs();
    this.#open = world.openRecording(callSid, parts);
    const nowMs = (): number => world.clock.nowMs();
    if (this.#open !== undefined)
      this.#numbers = new SpokenNumbers(privacy, nowMs, {
        lateMs: () => this.#takeLateMs(),
        onNumber: (number) => this.#mute(number),
      });
  }

  /** Below the data folder; undefined when the call is not recorded. */
  get path(): string | undefined {
    return this.#open?.path;
  }

  /**
   * What the caller said, as it came at `atMs` of the clock. Its place is told by the stream's own time: after a
   * stall frames come in a burst, and placed by their arrival they would cover one another.
   */
  caller(atMs: number, timestampMs: number, mulaw: Uint8Array): void {
    const delayMs = atMs - this.#startedAtMs - timestampMs;
    this.#streamFromMs = Math.min(this.#streamFromMs, delayMs);
    this.#lateMs = Math.max(this.#lateMs, delayMs - this.#streamFromMs);
    this.#open?.recording.caller(this.#streamFromMs + timestampMs, mulaw);
  }

  /** What the caller hears from `atMs` of the clock on. */
  agent(atMs: number, mulaw: Uint8Array): void {
    this.#open?.recording.agent(atMs - this.#startedAtMs, mulaw);
  }

  /** Something happens in the call; its words were told to others before. */
  saw(event: TurnEvent): void {
    this.#numbers?.saw(event);
  }

  /** A sentence of the agent begins to be heard, after it was told. */
  agentSays(text: string): void {
    this.#numbers?.agentSays(text);
  }

  /** All that the agent was given to say was heard. */
  agentSilent(): void {
    this.#numbers?.agentSilent();
  }

  /** The agent fell silent now, although more had been given. */
  agentCut(): void {
    this.#numbers?.agentSilent();
    this.#open?.recording.agentCut(this.#world.clock.nowMs() - this.#startedAtMs);
  }

  close(): void {
    if (this.#open === undefined) return;
    this.agentCut();
    this.#numbers?.close();
    this.#world.background.run(this.#open.recording.close());
  }

  /** The most since it was taken last. */
  #takeLateMs(): number {
    const lateMs = this.#lateMs;
    this.#lateMs = 0;
    return lateMs;
  }

  #mute({ side, kind, fromMs, toMs }: SaidNumber): void {
    const startMs = Math.max(0, fromMs - this.#startedAtMs);
    const endMs = toMs - this.#startedAtMs;
    if (endMs > startMs) this.#open?.recording.mute({ startMs, endMs, side, kind });
  }
}
