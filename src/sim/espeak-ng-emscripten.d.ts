// The package ships no types. What is used of it; times are ms from the beginning of the text's sound.
declare module '@echogarden/espeak-ng-emscripten' {
  export interface SynthesisEvent {
    readonly type:
      | 'word'
      | 'phoneme'
      | 'sentence'
      | 'mark'
      | 'play'
      | 'end'
      | 'msg_terminated'
      | 'samplerate';
    /** Of the word it belongs to, in characters (not UTF-16 units), from 1. */
    readonly text_position: number;
    readonly audio_position: number;
    /** Of a phoneme its name in IPA, empty for a pause. */
    readonly id: string | number | undefined;
  }
  export interface Worker {
    /** 0 when there is such a voice. */
    set_voice(name: string): number;
    /** Words a minute, 80-450. */
    set_rate(wordsPerMinute: number): void;
    /** 0-100. */
    set_pitch(pitch: number): void;
    get_samplerate(): number;
    /** Blocks until all is said. The callback answers true to stop; its samples are a copy. */
    synthesize(
      text: string,
      onPiece: (samples: Int16Array | undefined, events: readonly SynthesisEvent[]) => boolean,
    ): void;
  }
  export default function load(): Promise<{ readonly eSpeakNGWorker: new () => Worker }>;
}
