// The recording of one stream of a call, on the call's own time. A call that is not recorded has one as well, which does nothing.
import type { CallWorld, OpenRecording } from './world.ts';

export class CallRecording {
  readonly #world: Pick<CallWorld, 'clock' | 'background' | 'openRecording'>;
  readonly #startedAtMs: number;
  readonly #open: OpenRecording | undefined;
  /** Where the stream's own time begins in the recording; what was least delayed tells it best. */
  #streamFromMs = Infinity;

  constructor(
    world: Pick<CallWorld, 'clock' | 'background' | 'openRecording'>,
    callSid: string,
    part: number,
  ) {
    this.#world = world;
    this.#startedAtMs = world.clock.nowMs();
    this.#open = world.openRecording(callSid, part);
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
    this.#streamFromMs = Math.min(this.#streamFromMs, atMs - this.#startedAtMs - timestampMs);
    this.#open?.recording.caller(this.#streamFromMs + timestampMs, mulaw);
  }

  /** What the caller hears from `atMs` of the clock on. */
  agent(atMs: number, mulaw: Uint8Array): void {
    this.#open?.recording.agent(atMs - this.#startedAtMs, mulaw);
  }

  /** The agent fell silent now, although more had been given. */
  agentCut(): void {
    this.#open?.recording.agentCut(this.#world.clock.nowMs() - this.#startedAtMs);
  }

  close(): void {
    if (this.#open === undefined) return;
    this.agentCut();
    this.#world.background.run(this.#open.recording.close());
  }
}
