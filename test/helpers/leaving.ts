// What leaves a call: everything that somebody beside the model and its tools gets to see of it.
import type { LogFields, Logger } from '../../src/base/logger.ts';
import type { CallRig } from './callRig.ts';

/** All that watchers and the store got, each text by itself. */
export function toldTexts(rig: CallRig): readonly string[] {
  const texts: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value);
    else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) {
        if (!['callSid', 'from', 'to', 'at', 'startedAt', 'timings'].includes(key)) collect(inner);
      }
  };
  collect(rig.events);
  collect(rig.rows);
  return texts;
}

/** What leaves a call beside its events and rows, each text by itself. */
export class Leaving {
  readonly log: string[] = [];
  /** The last word on each turn's transcript. */
  readonly transcript = new Map<number, string>();
  /** Where the call has stood, from its beginning on. */
  readonly stood: string[] = [];

  /** For another instance. */
  left: unknown;

  /** The last word on where it stands. */
  get standing(): string {
    return this.stood.at(-1) ?? '';
  }

  readonly world = {
    logger: this.#logger(),
    transcripts: {
      turnChanged: (_callSid: string, index: number, turn: object) =>
        void this.transcript.set(index, JSON.stringify(turn)),
      flush: () => Promise.resolve(),
    },
    checkpoints: {
      changed: (_callSid: string, take: () => { readonly snapshot: unknown }) => {
        const { snapshot } = take();
        this.left = snapshot;
        const { callSid: _sid, info: _info, ...said } = snapshot as Record<string, unknown>;
        this.stood.push(
          JSON.stringify(said, (_key, value: unknown) => (typeof value === 'number' ? undefined : value)),
        );
      },
      takeUp: () => Promise.resolve({ kind: 'unknown' as const }),
      isTaken: () => Promise.resolve(false),
      forget: () => undefined,
      watchLost: () => undefined,
      flush: () => Promise.resolve(),
    },
  };

  #logger(): Logger {
    const note = (fields: LogFields, message: string): void => {
      const { callSid: _sid, streamSid: _stream, ...rest } = fields;
      const words = Object.values(rest).filter((value) => typeof value === 'string');
      this.log.push([message, ...words].join(' '));
    };
    return { debug: note, info: note, warn: note, error: note, child: () => this.#logger() };
  }
}
