// The agent's sentences spoken once before the first call, so that synthesis does not hold up the carrier's beat.
import { sayable } from '../sentence/sayable.ts';
import type { SplitterOptions } from '../sentence/splitter.ts';
import { tokensOf } from './chatWire.ts';
import { SPEECH_ROUTE } from './openaiSpeech.ts';
import type { TurnTexts } from './turnTexts.ts';

const SPLITTING: SplitterOptions = { language: 'en-US', earlyClause: true };

/** Asks the simulated voice for all that the gateway will ask it for; a piece that it cuts otherwise is merely late. */
export async function speakBeforehand(baseUrl: string, texts: TurnTexts): Promise<void> {
  const asked = [texts.phone, texts.spelling, texts.yesNo].map(({ question }) => question);
  const replies = [texts.greeting, ...asked, ...texts.long.map(({ reply }) => reply), ...texts.short];
  const pieces = await Promise.all(replies.map(piecesOf));
  for (const input of new Set(pieces.flat())) {
    const response = await fetch(`${baseUrl}${SPEECH_ROUTE.replace('POST /v1', '')}`, {
      method: 'POST',
      headers: { authorization: 'Bearer simulated', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'sim', voice: 'sim', input, response_format: 'pcm' }),
    });
    // The sound is not wanted, only that it was made.
    await response.body?.cancel();
  }
}

async function piecesOf(reply: string): Promise<readonly string[]> {
  async function* tokens(): AsyncIterable<string> {
    yield* tokensOf(reply);
  }
  const pieces: string[] = [];
  for await (const piece of sayable(tokens(), SPLITTING)) pieces.push(piece);
  return pieces;
}
