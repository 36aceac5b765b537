// The simulated providers on one server, each request of which a test can let go wrong by what it is about.
import { isRecord, parseJson } from '../../src/base/json.ts';
import { systemClock } from '../../src/base/clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { SimFault, SimTimings } from '../../src/sim/behaviour.ts';
import type { Brain } from '../../src/sim/brain.ts';
import { simulatedDeepgram } from '../../src/sim/deepgram.ts';
import type { DeepgramCounts, DeepgramStream } from '../../src/sim/deepgramStream.ts';
import { simulatedChat, type SimulatedChat } from '../../src/sim/openaiChat.ts';
import { simulatedRealtime } from '../../src/sim/openaiRealtime.ts';
import { simulatedSpeech, SPEECH_ROUTE, type SpeechVoice, type Spoken } from '../../src/sim/openaiSpeech.ts';
import type { RealtimeSession } from '../../src/sim/realtimeSession.ts';
import { Phrasebook } from '../../src/sim/recogniser.ts';
import { SimServer, type HttpHandler } from '../../src/sim/server.ts';

/** As quick as providers can be without everything happening at once. */
export const QUICK: SimTimings = {
  sttWordsMs: 30,
  sttFinalMs: 20,
  llmFirstTokenMs: 60,
  llmTokenMs: 2,
  ttsFirstByteMs: 30,
  ttsSpeed: 20,
  jitter: 0,
};

const CHAT_ROUTE = 'POST /v1/chat/completions';

export interface FaultyProviders {
  /** Without a path: the providers are below `/v1`, a second voice below `/backup/v1`. */
  readonly url: string;
  /** What each request and upgrade said of the trace that it belongs to, in their order. */
  readonly traceparents: readonly { readonly path: string; readonly traceparent: string | undefined }[];
  readonly book: Phrasebook;
  readonly chat: SimulatedChat;
  readonly sessions: readonly RealtimeSession[];
  /** Connections to the simulated Deepgram, which is at the address without a path. */
  readonly streams: readonly DeepgramStream[];
  readonly deepgram: Readonly<DeepgramCounts>;
  /** Sentences that the second voice was asked for. */
  readonly backupSaid: readonly string[];
  /** What goes wrong with the model's answer to these words of the caller. */
  chatFault: (callerText: string) => SimFault | undefined;
  /** What goes wrong with the first voice's sentence. */
  speechFault: (text: string) => SimFault | undefined;
  /** What the model's server says instead of answering, if anything. */
  chatRefusal: (callerText: string, authorization: string) => { status: number; body: string } | undefined;
  /** What goes wrong with the next connections to Deepgram. */
  deepgramFault: () => SimFault | undefined;
  /** From now on new STT sessions take 24 kHz PCM alone. */
  refusePcmu: boolean;
  close(): Promise<void>;
}

export async function openFaultyProviders(options: {
  readonly brain: Brain;
  readonly voice: SpeechVoice;
  readonly onSpoken: (spoken: Spoken) => void;
}): Promise<FaultyProviders> {
  const traceparents: { path: string; traceparent: string | undefined }[] = [];
  const server = new SimServer(({ url = '', headers }) => {
    const { traceparent } = headers;
    traceparents.push({ path: url, traceparent: typeof traceparent === 'string' ? traceparent : undefined });
  });
  const book = new Phrasebook();
  const shared = { clock: systemClock, random: seededRandom(3), timings: () => QUICK };
  const sessions: RealtimeSession[] = [];
  const streams: DeepgramStream[] = [];
  const backupSaid: string[] = [];
  // A handler asks for its fault while it is running, so what the request says is known by then.
  let callerText = '';
  let sentence = '';

  simulatedRealtime(server, {
    ...shared,
    book,
    get refusePcmu() {
      return providers.refusePcmu;
    },
    onSession: (session) => sessions.push(session),
  });
  const deepgram = simulatedDeepgram(server, {
    ...shared,
    book,
    faults: () => providers.deepgramFault(),
    onStream: (stream) => streams.push(stream),
  });
  const chat = simulatedChat(routed(server, refusing), {
    ...shared,
    brain: options.brain,
    faults: () => providers.chatFault(callerText),
  });
  const speech = { ...shared, voice: options.voice, onSpoken: options.onSpoken };
  simulatedSpeech(routed(server, noting), { ...speech, faults: () => providers.speechFault(sentence) });
  simulatedSpeech(
    { http: (_route, handler) => server.http(SPEECH_ROUTE.replace('/v1', '/backup/v1'), noting(handler)) },
    {
      ...speech,
      faults: () => {
        backupSaid.push(sentence);
        return undefined;
      },
    },
  );

  function refusing(handler: HttpHandler, route: string): HttpHandler {
    return (request, response, body) => {
      callerText = lastCallerText(body);
      const refusal =
        route === CHAT_ROUTE
          ? providers.chatRefusal(callerText, request.headers.authorization ?? '')
          : undefined;
      if (refusal === undefined) handler(request, response, body);
      else response.writeHead(refusal.status, { 'content-type': 'application/json' }).end(refusal.body);
    };
  }

  function noting(handler: HttpHandler): HttpHandler {
    return (request, response, body) => {
      const asked = parseJson(body.toString('utf8'));
      sentence = isRecord(asked) ? String(asked['input']) : '';
      handler(request, response, body);
    };
  }

  const providers: FaultyProviders = {
    url: await server.listen(),
    traceparents,
    book,
    chat,
    sessions,
    streams,
    deepgram,
    backupSaid,
    chatFault: () => undefined,
    speechFault: () => undefined,
    chatRefusal: () => undefined,
    deepgramFault: () => undefined,
    refusePcmu: false,
    close: () => server.close(),
  };
  return providers;
}

/** The server, with every handler that is given to it wrapped. */
function routed(server: SimServer, wrap: (handler: HttpHandler, route: string) => HttpHandler): SimServer {
  return new Proxy(server, {
    get: (target, key) =>
      key === 'http'
        ? (route: string, handler: HttpHandler) => target.http(route, wrap(handler, route))
        : (Reflect.get(target, key, target) as unknown),
  });
}

function lastCallerText(body: Buffer): string {
  const asked = parseJson(body.toString('utf8'));
  const messages = isRecord(asked) && Array.isArray(asked['messages']) ? asked['messages'] : [];
  const last = messages.filter(isRecord).findLast((message) => message['role'] === 'user');
  return typeof last?.['content'] === 'string' ? last['content'] : '';
}
