// What an agent says and listens for when its file doesn't say. English: a file in another language
// has to write its own lines, and parsing tells which.

export const defaultLines = {
  sorry: "I'm sorry, I'm having some trouble on my end. Could you say that once more?",
  fillers: ['One moment, please.', 'Let me see.', 'Just a second.'],
  goodbye: 'Thank you for calling. Goodbye!',
  reconnected: 'Sorry, we were cut off for a moment.',
  noWords: "Sorry, I didn't catch that.",
  stillWorking: 'This is taking a little longer than usual. Thank you for waiting.',
};

export const defaultIdle = [
  { afterSeconds: 8, say: 'Are you still there?' },
  { afterSeconds: 10, say: "I can't hear you. If you are there, please say something." },
];

/** These interrupt at once, however short. */
export const defaultAlways = [
  'stop',
  'wait',
  'hold on',
  'hang on',
  'one moment',
  'no',
  'actually',
  'excuse me',
  'sorry',
];

/** These never interrupt: they tell a speaker to go on. */
export const defaultBackchannels = [
  'uh-huh',
  'uh huh',
  'mm-hmm',
  'mhm',
  'mm',
  'hmm',
  'yeah',
  'yep',
  'yes',
  'okay',
  'ok',
  'right',
  'sure',
  'i see',
  'got it',
  'alright',
  'all right',
  'cool',
  'great',
  'oh',
  'ah',
];
