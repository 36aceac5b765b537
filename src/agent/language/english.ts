// English on the phone: how its words are written, joined and denied.
import { englishHarmless, englishIntents } from './englishIntents.ts';
import type { IntentLanguage, Words } from './language.ts';

function words(text: string): Words {
  return new Set(text.split(/\s+/u).filter((word) => word !== ''));
}

function pairs(text: string): ReadonlyMap<string, string> {
  return new Map(
    text
      .split(/[,\n]/u)
      .map((pair) => pair.trim().split(':'))
      .filter(([from]) => from !== '')
      .map(([from = '', to = '']) => [from, to.trim()]),
  );
}

const days = 'monday tuesday wednesday thursday friday saturday sunday today tomorrow tonight';
const parts = 'morning afternoon evening noon midday lunchtime night';

export const english: IntentLanguage = {
  spellings: pairs(`
    gonna: going to, wanna: want to, gotta: got to, dunno: do not know, cannot: can not, can't: can not,
    won't: will not, shan't: shall not, ain't: is not, im: i am, ive: i have, dont: do not, cant: can not,
    doesnt: does not, didnt: did not, isnt: is not, wont: will not, whats: what is, whos: who is,
    thats: that is, youre: you are, lets: let us, let's: let us, gimme: give me, lemme: let me, y'all: you,
    yall: you, ok: okay, alright: all right, mm: mhm, mmhmm: mhm, uhhuh: mhm, hm: hmm, hmmm: hmm, ya: yeah,
    yah: yeah, yea: yeah, noon: midday, cuz: because, cause: because, em: them, c'mon: come on`),
  endings: [
    ["n't", 'not'],
    ["'m", 'am'],
    ["'re", 'are'],
    ["'ve", 'have'],
    ["'ll", 'will'],
    ["'d", 'would'],
    ["'s", 'is'],
  ],
  kinds: {
    me: words('i we'),
    my: words('my our the this'),
    be: words('am are is'),
    amount: words('a an one two three four five ten fifteen twenty thirty sixty couple few some half'),
    num: words(`
      one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
      eighteen nineteen twenty thirty forty fifty sixty`),
    unit: words('second seconds sec secs minute minutes min mins moment moments'),
    span: words('minute minutes hour hours day days week weeks month months year years'),
    day: words(days),
    part: words(parts),
    when: words(`${days} ${parts} next later sometime week anytime`),
    date: words(`
      first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
      fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth`),
    fine: words('good fine great okay perfect best better ideal convenient suitable alright'),
    event: words(`
      meeting meetings conference surgery session interview appointment consultation class court procedure lecture
      training huddle standup`),
    doing: words(`
      driving cooking eating working teaching traveling travelling shopping sleeping operating parking boarding
      leaving`),
    org: words('company organization organisation business firm agency outfit office corporation'),
    line: words('line connection reception signal audio sound quality voice phone call'),
    bad: words(`
      bad poor terrible awful horrible weak lousy spotty choppy muffled garbled distorted robotic faint fuzzy noisy
      scratchy crackly crackling patchy unstable broken dying breaking cutting dropping`),
    hear: words('hear understand'),
    curse: words(`
      fuck fucking fucked fucker bullshit asshole assholes bastard bastards bitch shit goddamn goddamned damn dammit
      motherfucker`),
    insult: words(`
      scammer scammers crook crooks liar liars idiot idiots moron morons clown clowns fraud frauds thief thieves jerk
      jerks criminals fraudsters parasites vultures leeches scumbags loser losers pathetic disgusting unbelievable
      stupid disgrace pest annoying`),
    machine: words(`
      robot bot ai machine computer recording telemarketer human person automated chatbot salesperson salesman`),
    suspect: words(`
      sales scam spam legit legitimate real recorded telemarketing marketing prank joke recording robot robocall fraud
      phishing solicitation cold advertising advertisement recorded`),
    secret: words('private confidential personal sensitive'),
    boss: words(`
      partner boss manager doctor team wife husband colleague colleagues partners owner accountant board spouse
      supervisor director staff people dentist lawyer office`),
    trouble: words(`
      problem problems issue issues headache headaches pain nightmare struggle challenge mess hassle frustration
      bottleneck`),
    nice: words(`
      helpful useful great nice amazing wonderful fantastic awesome interesting intriguing huge lifesaver brilliant
      cool incredible valuable`),
  },
  fillers: [
    ...words(`
      uh um er erm ah oh really very so actually just super pretty honestly like well quite totally completely
      absolutely extremely simply basically even also still frankly terribly awfully truly anyway kinda
      sorta exactly currently particularly especially definitely now`),
    'thank you',
    'kind of',
    'sort of',
    'a bit',
    'a little',
    'a little bit',
    'you know',
    'i mean',
    'the hell',
    'the heck',
    'the fuck',
    'to be honest',
    'right now',
    'at the moment',
    'i guess',
    'i think',
    'i am afraid',
    'at all',
  ],
  courtesies: words('please thanks sorry sir madam hi hello hey and but then there man mate'),
  openers: words(`
    okay yes yeah yep no nope nah sure sorry hi hello hey and but so well right look listen great thanks please
    because then or hmm mhm all course`),
  closers: words(
    'and but so because please thanks thank sorry right though although then or who what why how can could',
  ),
  negators: words('not never without nobody nothing neither nor hardly'),
  articles: words('a an the such'),
  scopeEnds: words('but because and so if since as then or please who what why'),
  contrasts: words('but though although except however unless'),
  opposites: { no_time: 'permission_yes', permission_yes: 'no_time' },
  harmless: englishHarmless,
  intents: englishIntents,
};
