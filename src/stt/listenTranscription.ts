// The results of `/v1/listen` as utterances: stretches of audio whose words change until they are final. We end an
// utterance by `Finalize`, which may go unanswered when there was little left to say.
import { parseListenEvent, type ListenEvent } from './listenEvent.ts';
import type { SttEvent } from './port.ts';
import type { Dialect, Heard, Transcription } from './transcription.ts';
import { joined, UtteranceQueue } from './utteranceQueue.ts';

export const LISTEN: Dialect = {
  greets: false,
  endMessage: '{"type":"Finalize"}',
  answerMs: 700,
  pieceMs: 60,
  // After 10 s without either the server closes the connection.
  idle: { afterMs: 4_000, send: 'keepAlive' },
  open: (report) => new ListenTranscription(report),
};

/** The server counts whole blocks of audio: two places so near to each other are one. */
const NEAR_MS = 100;
/** When the server has seen the end of the speech so shortly before, there is nothing left to ask for. */
const JUST_ENDED_MS = 400;

type Results = ListenEvent & { readonly kind: 'results' };

class ListenTranscription implements Transcription {
  readonly #queue: UtteranceQueue;
  /** Final words of the current utterance, and those that may still change. */
  #finals: readonly string[] = [];
  #interim = '';
  /** The server told that the speech was over there. */
  #silentAtMs: number | undefined;
  /** An utterance was settled without the server's answer: late news of the audio before are old. */
  #settledMs = 0;

  constructor(report: (event: SttEvent) => void) {
    this.#queue = new UtteranceQueue(report);
  }

  hear(text: string): Heard {
    const event = parseListenEvent(text);
    if (event.kind === 'error') return event;
    if (event.kind === 'results') this.#onResults(event);
    return { kind: 'nothing' };
  }

  end(): number {
    return this.#queue.end();
  }

  asked(number: number, audioMs: number): void {
    this.#queue.sent(number, audioMs);
    const justEnded = this.#silentAtMs !== undefined && audioMs - this.#silentAtMs < JUST_ENDED_MS;
    // Not at once: who commits learns the number first.
    if (justEnded && this.#interim === '') queueMicrotask(() => this.settle(number));
  }

  settle(number: number): void {
    const [first] = this.#queue.asked;
    if (first?.number !== number) return;
    this.#settledMs = first.audioMs ?? this.#settledMs;
    this.#final();
  }

  #onResults(news: Results): void {
    if (news.toMs <= this.#settledMs) return;
    this.#settleBefore(news);
    this.#interim = news.isFinal ? '' : news.transcript;
    if (news.isFinal) this.#finals = [...this.#finals, news.transcript];
    if (news.speechFinal) this.#silentAtMs = news.toMs;
    else if (news.transcript !== '') this.#silentAtMs = undefined;
    this.#queue.words(this.#text);
    if (news.fromFinalize && this.#queue.asked.length > 0) this.#final();
  }

  /** Utterances that ended before this stretch began, or before the one that it is the last of. */
  #settleBefore({ fromMs, toMs, fromFinalize }: Results): void {
    for (;;) {
      const [first, second] = this.#queue.asked;
      if (first?.audioMs === undefined) return;
      const over = first.audioMs <= fromMs + 1;
      const answered = fromFinalize && second?.audioMs !== undefined && second.audioMs <= toMs + NEAR_MS;
      if (!over && !answered) return;
      // What is told now of the same stretch has these words in it.
      if (!over) this.#interim = '';
      this.#final();
    }
  }

  #final(): void {
    const text = this.#text;
    this.#finals = [];
    this.#interim = '';
    this.#queue.final(text);
  }

  get #text(): string {
    return joined([...this.#finals, this.#interim]);
  }
}
