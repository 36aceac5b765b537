// What the playout tells of a call's replies, passed on to whoever has to know.
import type { Metrics } from '../metrics/metrics.ts';
import type { PlayoutListener } from '../playout/playout.ts';
import type { CallRecording } from './callRecording.ts';
import type { Conversation } from './conversation.ts';
import type { Exchanges } from './exchanges.ts';
import type { Replies } from './replies.ts';
import type { Told } from './told.ts';

export interface PlayoutNews {
  readonly replies: Pick<Replies, 'get'>;
  readonly conversation: Pick<Conversation, 'answers'>;
  readonly exchanges: Exchanges;
  readonly told: Told;
  readonly recording: CallRecording;
  readonly metrics: Metrics;
  readonly nowMs: () => number;
  /** The exchange under way. */
  readonly turn: () => number;
  /** What the caller has heard of the speech that has the line. */
  readonly heardText: () => string | undefined;
  readonly onStarted: (replyId: number) => void;
  readonly onPlayed: (replyId: number) => void;
}

export function playoutListener(news: PlayoutNews): PlayoutListener {
  const { replies, conversation, exchanges, told, recording, metrics } = news;
  /** A filler is no answer: the wait goes on until the first sentence after it. */
  const answerBegins = (replyId: number, sentence: number, atMs: number): void => {
    const reply = replies.get(replyId);
    if (reply === undefined || reply.speech.fillers !== sentence) return;
    exchanges.firstFrame(atMs, reply);
  };
  return {
    onStarted: (replyId, atMs) => {
      answerBegins(replyId, 0, atMs);
      news.onStarted(replyId);
    },
    onHeard: (replyId, atMs) => {
      if (replies.get(replyId)?.speech.fillers === 0) exchanges.heard(atMs);
    },
    onProgress: () => told.agentHeard(news.turn(), news.heardText() ?? ''),
    onSentence: (replyId, sentence) => {
      if (sentence > 0) answerBegins(replyId, sentence, news.nowMs());
      const speech = replies.get(replyId)?.speech;
      const answers = conversation.answers(replyId) && speech?.fillers === sentence;
      const text = speech?.sentences[sentence]?.text ?? '';
      told.agentSaid(news.turn(), text, answers);
      recording.agentSays(text);
    },
    onPlayed: (replyId) => {
      recording.agentSilent();
      news.onPlayed(replyId);
    },
    onWritten: (mulaw, playAtMs) => {
      metrics.frames.out += 1;
      recording.agent(playAtMs, mulaw);
    },
    onLate: (lateMs) => metrics.playoutLate(lateMs),
    onUnderrun: (silentMs) => metrics.playoutUnderrun(silentMs),
  };
}
