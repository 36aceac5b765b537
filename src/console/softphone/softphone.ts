// The phone of this tab: carries out what the machine in phone.ts decides. There is one, and a call outlives the page that
// it was begun on, so that its operator may look at it elsewhere in the console.
import { FRAME_BYTES, MULAW_SILENCE } from '../../audio/mulaw.ts';
import { systemClock, type Timer } from '../../base/clock.ts';
import type { LiveEvent } from '../../events/event.ts';
import { ApiFailure, ask, send, tell } from '../api.ts';
import { openFeed } from '../feed.ts';
import { store, type Store } from '../store.ts';
import type { CallAnswer } from '../wire.ts';
import { Line } from './line.ts';
import {
  callOf,
  reducePhone,
  type NextStep,
  type OfferedStream,
  type Phone,
  type PhoneEffect,
  type PhoneEvent,
} from './phone.ts';
import { MicrophoneError, Sound, type MicrophoneWish, type SoundPort } from './sound.ts';
import type { PhoneKey } from './wire.ts';
import { NO_WORDS, withEvent, withStoredTurns, type Words } from './words.ts';
import type { FromWorklet } from './workletMessages.ts';

export interface Levels {
  readonly callerDb: number;
  readonly agentDb: number;
}

export const SILENT: Levels = { callerDb: -100, agentDb: -100 };
/** Ten times a second: more is not seen. */
const LEVELS_EVERY_FRAMES = 5;
/** The last turn and the end of a call are told behind it; then nothing more of it is waited for. */
const LAST_WORDS_MS = 10_000;
const SILENT_FRAME = new Uint8Array(FRAME_BYTES).fill(MULAW_SILENCE);

export const phone: Store<Phone> = store<Phone>({ kind: 'idle' });
export const levels: Store<Levels> = store(SILENT);
/** What is said in this call. */
export const words: Store<Words> = store(NO_WORDS);
/** Pressed in this call. */
export const pressed: Store<string> = store('');
/** When the call began, and when it was over, on the clock. */
export const lasts: Store<{ readonly fromMs?: number; readonly toMs?: number }> = store({});
/** It was unplugged in the middle of a call. */
export const microphoneLost: Store<boolean> = store(false);
export const microphone: Store<MicrophoneWish> = store<MicrophoneWish>({
  deviceId: undefined,
  headphones: false,
});

export interface CallWish {
  readonly leadId?: string;
  readonly variables?: Readonly<Record<string, string>>;
}

let wish: CallWish = {};
let sound: Sound | undefined;
let port: SoundPort | undefined;
let line: Line | undefined;
let asking: Timer | undefined;
let attempt = 0;
let frames = 0;
let stopWatching: (() => void) | undefined;

/** Calls the agent. Wants to be the answer to a click: browsers let no page make sound by itself. */
export function call(wanted: CallWish = {}): void {
  wish = wanted;
  words.set(NO_WORDS);
  lasts.set({});
  happened({ kind: 'callWanted' });
}

export function hangUp(): void {
  happened({ kind: 'hangUpWanted' });
}

export function mute(muted: boolean): void {
  happened({ kind: 'muteWanted', muted });
}

export function press(key: PhoneKey): void {
  if (phone.get().kind !== 'inCall') return;
  line?.sendKey(key);
  pressed.set(pressed.get() + key);
}

/** Also in the middle of a call. Rejects with a `MicrophoneError`; then the one before stays. */
export async function chooseMicrophone(wanted: MicrophoneWish): Promise<void> {
  await sound?.choose(wanted);
  microphone.set(wanted);
  microphoneLost.set(false);
}

function happened(event: PhoneEvent): void {
  const step = reducePhone(phone.get(), event);
  phone.set(step.phone);
  for (const effect of step.effects) carryOut(effect);
}

function carryOut(effect: PhoneEffect): void {
  switch (effect.kind) {
    case 'askMicrophone':
      return void askMicrophone();
    case 'place':
      return void place();
    case 'open':
      return open(effect.stream);
    case 'hangUp':
      closeLine();
      return void tellHungUp(effect.callSid);
    case 'askNext':
      closeLine();
      asking?.cancel();
      asking = systemClock.after(effect.afterMs, () => void askNext(effect.path));
      return;
    case 'releaseMicrophone':
      return void releaseMicrophone();
    default:
      return effect satisfies never;
  }
}

