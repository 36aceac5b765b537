// What a simulated model says. No chance and no clock: the same conversation gets the same words.
import { INTERRUPTED_NOTE } from '../llm/history.ts';

export interface SimMessage {
  readonly role: string;
  readonly content: string;
  /** Of a tool's answer; else empty. */
  readonly toolCallId: string;
  /** The calls that an assistant's message makes. */
  readonly toolCallIds: readonly string[];
}

export interface SimReply {
  readonly text?: string;
  /** `arguments` is JSON text, as a model writes it (or fails to). */
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: string }[];
}

/** The conversation and the names of the tools on offer in, a reply out. */
export type Brain = (
  messages: readonly SimMessage[],
  tools: readonly string[],
) => SimReply | Promise<SimReply>;

/** A subject the front desk knows about. The first answer is given first, the next when it comes up again. */
interface Topic {
  /** As in "we were talking about ...". */
  readonly name: string;
  readonly asked: RegExp;
  readonly answers: readonly string[];
}

/** In the order in which they are tried: what is urgent first, what is vague last. */
const topics: readonly Topic[] = [
  {
    name: 'the pain',
    asked:
      /\b(?:pain|hurts?|hurting|ache|aching|toothache|emergency|urgent|swollen|swelling|bleeding|broke|broken|chipped|cracked)\b/i,
    answers: [
      "I'm sorry to hear that, that sounds uncomfortable. We keep two emergency slots free every day, and I can put you in today at three forty. Is there any swelling or fever?",
      'Thank you for telling me. I will let Doctor Silva know before you come in. Until then, something cold against the cheek usually helps.',
    ],
  },
  {
    name: 'moving your appointment',
    asked:
      /\b(?:reschedule|move|change|postpone|cancel|different (?:day|time)|can't make it|cannot make it)\b/i,
    answers: [
      'No problem at all, we can move that. The next openings are Wednesday at ten fifteen, or Friday at two thirty. Which of those would you prefer?',
      'I have changed it for you. You will get a text message with the new time in a moment.',
    ],
  },
  {
    name: 'the price',
    asked: /\b(?:price|prices|cost|costs|charge|how much|expensive|fee|fees|pay|payment)\b/i,
    answers: [
      'A check-up with a cleaning is ninety five dollars, and that includes the X-rays if you need them. A filling starts at one hundred and forty. We always tell you the full price before we begin.',
      'You can pay by card or in cash at the desk. For anything above three hundred dollars we can also split it over six months.',
    ],
  },
  {
    name: 'your insurance',
    asked: /\b(?:insurance|insured|cover|covered|coverage|plan|delta|cigna|aetna)\b/i,
    answers: [
      'We work with most of the large plans, including Delta Dental, Cigna and Aetna. If you tell me the name of yours, I can check it before you come in. Please bring your card to the first visit.',
      'That one is fine with us. Most plans pay for two check-ups a year in full.',
    ],
  },
  {
    name: 'our opening hours',
    asked: /\b(?:hours|open|opens|opening|close|closes|closed|saturdays?|sundays?|weekend|evenings?)\b/i,
    answers: [
      'We are open Monday to Friday from eight in the morning until six in the evening. On Saturdays we are here from nine until one. We are closed on Sundays.',
      'On Thursdays we stay open until eight, which suits people who come after work.',
    ],
  },
  {
    name: 'how to find us',
    asked: /\b(?:where|address|located|location|directions|parking|park|bus|find you)\b/i,
    answers: [
      'We are at twelve Harbour Street, right across from the old ferry terminal. There is free parking behind the building. The number four bus stops in front of the door.',
      'Our entrance is the blue door next to the bakery, and there is a lift to the second floor.',
    ],
  },
  {
    name: 'a cleaning',
    asked: /\b(?:cleaning|cleaned|hygienist|check-?up|checkup|whitening)\b/i,
    answers: [
      'We would be happy to see you for that. A cleaning takes about forty minutes with our hygienist, Maria. I have Tuesday at nine thirty or Thursday at four. Would either of those work for you?',
      'Maria has been with us for ten years, and she is very gentle. Shall I keep Tuesday at nine thirty for you?',
    ],
  },
  {
    name: 'your appointment',
    asked:
      /\b(?:appointment|book|booking|schedule|see (?:a|the) dentist|come in|visit|available|availability|opening for|slot)\b/i,
    answers: [
      'I can help you with that. I have an opening on Tuesday at nine thirty, and another one on Thursday at four in the afternoon. Which of the two suits you better?',
      'Let me look at the calendar again. There is also Friday at eleven, if that is easier for you.',
    ],
  },
  {
    name: 'the time',
    asked:
      /\b(?:monday|tuesday|wednesday|thursday|friday|morning|afternoon|tomorrow|next week|nine|ten|eleven|four|first one|second one|earlier|later)\b/i,
    answers: [
      'That works well, I have noted it down for you. May I have your full name, please, and is this the best number to reach you?',
      'Good, that is in the book. You will get a reminder by text message the day before.',
    ],
  },
  {
    name: 'your details',
    asked: /\b(?:my name is|name's|this is|i am called|my number|birthday|born)\b/i,
    answers: [
      'Thank you, I have that. Your appointment is in the book, and a reminder will come by text message the day before. Is there anything else I can do for you?',
      'Thank you, I have added that to your file. Is there anything else you would like to know?',
    ],
  },
  {
    name: 'talking to somebody',
    asked: /\b(?:human|real person|somebody else|someone else|manager|speak (?:to|with)|talk to)\b/i,
    answers: [
      'Of course. Everyone at the desk is with a patient right now, but I can have a colleague call you back within the hour. Would that be all right?',
      'I have asked a colleague to call you back. They will have your notes in front of them.',
    ],
  },
  {
    name: 'who I am',
    asked: /\b(?:who are you|your name|robot|machine|computer|real)\b/i,
    answers: [
      "I'm Robin, the automated assistant at the front desk of Harbour Dental. I can book and move appointments, and answer most questions about the practice.",
    ],
  },
  {
    name: 'what I said',
    asked: /\b(?:pardon|repeat|say that again|come again|didn't (?:hear|catch|get)|what was that)\b/i,
    answers: [
      'Of course. I can offer you Tuesday at nine thirty, or Thursday at four in the afternoon. Which of the two suits you better?',
    ],
  },
  {
    name: 'that',
    asked: /\b(?:yes|yeah|yep|sure|okay|ok|great|perfect|sounds good|please do|no)\b/i,
    answers: [
      'Wonderful. Is there anything else I can help you with today?',
      'All right, I have written that down. What else would you like to know?',
    ],
  },
  {
    name: 'your thanks',
    asked: /\b(?:thanks|thank you)\b/i,
    answers: ["You're very welcome. Is there anything else I can help you with?"],
  },
  {
    name: 'hello',
    asked: /\b(?:hello|hi|hey|are you (?:still )?there|good (?:morning|afternoon|evening))\b/i,
    answers: [
      'Hello, and thank you for calling Harbour Dental. This is Robin. How can I help you today?',
      "Yes, I'm here. What can I do for you?",
    ],
  },
];

const GOODBYE =
  /\b(?:goodbye|good bye|bye|that's all|that is all|that's everything|hang up|have a (?:good|nice|great) (?:day|one))\b/i;
const CANCELLING = /\b(?:never ?mind|forget it|stop|wait|hold on|actually)\b/i;
const NOT_UNDERSTOOD: readonly string[] = [
  'I want to be sure I get this right. Are you calling about a new appointment, or about one that you already have?',
  'I can help with appointments, prices, insurance and directions. Which of these is it about?',
];

/**
 * Robin at the front desk of Harbour Dental. Answers the subject that the caller's last words name; when
 * its own last words were cut off it says so in a few words first; says goodbye and calls `end_call`
 * (when that tool is on offer) once the caller takes leave.
 */
export function frontDeskBrain(): Brain {
  return (messages, tools) => {
    const last = messages.at(-1);
    // After a tool there is nothing to add: what had to be said came with the call.
    if (last === undefined || last.role === 'tool') return { text: '' };
    const said = callerTexts(messages);
    const words = said.at(-1) ?? '';
    if (GOODBYE.test(words)) {
      const text = 'Thank you for calling Harbour Dental. Have a lovely day, and goodbye!';
      return tools.includes('end_call')
        ? { text, toolCalls: [{ name: 'end_call', arguments: '{"reason":"the caller said goodbye"}' }] }
        : { text };
    }
    const topic = topicOf(words);
    const opening = openingAfterCut(messages, topic, words);
    if (topic === undefined) {
      const times = said.filter((text) => topicOf(text) === undefined).length;
      return { text: opening + (NOT_UNDERSTOOD[(times - 1) % NOT_UNDERSTOOD.length] ?? '') };
    }
    const times = said.filter((text) => topicOf(text) === topic).length;
    return { text: opening + (topic.answers[(times - 1) % topic.answers.length] ?? '') };
  };
}

/** Two sentences of always the same number of words, made of what was heard: for tests and benches. */
export function echoBrain(): Brain {
  return (messages) => {
    const heard = (callerTexts(messages).at(-1) ?? '').toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? ['nothing'];
    const echo = Array.from({ length: 12 }, (_unused, place) => heard[place % heard.length] ?? '');
    return { text: `You said ${echo.slice(0, 4).join(' ')}. Then I heard ${echo.slice(4).join(' ')}.` };
  };
}

function callerTexts(messages: readonly SimMessage[]): readonly string[] {
  return messages.filter((message) => message.role === 'user').map((message) => message.content);
}

function topicOf(words: string): Topic | undefined {
  return topics.find((topic) => topic.asked.test(words));
}

/** A few words on what was cut off, when the last thing the agent said was. */
function openingAfterCut(messages: readonly SimMessage[], topic: Topic | undefined, words: string): string {
  const cut = messages.findLast((message) => message.role === 'assistant')?.content;
  if (cut === undefined || !cut.endsWith(INTERRUPTED_NOTE)) return '';
  const heard = cut.slice(0, -INTERRUPTED_NOTE.length);
  const about = topics.find((one) =>
    one.answers.some((answer) => heard !== '' && answer.startsWith(heard.slice(0, 24))),
  );
  if (about === undefined || about === topic || CANCELLING.test(words)) return 'Sure. ';
  return `Of course, we can come back to ${about.name} in a moment. `;
}
