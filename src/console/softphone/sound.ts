// The microphone and the loudspeaker of this browser, from the moment when a call wants them to its end.
import type { MicrophoneFailure } from './phone.ts';
import { PROCESSOR, type FromWorklet, type ToWorklet } from './workletMessages.ts';
// oxlint-disable-next-line import/default -- the build makes a file of its own of it, and this its address.
import workletUrl from './worklet.ts?worker&url';

/** Why there is no microphone. */
export class MicrophoneError extends Error {
  override readonly name = 'MicrophoneError';
  readonly why: MicrophoneFailure;

  constructor(why: MicrophoneFailure, cause?: unknown) {
    super(`the microphone is ${why}`, { cause });
    this.why = why;
  }
}

/** Which microphone, and what the browser does to its sound. */
export interface MicrophoneWish {
  /** Undefined: the system's own. */
  readonly deviceId: string | undefined;
  /** Nothing of the agent reaches the microphone: the voice is left as it is, which sounds best. */
  readonly headphones: boolean;
}

/** One stream's share of the sound. */
export interface SoundPort {
  tell(message: ToWorklet): void;
  close(): void;
}

export class Sound {
  readonly #context: AudioContext;
  #microphone: MediaStream;
  #source: MediaStreamAudioSourceNode;
  #node: AudioWorkletNode | undefined;
  readonly #onLost: () => void;

  private constructor(context: AudioContext, microphone: MediaStream, onLost: () => void) {
    this.#context = context;
    this.#microphone = microphone;
    this.#onLost = onLost;
    this.#source = this.#listenTo(microphone);
  }

  /**
   * Asks for the microphone, and so, the first time, the user. `onLost`: it was unplugged, or the permission taken back.
   * Throws a `MicrophoneError`.
   */
  static async open(wish: MicrophoneWish, onLost: () => void): Promise<Sound> {
    if (!isSecureContext) throw new MicrophoneError('insecure');
    if (!('mediaDevices' in navigator) || !('audioWorklet' in AudioContext.prototype)) {
      throw new MicrophoneError('unsupported');
    }
    const microphone = await openMicrophone(wish);
    const context = new AudioContext({ latencyHint: 'interactive' });
    try {
      await context.audioWorklet.addModule(workletUrl);
      await context.resume();
      return new Sound(context, microphone, onLost);
    } catch (error) {
      stop(microphone);
      await context.close();
      throw new MicrophoneError('unsupported', error);
    }
  }

  /** Joins a stream to it; the one before is over. */
  join(onMessage: (message: FromWorklet) => void): SoundPort {
    this.#node?.disconnect();
    const node = new AudioWorkletNode(this.#context, PROCESSOR, {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      outputChannelCount: [1],
      channelCount: 1,
      channelCountMode: 'explicit',
    });
    this.#node = node;
    const listener = (event: MessageEvent<FromWorklet>): void => onMessage(event.data);
    node.port.addEventListener('message', listener);
    node.port.start();
    this.#source.connect(node);
    node.connect(this.#context.destination);
    const tell = (message: ToWorklet): void => node.port.postMessage(message, []);
    return {
      tell,
      close() {
        node.port.removeEventListener('message', listener);
        tell({ kind: 'end' });
        node.disconnect();
      },
    };
  }

  /** Another microphone from now on. Throws a `MicrophoneError`, and the one before stays. */
  async choose(wish: MicrophoneWish): Promise<void> {
    const microphone = await openMicrophone(wish);
    this.#source.disconnect();
    stop(this.#microphone);
    this.#microphone = microphone;
    this.#source = this.#listenTo(microphone);
    if (this.#node !== undefined) this.#source.connect(this.#node);
  }

  /** Gives both back. Idempotent. */
  async close(): Promise<void> {
    stop(this.#microphone);
    this.#node?.disconnect();
    this.#node = undefined;
    if (this.#context.state !== 'closed') await this.#context.close();
  }

  #listenTo(microphone: MediaStream): MediaStreamAudioSourceNode {
    for (const track of microphone.getTracks()) {
      track.addEventListener('ended', () => {
        if (microphone === this.#microphone) this.#onLost();
      });
    }
    return this.#context.createMediaStreamSource(microphone);
  }
}

/** The microphones that there are; their names are known once one was allowed. */
export async function microphones(): Promise<readonly MediaDeviceInfo[]> {
  if (!('mediaDevices' in navigator)) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind, deviceId }) => kind === 'audioinput' && deviceId !== '');
}

async function openMicrophone({ deviceId, headphones }: MicrophoneWish): Promise<MediaStream> {
  const audio = {
    ...(deviceId === undefined ? {} : { deviceId: { exact: deviceId } }),
    channelCount: 1,
    echoCancellation: !headphones,
    noiseSuppression: !headphones,
    autoGainControl: !headphones,
  };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    throw new MicrophoneError(whyOf(error), error);
  }
}

/** https://w3c.github.io/mediacapture-main/#dom-mediadevices-getusermedia */
function whyOf(error: unknown): MicrophoneFailure {
  const name = error instanceof DOMException || error instanceof Error ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing';
  return 'busy';
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
