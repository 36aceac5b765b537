// What calls on the virtual clock have round them, whoever speaks in them: nobody who watches, no disk, no network.
import type { Clock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { rehearsalWriter } from '../../src/call/rehearsalParts.ts';
import { turnSettingsOf } from '../../src/call/turnSettings.ts';
import type { CallWorld } from '../../src/call/world.ts';
import { PlayoutWheel } from '../../src/playout/wheel.ts';
import type { CallEnded, CallStarted, CallWriter, TurnRow } from '../../src/store/port.ts';
import type { VadEvent, VoiceDetector } from '../../src/vad/port.ts';

/** Coarse, for speed: the wheel catches up by the time. */
export const TICK_MS = 20;

type Needed = 'agent' | 'clock' | 'metrics' | 'detector' | 'ears' | 'model' | 'voice' | 'background';

/** Of the rest what is not given is not there. */
export function simulatedWorld(parts: Pick<CallWorld, Needed> & Partial<CallWorld>): CallWorld {
  return {
    logger: silentLogger,
    events: { publish: () => undefined },
    writer: rehearsalWriter,
    providers: { llm: 'simulated', tts: 'simulated' },
    wheel: new PlayoutWheel(parts.clock),
    turnSettings: { ...turnSettingsOf(parts.agent, true), giveUpAfterMs: 5_000 },
    firstSentence: true,
    fetch: () => Promise.reject(new Error('no network here')),
    secret: () => undefined,
    openRecording: () => undefined,
    ...parts,
  };
}

/** Whatever a call is to have stored, in the order in which it was told; all of it is safe at once. */
export function keepingWriter(kept: {
  readonly started: CallStarted[];
  readonly rows: TurnRow[];
  readonly ended: CallEnded[];
}): CallWriter {
  return {
    ...rehearsalWriter,
    callStarted: (call) => void kept.started.push(call),
    turnFinished: (row) => Promise.resolve(void kept.rows.push(row)),
    callEnded: (call) => Promise.resolve(void kept.ended.push(call)),
  };
}

/** A wheel that is seldom turned. */
export function coarseWheel(clock: Clock): PlayoutWheel {
  return new PlayoutWheel({
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    after: (delayMs, callback) => clock.after(Math.max(TICK_MS, delayMs), callback),
  });
}

/** Hears what it is told to. */
export class ToldDetector implements VoiceDetector {
  readonly kind = 'energy';
  /** Sessions that were not closed. */
  opened = 0;
  #listener: (event: VadEvent) => void = () => undefined;

  /** To the session that was opened last. */
  tell(event: VadEvent): void {
    this.#listener(event);
  }

  open(listener: (event: VadEvent) => void): ReturnType<VoiceDetector['open']> {
    this.#listener = listener;
    this.opened += 1;
    return { push: () => undefined, close: () => void (this.opened -= 1) };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
