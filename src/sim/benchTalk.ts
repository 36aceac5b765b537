// What callers say in the benches, and what is answered: much of it, all of it different.
import type { Random } from '../base/random.ts';
import type { Brain } from './brain.ts';
import type { CallerStep } from './caller.ts';

/**
 * Each a whole question to whoever decides when a turn is over, and each begins in its own way, so that the
 * simulated speech-to-text has little to choose between.
 */
export const QUESTIONS: readonly string[] = [
  'What does a cleaning cost?',
  'When are you open on Saturdays?',
  'Where can I park my car?',
  'Do you take my insurance?',
  'How long is a check-up?',
  'Is there a lift in the building?',
  'Who is going to be my dentist?',
  'Which bus stops near your door?',
  'Can my daughter come along on Friday?',
  'Are there any free hours this afternoon?',
  'Should I bring an old X-ray?',
  'Could somebody call me back tomorrow?',
  'My tooth hurts, can you see me today?',
  'Would it help to rinse with salt water?',
  'Am I allowed to eat before I come?',
  'Does whitening damage the teeth?',
  'Why was my last bill so high?',
  'Have you received the letter from my doctor?',
  'Will I get a reminder by message?',
  'Did Maria leave anything for me?',
  'If I am late, is that a problem?',
  'Next week I am away, what about the one after?',
  'After the filling, may I drive home?',
  'Before you hang up, what was the address?',
  'Without an appointment, do I have to wait long?',
  'Two of us would come, is that possible?',
  'Nobody told me, so is it painful?',
  'For children, is there another price?',
  'On which floor are you?',
  'In how many months should I come again?',
  'To whom do I send the form?',
  'Besides the dentist, is there a hygienist?',
  'Perhaps on Monday, would ten suit you?',
  'Instead of a crown, could it be a bridge?',
  'At what time do you close on Thursdays?',
  'From the station, how do I get there?',
  'Really, and what would that be with tax?',
  'Good, and may I pay by card?',
  'Another thing, do you sell toothbrushes?',
  "Please, can you spell the doctor's name?",
  'Honestly, is the treatment necessary?',
  'Our son grinds his teeth, what can we do?',
  'Your website is down, did you know that?',
  'Those forms, can I fill them in at home?',
  'Every visit so far was short, will this one be?',
  'Most people pay later, may I too?',
  'Under the gum it bleeds, is that serious?',
  'With braces, how often must I come?',
  'It broke in half, shall I keep the piece?',
  'They said you know, is doctor Ortiz back?',
  'Half past four, is that still free?',
  'Last time it was Tuesday, which day is it now?',
  'Might I change my appointment once more?',
];

/** `count` of them; neighbouring callers say different ones at the same time. */
export function questionsOf(caller: number, count: number): readonly string[] {
  return Array.from({ length: count }, (_unused, turn) => {
    // There are 53, a prime number: a caller repeats nothing for so many turns.
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

/** What the agent answers under load: a clause first here and there, two or three sentences, 5-9 s. */
export const ANSWERS: readonly string[] = [
  'A cleaning with a check-up is ninety-five dollars, and that includes the X-rays. A filling starts at one hundred and forty. We always tell you the price before we begin.',
  'We are open Monday to Friday from eight until six. On Saturdays we are here from nine until one. We are closed on Sundays.',
  'There is free parking behind the building, and the number four bus stops at the door. The entrance is the blue one next to the bakery.',
  'We work with most of the large plans. If you tell me the name of yours, I can check it before you come in. Please bring your card to the first visit.',
  'A check-up takes about half an hour. If it is your first visit, please allow an hour, since there is a form to fill in.',
  'Yes, there is a lift, and all our rooms are on the second floor. Just ring the bell and somebody will meet you downstairs.',
  'Doctor Silva sees adults, and Doctor Ortiz sees children as well. Whom you get depends on the day, but you may of course ask for one of them.',
  'That is a good question. I would have to look at the calendar for it, and then I could call you back this afternoon. Would that be all right?',
];

/** Gives one after the other of these, whatever it is asked. */
export function answeringBrain(answers: readonly string[]): Brain {
  let given = 0;
  return () => {
    given += 1;
    return { text: answers[(given - 1) % answers.length] ?? '' };
  };
}

/** What a model that is asked to be quick on the phone begins with: one token or two, and a full stop. */
const OPENERS: readonly string[] = ['Sure.', 'Of course.', 'Yes.', 'Okay.'];

/** All that `briskBrain` says. */
export const BRISK_ANSWERS: readonly string[] = ANSWERS.flatMap((answer) =>
  OPENERS.map((opener) => `${opener} ${answer}`),
);

/** The same answer to the same conversation, with a short sentence first. */
export function briskBrain(): Brain {
  return (messages) => {
    const asked = messages.filter(({ role }) => role === 'user');
    const letters = asked.reduce((sum, { content }) => sum + content.replaceAll(/[^a-z]/giu, '').length, 0);
    return { text: BRISK_ANSWERS[(letters * 5 + asked.length) % BRISK_ANSWERS.length] ?? '' };
  };
}

/** Answers with a number of its own each, so that every answer can be told from every other and none is at hand. */
export function numberedBrain(answer: (number: number) => string = numberedAnswer): Brain {
  let given = 0;
  return () => {
    given += 1;
    return { text: answer(given) };
  };
}

export function numberedAnswer(number: number): string {
  return `Let me look at case ${number} for you. That will take me a moment, I am afraid.`;
}

/** How it is spoken: as if there was one case, so that the simulated voice works once. */
export function withoutNumbers(text: string): string {
  return text.replaceAll(/\d+/g, 'one');
}
