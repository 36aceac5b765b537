// Seen on every other page while there is a call: an open microphone is never out of sight.
import type { VNode } from 'preact';
import { linkTo } from '../address.ts';
import { useStore } from '../store.ts';
import { isFree } from './phone.ts';
import { phoneText } from './phoneText.ts';
import { hangUp, phone } from './softphone.ts';
import './softphone.css';

export function PhoneBar(): VNode | null {
  const now = useStore(phone);
  if (isFree(now)) return null;
  return (
    <div class="phone-bar">
      <a href={linkTo('phone')}>{phoneText(now)}</a>
      <button type="button" class="danger" onClick={hangUp}>
        Hang up
      </button>
    </div>
  );
}
