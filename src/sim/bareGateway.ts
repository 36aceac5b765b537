// What a tutorial builds in an afternoon: the shortest way from the carrier to three providers and back, for the share
// bench to hold the gateway against. It hears the end of a turn by loudness, asks with Node's own HTTP, writes frames as
// they come, and knows no failure, no interruption and no store. Not for calls. Run as a program of its own.
import { Agent, createServer, request, type IncomingMessage } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { encodeMulaw, FRAME_BYTES, levelDbfs } from '../audio/mulaw.ts';
import { isRecord, parseJson, type JsonRecord } from '../base/json.ts';
import { SentenceSplitter } from '../sentence/splitter.ts';
import { connectStream } from '../twilio/twiml.ts';

const LOUD_DBFS = -45;
const QUIET_FRAMES_MAX = 20;
/** 24 kHz from the voice, 8 kHz to the carrier: a tutorial takes every third sample. */
const DECIMATION = 3;
const KEY = 'simulated';
const baseUrl = process.env['OPENAI_BASE_URL'] ?? '';
const streamUrl = process.env['STREAM_URL'] ?? '';
const agent = new Agent({ keepAlive: true });
/** What the callers have said, by call. */
const said = new Map<string, { readonly callerText: string }[]>();

const server = createServer((asked, response) => {
  asked.resume();
  asked.on('end', () => {
    const path = asked.url ?? '';
    if (path.startsWith('/v1/calls/'))
      response.end(JSON.stringify({ turns: said.get(path.slice('/v1/calls/'.length)) ?? [] }));
    else if (path.startsWith('/twilio/voice')) {
      response.setHeader('content-type', 'text/xml');
      response.end(connectStream({ url: `${streamUrl}/media`, token: 'none', action: '/twilio/status' }));
    } else response.end();
  });
});

new WebSocketServer({ server }).on('connection', (carrier) => {
  const ears = new WebSocket(`${baseUrl.replace('http', 'ws')}/realtime?intent=transcription`, {
    headers: { authorization: `Bearer ${KEY}` },
  });
  const history: JsonRecord[] = [{ role: 'system', content: 'You answer the phone.' }];
  let streamSid = '';
  const turns: { readonly callerText: string }[] = [];
  let listens = false;
  let spoke = false;
  let quietFrames = 0;
  ears.on('open', () => ears.send(SESSION));
  ears.on('message', (data: Buffer) => {
    const event = messageOf(data);
    if (event['type'] === 'session.updated') listens = true;
    const words = event['transcript'];
    if (typeof words !== 'string' || words === '') return;
    turns.push({ callerText: words });

    answer(words, history, (mulaw) => play(carrier, streamSid, mulaw));
  });
  carrier.on('message', (data: Buffer) => {
    const message = messageOf(data);
    const { start } = message;
    if (isRecord(start)) {
      streamSid = String(start['streamSid']);
      said.set(String(start['callSid']), turns);
    }
    const media = message['media'];
    if (!isRecord(media) || !listens) return;
    const payload = String(media['payload']);
    ears.send(`{"type":"input_audio_buffer.append","audio":"${payload}"}`);
    const loud = levelDbfs(Buffer.from(payload, 'base64')) > LOUD_DBFS;
    quietFrames = loud ? 0 : quietFrames + 1;
    spoke ||= loud;
    if (!spoke || quietFrames < QUIET_FRAMES_MAX) return;
    spoke = false;
    ears.send('{"type":"input_audio_buffer.commit"}');
  });
  carrier.on('close', () => ears.close());
});

const SESSION = JSON.stringify({
  type: 'session.update',
  session: {
    type: 'transcription',
    audio: {
      input: {
        format: { type: 'audio/pcmu' },
        transcription: { model: 'gpt-realtime-whisper' },
        turn_detection: null,
      },
    },
  },
});

function answer(words: string, history: JsonRecord[], play: (mulaw: Uint8Array) => void): void {
  history.push({ role: 'user', content: words });
  post('/chat/completions', { model: 'gpt-4.1-mini', stream: true, messages: history }, (reply) => {
    const splitter = new SentenceSplitter({ language: 'en-US', earlyClause: true });
    let unread = '';
    let text = '';
    let spoken = false;
    reply.on('data', (chunk: Buffer) => {
      const events = (unread + chunk.toString()).split('\n\n');
      unread = events.pop() ?? '';
      for (const event of events) {
        const token = tokenOf(parseJson(event.slice('data: '.length)));
        text += token;
        const [piece] = splitter.push(token);
        if (piece === undefined || spoken) continue;
        spoken = true;
        speak(piece, play);
      }
    });
    reply.on('end', () => history.push({ role: 'assistant', content: text }));
  });
}

function speak(input: string, play: (mulaw: Uint8Array) => void): void {
  post('/audio/speech', { model: 'tts-1', voice: 'alloy', input, response_format: 'pcm' }, (sound) => {
    let unplayed = Buffer.alloc(0);
    sound.on('data', (chunk: Buffer) => {
      unplayed = Buffer.concat([unplayed, chunk]);
      const frameBytes = FRAME_BYTES * DECIMATION * Int16Array.BYTES_PER_ELEMENT;
      while (unplayed.length >= frameBytes) {
        const samples = new Int16Array(FRAME_BYTES);
        for (let i = 0; i < FRAME_BYTES; i += 1) samples[i] = unplayed.readInt16LE(i * DECIMATION * 2);
        play(encodeMulaw(samples));
        unplayed = unplayed.subarray(frameBytes);
      }
    });
  });
}

function play(carrier: WebSocket, streamSid: string, mulaw: Uint8Array): void {
  const payload = Buffer.from(mulaw).toString('base64');
  carrier.send(JSON.stringify({ event: 'media', streamSid, media: { payload } }));
}

function post(path: string, body: object, onAnswer: (response: IncomingMessage) => void): void {
  const text = JSON.stringify(body);
  const headers = {
    authorization: `Bearer ${KEY}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  };
  request(`${baseUrl}${path}`, { method: 'POST', agent, headers }, onAnswer).end(text);
}

function tokenOf(chunk: unknown): string {
  const choice: unknown =
    isRecord(chunk) && Array.isArray(chunk['choices']) ? chunk['choices'][0] : undefined;
  const delta = isRecord(choice) && isRecord(choice['delta']) ? choice['delta'] : {};
  return typeof delta['content'] === 'string' ? delta['content'] : '';
}

function messageOf(data: Buffer): JsonRecord {
  const message: unknown = parseJson(data.toString());
  return isRecord(message) ? message : {};
}

server.listen(Number(process.env['PORT']), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
