// Acting on a call that another instance has. Nobody keeps a list of who has which: all are asked, Redis says how many
// that are, and who has the call does it. So there is nothing that could be out of date.
import { z } from 'zod';
import { Background } from '../base/background.ts';
import type { Clock } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import type { Logger } from '../base/logger.ts';
import { secretText } from '../base/random.ts';
import { within } from '../base/within.ts';
import type { Act, ActionOutcome, AskedOutcome, CallAction, OtherInstances } from './port.ts';
import type { Link } from './redisLink.ts';

/** An instance in health answers in milliseconds; one that has to ask the carrier takes up to seconds. */
export const ANSWER_MS_MAX = 4_000;
/** People press buttons: more than so many at once are a loop. */
export const ASKED_MAX = 100;
const ID_BYTES = 9;
const ASK_CHANNEL = 'asks';

const sid = z.string().min(1).max(64);
const word = z.string().min(1).max(64);
const action = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('hangup') }),
  z.strictObject({ kind: z.literal('transfer'), to: z.string().min(1).max(300) }),
  z.strictObject({ kind: z.literal('say'), text: z.string().min(1).max(1_000) }),
  z.strictObject({ kind: z.literal('answeredBy'), answeredBy: word }),
  z.strictObject({ kind: z.literal('over'), status: word }),
]);
const ask = z.object({ id: sid, from: sid, callSid: sid, action });
const answer = z.object({
  id: sid,
  outcome: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('done') }),
    z.strictObject({ kind: z.literal('not_live') }),
    z.strictObject({
      kind: z.literal('refused'),
      status: z.number().int().min(400).max(599),
      code: z.string().max(64),
      message: z.string().max(300),
    }),
  ]),
});
type Ask = z.output<typeof ask>;

interface Asked {
  /** How many were asked, this instance among them; undefined until Redis has said. */
  receivers: number | undefined;
  without: number;
  readonly settle: (outcome: AskedOutcome) => void;
}

export interface ActionsOptions {
  readonly link: Link;
  readonly instance: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Actions implements OtherInstances {
  readonly #options: ActionsOptions;
  readonly #asked = new Map<string, Asked>();
  readonly #background: Background;
  #act: Act | undefined;

  constructor(options: ActionsOptions) {
    this.#options = options;
    const { link, logger } = options;
    this.#background = new Background((error) =>
      logger.warn({ failure: errorText(error) }, 'another instance could not be answered'),
    );
    link.subscribe(ASK_CHANNEL, (message) => this.#onAsk(message));
    link.subscribe(answersTo(options.instance), (message) => this.#onAnswer(message));
  }

  serve(act: Act): void {
    this.#act = act;
  }

  async ask(callSid: string, wanted: CallAction): Promise<AskedOutcome> {
    const { link, instance, clock } = this.#options;
    if (!sid.safeParse(callSid).success) return { kind: 'not_live' };
    if (!link.up || this.#asked.size >= ASKED_MAX) return { kind: 'unreachable' };
    const id = secretText(ID_BYTES);
    const answered = new Promise<AskedOutcome>((settle) => {
      this.#asked.set(id, { receivers: undefined, without: 0, settle });
    });
    const late = clock.after(ANSWER_MS_MAX, () => this.#settle(id, { kind: 'no_answer' }));
    try {
      const question: Ask = { id, from: instance, callSid, action: wanted };
      const receivers = await link.publish(ASK_CHANNEL, JSON.stringify(question));
      this.#note(id, (asked) => {
        asked.receivers = receivers;
      });
    } catch {
      this.#settle(id, { kind: 'unreachable' });
    }
    try {
      return await answered;
    } finally {
      late.cancel();
    }
  }

  /** Resolves when everybody who was asked for something here has had an answer. */
  async idle(): Promise<void> {
    await this.#background.idle();
  }

  #onAsk(message: string): void {
    const question = ask.safeParse(parseJson(message)).data;
    if (question === undefined) return;
    // It was looked for here before the others were asked.
    if (question.from === this.#options.instance) this.#note(question.id, oneWithout);
    else this.#background.run(this.#answer(question));
  }

  async #answer({ id, from, callSid, action: wanted }: Ask): Promise<void> {
    const busy = this.#background.count >= ASKED_MAX;
    const outcome: ActionOutcome = busy
      ? {
          kind: 'refused',
          status: 503,
          code: 'overload',
          message: 'too much is asked of its instance at once',
        }
      : await this.#carryOut(callSid, wanted);
    if (outcome.kind !== 'not_live') {
      const { logger } = this.#options;
      logger.info({ callSid, action: wanted.kind, outcome: outcome.kind }, 'acted for another instance');
    }
    await this.#options.link.publish(answersTo(from), JSON.stringify({ id, outcome }));
  }

  /** What takes longer nobody waits for any more. */
  async #carryOut(callSid: string, wanted: CallAction): Promise<ActionOutcome> {
    if (this.#act === undefined) return { kind: 'not_live' };
    return within(this.#options.clock, ANSWER_MS_MAX, this.#act(callSid, wanted));
  }

  #onAnswer(message: string): void {
    const given = answer.safeParse(parseJson(message)).data;
    if (given === undefined) return;
    if (given.outcome.kind === 'not_live') this.#note(given.id, oneWithout);
    else this.#settle(given.id, given.outcome);
  }

  /** Answers may come before it is known how many there will be. */
  #note(id: string, change: (asked: Asked) => void): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    change(asked);
    if (asked.receivers !== undefined && asked.without >= asked.receivers) {
      this.#settle(id, { kind: 'not_live' });
    }
  }

  #settle(id: string, outcome: AskedOutcome): void {
    this.#asked.get(id)?.settle(outcome);
    this.#asked.delete(id);
  }
}

function oneWithout(asked: Asked): void {
  asked.without += 1;
}

function answersTo(instance: string): string {
  return `answers:${instance}`;
}