async function askMicrophone(): Promise<void> {
  const mine = (attempt += 1);
  try {
    const opened = await Sound.open(microphone.get(), () => microphoneLost.set(true));
    // The user thought about it for longer than the call was wanted.
    if (mine !== attempt || phone.get().kind !== 'asking') return await opened.close();
    sound = opened;
    happened({ kind: 'microphoneReady' });
  } catch (error) {
    const why = error instanceof MicrophoneError ? error.why : 'unsupported';
    if (mine !== attempt) return;
    happened({ kind: 'microphoneFailed', why });
  }
}

async function place(): Promise<void> {
  try {
    // Before the call: its first words come with its first frame.
    await watch();
    const stream = await tell<OfferedStream>('POST', '/v1/softphone/calls', wish);
    happened({ kind: 'admitted', stream });
  } catch (error) {
    const failure = error instanceof ApiFailure ? error : undefined;
    const why = failure?.status === 0 ? 'unreachable' : failure?.code === 'overload' ? 'full' : 'refused';
    happened({ kind: 'notAdmitted', why, message: failure?.message });
  }
}

/** Follows the events from now on; resolves when they come, or when it is known that they do not yet. */
function watch(): Promise<void> {
  stopWatching?.();
  return new Promise((resolve) => {
    let before = false;
    stopWatching = openFeed({
      onEvent,
      onOpen() {
        if (before) void askMissed();
        before = true;
        resolve();
      },
      onState: ({ kind }) => {
        if (kind === 'lost') resolve();
      },
    });
  });
}

/** What was said while the line of the events was broken, as far as it is stored by now. */
async function askMissed(): Promise<void> {
  const callSid = callOf(phone.get());
  if (callSid === undefined) return;
  try {
    const { turns } = await ask<CallAnswer>(`/v1/calls/${callSid}`);
    if (callOf(phone.get()) === callSid) words.set(withStoredTurns(words.get(), turns));
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
  }
}

function onEvent(event: LiveEvent): void {
  if (event.callSid !== callOf(phone.get())) return;
  words.set(withEvent(words.get(), event));
  if (event.type !== 'call.ended') return;
  stopWatching?.();
  stopWatching = undefined;
}

function open(stream: OfferedStream): void {
  closeLine();
  const here = sound?.join(onSound);
  port = here;
  line = new Line(stream, {
    onOpened() {
      pressed.set('');
      lasts.set({ fromMs: lasts.get().fromMs ?? systemClock.nowMs() });
      happened({ kind: 'opened' });
    },
    onMessage: (message) => here?.tell(message),
    onClosed: () => happened({ kind: 'closed' }),
  });
}

/** Per 20 ms of the microphone, and for each mark whose time has come. */
function onSound(message: FromWorklet): void {
  if (message.kind === 'mark') {
    line?.sendMark(message.name);
    return;
  }
  const { mulaw, callerDb, agentDb } = message;
  const now = phone.get();
  line?.sendFrame('muted' in now && now.muted ? SILENT_FRAME : mulaw);
  frames += 1;
  if (frames % LEVELS_EVERY_FRAMES === 0) levels.set({ callerDb, agentDb });
}

function closeLine(): void {
  line?.hangUp();
  line = undefined;
  port?.close();
  port = undefined;
  levels.set(SILENT);
}

/**
 * Also when the stream has said so: what a page sends on a socket as it goes may never leave the browser, and a request that
 * is kept alive does. If that does not get through either, its place is free within a minute.
 */
async function tellHungUp(callSid: string): Promise<void> {
  try {
    await send('POST', `/v1/softphone/calls/${callSid}/hung-up`, undefined, { keepalive: true });
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
  }
}

async function askNext(path: string): Promise<void> {
  const step = await tell<NextStep>('POST', path).catch(() => undefined);
  happened(step === undefined ? { kind: 'nextUnknown' } : { kind: 'nextKnown', step });
}

async function releaseMicrophone(): Promise<void> {
  const [open, offered] = [sound, asking];
  sound = undefined;
  offered?.cancel();
  lasts.set({ ...lasts.get(), toMs: systemClock.nowMs() });
  const stop = stopWatching;
  if (stop !== undefined) systemClock.after(LAST_WORDS_MS, stop);
  microphoneLost.set(false);
  closeLine();
  await open?.close();
}

// A tab that is closed has hung up.
addEventListener('pagehide', hangUp);
