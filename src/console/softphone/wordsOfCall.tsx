// The words of this tab's call as they come, the newest in sight.
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useStore } from '../store.ts';
import { words } from './softphone.ts';

export function WordsOfCall({ callSid }: { readonly callSid: string | undefined }): VNode {
  const { lines } = useStore(words);
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const shown = list.current;
    if (shown !== null) shown.scrollTop = shown.scrollHeight;
  }, [lines]);
  return (
    <>
      <h2>Words</h2>
      {lines.length === 0 && (
        <p class="quiet">
          {callSid === undefined
            ? 'What you say and what the agent says stands here, as it comes.'
            : 'Nobody has said anything yet.'}
        </p>
      )}
      <ol class="said" ref={list} aria-label="What was said" tabIndex={0}>
        {lines.map((line) => (
          <li key={`${line.who} ${line.turn} ${line.at}`} class={`${line.who}${line.live ? ' live' : ''}`}>
            <span class="who">{line.who === 'caller' ? 'You' : 'Agent'}</span>
            <span class="text">
              {line.text}
              {line.cut && <span class="quiet"> (you cut in)</span>}
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}
