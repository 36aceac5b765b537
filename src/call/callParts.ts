// What a call is opened with.
import type { CallTrace } from './callTrace.ts';
import type { Conversation } from './conversation.ts';
import type { CallEars, CallInfo, CallStream } from './port.ts';
import type { CallSnapshot } from './snapshot.ts';

export interface CallParts {
  readonly info: CallInfo;
  readonly stream: CallStream;
  readonly ears: CallEars;
  /** Of this stream; the call closes it. */
  readonly trace: CallTrace;
  /** It had one before, of which there may be no more word. */
  readonly resumed: boolean;
  /** What was said before the stream was lost, for a call that is taken up again. */
  readonly conversation?: Conversation;
  /** The same, when that was at another instance. */
  readonly snapshot?: CallSnapshot;
}
