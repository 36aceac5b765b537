// English on the phone: what ends a turn, what leaves it open, and what is said over somebody who speaks.
import type { Phrases, TurnLanguage } from './language.ts';

/** Phrases separated by commas or line ends, so that the lists read as text. */
function phrases(text: string): Phrases {
  return new Set(
    text
      .split(/[,\n]/u)
      .map((one) => one.trim())
      .filter((one) => one !== ''),
  );
}

function words(text: string): Phrases {
  return new Set(text.split(/\s+/u).filter((word) => word !== ''));
}

function counts(text: string): ReadonlyMap<string, number> {
  return new Map(
    text
      .split(/\s+/u)
      .filter((pair) => pair !== '')
      .map((pair) => [pair.split(':')[0] ?? '', Number(pair.split(':')[1])]),
  );
}

function written(text: string): ReadonlyMap<string, string> {
  return new Map([...counts(text)].map(([word, value]) => [word, String(value)]));
}

export const english: TurnLanguage = {
  open: new Set([
    ...words(`
      a an the my your our their its every another and or but because cause if although though unless whether while
      until than i'm i'd i'll i've it's that's there's he's she's we're we'll we've we'd you're you'll you've they're
      they'll they've what's who's where's it'll i we he she they nor plus so`),
    ...phrases(`
      i think, i guess, i mean, i believe, i suppose, i feel like, i was thinking, i was wondering,
      i was hoping, i want, i need, i wanted, i needed, i would like, i'd like, i'd love, we want, we need,
      we'd like, i have, can you, could you, would you, will you, do you, did you, can i, could i, may i,
      can you please, could you please, would you please, can you tell me, could you tell me, tell me,
      let me, do you have, do you know, do you think, have you got, can i get, can i have, could i get,
      i'm calling, i am calling, i'm looking, i'm trying, i was calling, as soon as, you know, my name is,
      the name is, this is, that is, there is, there are, there was, there were, the number is, it is,
      the thing is, the problem is, supposed to, going to, want to, wanted to, need to, have to, had to,
      like to, trying to, able to, possible to, used to, wants to, needs to, about to, got to, decided to,
      tried to, as in, kind of, sort of, a lot of, one of, because of, instead of, next to, at least,
      if you, when you, that you, where you, after you, before you, it was, it would be, it will be,
      would be, must be, such as, for example, even if, even though, as if, in case, so that, in order to,
      due to, according to, rather than, more than, less than, is that, was that, the fact that,
      i know that, i think that, i said that, he said that, said that, told me that, says that, know that,
      see that`),
  ]),
  seldomLast: words(`
    about above across after against along among around as at before behind below beside between by during except for
    from in inside into like near of off on onto over per since through to toward towards under upon via with within
    without am is are was were be been being do does did have has had can could will would shall should may might must
    isn't aren't wasn't weren't don't doesn't didn't haven't hasn't hadn't can't couldn't won't wouldn't shouldn't not
    what when where which who whom whose why how that this these those some any each both either neither his her very
    quite almost nearly just only even also maybe perhaps probably basically actually exactly approximately roughly
    really well anyway then too more most much many several gonna wanna gotta`),
  closed: phrases(`
    think so, hope so, guess so, believe so, or so, say so, said so, do so, and so on, so far, even so,
    why so, as well, very well, oh well, not well, feel well, work well, works well, at all, after all,
    by then, until then, since then, back then, okay then, alright then, just then, all right then, me too,
    you too, that too, it too, of course not, maybe not, probably not, why not, i'm afraid not, or not,
    rather not, definitely not, absolutely not, certainly not, hope not, guess not, been before,
    there before, you before, the day before, day after, week before, called before, it before, come in,
    log in, sign in, check in, move in, drop in, walk in, later on, go on, what's going on, going on,
    move on, come on, hold on, hang on, day off, turned off, cut off, called off, drop off, moved on,
    come over, is over, it's over, start over, like that, like this, do that, do this, does that, did that,
    about that, about this, of that, of this, with that, with this, for that, for this, to that, to this,
    want that, need that, love that, like those, like these, is this, take that, try that, hear that,
    get that, fix that, change that, cancel that, book that, is that, was that, all that, after that,
    before that, than that, understand that, on that, from that, say that, mean that, with her, to her,
    for her, about her, from her, and her, told her, call her, called her, ask her, asked her, how are you,
    much more, any more, some more, tell me more, no more, once more, one more, very much, that much, so much, too much,
    how much, how many, too many, not many, not really, oh really, exactly, not exactly, yes exactly,
    probably, actually, really, that is all, what it is, who it is, maybe, perhaps, yes maybe,
    don't know how, know how, know when, not sure why, not sure when, not sure how, not sure what,
    don't know what, don't know why, don't know when, don't know where, don't know who, no idea why,
    i don't, i can't, i haven't, i won't, i wouldn't, i didn't, i couldn't, i'm not, it's not, it isn't,
    it doesn't, it didn't, it won't, he doesn't, she doesn't, they don't, they didn't, we don't, we can't,
    we haven't, you can't, you don't, you didn't, yes i can, yes i do, yes it is, and so do i, so do i,
    looking for, waiting for, asking for, asked for, hoping for, paid for, signed up for, talking about,
    talk about, calling about, thinking about, worried about, come from, calling from, i'd love to,
    be happy to, don't want to, didn't want to, don't need to, don't have to, didn't mean to,
    wouldn't like to, would love to, if i can, if you can, if you could, as you can, as i can, when i can,
    all i have, all we have`),
  finals: phrases(`
    please, thanks, thank you, thank you very much, thanks a lot, bye, goodbye, bye bye, that's it,
    that's all, that's everything, that is all, that's about it, hello, hi there, hello there, good morning,
    good afternoon, good evening, as soon as possible, or something, or anything, or whatever, right now,
    at the moment, if that's okay, if that's possible, if possible, you know what i mean`),
  hesitations: words('uh uhh uhm um umm er erm hm hmm mmm eh ehm ah'),
  stalls: phrases(`
    let me see, let me think, let me check, let me look, let me find, let me get, let me grab, let me just,
    let's see, hold on, hang on, one second, one moment, one sec, just a second, just a moment, just a sec,
    give me a second, give me a moment, give me a minute, give me a sec, bear with me, wait a second,
    wait a minute, i have to look, i need to look, where is it, how do i put this, what's it called`),
  verbs: words(`
    am is are was were be been being do does did done have has had can could will would shall should may might must
    isn't aren't wasn't weren't don't doesn't didn't haven't hasn't hadn't can't couldn't won't wouldn't shouldn't
    i'm i'd i'll i've it's that's there's he's she's we're we'll we've we'd you're you'll you've they're they'll
    they've what's who's where's want wants wanted need needs needed get gets got go goes went gone come comes came
    make makes made take takes took taken give gives gave given know knows knew think thinks thought see sees saw seen
    say says said tell tells told ask asks asked call calls called calling book booked cancel canceled cancelled
    change changed move moved pay pays paid order ordered buy bought sell sold send sent ship shipped arrive arrived
    work works worked working stop stopped start started broke break broken fix fixed lose lost find found leave left
    hit hurt help helps helped speak spoke talk talked like likes liked love loved prefer preferred live lives lived
    happen happened try tried trying look looks looked looking wait waited waiting use used open opens opened close
    closes closed keep keeps kept hear heard feel felt seem seems show shows showed shown turn turned check checked
    sign signed receive received return returned forgot forget remember understand believe reach drive drove ran run
    read write wrote put let cost costs charge charged schedule scheduled reschedule reset update updated deliver
    delivered visit visited meet met bring brought sounds sound means mean stay stayed confirm confirmed told`),
  relatives: words('what who which where how'),
  leavesPreposition: /ing$|[^s]ed$/u,
  pronouns: words('i you he she it we they that there this'),
  auxiliaries: words(`
    am is are was were do does did have has had can could will would should might must isn't aren't wasn't weren't
    don't doesn't didn't haven't hasn't hadn't can't couldn't won't wouldn't shouldn't not`),
  eitherWay: words('that'),
  objects: words('you'),
  answers: phrases(`
    yes, yeah, yep, yup, yes please, sure, sure thing, okay, ok, right, alright, all right, correct,
    exactly, absolutely, definitely, certainly, of course, sounds good, sounds great, that sounds good,
    that sounds great, that's right, that's correct, that's fine, that's good, that works,
    that would be great, that'd be great, works for me, please, please do, go ahead, go for it, perfect,
    great, good, fine, uh huh, mm hmm, mhm, i think so, i guess so, i guess, i believe so, i hope so,
    why not, no, nope, nah, no thanks, no thank you, not really, not yet, not right now, not now,
    not at all, not today, not interested, maybe, maybe later, probably, probably not, i'm good, i'm fine,
    i'm not sure, not sure, i don't know, i don't think so, never, neither, thanks, thank you, really,
    that's it, that's all, for sure, totally, you can, it's fine, no problem`),
  yesOrNo: words('yes yeah yep yup no nope nah sure okay ok right correct well oh'),
  choices: phrases(`
    either, either one, either is fine, both, neither, any, the first, the first one, the second,
    the second one, the last one, the other one, the former, the latter, doesn't matter, it doesn't matter,
    whatever, i don't mind, i don't care, no preference`),
  times: words(`
    monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays
    sundays today tomorrow tonight morning afternoon evening night noon midnight weekend week month year am pm a.m p.m
    o'clock anytime whenever now later soon possible`),
  months: words(`
    january february march april may june july august september october november december jan feb mar apr jun jul aug
    sep sept oct nov dec`),
  nameIntros: phrases(`
    yes, yeah, sure, hi, hello, okay, my name is, my name's, the name is, the name's, this is, it's, i'm,
    i am, it is, my full name is, that's, my first name is, my last name is`),
  numbers: {
    digits: counts(`
      zero:1 oh:1 o:1 nought:1 one:1 two:1 three:1 four:1 five:1 six:1 seven:1 eight:1 nine:1 ten:2 eleven:2 twelve:2
      thirteen:2 fourteen:2 fifteen:2 sixteen:2 seventeen:2 eighteen:2 nineteen:2 twenty:2 thirty:2 forty:2 fifty:2
      sixty:2 seventy:2 eighty:2 ninety:2 first:2 second:2 third:2 fourth:2 fifth:2 sixth:2 seventh:2 eighth:2 ninth:2
      tenth:2 eleventh:2 twelfth:2 thirteenth:2 fourteenth:2 fifteenth:2 sixteenth:2 seventeenth:2 eighteenth:2
      nineteenth:2 twentieth:2 thirtieth:2`),
    values: written(`
      zero:0 oh:0 o:0 nought:0 one:1 two:2 three:3 four:4 five:5 six:6 seven:7 eight:8 nine:9 ten:10 eleven:11 twelve:12
      thirteen:13 fourteen:14 fifteen:15 sixteen:16 seventeen:17 eighteen:18 nineteen:19 twenty:20 thirty:30 forty:40
      fifty:50 sixty:60 seventy:70 eighty:80 ninety:90`),
    tens: words('twenty thirty forty fifty sixty seventy eighty ninety'),
    scales: counts('hundred:2 thousand:3'),
    repeats: counts('double:2 triple:3 treble:3'),
    centuries: words('nineteen twenty thousand'),
  },
  spelling: {
    between: words(
      'dash hyphen underscore dot point slash space plus capital lowercase uppercase area code then and extension',
    ),
    links: words('as in like for'),
    at: 'at',
    dot: 'dot',
    domains: words('com org net edu gov io co uk us ca de eu info biz me ai'),
  },
  questions: {
    patterns: [
      { asks: 'spelling', pattern: /\bspell/u },
      { asks: 'date', pattern: /\b(?:date of birth|birth ?date|birthday|were you born)\b/u },
      { asks: 'email', pattern: /\be-?mail\b/u },
      {
        asks: 'phone',
        pattern:
          /\b(?:(?:tele)?phone|mobile|cell|callback|call ?back|contact|best) number\b|number (?:to|where|can) (?:reach|call|we|i)\b/u,
      },
      { asks: 'zip', pattern: /\b(?:zip|postal code|post ?code)\b/u },
      { asks: 'card', pattern: /\bcard number\b/u },
      {
        asks: 'code',
        pattern:
          /\b(?:number|digits?|pin|passcode|(?:security|confirmation|access|reference|member|policy|booking|account|customer) (?:code|id))\b/u,
      },
      { asks: 'address', pattern: /\baddress\b|\bwhere do you live\b|\bstreet\b/u },
      {
        asks: 'name',
        pattern:
          /\byour (?:(?:full|first|last|sur|family) ?)?(?:name|surname)\b|\bwho am i (?:speaking|talking)|\bwhom? (?:is calling|do i have)|\bname,? please\b|\bwho's calling\b/u,
      },
      { asks: 'quantity', pattern: /\bhow (?:many|old|much|long)\b/u },
      {
        asks: 'when',
        pattern: /\b(?:what|which) (?:day|time|date)\b|^(?:so |and |okay )?when\b|\bhow about when\b/u,
      },
    ],
    yesNoStarts:
      /^(?:(?:and|so|okay|great|now|then|alright|perfect|sure|just to confirm),? )*(?:is|are|am|was|were|do|does|did|can|could|would|will|shall|should|have|has|may|did i|isn't|aren't|don't|doesn't|won't|wouldn't)\b|,? (?:right|correct|okay|yes|isn't it|is that (?:right|correct|okay))\?$|\b(?:anything|something) else\b/u,
    confirmations:
      /^(?:(?:and|so|okay|great|now|then),? )*(?:is|are|was|were|does|did)\b|,? (?:right|correct|is that (?:right|correct|okay))\?$/u,
    or: /\bor\b(?! not\b)/u,
    digitCount: /\b(?:(\d{1,2})|(\w+))[- ]digits?\b/u,
    counts: counts('two:2 three:3 four:4 five:5 six:6 seven:7 eight:8 nine:9 ten:10 twelve:12 sixteen:16'),
    requests:
      /\b(?:tell|give|spell|say|read|confirm|provide|enter|leave|let me know|i(?:'ll| will) (?:just )?need|i need|please)\b/u,
  },
  overAgent: {
    always: phrases(`
      stop, stop it, stop talking, wait, wait wait, hold on, hang on, no, nope, hello, excuse me, pardon,
      pardon me, one second, one moment, just a second, just a moment, let me speak, let me finish, listen,
      shut up, be quiet, cancel, never mind`),
    backchannels: phrases(`
      uh huh, mm hmm, mm hm, mhm, mm, mmm, hm, hmm, yeah, yep, yup, yes, ya, okay, ok, okey, k, right, sure,
      i see, got it, gotcha, alright, all right, cool, great, good, nice, perfect, wow, oh, ah, aha, oh wow,
      oh no, no way, oh my, oh my god, oh dear, really, oh really, interesting, exactly, absolutely,
      definitely, true, correct, indeed, of course, no problem, no worries, not a problem, that's fine,
      that's okay, that's good, that's great, sounds good, makes sense, that makes sense, fair enough,
      i understand, understood, i know, thank you, thanks, fine, very good, go on, awesome, excellent,
      lovely, wonderful`),
  },
};
