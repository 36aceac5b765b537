// What a watcher of live calls is told. The wire form is this object as JSON, one a message.

interface EventBase {
  readonly callSid: string;
  /** When it happened, ms since 1970. */
  readonly at: number;
}

export type LiveEvent = EventBase &
  (
    | {
        readonly type: 'call.started';
        readonly agent: string;
        readonly direction: string;
        readonly from: string;
        readonly to: string;
      }
    /** Another stream goes on with it: after one that was lost, or, at another instance, after that one's death or deploy. */
    | { readonly type: 'call.resumed'; readonly how: 'stream' | 'crash' | 'handover' }
    /** The caller's words as they come; replaces the one before within the turn. */
    | { readonly type: 'transcript.partial'; readonly turn: number; readonly text: string }
    | { readonly type: 'transcript.final'; readonly turn: number; readonly text: string }
    /** A reply is being prepared before it is sure that the caller has finished. */
    | { readonly type: 'turn.prepared'; readonly turn: number; readonly callerText: string }
    /** The caller has finished; the reply is released. */
    | { readonly type: 'turn.started'; readonly turn: number; readonly callerText: string }
    /** It had not: the caller went on before a word of the reply was heard, and the same turn will start again. */
    | { readonly type: 'turn.withdrawn'; readonly turn: number; readonly callerText: string }
    /** A sentence that has begun to play. */
    | { readonly type: 'agent.said'; readonly turn: number; readonly text: string }
    /** How much of what is being said was played by now, as the carrier's marks come back: some twice a second. */
    | { readonly type: 'agent.heard'; readonly turn: number; readonly heardText: string }
    | {
        readonly type: 'agent.interrupted';
        readonly turn: number;
        readonly heardText: string;
        /** What the caller said over the agent, as far as known. */
        readonly callerText: string;
      }
    | {
        readonly type: 'turn.finished';
        readonly turn: number;
        readonly callerText: string;
        readonly agentText: string;
        readonly heardText: string;
        readonly interrupted: boolean;
        readonly source: string;
        readonly speculated: boolean;
        /** What the caller meant, as far as the words alone tell. */
        readonly intents: readonly string[];
        readonly timings: Readonly<Record<string, number>>;
        /** What of the caller or the line the reply was made for, and why; absent when it was as always. */
        readonly adapted?: readonly string[];
      }
    /** A tool of the agent's is at work: its name alone. */
    | { readonly type: 'tool.started'; readonly turn: number; readonly tool: string }
    /** It has answered, failed, or was stopped. */
    | {
        readonly type: 'tool.finished';
        readonly turn: number;
        readonly tool: string;
        readonly durationMs: number;
      }
    | { readonly type: 'call.ended'; readonly outcome: string; readonly durationMs: number }
  );

export type LiveEventType = LiveEvent['type'];
