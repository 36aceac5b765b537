// What the watchers of a call are told of its turns, without what is nobody's business.
import type { Privacy } from './privacy.ts';
import type { Publish } from './publish.ts';
import type { ToolNews } from './toolbox.ts';

export class Told {
  readonly #publish: Publish;
  readonly #privacy: Privacy;
  #heardText = '';
  #over = false;

  constructor(publish: Publish, privacy: Privacy) {
    this.#publish = publish;
    this.#privacy = privacy;
  }

  /** Words that were recognised or keys that were pressed, in the turn with this number. */
  callerWords(turn: number, text: string, final: boolean): void {
    if (text === '') return;
    const type = final ? 'transcript.final' : 'transcript.partial';
    this.#publish({ type, turn, text: this.#privacy.ofWords(text, final) });
  }

  turnPrepared(turn: number, callerText: string): void {
    this.#publish({ type: 'turn.prepared', turn, callerText: this.#privacy.ofCaller(callerText) });
  }

  turnStarted(turn: number, callerText: string): void {
    this.#publish({ type: 'turn.started', turn, callerText: this.#privacy.ofQuestion(callerText) });
  }

  /** A sentence begins to be heard; `answers`: it is the first of an answer to the caller. */
  agentSaid(turn: number, text: string, answers: boolean): void {
    this.#privacy.agentSays(text, answers);
    if (text !== '') this.#publish({ type: 'agent.said', turn, text: this.#privacy.ofExchange(text) });
  }

  /** All that was heard of what is being said now; told again when there is more of it. */
  agentHeard(turn: number, heardText: string): void {
    if (heardText === '' || heardText === this.#heardText) return;
    this.#heardText = heardText;
    this.#publish({ type: 'agent.heard', turn, heardText: this.#privacy.ofExchange(heardText) });
  }

  /** `callerText` is what was said over it. */
  agentInterrupted(turn: number, heardText: string, callerText: string): void {
    this.#publish({
      type: 'agent.interrupted',
      turn,
      heardText: this.#privacy.ofExchange(heardText),
      callerText: this.#privacy.ofCaller(callerText),
    });
  }

  toolNews(turn: number, news: ToolNews): void {
    if (!this.#over) this.#publish({ ...news, turn });
  }

  /** The call has ended: a tool that is still at work is stopped, and nobody is told of it. Idempotent. */
  close(): void {
    this.#over = true;
  }
}
