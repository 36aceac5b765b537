// Flux's turns as utterances. A turn that Flux ends is an utterance with an unasked final; one that we end is made to
// end by `ForceEndTurn`, which Flux ignores when nobody was speaking: then its next news, of later audio, tell so.
import { parseFluxEvent, type FluxEvent } from './fluxEvent.ts';
import type { SttEvent } from './port.ts';
import type { Dialect, Heard, Transcription } from './transcription.ts';
import { joined, UtteranceQueue } from './utteranceQueue.ts';

export const FLUX: Dialect = {
  greets: true,
  endMessage: '{"type":"ForceEndTurn"}',
  answerMs: 1_000,
  // What Deepgram recommends.
  pieceMs: 80,
  // There is no KeepAlive, and a turn ends by the silence that is heard.
  idle: { afterMs: 500, send: 'silence' },
  open: (report) => new FluxTranscription(report),
};

type Turn = FluxEvent & { readonly kind: 'turn' };

class FluxTranscription implements Transcription {
  readonly #report: (event: SttEvent) => void;
  readonly #queue: UtteranceQueue;
  /** Turns that are over, of the current utterance. */
  #over: readonly string[] = [];
  /** The turn that the next news are expected of, and its words. */
  #turn = 0;
  #words: readonly string[] = [];
  /** So many of them belong to an utterance that had its final before the turn was over. */
  #spentWords = 0;

  constructor(report: (event: SttEvent) => void) {
    this.#report = report;
    this.#queue = new UtteranceQueue(report);
  }

  hear(text: string): Heard {
    const event = parseFluxEvent(text);
    switch (event.kind) {
      case 'connected':
        return { kind: 'ready' };
      case 'error':
        return event;
      case 'turn':
        this.#onTurn(event);
        return { kind: 'nothing' };
      case 'ignored':
      case 'malformed':
        return { kind: 'nothing' };
      default:
        return event satisfies never;
    }
  }

  end(): number {
    return this.#queue.end();
  }

  asked(number: number, audioMs: number): void {
    this.#queue.sent(number, audioMs);
  }

  settle(number: number): void {
    if (this.#queue.asked[0]?.number === number) this.#final();
  }

  #onTurn(news: Turn): void {
    if (news.turn < this.#turn) return;
    // The end of the turn before was lost: what was heard of it counts.
    if (news.turn > this.#turn) this.#nextTurn(news.turn);
    this.#words = news.transcript.split(/\s+/u).filter((word) => word !== '');
    this.#queue.words(this.#text);
    if (news.event === 'ended') this.#onEnded(news);
    else if (news.event === 'update') this.#onUpdate(news);
    else this.#judged(this.#queue.current, news);
  }

  #onEnded(news: Turn): void {
    this.#nextTurn(news.turn + 1);
    const asked = this.#queue.asked[0];
    // Its own end, just before we asked for one: what follows until then belongs to the utterance as well.
    const before = asked !== undefined && !news.forced && news.audioMs < (asked.audioMs ?? 0);
    if (before) this.#judged(asked.number, news);
    // Its words have all been given to the utterance before, which was not waited for any longer.
    else if (asked === undefined && this.#text === '') this.#judged(this.#queue.current - 1, news);
    else this.#judged(this.#final(), news);
  }

  /** Nothing is being said: whoever waits for the last words of what came before has them. */
  #onUpdate(news: Turn): void {
    const asked = this.#queue.asked[0];
    if (asked?.audioMs === undefined || news.audioMs < asked.audioMs) return;
    if (this.#words.length === this.#spentWords) this.#final();
  }

  #nextTurn(turn: number): void {
    this.#over = [...this.#over, this.#fresh];
    this.#turn = turn;
    this.#words = [];
    this.#spentWords = 0;
  }

  #final(): number {
    const text = this.#text;
    this.#over = [];
    this.#spentWords = this.#words.length;
    return this.#queue.final(text);
  }

  #judged(utterance: number, { event, confidence }: Turn): void {
    if (event !== 'update') this.#report({ kind: 'turnJudged', utterance, judgement: event, confidence });
  }

  get #fresh(): string {
    return this.#words.slice(this.#spentWords).join(' ');
  }

  get #text(): string {
    return joined([...this.#over, this.#fresh]);
  }
}
