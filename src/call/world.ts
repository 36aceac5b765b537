// What every call of a process shares. Made once by main, never changed.
import type { IntentMatcher } from '../agent/intents.ts';
import type { AgentFile } from '../agent/schema.ts';
import type { Background } from '../base/background.ts';
import type { Clock } from '../base/clock.ts';
import type { HttpFetch } from '../base/httpPool.ts';
import type { Logger } from '../base/logger.ts';
import type { Tracer } from '../base/span.ts';
import type { LiveEvent } from '../events/event.ts';
import type { LanguageModel } from '../llm/port.ts';
import type { ResponseCache } from '../llm/responseCache.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { PlayoutWheel } from '../playout/wheel.ts';
import type { CallCheckpoints, CallWriter, TranscriptWriter } from '../store/port.ts';
import type { StereoRecording } from '../store/recording.ts';
import type { SpeechToText } from '../stt/port.ts';
import type { TextToSpeech } from '../tts/port.ts';
import type { TurnSettings } from '../turn/state.ts';
import type { VoiceDetector } from '../vad/port.ts';
import type { EarTrust } from './earTrust.ts';
import type { CallInfo } from './port.ts';
import type { CallTapes } from './taping.ts';
import type { TurnModel } from '../vad/turnModelPort.ts';

export interface CallWorld {
  readonly agent: AgentFile;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** None: calls are not traced. */
  readonly tracer?: Tracer | undefined;
  readonly events: { publish(event: LiveEvent): void };
  readonly writer: CallWriter;
  /** None: the turns' rows are all that is kept of what was said. */
  readonly transcripts?: TranscriptWriter;
  /** Where each call stands, for other instances. */
  readonly checkpoints?: CallCheckpoints;
  /** Awaited before an answer is begun: what is switched off is waited for as if there were nothing better. Never rejects. */
  readonly beforeAnswer?: () => Promise<void>;
  readonly detector: VoiceDetector;
  /** None unless the agent's file names one: the text alone tells the end of a turn. */
  readonly turnModel?: TurnModel;
  /** None: the model answers everything. */
  readonly intents?: IntentMatcher;
  /** In order of preference; at least one. */
  readonly ears: readonly SpeechToText[];
  /** Of the ears, in their order; without them each is asked in turn. */
  readonly earBreakers?: readonly EarTrust[];
  readonly model: LanguageModel;
  /** Undefined: every answer is asked of the model. */
  readonly responses?: Pick<ResponseCache, 'lookup' | 'keep'> | undefined;
  readonly voice: TextToSpeech;
  /** None: every reply is made alike. */
  readonly adaptive?: {
    /** Of the model that is asked first, lately; undefined while too little is known. */
    firstTokenP95Ms(): number | undefined;
    /** Asked first while the usual one is slow. */
    readonly fasterModel: LanguageModel | undefined;
  };
  /** Labels of the model and the voice that are asked first. */
  readonly providers: { readonly llm: string; readonly tts: string };
  readonly wheel: Pick<PlayoutWheel, 'add' | 'remove'>;
  readonly turnSettings: TurnSettings;
  /** Off: a reply is spoken only when the model has written all of it. */
  readonly firstSentence: boolean;
  readonly background: Background;
  /** One that sends once: a tool may book or pay. */
  readonly fetch: HttpFetch;
  /** The value of a variable that the agent's file names for a tool's header. */
  readonly secret: (name: string) => string | undefined;
  /**
   * What is made ready for a call whose phone rings, beside its ears; `nothing`: not even these. Never rejects.
   */
  readonly whileRinging?: ((info: CallInfo) => Promise<void>) | 'nothing';
  /** None: no call is taped. */
  readonly tapes?: CallTapes;
  /** Undefined when calls are not recorded. `part` counts the streams of one call from 1. */
  readonly openRecording: (callSid: string, part: number) => OpenRecording | undefined;
}

export interface OpenRecording {
  readonly recording: StereoRecording;
  /** Below the data folder; another one once it turns out that this is there already. */
  readonly path: string;
}
