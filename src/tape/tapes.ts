// Which calls are taped, and the taping of each.
import { createHash } from 'node:crypto';
import path from 'node:path';
import { errorText } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { CallInfo } from '../call/port.ts';
import { snapshotJson } from '../call/snapshot.ts';
import type { CallDeed, CallTape, CallTapes } from '../call/taping.ts';
import { canBeTaped } from '../call/taping.ts';
import type { CallWorld } from '../call/world.ts';
import type { StreamNews, StreamTap } from '../twilio/mediaStream.ts';
import { Gate } from './gate.ts';
import { headerOf } from './header.ts';
import { Inside } from './inside.ts';
import { happeningLine } from './lines.ts';
import { LiveOutside } from './live.ts';
import { sentRecord, type Doing, type Happening, type OpenedStream } from './records.ts';
import { TapeFile, TAPES_FOLDER } from './tapeFile.ts';

/** Which calls: a share of all, and all from or to these numbers. */
export interface TapedCalls {
  /** 0 to 1. */
  readonly share: number;
  readonly numbers: ReadonlySet<string>;
}

export interface TapesOptions {
  /** Undefined: none. */
  readonly tapedCalls: TapedCalls | undefined;
  readonly dataDir: string;
}

export class Tapes implements CallTapes {
  readonly #options: TapesOptions;
  readonly #logger: Logger;
  readonly #onStopped: () => void;
  readonly #closing = new Set<Promise<void>>();

  /** `onStopped`: a tape has ended before its call. */
  constructor(options: TapesOptions, logger: Logger, onStopped: () => void) {
    this.#options = options;
    this.#logger = logger;
    this.#onStopped = onStopped;
  }

  open(info: CallInfo, world: CallWorld): CallTape | undefined {
    const { tapedCalls } = this.#options;
    const taped = tapedCalls !== undefined && isTaped(info, tapedCalls);
    return taped ? new RunningTape(info, world, this.#file(info)) : undefined;
  }

  /** Resolves when all of them that were ended are on the disk. */
  async close(): Promise<void> {
    await Promise.all(this.#closing);
  }

  #file({ callSid }: CallInfo): TapeFile {
    const file = new TapeFile({
      folder: path.join(this.#options.dataDir, TAPES_FOLDER),
      callSid,
      onStopped: (why, error) => {
        this.#onStopped();
        const failure = error === undefined ? {} : { failure: errorText(error) };
        this.#logger.warn({ callSid, why, ...failure }, 'the tape of a call ends before it');
      },
    });
    const closing = file.closed.finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
    return file;
  }
}

/** The same for a call wherever it is asked. */
export function isTaped({ callSid, from, to }: CallInfo, { share, numbers }: TapedCalls): boolean {
  if (numbers.has(from) || numbers.has(to)) return true;
  const hash = createHash('sha256').update(callSid).digest();
  return hash.readUInt32BE(0) / 2 ** 32 < share;
}

class RunningTape implements CallTape, StreamTap {
  readonly world: CallWorld;
  readonly #file: TapeFile;
  readonly #gate: Gate;
  readonly #inside: Inside;
  #noted = 0;
  #ended = false;

  constructor(info: CallInfo, world: CallWorld, file: TapeFile) {
    this.#file = file;
    this.#gate = new Gate(world.clock, (error) =>
      world.logger.error({ callSid: info.callSid, failure: errorText(error) }, 'a bug in a taped call'),
    );
    this.#file.write(JSON.stringify(headerOf(info, world, this.#gate)));
    const outside = new LiveOutside({
      world,
      gate: this.#gate,
      note: (doing) => this.#note(doing),
      tell: (happening) => this.#tell(happening),
    });
    this.#inside = new Inside(world, outside);
    this.world = this.#inside.world;
  }

  happens(deed: CallDeed, work: () => void): void {
    if (deed.kind !== 'opened') return this.#gate.pass(() => this.#happened(ofDeed(deed)), work);
    const { stream, snapshot } = deed;
    return this.#gate.pass(() => {
      if (!canBeTaped(stream)) return this.end();
      const { waiting, ended } = stream.tap(this);
      const opened: OpenedStream = {
        streamSid: stream.streamSid,
        waiting: waiting.map((text) => text ?? null),
        ended: ended ?? null,
        snapshot: snapshot === undefined ? null : snapshotJson(snapshot),
      };
      return this.#happened(['opened', opened]);
    }, work);
  }

  onNews(news: StreamNews, deal: () => void): void {
    this.#gate.pass(() => this.#happened(ofNews(news)), deal);
  }

  onSent(text: string): void {
    if (!this.#ended) this.#note(sentRecord(text));
  }

  onUnsent(why: 'closing' | 'full'): void {
    this.#note(['unsent', why]);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#gate.leaveOpen();
    this.#file.end('over');
  }

  #tell(happening: Happening): void {
    const inside = this.#inside;
    this.#gate.pass(
      () => this.#happened(happening),
      () => inside.take(happening),
      () => inside.wants(happening),
    );
  }

  #happened(happening: Happening): void {
    if (this.#ended || this.#file.isOver) return;
    const atUs = this.#gate.sinceStartUs;
    this.#file.write(happeningLine(atUs - this.#noted, happening));
    this.#noted = atUs;
  }

  #note(doing: Doing): void {
    if (!this.#ended && !this.#file.isOver) this.#file.write(JSON.stringify(doing));
  }
}

function ofNews(news: StreamNews): Happening {
  switch (news.kind) {
    case 'message':
      return ['message', news.text ?? null];
    case 'failed':
      return ['failed', news.code];
    case 'closed':
      return ['closed'];
    default:
      return news satisfies never;
  }
}

function ofDeed(deed: Exclude<CallDeed, { readonly kind: 'opened' }>): Happening {
  switch (deed.kind) {
    case 'rang':
      return ['rang', deed.ears];
    case 'say':
      return ['say', deed.text];
    case 'transfer':
      return ['transfer', deed.to];
    case 'hangUp':
      return ['hangUp'];
    case 'answeredBy':
      return ['answeredBy', deed.answeredBy];
    default:
      return deed satisfies never;
  }
}
