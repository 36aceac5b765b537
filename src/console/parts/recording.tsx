// The recording of a call: fetched with the token (a player of the browser's could not send it), then seen and heard.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiFailure, failureText, send } from '../api.ts';
import { duration, megabytes } from '../format.ts';
import type { Peaks } from '../peaks.ts';
import type { PeaksNews } from '../peaksWorker.ts';
import { useShortcuts } from '../shortcuts.ts';
import { Waveform, type Moment } from './waveform.tsx';

/** More than half an hour of a call is fetched when it is asked for. */
const UNASKED_BYTES_MAX = 64_000_000;
const RATES = [1, 1.5, 2] as const;

type Sound =
  | { readonly kind: 'asking' }
  | { readonly kind: 'large'; readonly bytes: number }
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'here'; readonly url: string; readonly blob: Blob };

export interface RecordingProps {
  readonly callSid: string;
  readonly moments: readonly Moment[];
  /** A place that was asked for elsewhere on the page; a new object for each time. */
  readonly seek: { readonly atS: number } | undefined;
}

export function Recording({ callSid, moments, seek }: RecordingProps): VNode {
  const [sound, setSound] = useState<Sound>({ kind: 'asking' });
  const path = `/v1/calls/${encodeURIComponent(callSid)}/recording`;
  const load = async (signal?: AbortSignal): Promise<void> => {
    setSound({ kind: 'loading' });
    try {
      const blob = await (await send('GET', path, undefined, { signal })).blob();
      if (signal?.aborted !== true) setSound({ kind: 'here', blob, url: URL.createObjectURL(blob) });
    } catch (error) {
      if (signal?.aborted !== true) setSound({ kind: 'failed', message: whyNot(error) });
    }
  };
  useEffect(() => {
    const stop = new AbortController();
    void sizeOf(path, stop.signal).then(
      (bytes) => (bytes > UNASKED_BYTES_MAX ? setSound({ kind: 'large', bytes }) : load(stop.signal)),
      (error: unknown) => !stop.signal.aborted && setSound({ kind: 'failed', message: whyNot(error) }),
    );
    return () => stop.abort();
  }, [path]);
  useEffect(() => {
    if (sound.kind !== 'here') return undefined;
    return () => URL.revokeObjectURL(sound.url);
  }, [sound]);
  switch (sound.kind) {
    case 'here':
      return <Player url={sound.url} blob={sound.blob} moments={moments} seek={seek} />;
    case 'large':
      return (
        <p class="recording-note">
          The recording has {megabytes(sound.bytes)}.{' '}
          <button type="button" onClick={() => void load()}>
            Load it
          </button>
        </p>
      );
    case 'failed':
      return <p class="recording-note">{sound.message}</p>;
    default:
      return <p class="recording-note quiet">Loading the recording …</p>;
  }
}

function Player(
  props: Omit<RecordingProps, 'callSid'> & { readonly url: string; readonly blob: Blob },
): VNode {
  const { url, blob, moments, seek } = props;
  const audio = useRef<HTMLAudioElement>(null);
  const [peaks, setPeaks] = useState<Peaks>();
  const [failure, setFailure] = useState<string>();
  const [playing, setPlaying] = useState(false);
  const [rate, setRate] = useState<(typeof RATES)[number]>(1);
  const atS = usePlace(audio.current, playing);
  useEffect(() => {
    const worker = new Worker(new URL('../peaksWorker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data }: MessageEvent<PeaksNews>) => {
      if ('peaks' in data) setPeaks(data.peaks);
      else setFailure(data.failure);
    });
    worker.addEventListener('error', () => setFailure('The recording could not be drawn.'));
    worker.postMessage(blob, []);
    return () => worker.terminate();
  }, [blob]);
  const play = (): void => {
    const element = audio.current;
    if (element === null) return;
    if (element.paused) element.play().catch((error: unknown) => setFailure(failureText(error)));
    else element.pause();
  };
  const goTo = (seconds: number): void => {
    if (audio.current !== null) audio.current.currentTime = seconds;
  };
  useEffect(() => {
    if (seek === undefined || audio.current === null) return;
    goTo(seek.atS);
    if (audio.current.paused) play();
  }, [seek]);
  useShortcuts([
    { keys: ' ', what: 'Recording: play, pause', run: play },
    { keys: 'ArrowLeft', what: 'Recording: 5 s back', run: () => goTo(Math.max(0, atS - 5)) },
    { keys: 'ArrowRight', what: 'Recording: 5 s on', run: () => goTo(atS + 5) },
  ]);
  const nextRate = RATES[(RATES.indexOf(rate) + 1) % RATES.length] ?? 1;
  const faster = (): void => {
    if (audio.current !== null) audio.current.playbackRate = nextRate;
    setRate(nextRate);
  };
  const durationS = peaks?.durationS ?? 0;
  return (
    <div class="player">
      <audio
        ref={audio}
        src={url}
        preload="metadata"
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onEnded={() => setPlaying(false)}
      />
      <div class="player-side">
        <button type="button" class="play" onClick={play} aria-label={playing ? 'Pause' : 'Play'}>
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            {playing ? <path d="M3 2h4v12H3zM9 2h4v12H9z" /> : <path d="M3 1.5v13l11-6.5z" />}
          </svg>
        </button>
        <button
          type="button"
          class="plain rate"
          onClick={faster}
          aria-label={`Speed ${rate}, change to ${nextRate}`}
        >
          {rate}×
        </button>
      </div>
      <div class="player-lanes" aria-hidden="true">
        <span class="caller">Caller</span>
        <span class="agent">Agent</span>
      </div>
      {peaks === undefined ? (
        <div class="waveform" />
      ) : (
        <Waveform peaks={peaks} atS={atS} moments={moments} onSeek={goTo} />
      )}
      <p class="player-time number">
        {duration(atS * 1_000)} <span class="quiet">/ {duration(durationS * 1_000)}</span>
        {failure !== undefined && <span class="bad"> {failure}</span>}
      </p>
    </div>
  );
}

/** Where the player stands, in seconds: each frame while it plays, else whenever it was moved. */
function usePlace(audio: HTMLAudioElement | null, playing: boolean): number {
  const [atS, setAtS] = useState(0);
  useEffect(() => {
    if (audio === null) return undefined;
    let frame = 0;
    const read = (): void => setAtS(audio.currentTime);
    const follow = (): void => {
      read();
      frame = requestAnimationFrame(follow);
    };
    if (playing) follow();
    audio.addEventListener('seeking', read);
    audio.addEventListener('timeupdate', read);
    return () => {
      cancelAnimationFrame(frame);
      audio.removeEventListener('seeking', read);
      audio.removeEventListener('timeupdate', read);
    };
  }, [audio, playing]);
  return atS;
}

/** Asked by a range of one byte: its answer names the whole. */
async function sizeOf(path: string, signal: AbortSignal): Promise<number> {
  const response = await send('GET', path, undefined, { signal, headers: { range: 'bytes=0-0' } });
  await response.arrayBuffer();
  return Number(/\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1] ?? 0);
}

function whyNot(error: unknown): string {
  if (error instanceof ApiFailure && error.code === 'no_recording') return 'This call has no recording.';
  return `The recording could not be loaded. ${failureText(error)}`;
}
