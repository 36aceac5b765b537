// A model and the simulated server that it speaks to, over a real socket.
import { systemClock } from '../../src/base/clock.ts';
import { HttpPool } from '../../src/base/httpPool.ts';
import { seededRandom } from '../../src/base/random.ts';
import { openaiLanguageModel, type OpenaiLlmOptions } from '../../src/llm/openai.ts';
import { SEED_TIMINGS, type SimTimings } from '../../src/sim/behaviour.ts';
import type { ChatQuirks } from '../../src/sim/chatWire.ts';
import { simulatedChat, type ChatRequestRecord } from '../../src/sim/openaiChat.ts';
import { SimServer } from '../../src/sim/server.ts';
import type { LlmSetting, LlmUnderTest } from './llmContract.ts';
import { VirtualClock } from './virtualClock.ts';

export const AT_ONCE: SimTimings = { ...SEED_TIMINGS, llmFirstTokenMs: 0, llmTokenMs: 0 };
export const RIG_DEADLINES = { firstTokenMs: 2_000, idleMs: 1_000 };

export interface LlmRig extends LlmUnderTest {
  readonly requests: readonly Readonly<ChatRequestRecord>[];
  readonly http: HttpPool;
}

/** The server answers at once, the model's deadlines are on a clock that the test turns. */
export async function openLlmRig(
  setting: LlmSetting & { readonly quirks?: ChatQuirks; readonly options?: Partial<OpenaiLlmOptions> },
): Promise<LlmRig> {
  const server = new SimServer();
  const chat = simulatedChat(server, {
    brain: () => setting.reply ?? { text: 'Hello.' },
    timings: () => AT_ONCE,
    random: seededRandom(1),
    clock: systemClock,
    faults: () => setting.fault,
    quirks: () => setting.quirks ?? {},
  });
  const origin = await server.listen();
  const http = new HttpPool();
  const clock = new VirtualClock();
  const model = openaiLanguageModel(
    {
      baseUrl: `${origin}/v1`,
      apiKey: setting.withoutKey === true ? undefined : 'key',
      model: 'sim',
      ...RIG_DEADLINES,
      streaming: true,
      ...setting.options,
    },
    { clock, http },
  );
  return {
    model,
    clock,
    http,
    requests: chat.requests,
    outcomes: () => chat.requests.map((request) => request.outcome),
    stopServer: () => server.close(),
    close: async () => {
      await http.close();
      await server.close();
    },
  };
}
