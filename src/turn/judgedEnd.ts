// When a turn is over that speech-to-text judges itself.
import { waitMs, type Ending, type EndpointSettings } from './endpoint.ts';
import type { Pauses } from './pauses.ts';
import type { TurnState } from './state.ts';

/** Whether all that was said in the turn was taken for a whole one; nothing said is none. */
export function isJudgedOver({ said, judgedOver }: Pick<TurnState, 'said' | 'judgedOver'>): boolean {
  const last = said.findLast((one) => one.text.trim() !== '');
  return last !== undefined && last.utterance <= judgedOver;
}

/**
 * Milliseconds of silence that a turn judged to be over still asks for: as after a whole sentence. A number that lacks
 * digits or a sentence that wants more goes on whoever says otherwise, and is waited for as long as by its words alone.
 */
export function judgedWaitMs(ending: Ending, settings: EndpointSettings, pauses: Pauses): number {
  const wantsMore = ending === 'open' || ending === 'collecting';
  return waitMs(wantsMore ? ending : 'complete', settings, pauses);
}
