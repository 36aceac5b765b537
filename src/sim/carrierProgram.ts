// Runs a call's TwiML: document after document, verb after verb, until something ends it.
import { sleep, type Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { newSid, standardParameters, type CallIdentity, type CallStatus } from './carrierAccount.ts';
import type { CarrierLine } from './carrierLine.ts';
import { parseTwiml, type HttpMethod, type StreamNoun, type Verb } from './carrierTwiml.ts';
import type { CarrierWeb } from './carrierWeb.ts';

/** Where to get TwiML from, or the TwiML itself. */
export type TwimlSource =
  | {
      readonly kind: 'url';
      readonly url: string;
      readonly method: HttpMethod;
      readonly fallbackUrl?: string | undefined;
      readonly extra?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'text'; readonly text: string };

/** The call, as far as its program is concerned. */
export interface ProgramHost {
  readonly identity: CallIdentity;
  readonly line: CarrierLine;
  readonly web: CarrierWeb;
  readonly clock: Clock;
  readonly random: Random;
  status(): CallStatus;
  answer(): void;
  onError(code: number, message: string): void;
  onSaid(text: string): void;
  onPlayIgnored(): void;
  /** A request that nobody waits for. */
  post(url: string, method: HttpMethod, parameters: Readonly<Record<string, string>>): void;
}

export type ProgramEnd =
  | { readonly by: 'verb'; readonly status?: CallStatus }
  | { readonly by: 'dial'; readonly transferredTo: string }
  /** Nothing was left to do. */
  | { readonly by: 'twimlEnd' }
  /** No TwiML could be had. */
  | { readonly by: 'error' };

/** How long the carrier's own voice takes. */
const SAY_MS_PER_CHARACTER = 60;
/** A call that is sent round in circles, with no stream in between, is ended. */
const DOCUMENTS_MAX = 200;
const CONTENT_TYPE_INVALID = 12_300;
const TWIML_RAN_IN_CIRCLES = 12_400;

interface Document {
  readonly verbs: readonly Verb[];
  /** What relative addresses start from. */
  readonly baseUrl: string;
}

type Outcome = 'next' | { readonly goTo: TwimlSource } | ProgramEnd;

export class CarrierProgram {
  readonly #host: ProgramHost;
  readonly #signal: AbortSignal;
  /** Since a stream has begun: a call may be taken up again as often as its gateways fail. */
  #documents = 0;
  #baseUrl: string;

  /** `signal` ends it at once, without a result. `baseUrl` is what relative addresses in a text start from. */
  constructor(host: ProgramHost, baseUrl: string, signal: AbortSignal) {
    this.#host = host;
    this.#baseUrl = baseUrl;
    this.#signal = signal;
  }

  get baseUrl(): string {
    return this.#baseUrl;
  }

  /** Answers how it ended; undefined when it was given up. */
  async run(source: TwimlSource): Promise<ProgramEnd | undefined> {
    let next = source;
    for (;;) {
      const document = await this.#document(next);
      if (this.#signal.aborted) return undefined;
      if (document === undefined) return { by: 'error' };
      const outcome = await this.#runDocument(document);
      if (this.#signal.aborted) return undefined;
      if (!('goTo' in outcome)) return outcome;
      next = outcome.goTo;
    }
  }

  /** Undefined when there is none to be had, and when it was given up. */
  async #document(source: TwimlSource): Promise<Document | undefined> {
    const { identity, web } = this.#host;
    this.#documents += 1;
    if (this.#documents > DOCUMENTS_MAX) {
      this.#host.onError(TWIML_RAN_IN_CIRCLES, `more than ${DOCUMENTS_MAX} documents without a stream`);
      return undefined;
    }
    if (source.kind === 'text') return this.#parsed(source.text, this.#baseUrl);
    const { url, method, fallbackUrl, extra = {} } = source;
    const parameters = { ...standardParameters(identity, this.#host.status()), ...extra };
    const answer = await web.request(url, method, parameters, this.#signal);
    if (this.#signal.aborted) return undefined;
    let failed: { readonly code: number; readonly message: string };
    if (!answer.ok) {
      failed = answer;
    } else if (/^(?:text|application)\/xml\b/i.test(answer.contentType)) {
      return this.#parsed(answer.body, url);
    } else {
      failed = { code: CONTENT_TYPE_INVALID, message: `${url} answered '${answer.contentType}'` };
    }
    this.#host.onError(failed.code, failed.message);
    if (fallbackUrl === undefined) return undefined;
    const report = { ErrorCode: String(failed.code), ErrorUrl: url };
    return this.#document({ kind: 'url', url: fallbackUrl, method: 'POST', extra: report });
  }

  #parsed(text: string, baseUrl: string): Document | undefined {
    const { verbs, complaints } = parseTwiml(text);
    for (const { code, message } of complaints) this.#host.onError(code, message);
    this.#baseUrl = baseUrl;
    return verbs === undefined ? undefined : { verbs, baseUrl };
  }

  async #runDocument(document: Document): Promise<Exclude<Outcome, 'next'>> {
    const [first] = document.verbs;
    if (first?.kind === 'reject' && this.#host.status() === 'ringing') {
      return { by: 'verb', status: first.reason === 'busy' ? 'busy' : 'failed' };
    }
    this.#host.answer();
    for (const verb of document.verbs) {
      const outcome = await this.#execute(verb, document);
      if (outcome !== 'next') return outcome;
      if (this.#signal.aborted) break;
    }
    return { by: 'twimlEnd' };
  }

  async #execute(verb: Verb, { baseUrl }: Document): Promise<Outcome> {
    switch (verb.kind) {
      case 'connect':
        await this.#connect(verb.stream, baseUrl);
        if (verb.action === undefined) return 'next';
        return { goTo: { kind: 'url', url: resolved(verb.action, baseUrl), method: verb.method } };
      case 'say':
        this.#host.onSaid(verb.text);
        return this.#wait(verb.text.length * SAY_MS_PER_CHARACTER);
      case 'pause':
        return this.#wait(verb.lengthMs);
      case 'play':
        this.#host.onPlayIgnored();
        return 'next';
      case 'redirect':
        return { goTo: { kind: 'url', url: resolved(verb.url, baseUrl), method: verb.method } };
      case 'dial':
        return { by: 'dial', transferredTo: verb.to };
      case 'reject':
      case 'hangup':
        return { by: 'verb' };
      default:
        return verb satisfies never;
    }
  }

  async #wait(durationMs: number): Promise<Outcome> {
    // Only the signal ends a sleep early, and `run` looks at it.
    await sleep(this.#host.clock, durationMs, this.#signal).catch(() => undefined);
    return 'next';
  }

  async #connect(noun: StreamNoun, baseUrl: string): Promise<void> {
    const { identity, line, web, random } = this.#host;
    const { accountSid, callSid } = identity;
    const streamSid = newSid('MZ', random);
    const target = web.socketAddress(resolved(noun.url, baseUrl.replace(/^http/, 'ws')));
    const end = await line.open(
      { accountSid, callSid, streamSid, parameters: noun.parameters },
      target,
      () => {
        this.#documents = 0;
        this.#report(noun, streamSid, 'stream-started');
      },
    );
    if (end.code !== undefined) {
      this.#host.onError(end.code, end.message);
      this.#report(noun, streamSid, 'stream-error', `${end.code}: ${end.message}`);
    }
    this.#report(noun, streamSid, 'stream-stopped');
  }

  #report(noun: StreamNoun, streamSid: string, event: string, error?: string): void {
    if (noun.statusCallback === undefined) return;
    const { identity, clock } = this.#host;
    this.#host.post(noun.statusCallback, noun.statusCallbackMethod, {
      AccountSid: identity.accountSid,
      CallSid: identity.callSid,
      StreamSid: streamSid,
      StreamName: noun.name ?? streamSid,
      StreamEvent: event,
      ...(error === undefined ? {} : { StreamError: error }),
      Timestamp: new Date(clock.wallMs()).toISOString(),
    });
  }
}

/** An absolute address stays as it was written, to the letter: it is what gets signed. */
function resolved(url: string, baseUrl: string): string {
  return /^[a-z][a-z\d+.-]*:/i.test(url) || !URL.canParse(url, baseUrl) ? url : new URL(url, baseUrl).href;
}
