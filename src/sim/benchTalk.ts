// What callers say in the benches, and what is answered: much of it, all of it different.
import type { Random } from '../base/random.ts';
import type { Brain } from './brain.ts';
import type { CallerStep } from './caller.ts';

const OPENINGS = [
  'Hello, could you tell me',
  'Sorry to bother you, but do you know',
  'May I ask you something, namely',
  'My husband would like to hear',
  'One more question, please:',
  'Before I forget, can you say',
  'Does anybody over there know',
  'Would you mind telling me',
];
const SUBJECTS = [
  'what a cleaning costs',
  'when you are open on Saturdays',
  'where I can park my car',
  'whether you take my insurance',
  'how long a check-up takes',
  'if there is a lift in the building',
  'who is going to be my dentist',
  'which bus stops near you',
];

/** Different from one another, and each a whole question to whoever decides when a turn is over. */
export const QUESTIONS: readonly string[] = OPENINGS.flatMap((opening) =>
  SUBJECTS.map((subject) => `${opening} ${subject}?`),
);

/** `count` of them; neighbouring callers say different ones at the same time. */
export function questionsOf(caller: number, count: number): readonly string[] {
  return Array.from({ length: count }, (_unused, turn) => {
    // 7 and 64 have no common divisor, so a caller repeats nothing for 64 turns.
    return QUESTIONS[(caller * 9 + turn * 7) % QUESTIONS.length] ?? '';
  });
}

/** Of a caller who mostly listens to the end and now and then does not. */
export function talkOf(caller: number, count: number, random: Random): readonly CallerStep[] {
  return questionsOf(caller, count).map((question, turn) =>
    turn > 0 && (caller + turn) % 4 === 0
      ? { interrupt: question, afterAgentMs: 800 + random.next() * 2_500 }
      : { say: question },
  );
}

/** Answers with a number of its own each, so that every answer can be told from every other. */
export function numberedBrain(): Brain {
  let answers = 0;
  return () => {
    answers += 1;
    return { text: `Let me look at case ${answers} for you. That will take me a moment, I am afraid.` };
  };
}

/** How it is spoken: as if there was one case, so that the simulated voice works once. */
export function withoutNumbers(text: string): string {
  return text.replaceAll(/\d+/g, 'one');
}
