// The audio thread of one stream: the microphone in, the loudspeaker out. A file of its own in the build, because browsers
// load it into a world of its own.
import { levelDbfs } from '../../audio/mulaw.ts';
import { Microphone } from './microphone.ts';
import { Speaker } from './speaker.ts';
import { PROCESSOR, type FromWorklet, type ToWorklet } from './workletMessages.ts';

/** What a browser's audio thread has, of what is used here. */
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare const sampleRate: number;
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

class PhoneProcessor extends AudioWorkletProcessor {
  readonly #speaker = new Speaker(sampleRate, (name) => this.#tell({ kind: 'mark', name }));
  readonly #microphone = new Microphone(sampleRate, (mulaw) => this.#onFrame(mulaw));
  /** Of the agent since the last frame of the caller. */
  #power = 0;
  #ended = false;

  constructor() {
    super();
    this.port.addEventListener('message', (event: MessageEvent<ToWorklet>) => this.#onMessage(event.data));
    this.port.start();
  }

  /** For every 128 samples; answers whether it is needed any longer. */
  process([input]: readonly Float32Array[][], [output]: readonly Float32Array[][]): boolean {
    const out = output?.[0];
    if (this.#ended || out === undefined) return !this.#ended;
    this.#speaker.play(out);
    this.#power = Math.max(this.#power, this.#speaker.power);
    // A microphone that is not there (yet) is silence: a telephone sends that too.
    this.#microphone.push(input?.[0] ?? new Float32Array(out.length));
    return true;
  }

  #onMessage(message: ToWorklet): void {
    switch (message.kind) {
      case 'media':
        this.#speaker.enqueue(message.mulaw);
        return;
      case 'mark':
        return this.#speaker.mark(message.name);
      case 'clear':
        return this.#speaker.clear();
      case 'end':
        this.#ended = true;
        return;
      default:
        message satisfies never;
    }
  }

  #onFrame(mulaw: Uint8Array<ArrayBuffer>): void {
    const agentDb = this.#power === 0 ? -100 : Math.max(-100, 10 * Math.log10(this.#power));
    this.#power = 0;
    this.#tell({ kind: 'frame', mulaw, callerDb: levelDbfs(mulaw), agentDb }, [mulaw.buffer]);
  }

  #tell(message: FromWorklet, given: readonly ArrayBuffer[] = []): void {
    this.port.postMessage(message, [...given]);
  }
}

registerProcessor(PROCESSOR, PhoneProcessor);
