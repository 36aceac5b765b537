// Which microphone is listened to, also in the middle of a call.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useStore } from '../store.ts';
import { MicrophoneError, microphones, type MicrophoneWish } from './sound.ts';
import { chooseMicrophone, microphone, phone } from './softphone.ts';

export function MicrophoneChoice(): VNode {
  const wish = useStore(microphone);
  // Their names are known when the microphone was allowed.
  const { kind } = useStore(phone);
  const [found, setFound] = useState<readonly MediaDeviceInfo[]>([]);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let wanted = true;
    const look = (): void => {
      void microphones().then((list) => (wanted ? setFound(list) : undefined));
    };
    look();
    navigator.mediaDevices?.addEventListener('devicechange', look);
    return () => {
      wanted = false;
      navigator.mediaDevices?.removeEventListener('devicechange', look);
    };
  }, [kind]);
  const choose = async (wanted: MicrophoneWish): Promise<void> => {
    try {
      await chooseMicrophone(wanted);
      setFailed(false);
    } catch (error) {
      if (!(error instanceof MicrophoneError)) throw error;
      setFailed(true);
    }
  };
  return (
    <div class="phone-device">
      <label for="microphone">Microphone</label>
      <select
        id="microphone"
        value={wish.deviceId ?? ''}
        onChange={({ currentTarget: { value } }) =>
          void choose({ ...wish, deviceId: value === '' ? undefined : value })
        }
      >
        <option value="">As the system</option>
        {found
          .filter(({ deviceId }) => deviceId !== 'default')
          .map(({ deviceId, label }, index) => (
            <option key={deviceId} value={deviceId}>
              {label === '' ? `Microphone ${index + 1}` : label}
            </option>
          ))}
      </select>
      <label class="phone-headphones">
        <input
          type="checkbox"
          checked={wish.headphones}
          onChange={(event) => void choose({ ...wish, headphones: event.currentTarget.checked })}
        />
        Headphones: no echo cancellation
      </label>
      {failed && (
        <p role="alert" class="small bad">
          That one does not open. The one before is still used.
        </p>
      )}
    </div>
  );
}
