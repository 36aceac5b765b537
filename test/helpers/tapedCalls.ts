// A gateway that tapes its calls, with a tool and a model that can be made to fail.
import path from 'node:path';
import { type CallerStep } from '../../src/sim/caller.ts';
import { SimServer } from '../../src/sim/server.ts';
import { makeSound } from '../../src/sim/turnSounds.ts';
import { seededRandom } from '../../src/base/random.ts';
import { readTape, type Reel } from '../../src/tape/reel.ts';
import { TAPES_FOLDER } from '../../src/tape/tapeFile.ts';
import { eventually, GatewayRig } from './gatewayRig.ts';

export const TOOL_ANSWER = 'sunny';
export const BYE: readonly CallerStep[] = [{ say: 'Thank you, goodbye.' }, { waitForHangUp: 20_000 }];

/** A question, a cough over the answer, an interruption of it, a tool, a model that fails, and goodbye. */
export const EVENTFUL: readonly CallerStep[] = [
  { say: 'What are your hours?' },
  { sound: 'cough', samples: makeSound('cough', seededRandom(7)), afterAgentMs: 400 },
  { interrupt: 'Wait, what is the weather in Lisbon?', afterAgentMs: 1_500 },
  { say: 'Tell me number one.' },
  ...BYE,
];

/** After the call's end. */
const WRITTEN_MS_MAX = 60_000;

export class TapingRig {
  readonly rig: GatewayRig;
  readonly #tools: SimServer;

  private constructor(rig: GatewayRig, tools: SimServer) {
    this.rig = rig;
    this.#tools = tools;
  }

  static async open(env: Readonly<Record<string, string>> = {}): Promise<TapingRig> {
    const tools = new SimServer();
    tools.http('POST /weather', (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).end(TOOL_ANSWER);
    });
    const rig = await GatewayRig.open({
      agent: `
tools:
  - builtin: end_call
  - builtin: transfer
    to: { reception: "+15550001111" }
    say: Putting you through.
  - name: get_weather
    description: The weather in a city.
    url: ${await tools.listen()}/weather
    filler: Let me look.
    parameters:
      type: object
      properties: { city: { type: string } }
      required: [city]
`,
      env: { TAPE_CALLS: 'all', ...env },
    });
    rig.providers.chatFault = (text) =>
      text.includes('number one') ? { kind: 'status', status: 500 } : undefined;
    rig.providers.speechFault = (text) =>
      text.includes('number five') ? { kind: 'status', status: 500 } : undefined;
    return new TapingRig(rig, tools);
  }

  /** Where the tape of a call is. */
  fileOf(callSid: string): string {
    return path.join(this.rig.dataDir, TAPES_FOLDER, `${callSid}.jsonl.gz`);
  }

  /** The tape of a call, when it is whole. */
  async tapeOf(callSid: string): Promise<Reel> {
    let reel: Reel | undefined;
    await eventually(
      async () => {
        reel = await readTape(this.fileOf(callSid)).catch(() => undefined);
        return reel?.isWhole === true;
      },
      'the tape is on the disk',
      WRITTEN_MS_MAX,
    );
    if (reel === undefined) throw new Error('there is no tape');
    return reel;
  }

  async close(): Promise<void> {
    await this.rig.close();
    await this.#tools.close();
  }
}
