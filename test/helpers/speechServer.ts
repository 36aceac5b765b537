// A simulated speech server with the tone voice, for tests: answers at once unless told otherwise.
import type { TestContext } from 'node:test';
import { HttpPool } from '../../src/base/httpPool.ts';
import { seededRandom } from '../../src/base/random.ts';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import { SEED_TIMINGS, type SimFault, type SimTimings } from '../../src/sim/behaviour.ts';
import {
  simulatedSpeech,
  type HttpRoutes,
  type SpeechVoice,
  type Spoken,
} from '../../src/sim/openaiSpeech.ts';
import { SimServer } from '../../src/sim/server.ts';
import { openaiTextToSpeech, type OpenaiSpeechOptions } from '../../src/tts/openai.ts';
import type { TextToSpeech } from '../../src/tts/port.ts';
import { toneVoice } from './toneVoice.ts';
import { VirtualClock } from './virtualClock.ts';

export interface SpeechServer {
  readonly server: SimServer;
  /** With `/v1`. */
  readonly baseUrl: string;
  readonly http: HttpPool;
  /** Of the providers' deadlines. */
  readonly clock: VirtualClock;
  readonly spoken: Spoken[];
  readonly fail: (fault: SimFault | undefined) => void;
  readonly requests: () => number;
  readonly underWay: () => number;
  readonly connections: () => number;
  readonly provider: (changes?: Partial<OpenaiSpeechOptions>) => TextToSpeech;
}

/** Two seconds of speech in a millisecond. */
const AT_ONCE: SimTimings = { ...SEED_TIMINGS, ttsFirstByteMs: 0, ttsSpeed: 2_000 };

export interface SpeechServerOptions {
  readonly voice?: SpeechVoice;
  readonly timings?: SimTimings;
  readonly serverClock?: Clock;
}

export async function openSpeechServer(
  t: TestContext,
  { voice = toneVoice(), timings = AT_ONCE, serverClock = systemClock }: SpeechServerOptions = {},
): Promise<SpeechServer> {
  const server = new SimServer();
  const http = new HttpPool();
  const clock = new VirtualClock();
  const spoken: Spoken[] = [];
  let fault: SimFault | undefined;
  let requests = 0;
  let underWay = 0;
  const counted: HttpRoutes = {
    http: (route, handler) =>
      server.http(route, (request, response, body) => {
        underWay += 1;
        response.on('close', () => (underWay -= 1));
        handler(request, response, body);
      }),
  };
  simulatedSpeech(counted, {
    voice,
    timings: () => timings,
    random: seededRandom(1),
    clock: serverClock,
    faults: () => {
      requests += 1;
      return fault;
    },
    onSpoken: (what) => spoken.push(what),
  });
  const baseUrl = `${await server.listen()}/v1`;
  t.after(async () => {
    await http.close();
    await server.close();
  });
  return {
    server,
    baseUrl,
    http,
    clock,
    spoken,
    fail: (next) => (fault = next),
    requests: () => requests,
    underWay: () => underWay,
    connections: () => http.connectedCount,
    provider: (changes = {}) =>
      openaiTextToSpeech(
        {
          baseUrl,
          apiKey: 'sk-test',
          model: 'a-model',
          voice: 'a-voice',
          firstAudioMs: 3_000,
          idleMs: 2_000,
          ...changes,
        },
        http,
        clock,
      ),
  };
}
