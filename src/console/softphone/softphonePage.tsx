// Calling the agent from this browser: the phone, and the words of the call beside it.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { systemClock } from '../../base/clock.ts';
import { linkTo } from '../address.ts';
import { useStore } from '../store.ts';
import { Keypad } from './keypad.tsx';
import { Meter } from './meter.tsx';
import { MicrophoneChoice } from './microphoneChoice.tsx';
import { callOf, isFree, type Phone } from './phone.ts';
import { durationText, phoneText } from './phoneText.ts';
import { call, hangUp, lasts, levels, microphoneLost, mute, phone } from './softphone.ts';
import { WordsOfCall } from './wordsOfCall.tsx';
import './softphone.css';

export function SoftphonePage(): VNode {
  const now = useStore(phone);
  const callSid = callOf(now);
  return (
    <>
      <div class="page-head">
        <h1>Softphone</h1>
        <p class="quiet">Talk with the agent from this browser, without a phone number.</p>
      </div>
      <div class="softphone">
        <section class="card phone" aria-label="Phone">
          <State now={now} />
          <Levels muted={'muted' in now && now.muted} />
          <div class="phone-actions">
            <CallButton now={now} />
            <button
              type="button"
              aria-pressed={'muted' in now && now.muted}
              disabled={!('muted' in now)}
              onClick={() => mute(!('muted' in now && now.muted))}
            >
              Mute
            </button>
          </div>
          <Keypad enabled={now.kind === 'inCall'} />
          <MicrophoneChoice />
        </section>
        <section class="card phone-words" aria-label="Words of the call">
          <WordsOfCall callSid={callSid} />
          {callSid !== undefined && (
            <p class="small quiet">
              <a href={linkTo('call', [callSid])}>Turns, waits and recording of this call</a>
            </p>
          )}
        </section>
      </div>
    </>
  );
}

function State({ now }: { readonly now: Phone }): VNode {
  const lost = useStore(microphoneLost);
  return (
    <div class="phone-state">
      <p role="status" class={now.kind === 'failed' ? 'notice bad' : 'notice'} data-state={now.kind}>
        {phoneText(now)}
      </p>
      <Elapsed />
      {lost && (
        <p role="alert" class="notice warn">
          The microphone is gone: the agent hears silence. Choose another one below.
        </p>
      )}
    </div>
  );
}

/** How long the call has been going on. */
function Elapsed(): VNode {
  const { fromMs, toMs = Infinity } = useStore(lasts);
  const [nowMs, setNowMs] = useState(() => systemClock.nowMs());
  useEffect(() => {
    const tick = (): void => {
      setNowMs(systemClock.nowMs());
      timer = systemClock.after(1_000, tick);
    };
    let timer = systemClock.after(0, tick);
    return () => timer.cancel();
  }, []);
  return (
    <span class="number phone-elapsed">
      <span class="visually-hidden">Length of the call: </span>
      {durationText(fromMs === undefined ? 0 : Math.min(nowMs, toMs) - fromMs)}
    </span>
  );
}

/** One button for both, so that the focus stays where it is. */
function CallButton({ now }: { readonly now: Phone }): VNode {
  const free = isFree(now);
  return (
    <button type="button" class={free ? 'primary' : 'danger'} onClick={() => (free ? call() : hangUp())}>
      {free ? 'Call the agent' : now.kind === 'inCall' ? 'Hang up' : 'Cancel'}
    </button>
  );
}

function Levels({ muted }: { readonly muted: boolean }): VNode {
  const { callerDb, agentDb } = useStore(levels);
  return (
    <div class="phone-levels">
      <Meter label={muted ? 'You (muted)' : 'You'} db={callerDb} who="caller" />
      <Meter label="Agent" db={agentDb} who="agent" />
    </div>
  );
}
