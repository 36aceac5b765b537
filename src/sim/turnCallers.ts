// Callers out of cases: each says and does what its case is about, and the speech-to-text knows the sound of it.
import { seededRandom } from '../base/random.ts';
import { clipToInt16, SAMPLE_RATE_HZ } from '../audio/mulaw.ts';
import { prepareCaller, type Caller, type CallerStep } from './caller.ts';
import type { Phrasebook } from './recogniser.ts';
import type { TurnCase } from './turnCases.ts';
import { makeSound } from './turnSounds.ts';
import { TAIL_MS_MAX } from '../tts/silence.ts';
import { toSampleRate, trimSilence, type Spoken, type Voice, type VoiceOptions } from './voice.ts';

/** Somebody else in the room, this much softer than the caller. */
const SIDE_TALK_GAIN = 10 ** (-18 / 20);
/** "Mhm" is said in passing. */
const BACKCHANNEL_RATE = 1.25;
/** After a sound over the agent this long is watched what it does. */
const WATCHED_MS = 3_500;
/** How long the agent takes for a letter, about. */
const LETTER_MS = 65;
const PATIENCE_MS = 6_000;

export class TurnCallers {
  readonly #voice: Voice;
  readonly #book: Phrasebook;
  readonly #replyMs: (text: string) => number | undefined;
  readonly #said = new Map<string, Promise<Spoken>>();
  /** Cases of which the book has everything. */
  readonly #known = new Set<string>();

  /** `replyMs` tells how long the agent takes to say something, where that is known. */
  constructor(options: {
    readonly voice: Voice;
    readonly book: Phrasebook;
    readonly replyMs?: (text: string) => number | undefined;
  }) {
    this.#voice = options.voice;
    this.#book = options.book;
    this.#replyMs = options.replyMs ?? (() => undefined);
  }

  /** A caller for one call. The same case is the same to the sample each time. */
  async prepare(scene: TurnCase): Promise<Caller> {
    const steps = await this.#stepsOf(scene);
    const learn = !this.#known.has(scene.id);
    this.#known.add(scene.id);
    return prepareCaller({
      voice: { say: (text, options) => this.#say(text, hurried(scene, text, options)) },
      random: seededRandom(scene.seed),
      steps,
      speech: scene.speech,
      patienceMs: PATIENCE_MS,
      ...(scene.noise === undefined ? {} : { noise: scene.noise }),
      ...(scene.echo === undefined ? {} : { echo: scene.echo }),
      onUtterance: (utterance) => {
        if (learn) this.#book.add(utterance);
      },
    });
  }

  async #stepsOf(scene: TurnCase): Promise<readonly CallerStep[]> {
    const opening = scene.opening === undefined ? [] : [{ say: scene.opening }];
    const { probe } = scene;
    switch (probe.kind) {
      case 'turn':
        return [...opening, { sayInParts: probe.parts }, { listen: true }];
      case 'interrupt':
        return [...opening, { interrupt: probe.text, afterAgentMs: probe.afterAgentMs }, { listen: true }];
      case 'backchannel': {
        const { text: backchannel, afterAgentMs } = probe;
        return [...opening, { backchannel, afterAgentMs }, { silence: WATCHED_MS }];
      }
      case 'sound': {
        const samples = makeSound(probe.sound, seededRandom(scene.seed + 1));
        const { sound, afterAgentMs } = probe;
        return [...opening, { sound, samples, afterAgentMs }, { silence: WATCHED_MS }];
      }
      case 'closingAnswer': {
        const replyMs = this.#replyMs(scene.reply) ?? scene.reply.length * LETTER_MS;
        const afterAgentMs = Math.max(0, replyMs - TAIL_MS_MAX - probe.beforeEndMs);
        return [...opening, { interrupt: probe.text, afterAgentMs }, { listen: true }];
      }
      case 'idleSound': {
        const samples = makeSound(probe.sound, seededRandom(scene.seed + 1));
        const { sound, afterMs } = probe;
        return [
          { listen: true },
          { silence: afterMs },
          { sound, samples, afterAgentMs: 0 },
          { silence: WATCHED_MS },
        ];
      }
      case 'sideTalk': {
        const samples = await this.#aside(probe.text, probe.speech);
        const { text: sound, afterAgentMs } = probe;
        return [...opening, { sound, samples, afterAgentMs }, { silence: WATCHED_MS }];
      }
      case 'listen':
        return [...opening, { listen: true }];
      default:
        return probe satisfies never;
    }
  }

  /** A good speech-to-text hears those beside the caller as well. */
  async #aside(text: string, speech: VoiceOptions): Promise<Int16Array> {
    const spoken = await this.#say(text, speech);
    const samples = spoken.samples.map((sample) => clipToInt16(sample * SIDE_TALK_GAIN));
    this.#book.add({ text, samples, words: spoken.words });
    return samples;
  }

  /** Synthesised and brought to the line's rate once. */
  #say(text: string, options: VoiceOptions): Promise<Spoken> {
    const key = JSON.stringify([text, options]);
    const before = this.#said.get(key);
    if (before !== undefined) return before;
    const said = this.#voice
      .say(text, options)
      .then((spoken) => trimSilence(toSampleRate(spoken, SAMPLE_RATE_HZ), 0));
    this.#said.set(key, said);
    return said;
  }
}

function hurried({ probe }: TurnCase, text: string, options: VoiceOptions = {}): VoiceOptions {
  if (probe.kind !== 'backchannel' || probe.text !== text) return options;
  return { ...options, rate: Math.round((options.rate ?? 175) * BACKCHANNEL_RATE) };
}
