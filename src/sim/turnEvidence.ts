// What the carrier saw of one call: when the agent's audio came and was played, and in which words.
import { FRAME_MS, levelDbfs } from '../audio/mulaw.ts';
import type { TurnRow } from '../store/port.ts';
import type { CallerReport } from './caller.ts';
import type { LineListener } from './carrierLine.ts';

/** Softer than this the agent is silent. */
const LOUD_DBFS = -45;
/** The agent's frames follow each other; without one for longer, nothing was there to be played. */
const RUN_GAP_MS = 60;
/** A word's times are those of its phrase: a run may begin or end this much inside one. */
const WORD_SLACK_MS = 80;

export interface SpokenWord {
  readonly word: string;
  /** The sentence of the voice that it was a word of. */
  readonly phraseText: string;
  /** By the carrier's clock. */
  readonly startMs: number;
  readonly endMs: number;
}

/** Audio without a break: frames that followed each other, silent ones among them. */
export interface Run {
  readonly startMs: number;
  readonly endMs: number;
  /** The end of the last audible frame; `startMs` if none was. */
  readonly loudEndMs: number;
  /** How much was played in it. */
  readonly playedMs: number;
  readonly words: readonly SpokenWord[];
}

export interface CallEvidence {
  readonly report: CallerReport;
  /** What the API tells of the call's turns. */
  readonly turns: readonly TurnRow[];
  /** What was played to the caller. */
  readonly runs: readonly Run[];
  /** When audio came in, loud or not. */
  readonly arrivalsMs: readonly number[];
  /** The call's last tick. */
  readonly endedAtMs: number;
  /** How often the gateway began to prepare an answer: each is a request to the model. */
  readonly prepared: number;
  /** The words within the first so many ms of what the agent said, if it is known how it sounds. */
  readonly wordsWithin: (text: string, playedMs: number) => readonly string[] | undefined;
}

interface PlayedFrame {
  readonly atMs: number;
  readonly loud: boolean;
}

/** Listens on the line of one call. */
export class TurnWitness implements LineListener {
  readonly arrivalsMs: number[] = [];
  readonly #frames: PlayedFrame[] = [];
  #endedAtMs = 0;

  /** The last tick so far. */
  get endedAtMs(): number {
    return this.#endedAtMs;
  }

  readonly onTick = (dueMs: number): void => {
    this.#endedAtMs = dueMs;
  };

  readonly onAgentFrame = (atMs: number, mulaw: Uint8Array): void => {
    this.#frames.push({ atMs, loud: levelDbfs(mulaw) > LOUD_DBFS });
  };

  readonly onAgentAudio = (atMs: number): void => {
    this.arrivalsMs.push(atMs);
  };

  /** The runs of what was played, with the words recognised in it. */
  runs(words: readonly SpokenWord[]): readonly Run[] {
    const runs: { startMs: number; endMs: number; loudEndMs: number; playedMs: number }[] = [];
    for (const { atMs, loud } of this.#frames) {
      const last = runs.at(-1);
      const follows = last !== undefined && atMs - last.endMs < RUN_GAP_MS;
      const run = follows ? last : { startMs: atMs, endMs: atMs, loudEndMs: atMs, playedMs: 0 };
      if (!follows) runs.push(run);
      run.endMs = atMs + FRAME_MS;
      run.playedMs += FRAME_MS;
      if (loud) run.loudEndMs = run.endMs;
    }
    return runs.map((run) => ({ ...run, words: words.filter((word) => isIn(word, run)) }));
  }
}

function isIn(word: SpokenWord, { startMs, endMs }: Pick<Run, 'startMs' | 'endMs'>): boolean {
  const middleMs = (word.startMs + word.endMs) / 2;
  return middleMs >= startMs - WORD_SLACK_MS && middleMs <= endMs + WORD_SLACK_MS;
}
