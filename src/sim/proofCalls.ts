// Calls in which everything happens that a dashboard shows: questions, interruptions, a nod, a transfer, a goodbye, a
// model that fails, and a call that the gateway places itself.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { sleep, type Clock } from '../base/clock.ts';
import { isRecord } from '../base/json.ts';
import { benchAgent } from './benchAgent.ts';
import { QUESTIONS } from './benchTalk.ts';
import type { Brain } from './brain.ts';
import type { Caller, CallerReport, CallerStep } from './caller.ts';
import type { CarrierCall } from './carrierCall.ts';
import { serveCarrierRest } from './carrierRest.ts';
import { SimServer } from './server.ts';
import { AGENT_NUMBER, CALLER_NUMBER, type HeldCall, type House, type Stage } from './stage.ts';

export const PROOF_TOKEN = 'a-token-of-the-proof';
const STAGGER_MS = 120;
/** Distinct questions of one caller: each costs a synthesis before the calls. */
const QUESTIONS_A_CALLER = 3;
const TRANSFER = 'Put me through to the office, please.';
const FAILING = 'Everything is broken, what now?';
const FAREWELL = 'Goodbye.';
const OUTGOING_TO = '+15550100789';

/**
 * Short answers, each with a number of its own, so that no voice has it ready. To one question the server breaks off
 * instead: whoever asks it is told of trouble.
 */
export function proofBrain(): Brain {
  let given = 0;
  return (messages) => {
    const last = messages.at(-1);
    if (last === undefined || last.role === 'tool') return { text: '' };
    if (last.content.includes('broken')) throw new Error('the model fails, as it was told to');
    if (last.content.includes('through'))
      return { toolCalls: [{ name: 'transfer', arguments: '{"to":"office"}' }] };
    if (last.content.includes('oodbye')) return { toolCalls: [{ name: 'end_call', arguments: '{}' }] };
    given += 1;
    return { text: `Yes, that is case ${given}. We will see.` };
  };
}

/** A gateway that can place calls itself, and asks for a token. */
export async function openProofHouse(stage: Stage): Promise<{
  readonly house: House;
  readonly close: () => Promise<void>;
}> {
  const folder = stage.temporaryFolder();
  const agentFile = path.join(folder, 'proof.yaml');
  const model = { provider: 'openai', model: 'sim' };
  writeFileSync(
    agentFile,
    benchAgent({
      name: 'proof',
      callerNumber: AGENT_NUMBER,
      greeting: 'Hello there.',
      prompt: 'Be brief.',
      providers: {
        stt: [{ provider: 'openai', model: 'gpt-live-transcribe' }],
        llm: [model, { ...model, model: 'sim-2' }],
        tts: [{ ...model, voice: 'sim' }],
      },
      tools: [
        { builtin: 'end_call' },
        { builtin: 'transfer', to: { office: '+12025550103' }, say: 'One moment.' },
      ],
    }),
  );
  const rest = new SimServer();
  const env = {
    AGENT: agentFile,
    ADMIN_TOKEN: PROOF_TOKEN,
    CALLS_MAX: '1000',
    TWILIO_API_BASE_URL: await rest.listen(),
  };
  const house = await stage.openHouse({ env });
  serveCarrierRest(rest, house.carrier);
  return { house, close: () => rest.close() };
}

/** Callers who talk until they are told to stop, and those who come and go. */
export class ProofCalls {
  readonly #stage: Stage;
  readonly #house: House;
  readonly #clock: Clock;
  readonly #calls: CarrierCall[] = [];
  readonly #held: Promise<HeldCall>[] = [];

  constructor(stage: Stage, house: House, clock: Clock) {
    this.#stage = stage;
    this.#house = house;
    this.#clock = clock;
  }

  /** `count` callers ring up, one after the other, with `turns` things to say. */
  async begin(count: number, turns: number): Promise<void> {
    const callers: Caller[] = [];
    for (let number = 0; number < count; number += 1)
      callers.push(await this.#stage.prepare(talk(number, turns)));
    for (const caller of callers) {
      this.#ring(caller);
      await sleep(this.#clock, STAGGER_MS);
    }
  }

  /** One is put through, one says goodbye, one meets a model that fails, and one is called. */
  async visit(): Promise<void> {
    const first = QUESTIONS[0] ?? '';
    const scripts: readonly (readonly CallerStep[])[] = [
      [{ say: first }, { say: TRANSFER }, { waitForHangUp: 10_000 }],
      [
        { say: first },
        { backchannel: 'Mhm.', afterAgentMs: 400 },
        { say: FAREWELL },
        { waitForHangUp: 10_000 },
      ],
      [{ say: FAILING }, { say: first }, { listen: true }],
    ];
    for (const steps of scripts) this.#ring(await this.#stage.prepare(steps));
    const answers = await this.#stage.prepare([{ say: first }, { listen: true }]);
    this.#take(await this.#placeCall(), answers);
  }

  /** Everybody hangs up. Answers what they noticed. */
  async end(): Promise<readonly CallerReport[]> {
    for (const call of this.#calls) call.hangUp();
    return (await Promise.all(this.#held)).map(({ report }) => report);
  }

  #ring(caller: Caller): void {
    this.#take(this.#house.carrier.placeCall({ from: CALLER_NUMBER, to: AGENT_NUMBER }), caller);
  }

  #take(call: CarrierCall, caller: Caller): void {
    this.#calls.push(call);
    this.#held.push(caller.take(call).then((report) => ({ call, report })));
  }

  async #placeCall(): Promise<CarrierCall> {
    const { gateway, carrier } = this.#house;
    const response = await fetch(`${gateway.url}/v1/calls`, {
      method: 'POST',
      headers: { authorization: `Bearer ${PROOF_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ to: OUTGOING_TO }),
    });
    const answer: unknown = await response.json();
    const call = isRecord(answer) ? carrier.find(String(answer['callSid'])) : undefined;
    if (call === undefined) throw new Error(`no call was placed: ${JSON.stringify(answer)}`);
    return call;
  }
}

function talk(caller: number, turns: number): readonly CallerStep[] {
  return Array.from({ length: turns }, (_unused, turn) => {
    const place = (caller + (turn % QUESTIONS_A_CALLER) * 17) % QUESTIONS.length;
    const question = QUESTIONS[place] ?? '';
    return turn > 0 && (caller + turn) % 6 === 0
      ? { interrupt: question, afterAgentMs: 500 }
      : { say: question };
  });
}
