// The detector that a process has: Silero if it can be had, loudness if not.
import type { Clock } from '../base/clock.ts';
import { energyScorer } from './energy.ts';
import { openModelThread, type OpenModelThread } from './modelThread.ts';
import type { VadEvent, VadSession, VoiceDetector } from './port.ts';
import { ScoredSession, type Judged, type Scorer } from './session.ts';
import { SileroScorer } from './silero.ts';
import { WindowQueue } from './windowQueue.ts';

export interface VoiceDetectorOptions {
  readonly kind: 'silero' | 'energy';
  /** Silence for this long, to the nearest 32 ms, is a `voiceStopped`. */
  readonly hangoverMs?: number;
  /** Silero can't be had, or is lost: all sessions go by loudness from now on. At most once. */
  readonly onFallback: (error: unknown) => void;
  /** How long after its arrival a window was judged; for each that went to the model. */
  readonly onJudged?: (delayMs: number) => void;
}

export interface MeasuredVoiceDetector extends VoiceDetector {
  /** Windows that were never judged because the model was behind. */
  readonly droppedWindows: number;
}

/** Short, so that work for the reply can begin: whoever takes the turn adds a wait of its own. */
const HANGOVER_MS = 200;

/** Never rejects: without the model it goes by loudness, and says so through `onFallback`. */
export async function openVoiceDetector(
  options: VoiceDetectorOptions,
  clock: Clock,
  openThread: OpenModelThread = openModelThread,
): Promise<MeasuredVoiceDetector> {
  const detector = new Detector(options, clock);
  if (options.kind === 'silero') await detector.loadModel(openThread);
  return detector;
}

class Detector implements MeasuredVoiceDetector {
  readonly #options: VoiceDetectorOptions;
  readonly #clock: Clock;
  readonly #sessions = new Set<VadSession>();
  readonly #scorers = new Set<SileroScorer>();
  /** Kept after it failed, for its count and its closing. */
  #queue: WindowQueue | undefined;
  #kind: 'silero' | 'energy' = 'energy';

  constructor(options: VoiceDetectorOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  get kind(): 'silero' | 'energy' {
    return this.#kind;
  }

  get droppedWindows(): number {
    return this.#queue?.droppedWindows ?? 0;
  }

  async loadModel(openThread: OpenModelThread): Promise<void> {
    const listener = {
      failed: (error: unknown) => this.#fallBack(error),
      judged: (delayMs: number) => this.#options.onJudged?.(delayMs),
    };
    try {
      this.#queue = await WindowQueue.open(openThread, listener, this.#clock);
      this.#kind = 'silero';
    } catch (error) {
      this.#options.onFallback(error);
    }
  }

  open(listener: (event: VadEvent) => void, measured = true): VadSession {
    const hangoverMs = this.#options.hangoverMs ?? HANGOVER_MS;
    const session: VadSession = new ScoredSession(
      {
        hangoverMs,
        listener,
        openScorer: (judged) => this.#openScorer(judged, measured),
        onClosed: () => this.#sessions.delete(session),
      },
      this.#clock,
    );
    this.#sessions.add(session);
    return session;
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) session.close();
    await this.#queue?.close();
  }

  #openScorer(judged: Judged, measured: boolean): Scorer {
    if (this.#queue === undefined || this.#kind === 'energy') return energyScorer(judged);
    const scorer = new SileroScorer(this.#queue, judged, () => this.#scorers.delete(scorer), measured);
    this.#scorers.add(scorer);
    return scorer;
  }

  #fallBack(error: unknown): void {
    this.#kind = 'energy';
    this.#options.onFallback(error);
    for (const scorer of this.#scorers) scorer.fallBack();
  }
}
