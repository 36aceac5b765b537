import { cachedTextToSpeech, SpeechCache } from '../../src/tts/cache.ts';
import { fallbackTextToSpeech } from '../../src/tts/fallback.ts';
import { openSpeechServer } from '../helpers/speechServer.ts';
import { ttsContract } from '../helpers/ttsContract.ts';

ttsContract('openai', async (t) => {
  const server = await openSpeechServer(t);
  return { ...server, tts: server.provider() };
});

ttsContract('the cached one', async (t) => {
  const server = await openSpeechServer(t);
  const cache = new SpeechCache({ clock: server.clock, onError: t.assert?.ifError ?? (() => undefined) });
  t.after(() => cache.close());
  return { ...server, tts: cachedTextToSpeech(server.provider(), cache) };
});

ttsContract(
  'a fallback of one',
  async (t) => {
    const server = await openSpeechServer(t);
    return { ...server, tts: fallbackTextToSpeech([server.provider()], { clock: server.clock }) };
  },
  { goesOn: true },
);
