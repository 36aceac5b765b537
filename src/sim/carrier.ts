// A carrier that behaves as Twilio does: calls in both directions, webhooks with signatures, TwiML,
// media streams in real time. Its REST interface is in carrierRest.ts. The demo, the benches and the
// tests all use this one. https://www.twilio.com/docs/voice
import { Background } from '../base/background.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { newSid, type CallDirection } from './carrierAccount.ts';
import { CarrierCall, type StatusCallback } from './carrierCall.ts';
import type { LineOptions } from './carrierLine.ts';
import { placeOutgoing, type Answer, type CallRequest } from './carrierOutgoing.ts';
import type { TwimlSource } from './carrierProgram.ts';
import { CarrierRoutes } from './carrierRoutes.ts';
import { CarrierWeb, type WebRequest } from './carrierWeb.ts';
import { CarrierWheel } from './carrierWheel.ts';

export interface CarrierOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** `AC…` */
  readonly accountSid: string;
  /** Signs every request and upgrade, and opens the REST interface. */
  readonly authToken: string;
  /** The number's voice webhook: the public address of the gateway's `POST /twilio/voice`. */
  readonly voiceUrl: string;
  /** Asked when the voice webhook fails. */
  readonly fallbackUrl?: string;
  /** The number's call status webhook, told of the end of every incoming call. */
  readonly statusUrl?: string;
  /** The gateway's public origin, such as `https://voice.example.com`: what is signed. */
  readonly publicUrl?: string;
  /** The origin that is dialled in its place, such as `http://127.0.0.1:8080`. */
  readonly dialUrl?: string;
  /** What the one called by the gateway does; he answers after a second unless told otherwise. */
  readonly callee?: (call: CarrierCall, request: CallRequest) => Answer;
  /** Opens a media socket, in place of `ws`. */
  readonly dial?: LineOptions['dial'];
  /** Calls of which the evidence is kept; the oldest that are over go. */
  readonly callsKept?: number;
}

const ANSWER: Answer = { kind: 'answer', afterMs: 1_000 };
const CALLS_KEPT = 1_000;

export class Carrier {
  readonly #options: CarrierOptions;
  readonly #routes: CarrierRoutes;
  readonly #web: CarrierWeb;
  readonly #wheel: CarrierWheel;
  readonly #calls = new Map<string, CarrierCall>();
  readonly #faults: unknown[] = [];
  readonly #background = new Background((error) => this.#faults.push(error));

  constructor(options: CarrierOptions) {
    this.#options = options;
    const { authToken, clock, publicUrl, dialUrl } = options;
    this.#routes = new CarrierRoutes(clock);
    this.#web = new CarrierWeb({ authToken, clock, routes: this.#routes });
    this.#wheel = new CarrierWheel(clock);
    if (publicUrl !== undefined && dialUrl !== undefined) this.route(publicUrl, dialUrl);
  }

  get accountSid(): string {
    return this.#options.accountSid;
  }

  get authToken(): string {
    return this.#options.authToken;
  }

  get calls(): readonly CarrierCall[] {
    return [...this.#calls.values()];
  }

  /** Every webhook that was sent. */
  get requests(): readonly WebRequest[] {
    return this.#web.requests;
  }

  /** How late the carrier itself ever was: beyond some ms its measurements mean little. */
  get tickLateMsMax(): number {
    return this.#wheel.lateMsMax;
  }

  find(callSid: string): CarrierCall | undefined {
    return this.#calls.get(callSid);
  }

  /** Sends what is meant for a public origin to another one, or to one of several, from now on: `https` and `wss` alike. */
  route(publicUrl: string, dialUrls: string | readonly string[]): void {
    this.#routes.set(publicUrl, typeof dialUrls === 'string' ? [dialUrls] : dialUrls);
  }

  /** Somebody dials the gateway's number. The webhook is under way when this returns. */
  placeCall(parties: { readonly from: string; readonly to: string }): CarrierCall {
    const { voiceUrl, fallbackUrl, statusUrl } = this.#options;
    const statusCallback: StatusCallback | undefined =
      statusUrl === undefined ? undefined : { url: statusUrl, method: 'POST', events: ['completed'] };
    const call = this.#newCall(parties, 'inbound', statusCallback);
    this.run(call, { kind: 'url', url: voiceUrl, method: 'POST', fallbackUrl });
    return call;
  }

  /** The gateway has a call placed. It rings when this returns. */
  createCall(request: CallRequest): CarrierCall {
    const call = this.#newCall(request, 'outbound-api', request.statusCallback);
    const answer = this.#options.callee?.(call, request) ?? ANSWER;
    this.#background.run(placeOutgoing(call, request, answer, this.#options.clock));
    return call;
  }

  /** Gives a call other TwiML, in place of what it runs. */
  run(call: CarrierCall, source: TwimlSource): void {
    this.#background.run(call.run(source));
  }

  /** Resolves when every callback has been answered and every call is over. */
  async idle(): Promise<void> {
    await this.#background.idle();
  }

  /** Breaks everything off, without a word to anybody. Rejects if anything went wrong inside. */
  async close(): Promise<void> {
    for (const call of this.#calls.values()) call.finish({ by: 'carrier' });
    this.#web.close();
    await this.#background.idle();
    if (this.#faults.length > 0) throw new AggregateError(this.#faults, 'the simulated carrier failed');
  }

  #newCall(
    { from, to }: { readonly from: string; readonly to: string },
    direction: CallDirection,
    statusCallback: StatusCallback | undefined,
  ): CarrierCall {
    const { clock, random, accountSid, dial } = this.#options;
    const call = new CarrierCall({
      identity: { accountSid, callSid: newSid('CA', random), from, to, direction },
      clock,
      random,
      wheel: this.#wheel,
      web: this.#web,
      background: this.#background,
      statusCallback,
      ...(dial === undefined ? {} : { dial }),
    });
    this.#calls.set(call.callSid, call);
    this.#forgetOldest();
    return call;
  }

  #forgetOldest(): void {
    for (const [callSid, call] of this.#calls) {
      if (this.#calls.size <= (this.#options.callsKept ?? CALLS_KEPT)) return;
      if (call.end !== undefined) this.#calls.delete(callSid);
    }
  }
}
