import assert from 'node:assert/strict';
import test from 'node:test';
import { isRecord, parseJson } from '../../src/base/json.ts';
import { SPEECH_ROUTE } from '../../src/sim/openaiSpeech.ts';
import { SimServer } from '../../src/sim/server.ts';
import { TURN_TEXTS } from '../../src/sim/turnTexts.ts';
import { speakBeforehand } from '../../src/sim/turnWarm.ts';

test('all that the agent will say is spoken once before the first call, in the pieces that it is said in', async () => {
  const server = new SimServer();
  const inputs: string[] = [];
  server.http(SPEECH_ROUTE, (_request, response, body) => {
    const asked = parseJson(body.toString());
    assert.ok(isRecord(asked));
    inputs.push(String(asked['input']));
    response.end(Buffer.alloc(100));
  });
  const baseUrl = `${await server.listen()}/v1`;
  const texts = TURN_TEXTS.tuning;
  await speakBeforehand(baseUrl, texts);
  await server.close();
  assert.equal(new Set(inputs).size, inputs.length, 'nothing twice');
  const all = inputs.join(' ');
  for (const reply of [texts.greeting, texts.yesNo.question, ...texts.short]) {
    for (const word of reply.split(' ')) assert.ok(all.includes(word), word);
  }
  // A long reply is several sentences, and one is not spoken before the one before it.
  const [long] = texts.long;
  const places = (long?.reply.match(/[^.]+\./g) ?? []).map((sentence) =>
    inputs.findIndex((input) => sentence.trim().endsWith(input)),
  );
  assert.ok(places.length > 2 && places.every((place, i) => place > (places[i - 1] ?? -1)), places.join(' '));
});
