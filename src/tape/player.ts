// Tells a call again what is on its tape. As long as it does what it did then it is told everything in the order and at the
// times of the tape: then all that it does is the same. From the first thing on that it does otherwise its time is its own:
// the caller and the line go on as they did, and the providers say what they said then when they are asked.
import { setImmediate } from 'node:timers/promises';
import { silence } from '../audio/mulaw.ts';
import type { AgentFile } from '../agent/schema.ts';
import type { Timer } from '../base/clock.ts';
import { ProviderError } from '../base/errors.ts';
import { BLIND_TRUST, type EarTrust } from '../call/earTrust.ts';
import type { LlmRequest } from '../llm/port.ts';
import { TICK_MS } from '../playout/wheel.ts';
import type { SttOptions, SttSession } from '../stt/port.ts';
import { Echoes } from './echoes.ts';
import type { Source } from './feed.ts';
import { agentOf } from './header.ts';
import type { Outside, WhichModel } from './outside.ts';
import { fetchKey, fingerprint, isOutside, type Doing, type Happening } from './records.ts';
import type { Reel, TapeLine } from './reel.ts';
import { Reading, type Telling } from './reading.ts';
import { scriptsOf, takeScript, type Script, type Scripts } from './scripts.ts';
import { Stage } from './stage.ts';
import { Talk } from './talk.ts';
import { ToldSession } from './toldSession.ts';

/** A call that goes on after the end of its tape is given so long. */
const LONGER_US_MAX = 30_000_000;
/** Silence in place of a sentence that the tape does not have. */
const SPOKEN_MS_A_LETTER = 60;
const TICK_US = TICK_MS * 1_000;

/** Where the call went another way for the first time. */
export interface Departure {
  readonly atUs: number;
  /** What it did then, or what happened to it that it did not wait for now; undefined: nothing more. */
  readonly onTape: TapeLine | undefined;
  /** What it did now; undefined: it did not do what it did then, or did not wait for what happened. */
  readonly now: Doing | undefined;
}

export interface Replayed {
  readonly talk: Talk;
  readonly departure: Departure | undefined;
  /** What else is worth knowing, once each. */
  readonly remarks: readonly string[];
}

/** `agent`: instead of the one that had the call. Throws when today's code does not take the agent on the tape. */
export async function replay(reel: Reel, agent?: AgentFile): Promise<Replayed> {
  return new Player(reel, agent ?? agentOf(reel.header)).play();
}

class Player implements Outside {
  readonly #reel: Reel;
  readonly #scripts: Scripts;
  readonly #stage: Stage;
  readonly #talk = new Talk();
  readonly #echoes = new Echoes();
  readonly #remarks = new Set<string>();
  /** When each rings. */
  readonly #timers = new Map<number, number>();
  readonly #readings = new Map<string, Pick<Reading<unknown>, 'dueUs' | 'next' | 'skip'>>();
  readonly #sessions = new Map<number, ToldSession>();
  readonly #waits = new Set<number>();
  readonly #used = { answers: new Set<number>(), speeches: new Set<number>(), fetches: new Set<number>() };
  #at = 0;
  #nowUs = 0;
  #ticking = false;
  #tickUs = 0;
  #ended = false;
  #departure: Departure | undefined;
  #slownessMs: number | undefined;
  #streamSid = '';

