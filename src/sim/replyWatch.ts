// When each reply of the simulated model was asked for, and when its first speakable piece was complete: found by
// cutting the very tokens with the gateway's own splitter, afterwards. What is done between a token's time and its
// sending would be counted as the gateway's.
import { isRecord, type JsonRecord } from '../base/json.ts';
import { SpeechText } from '../sentence/speechText.ts';
import { SentenceSplitter, type SplitterOptions } from '../sentence/splitter.ts';

export interface ReplySeen {
  /** The last byte of the request came. */
  readonly askedAtMs: number;
  /** The caller's last words in it. */
  readonly question: string;
  readonly firstTokenAtMs: number | undefined;
  /** What is spoken first, and when the token that showed it to be complete was sent. */
  readonly piece: string | undefined;
  readonly pieceAtMs: number | undefined;
}

interface Noted {
  readonly askedAtMs: number;
  readonly body: JsonRecord;
  readonly tokens: { readonly atMs: number; readonly text: string }[];
}

/** A first piece is complete by then. */
const TOKENS_MAX = 100;
const SPLITTING: SplitterOptions = { language: 'en-US', earlyClause: true };

export class ReplyWatch {
  readonly #noted: Noted[] = [];
  readonly #byBody = new WeakMap<JsonRecord, Noted>();

  asked(atMs: number, body: JsonRecord): void {
    const noted: Noted = { askedAtMs: atMs, body, tokens: [] };
    this.#noted.push(noted);
    this.#byBody.set(body, noted);
  }

  token(atMs: number, body: JsonRecord, text: string): void {
    const tokens = this.#byBody.get(body)?.tokens;
    if (tokens !== undefined && tokens.length < TOKENS_MAX) tokens.push({ atMs, text });
  }

  /** As far as they were seen, in the order in which they were asked for. */
  replies(): readonly ReplySeen[] {
    return this.#noted.map(({ askedAtMs, body, tokens }) => ({
      askedAtMs,
      question: lastQuestion(body),
      firstTokenAtMs: tokens[0]?.atMs,
      ...firstPiece(tokens),
    }));
  }
}

function firstPiece(tokens: Noted['tokens']): Pick<ReplySeen, 'piece' | 'pieceAtMs'> {
  const text = new SpeechText(SPLITTING);
  const splitter = new SentenceSplitter(SPLITTING);
  for (const token of tokens) {
    const [piece] = splitter.push(text.push(token.text));
    if (piece !== undefined) return { piece, pieceAtMs: token.atMs };
  }
  return { piece: undefined, pieceAtMs: undefined };
}

function lastQuestion(body: JsonRecord): string {
  const messages = Array.isArray(body['messages']) ? body['messages'].filter(isRecord) : [];
  const content = messages.findLast((message) => message['role'] === 'user')?.['content'];
  return typeof content === 'string' ? content : '';
}
