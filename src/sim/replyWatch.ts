// When each reply of the simulated model was asked for, and when its first speakable piece was complete: found by
// cutting the very tokens with the gateway's own splitter.
import { isRecord, type JsonRecord } from '../base/json.ts';
import { SpeechText } from '../sentence/speechText.ts';
import { SentenceSplitter, type SplitterOptions } from '../sentence/splitter.ts';

export interface ReplySeen {
  /** The last byte of the request came. */
  readonly askedAtMs: number;
  /** The caller's last words in it. */
  readonly question: string;
  firstTokenAtMs: number | undefined;
  /** What is spoken first, and when the token that showed it to be complete was sent. */
  piece: string | undefined;
  pieceAtMs: number | undefined;
}

interface Cutting {
  readonly seen: ReplySeen;
  readonly text: SpeechText;
  readonly splitter: SentenceSplitter;
}

const SPLITTING: SplitterOptions = { language: 'en-US', earlyClause: true };

export class ReplyWatch {
  readonly #replies: ReplySeen[] = [];
  readonly #cutting = new WeakMap<JsonRecord, Cutting>();

  get replies(): readonly Readonly<ReplySeen>[] {
    return this.#replies;
  }

  asked(atMs: number, body: JsonRecord): void {
    const seen: ReplySeen = {
      askedAtMs: atMs,
      question: lastQuestion(body),
      firstTokenAtMs: undefined,
      piece: undefined,
      pieceAtMs: undefined,
    };
    this.#replies.push(seen);
    const text = new SpeechText(SPLITTING);
    this.#cutting.set(body, { seen, text, splitter: new SentenceSplitter(SPLITTING) });
  }

  token(atMs: number, body: JsonRecord, token: string): void {
    const cutting = this.#cutting.get(body);
    if (cutting === undefined) return;
    const { seen, text, splitter } = cutting;
    seen.firstTokenAtMs ??= atMs;
    if (seen.piece !== undefined) return;
    seen.piece = splitter.push(text.push(token))[0];
    if (seen.piece !== undefined) seen.pieceAtMs = atMs;
  }
}

function lastQuestion(body: JsonRecord): string {
  const messages = Array.isArray(body['messages']) ? body['messages'].filter(isRecord) : [];
  const content = messages.findLast((message) => message['role'] === 'user')?.['content'];
  return typeof content === 'string' ? content : '';
}