  constructor(reel: Reel, agent: AgentFile) {
    this.#reel = reel;
    this.#scripts = scriptsOf(reel);
    const rang = reel.lines.find((line) => line.kind === 'happening' && line.happening[0] === 'rang');
    this.#stage = new Stage({
      header: reel.header,
      agent,
      outside: this,
      ears: rang === undefined || (rang.kind === 'happening' && rang.happening[1] === true),
      unsent: () => this.#unsent(),
      onEnded: () => {
        this.#ended = true;
      },
      onBug: (failure) => this.#remarks.add(`a bug in the call: ${failure}`),
    });
  }

  async play(): Promise<Replayed> {
    const lastUs = this.#reel.lines.at(-1)?.atUs ?? 0;
    while (!this.#ended && this.#nowUs <= lastUs + LONGER_US_MAX) {
      if (this.#departure === undefined && this.#at >= this.#reel.lines.length && !this.#reel.isWhole) break;
      const happening = this.#departure === undefined ? this.#follow() : this.#improvise();
      if (happening === undefined) continue;
      if (happening === 'nothing') break;
      await this.#stage.take(happening);
      // All that it has set going comes to rest.
      await setImmediate();
    }
    if (this.#departure === undefined && this.#at < this.#reel.lines.length) this.#depart(undefined);
    return { talk: this.#talk, departure: this.#departure, remarks: [...this.#remarks] };
  }

  // --- what the call does ---

  note(doing: Doing): void {
    if (this.#ended) return;
    this.#talk.did(this.#nowUs, doing);
    this.#echoes.sent(doing, this.#nowUs);
    if (this.#departure !== undefined) return;
    const line = this.#reel.lines[this.#at];
    if (line?.kind !== 'doing' || !this.#isSame(line, doing)) return this.#depart(doing);
    this.#at += 1;
    const [name, number, ...rest] = doing;
    if (name === 'commit') this.#sessions.get(Number(number))?.committed(Number(rest[0]), this.#nowUs);
    if (name === 'slowness') this.#slownessMs = typeof number === 'number' ? number : undefined;
  }

  #isSame({ doing: then, text }: TapeLine & { readonly kind: 'doing' }, now: Doing): boolean {
    if (text === JSON.stringify(now)) return true;
    if (then[0] !== 'asked' || now[0] !== 'asked' || then[1] !== now[1] || then[2] !== now[2]) return false;
    this.#remarks.add('the model is asked something else than then; it answers what it answered then');
    return true;
  }

  #depart(now: Doing | undefined): void {
    this.#departure = { atUs: this.#nowUs, onTape: this.#reel.lines[this.#at], now };
    this.#tickUs = this.#nowUs;
  }

  // --- what happens next ---

  #follow(): Happening | 'nothing' | undefined {
    const line = this.#reel.lines[this.#at];
    if (line === undefined || line.kind === 'doing' || !this.#stage.wants(line.happening)) {
      if (line?.kind === 'happening') this.#nowUs = line.atUs;
      this.#depart(undefined);
      return undefined;
    }
    this.#at += 1;
    this.#nowUs = line.atUs;
    this.#follows(line.happening);
    return line.happening;
  }

  /** So that who improvises later knows where all stands. */
  #follows(happening: Happening): void {
    switch (happening[0]) {
      case 'timer':
        this.#timers.delete(happening[1]);
        return undefined;
      case 'message':
        return this.#echoes.heard(happening[1] ?? '', this.#nowUs);
      case 'opened':
        this.#streamSid = happening[1].streamSid;
        return undefined;
      case 'heard':
        return this.#sessions.get(happening[1])?.said(happening[2]);
      case 'wrote':
        return this.#readings.get(`model ${happening[1]}`)?.skip();
      case 'spoke':
        return this.#readings.get(`speech ${happening[1]}`)?.skip();
      case 'answerable':
        this.#waits.delete(happening[1]);
        return undefined;
      default:
        return undefined;
    }
  }

  /** The earliest of all that is due; what comes from outside first. */
  #improvise(): Happening | 'nothing' | undefined {
    const line = this.#nextOutside();
    let dueUs = line?.atUs ?? Infinity;
    let take = (): Happening | undefined => {
      this.#at += 1;
      if (line?.happening[0] === 'opened') this.#streamSid = line.happening[1].streamSid;
      return line?.happening;
    };
    const consider = (atUs: number, happening: () => Happening | undefined): void => {
      if (atUs >= dueUs) return;
      dueUs = atUs;
      take = happening;
    };
    for (const wait of this.#waits) {
      consider(this.#nowUs, () => {
        this.#waits.delete(wait);
        return ['answerable', wait];
      });
    }
    for (const [number, session] of this.#sessions) {
      consider(session.dueUs, () => {
        const event = session.take();
        return event === undefined ? undefined : ['heard', number, event];
      });
    }
    for (const reading of this.#readings.values()) consider(reading.dueUs, () => reading.next());
    consider(this.#echoes.dueUs, () => ['message', this.#echo(this.#echoes.take())]);
    for (const [number, atUs] of this.#timers) {
      consider(atUs, () => {
        this.#timers.delete(number);
        return ['timer', number];
      });
    }
    if (this.#ticking) {
      consider(this.#tickUs + TICK_US, () => {
        this.#tickUs += TICK_US;
        return ['tick'];
      });
    }
    if (dueUs === Infinity) return 'nothing';
    this.#nowUs = Math.max(this.#nowUs, dueUs);
    const happening = take();
    return happening !== undefined && this.#stage.wants(happening) ? happening : undefined;
  }

  /** The next thing on the tape that happened whatever the call did. */
  #nextOutside(): (TapeLine & { readonly kind: 'happening' }) | undefined {
    for (; this.#at < this.#reel.lines.length; this.#at += 1) {
      const line = this.#reel.lines[this.#at];
      if (line?.kind === 'happening' && isOutside(line.happening)) return line;
    }
    return undefined;
  }

  #echo(name: string): string {
    return JSON.stringify({ event: 'mark', streamSid: this.#streamSid, mark: { name } });
  }

  #unsent(): 'closing' | 'full' | undefined {
    const doing = this.#nextDoing();
    if (doing?.[0] !== 'unsent') return undefined;
    return doing[1] === 'full' ? 'full' : 'closing';
  }

  // --- what the call asks ---

  get nowMs(): number {
    return this.#reel.header.startMs + this.#nowUs / 1_000;
  }

  get wallMs(): number {
    return this.#reel.header.startWallMs + Math.floor(this.#nowUs / 1_000);
  }

  after(timer: number, delayMs: number): Timer {
    this.#timers.set(timer, this.#nowUs + Math.max(0, delayMs) * 1_000);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  ticks(wanted: boolean): void {
    if (wanted && !this.#ticking) this.#tickUs = this.#nowUs;
    this.#ticking = wanted;
  }

  openVoice(): { push: () => void; close: () => void } {
    return { push: () => undefined, close: () => undefined };
  }

  listen(number: number, _place: number, _options: SttOptions): SttSession {
    const told = new ToldSession(this.#scripts.sessions.get(number));
    this.#sessions.set(number, told);
    const commit = (): number => {
      const utterance = this.#told('commit', number);
      return typeof utterance === 'number' ? utterance : told.commit(this.#nowUs);
    };
    return told.session(commit, () => void this.#sessions.delete(number));
  }

  /** Nobody else is told or warned. */
  earTrust(place: number): EarTrust {
    const ms = (name: 'restMs' | 'untilMs'): number => Number(this.#told(name, place) ?? 0);
    return {
      ...BLIND_TRUST,
      admits: () => this.#told('admits', place) !== false,
      restMs: () => ms('restMs'),
      get untilMs() {
        return ms('untilMs');
      },
    };
  }

  openTurnModel(): { ask: () => void; close: () => void } {
    // It judges at the times of the tape.
    return { ask: () => undefined, close: () => undefined };
  }

  complete(number: number, _which: WhichModel, request: LlmRequest): Source {
    const key = fingerprint(JSON.stringify(request));
    const script = this.#script(this.#scripts.answers, this.#used.answers, number, key, true);
    if (script === undefined) this.#remarks.add('the model is asked more often than then, and fails');
    return this.#read(`model ${number}`, script, {
      piece: (event) => ['wrote', number, event],
      over: (...failure) => ['over', 'model', number, ...failure],
      instead: () => [
        'over',
        'model',
        number,
        new ProviderError('server', 'it is not on the tape', {
          stage: 'llm',
          provider: this.#reel.header.model,
        }),
      ],
    });
  }

  speak(number: number, text: string): Source {
    const script = this.#script(this.#scripts.speeches, this.#used.speeches, number, text, false);
    if (script === undefined)
      this.#remarks.add(`the voice is asked for what is not on the tape, and is silent: “${text}”`);
    const mulaw = silence(text.length * SPOKEN_MS_A_LETTER);
    return this.#read(`speech ${number}`, script, {
      piece: (chunk) => ['spoke', number, chunk],
      over: (...failure) => ['over', 'speech', number, ...failure],
      instead: () => ['spoke', number, { mulaw }],
    });
  }

  fetch(number: number, url: string, init: RequestInit): Pick<Source, 'stop'> {
    const key = fetchKey(url, init).join(' ');
    const script = this.#script(this.#scripts.fetches, this.#used.fetches, number, key, true);
    const source = this.#read(`fetch ${number}`, script, {
      piece: (answer) => ['fetched', number, answer],
      over: (...failure) => ['unfetched', number, failure[0]],
      instead: () => ['unfetched', number, new Error('it is not on the tape')],
    });
    source.pull();
    return source;
  }

  beforeAnswer(wait: number): void {
    this.#waits.add(wait);
  }

  firstTokenP95Ms(): number | undefined {
    const doing = this.#nextDoing();
    const p95Ms = doing?.[0] === 'slowness' ? doing[1] : this.#slownessMs;
    return typeof p95Ms === 'number' ? p95Ms : undefined;
  }

  known(key: string): readonly string[] | undefined {
    const known = this.#told('known', key.slice(0, 10));
    if (known === undefined) return this.#scripts.known.get(key.slice(0, 10));
    return Array.isArray(known) ? (known as string[]) : undefined;
  }

  keep(): void {
    // For other calls, of which there are none.
  }

  // --- what the tape has of it ---

  /** What the call did next on the tape, as long as it is followed. */
  #nextDoing(): Doing | undefined {
    const line = this.#departure === undefined ? this.#reel.lines[this.#at] : undefined;
    return line?.kind === 'doing' ? line.doing : undefined;
  }

  /** What the call was told next on the tape, if it was about this. */
  #told(name: Doing[0], subject: unknown): unknown {
    const doing = this.#nextDoing();
    return doing?.[0] === name && doing[1] === subject ? doing[2] : undefined;
  }

  #script<T>(
    scripts: ReadonlyMap<number, Script<T>>,
    used: Set<number>,
    number: number,
    key: string,
    orNext: boolean,
  ): Script<T> | undefined {
    if (this.#departure !== undefined) return takeScript(scripts, used, key, orNext);
    used.add(number);
    return scripts.get(number);
  }

  #read<T>(name: string, script: Script<T> | undefined, tell: Telling<T>): Source {
    const reading = new Reading(script, tell, this.#nowUs);
    this.#readings.set(name, reading);
    return {
      pull: () => reading.want(this.#nowUs),
      stop: () => void this.#readings.delete(name),
    };
  }
}
