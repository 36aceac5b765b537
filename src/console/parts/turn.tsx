// One exchange: the caller's words as they come, what the agent said and how much of it was heard, and its times. Its place
// for the times is kept from the beginning, so that nothing moves when they come.
import type { VNode } from 'preact';
import { heardParts, type TurnView } from '../callView.ts';
import { duration, keysIn, milliseconds } from '../format.ts';
import { Waterfall } from './waterfall.tsx';

export interface TurnProps {
  readonly turn: TurnView;
  readonly startedAtMs: number;
  /** Plays the recording from here; undefined while there is none. */
  readonly onListen: (() => void) | undefined;
}

const SOURCES: Readonly<Record<string, string>> = {
  cached: 'fixed line',
  intent: 'intent',
  fallback: 'fallback: everything else failed',
};

export function Turn({ turn, startedAtMs, onListen }: TurnProps): VNode {
  const { index, source, speculated, withdrawn, interrupted, timings, finished } = turn;
  const at = duration(turn.startedAtMs - startedAtMs);
  const notes = [
    SOURCES[source],
    speculated ? 'prepared early' : undefined,
    withdrawn > 0 ? `taken back ${withdrawn === 1 ? 'once' : `${withdrawn} times`}` : undefined,
  ].filter((note) => note !== undefined);
  return (
    <li class="card turn" data-turn={index}>
      <div class="turn-head">
        <h2>{index === 0 ? 'Opening' : `Turn ${index}`}</h2>
        {onListen === undefined ? (
          <span class="quiet small number">{at}</span>
        ) : (
          <button
            type="button"
            class="plain listen number"
            onClick={onListen}
            aria-label={`Listen from ${at}`}
          >
            ▸ {at}
          </button>
        )}
        {notes.map((note) => (
          <span key={note} class="tag">
            {note}
          </span>
        ))}
        {interrupted && <span class="tag warn">caller cut in</span>}
        {timings.response !== undefined && (
          <span class="turn-wait number">
            <span class="quiet small">waited </span>
            {milliseconds(timings.response)}
          </span>
        )}
      </div>
      <div class="turn-body">
        <div class="turn-words">
          <CallerWords turn={turn} />
          <AgentWords turn={turn} />
        </div>
        <div class="turn-times">
          {finished ? <Waterfall timings={timings} /> : <p class="quiet small">{stateOf(turn)}</p>}
        </div>
      </div>
    </li>
  );
}

function stateOf({ agentText, prepared, callerText, partialText }: TurnView): string {
  if (agentText !== '') return 'The agent speaks …';
  if (prepared) return 'A reply is being prepared …';
  return callerText + partialText === '' ? ' ' : 'The caller speaks …';
}

function CallerWords({
  turn: { callerText, partialText, index },
}: {
  readonly turn: TurnView;
}): VNode | null {
  if (index === 0 && callerText === '' && partialText === '') return null;
  const keys = keysIn(callerText);
  return (
    <p class="said caller">
      <span class="said-by">Caller</span>
      <span class="said-text">
        {keys === undefined ? callerText : keys.map((key, place) => <kbd key={place}>{key}</kbd>)}
        {partialText !== '' && (
          <span class="partial">
            {callerText === '' ? '' : ' '}
            {partialText}
          </span>
        )}
      </span>
    </p>
  );
}

function AgentWords({ turn }: { readonly turn: TurnView }): VNode {
  const { interrupted, cutInText, finished, tools } = turn;
  const { heard, unheard } = heardParts(turn);
  return (
    <p class="said agent">
      <span class="said-by">Agent</span>
      <span class="said-text">
        {tools.map(({ name, durationMs }, place) => (
          <span key={place} class="tool">
            <code>{name}</code> {durationMs === undefined ? 'is at work …' : milliseconds(durationMs)}
          </span>
        ))}
        {heard}
        {interrupted && (
          <span class="cut" title={cutInText === '' ? undefined : `The caller: ${cutInText}`}>
            <span aria-hidden="true">//</span>
            <span class="visually-hidden"> The caller cut in here. </span>
          </span>
        )}
        {unheard.trim() !== '' &&
          (interrupted || finished ? (
            <del title="Made, and not heard">{unheard}</del>
          ) : (
            <span class="coming">{unheard}</span>
          ))}
      </span>
    </p>
  );
}
