// What a simulated Realtime session says, through whatever is wrong with it.
import type { WebSocket } from 'ws';
import type { Clock } from '../base/clock.ts';
import type { RealtimeFault } from './openaiRealtime.ts';

export const TRANSCRIPTION = 'conversation.item.input_audio_transcription';
/** What `garbage` sends: not JSON, JSON of every wrong shape, and events with the wrong fields. */
const GARBAGE = [
  'not json',
  'null',
  '[]',
  '"session.updated"',
  '{"type":7}',
  '{"__proto__":{"type":"error"}}',
  '{"type":"conversation.item.input_audio_transcription.delta"}',
  '{"type":"conversation.item.input_audio_transcription.completed","item_id":"item_1","transcript":5}',
  '{"type":"error","error":null}',
];

export interface RealtimeOutboxOptions {
  readonly clock: Clock;
  /** Asked for every event: what is wrong at this moment. */
  readonly fault: () => RealtimeFault | undefined;
}

export class RealtimeOutbox {
  readonly #socket: WebSocket;
  readonly #options: RealtimeOutboxOptions;
  #events = 0;
  #sentItems = 0;

  constructor(socket: WebSocket, options: RealtimeOutboxOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  /** All of it at once, before anything was asked. */
  sendGarbage(): void {
    for (const text of GARBAGE) this.#socket.send(text);
    this.#socket.send(Buffer.from([0xff, 0xfe, 0x00]));
  }

  send(event: Readonly<Record<string, unknown>>): void {
    const fault = this.#options.fault();
    this.#events += 1;
    switch (fault?.kind) {
      case 'hang':
        return;
      case 'garbage':
        this.#socket.send(GARBAGE[this.#events % GARBAGE.length] ?? '');
        return;
      case 'cut':
      case 'stall':
      case 'half':
        if (this.#isOver(event, fault.afterItems)) {
          if (fault.kind === 'cut') this.#socket.terminate();
          if (fault.kind === 'half') this.#socket.close(1000);
          return;
        }
        break;
      case 'late':
        this.#options.clock.after(fault.delayMs, () => this.#write(event, false));
        return;
      default:
    }
    this.#write(fault?.kind === 'empty' ? withoutWords(event) : event, fault?.kind === 'wrongType');
  }

  /** Whether there were so many items, and this is another one or comes after one. */
  #isOver(event: Readonly<Record<string, unknown>>, afterItems: number): boolean {
    const isItem = String(event['type']).startsWith(TRANSCRIPTION);
    const over = this.#sentItems >= afterItems && (isItem || this.#sentItems > 0);
    if (isItem && !over) this.#sentItems += 1;
    return over;
  }

  #write(event: Readonly<Record<string, unknown>>, binary: boolean): void {
    const text = JSON.stringify({ event_id: `event_${this.#events}`, ...event });
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text, { binary });
  }
}

function withoutWords(event: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!String(event['type']).startsWith(TRANSCRIPTION)) return event;
  return { ...event, ...('delta' in event ? { delta: '' } : { transcript: '' }) };
}
