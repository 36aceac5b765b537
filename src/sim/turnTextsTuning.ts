// The half that tunes: who improves the turn-taking may look at every case of it.
import type { TurnTexts } from './turnTexts.ts';

export const TUNING_TEXTS: TurnTexts = {
  greeting: 'Green Valley Garage, how can I help you?',
  complete: [
    'I need new tires for my car.',
    'What time do you close today?',
    'My engine makes a strange noise.',
    'Can I bring it in tomorrow morning?',
    'How much is an oil change?',
    'I have an appointment on Friday.',
    'Do you repair motorcycles?',
    'The brakes are squeaking.',
    "I'd like to speak to the mechanic.",
    'Is my car ready?',
    'Please call me back this afternoon.',
    'Where exactly are you located?',
    'I left my keys on the counter.',
    'Are you open on Sunday?',
    'The blue one belongs to my wife.',
    'It broke down on the highway last night.',
    'Could you send me the invoice?',
    'I would rather come in next week.',
    'Do I have to pay in advance?',
    'That was a great job you did.',
  ],
  openClause: [
    ['I would like to', 'bring my car in on Thursday.'],
    ['The warning light came on because', 'the oil was low.'],
    ['I was wondering if', 'you could look at the brakes.'],
    ['It started making a noise when', 'I was driving home.'],
    ['My car is a', 'nineteen ninety eight station wagon.'],
    ['Could you tell me how much it is for', 'a full inspection?'],
    ['I need the car back before', 'the end of the week.'],
  ],
  comma: [
    ['Well,', 'I think the battery is dead.'],
    ['If it is not too expensive,', 'please replace both of them.'],
    ['When I turned the key,', 'nothing happened at all.'],
    ['On Monday,', 'or maybe on Tuesday morning.'],
    ['The front tires, the wipers,', 'and the left mirror.'],
    ['As I told your colleague,', 'it is still under warranty.'],
  ],
  hesitation: [
    ['I need, uhm', 'a new windshield.'],
    ['My name is, uh', 'Peter Marsh.'],
    ['It was about, uhm', 'two weeks ago, I believe.'],
    ['Could you, um', 'check the lights as well?'],
    ['The plate number, let me see, uhm', 'is in the papers.'],
    ['So, uhm', 'what happens if it rains?'],
    ['I would say, er', 'around ten in the morning.'],
  ],
  wrongStop: [
    ["I'd like to.", 'Change the oil and the filter.'],
    ['The problem is that the.', 'Back door does not close.'],
    ['I called you yesterday about my.', 'Rusty old exhaust.'],
    ['Please tell the mechanic that I.', 'Will be a little late.'],
  ],
  twoSentences: [
    ['My car will not start.', 'I think it is the battery.'],
    ['I was there last week.', 'You changed my tires.'],
    ['Thanks for calling back.', 'I have one more question.'],
    ['It is a small van.', 'We use it for deliveries.'],
    ["That's too early for me.", 'Do you have anything in the evening?'],
    ['Okay.', 'What about the warranty?'],
  ],
  phone: {
    opening: 'Please note down my telephone number.',
    question: 'Of course. What is your phone number?',
    answers: [
      ['It is five five five', 'eight one two', 'four four nine seven.'],
      ['2 1 2', '6 3 8', '9 0 1 5.'],
      ['Oh seven seven', 'double four one', 'three two six.'],
      ['My number is four one five', 'three three zero', 'seven seven two eight.'],
      ['It is 9 1 7', '5 2 0', '6 6 4 3.'],
    ],
  },
  spelling: {
    opening: 'You have my last name wrong.',
    question: 'I am sorry. Could you spell your last name for me?',
    answers: [
      ['M, A, R', 'S, H.'],
      ['It is K, O', 'W, A, L', 'S, K, I.'],
      ['B, E, A', 'U, M, O, N, T.'],
      ['S as in Sam, T', 'O, L, Z.'],
    ],
  },
  yesNo: {
    opening: 'How long would the repair take?',
    question: 'It would take two days. Shall I book that for you?',
    answers: [['Yes.'], ['No.'], ['Yes, please.'], ['Sure.'], ['Not today.'], ['Okay.'], ['No, thank you.']],
  },
  long: [
    {
      opening: 'What is included in the big inspection?',
      reply:
        'The big inspection covers everything that keeps your car safe on the road. We change the oil and all of the filters, and we measure how worn the brakes are. After that our mechanic takes it for a drive of about twenty minutes. You get a printed report with photographs of every part that should be replaced soon.',
    },
    {
      opening: 'How does the winter storage work?',
      reply:
        'We keep your summer tires in a dry and dark hall just behind the workshop. Before they go there we wash them, balance them and look for nails in the rubber. In spring you only have to call a few days ahead, and everything will be ready when you arrive. The whole season costs fifty nine dollars for a set of four tires.',
    },
    {
      opening: 'Why was the repair so expensive?',
      reply:
        'I understand that this was more than you had expected, so let me explain it. The part itself came from a factory in another country and had to be flown in. Then two people worked on the gearbox for nearly seven hours, because a bolt was broken inside. We did not charge you anything for the rental car that you drove during that time.',
    },
    {
      opening: 'Can you explain the guarantee to me?',
      reply:
        'Every repair that we make comes with a guarantee of two full years. It covers the parts we put in and also the hours of work that they need. It does not cover tires, wiper blades or anything else that wears out from normal driving. If something fails far away from here, another garage of our group will help you at no cost.',
    },
  ],
  stop: ['Stop.', 'Wait.', 'Hold on.', 'Stop, please.', 'Wait a second.', 'Excuse me.'],
  no: ['No.', 'No, no.', "No, that's wrong.", 'No, not that.'],
  question: [
    'How long does that take?',
    'Is that the cheapest one?',
    'What about the brakes?',
    'Do you also do that on Saturdays?',
    'Who is going to do it?',
    'Which color is it?',
  ],
  sentence: [
    'I only wanted to know the price.',
    'My car is too old for that anyway.',
    'Let me write that down, I need a pen.',
    'You told me something else last week.',
    'I would like to talk about the invoice now.',
    'That is not what I asked you about.',
  ],
  backchannel: ['mhm', 'yeah', 'right', 'okay', 'uh-huh', 'I see'],
  sideTalk: [
    'Put the shoes in the hall, will you?',
    'I am on the phone, dear.',
    'There is some soup left in the kitchen.',
    'Has anybody seen the remote control?',
  ],
  short: [
    'Thank you, I have made a note of it. Anything else?',
    'All right, I will pass that on to the workshop.',
    'Good, let me put that into the computer.',
  ],
  voices: ['en-us', 'en-gb-scotland', 'en-us+f2', 'en-gb-x-gbclan+m3', 'en+f5'],
};
