// English: what callers say and what they mean by it. Written with the contractions taken apart, as
// `src/agent/words.ts` does it: can not, what is. The pattern's signs are explained in `src/agent/phrase.ts`.
import type { IntentLanguage } from './language.ts';

export const englishHarmless = `
  no problem, no worries, no trouble, not a problem, not bad and, no time like, had a bad|good|great time,
  who is this|it|that .. for, know who you are, who is responsible|in, to go ahead, go ahead and, hell of a,
  not only, why not, do not mind, would not mind, not mind, can not wait to, can not complain, never mind,
  last <day>, last week|month|year, you said your name, how are you, good morning, good afternoon, good evening, not sure what|who|how|when|where|which|why,
  bear with me, hold on, hang on, one moment, one second, just a moment, just a second, just a sec, just a minute,
  i do not know her|his|their|the|what|who|how|where|when|which|why, do you know if, let me transfer`;

export const englishIntents: IntentLanguage['intents'] = {
  no_time: {
    anywhere: `
      <me> am|are busy|swamped|slammed|overwhelmed|buried|rushed|booked|occupied
      <me> am|are tied up, tied up at, ^ busy $, busy today|here, too|crazy busy, ^ swamped
      <me> am|are in a|an|the|another|my? .. <event>, <me> am|are about to, <me> am|are in the middle
      in the middle of something|a|an|it|dinner|lunch, in a hurry|rush, in and out of meetings
      <me> am|are on another|the|a other? call|phone|line, <me> have another call, got another call
      <me> am|are with a|my|another|someone|somebody patient|client|customer|guest|student?
      <me> am|are <doing>, <me> am|are at work|dinner|lunch|school|church|practice, <me> am|are at the doctor|dentist|hospital
      <me> am|are having|eating|making lunch|dinner|breakfast, <me> am|are in the|my car|bus|train|shower|tub|bathroom|subway
      <me> am|are on the|a bus|train|plane|road|toilet|deadline, on my|our way out|to|into|home
      heading|walking|running|stepping|rushing|going out|late|into the|my|a|for|of?, out the door, running late|behind
      bad|terrible|awful|horrible|inconvenient|wrong time|moment
      not a|the|my? .. <fine>|right time|moment, not <fine> time, not .. convenient, now is not .. <fine>, now does not work
      this is not .. <fine> time, <me> have|got no time, ^ no time, no time for|right|today
      not have .. time|<unit>, not got .. time|<unit>, <me> lack time
      <me> can not .. talk|speak|chat, can not take .. call|calls, not able to talk|speak|chat, unable to talk|speak|chat
      got|have|need to run|go|leave|jump|dash|head|rush|hop $|now|off|into|back|somewhere, must go|run|leave, better go|run $, got to go|run, got to get going|back
      have|got someone|somebody|people|patients|customers|clients|patient|client .. waiting|here|in
      short|pressed|strapped|tight on|for time, time is short|tight
      only have|got a|one|<num> <unit>, only a|one <unit>
      hectic, crazy|insane|busy|mad around? here, hands are full, up to my|our ears|neck|eyeballs, packed today
      caught me at, in the weeds, no spare time, on the clock`,
    alone: `busy`,
  },
  just_tell: {
    anywhere: `
      just tell me, tell me what|why you|this|it|is|are, what is this|it|that|call|your|the .. about|regarding|concerning
      what is this|it|the? call? in|with reference|regards|regard|relation|connection to?
      what this|it|that|the|your call? is .. about|regarding|concerning|for
      what is the? .. pitch|point|deal|offer|purpose|reason|gist|story|idea
      purpose|reason for|of|behind? .. call|calling, what are you .. selling|offering|pitching|after|calling|proposing|promoting
      what is it .. you want|need|sell|selling|offer|offering|do, what is it $
      what you are|guys? .. selling|offering|calling, what you want $, what you want from
      why are you .. calling|phoning|ringing|contacting, why you are .. calling, why you call, what .. calling about|for|regarding
      what do you .. want $, what do you want from|with, what do you want and|but|because
      what do you sell|offer|have for, what can|may|could i|we do for you, how can|may|could i|we help
      get|come|cut to|straight to? the point|chase, get to it, get on with it, spit it out, out with it, say it $
      make|keep it|this quick|short|brief|fast|simple, be quick|brief|fast, make it snappy
      bottom line, short|quick|brief|thirty version, in a nutshell, the gist, elevator pitch, say what you, just say
      skip the|all, hurry up|it, long story short, cut the, what have you got, quickly tell, in one sentence, speed it up
      to the point, what is on your mind, what is up $, what brings you, what did you call`,
    alone: `what is it`,
  },
  hostile: {
    anywhere: `
      <curse>, go to hell, what|who|where|how|why the|in hell|heck|fuck|devil, piss|bugger|buzz|sod off, screw you|this|off|yourself
      load|bunch|pile|piece of crap|bull|garbage|shit, you people, you bunch, you .. <insult>, bunch|pack of <insult>
      are you stupid|deaf|dumb|crazy|insane|kidding|mental|nuts|retarded|serious|brainless, out of your mind
      harassment, harassing, report you|this|your, sue you|your, call the|my police|cops, my|our lawyer|attorney will?, legal action
      sick|tired of you|these|this|people|calls|getting|your|it|all, sick and tired, fed up with you|these|this|your, had it with|up
      had enough of, leave me|us|my alone, get lost, shut up, shut your, drop dead, go away, get off|out|away of? my|the|here
      how dare you, wasting my|our|everyone time, waste my|our time, waste of my|time, quit|stop .. bothering|harassing|calling|phoning|pestering|bugging|spamming|ringing me|us|here|this|my|our
      ^ quit|stop calling|bothering|phoning, to quit|stop calling|bothering|phoning|ringing .. me|us|here, stop with the|these calls
      never|not .. call|phone|ring|contact|dial me|us|here|this|my .. again|anymore|more|ever, never|not ever call|phone|contact|dial
      never call back, lose my|our|this number, ashamed, disgusting, hate you|people|these|telemarketers, despise
      this|that|you is|are ridiculous|outrageous|unacceptable|insane|absurd|nuts, for god|christ|goodness|heaven|pete is? sake, for crying out
      jesus christ, what is wrong with you, what is the matter with you, not .. anything|something better to do, nothing better to do, get a life, get a real job
      kiss my, the nerve, you make me sick, rot in, go jump, bite me, up yours, get bent, hang up on you, i will find you
      last time i .. tell|telling|warn, i am warning you, bothering me|us, pestering|bugging me|us`,
    alone: `unbelievable, ridiculous, seriously`,
  },
  not_interested: {
    anywhere: `
      not .. interested, no longer interested, uninterested, not .. interest me|us, no|zero|little|any interest $, no|zero interest in, not have any interest
      no thanks, no thank you, thanks but no, ^ <me> am|are good $, <me> am|are all set|good|covered, all set here|thanks|$
      <me> am|are fine|okay|happy|good the|with|as|without|where way|what|we|our|is|it|are?, we are fine $, no i am fine $, nah i am good
      happy|satisfied|content|pleased with what|our|the|my|how, happy enough, like what we|i have, works fine for us
      not need|want|require any|anything|that|it|this|your|one|more|another|these|those|help|new, not need $, not .. need $, do not want|need $
      no need for|of, no need $, <me> have no need, no use for, already have|use|got|using|went|work|working|signed something|someone|somebody|one|a|an|our|another|that|it|with|this|all
      already .. taken care|covered|sorted|handled, <me> use|have another|someone|somebody|something|different .. already|else|system|provider|company
      go|going|went|gone with someone|somebody|another|something|different
      i|we|to|will|have pass $, pass on this|that|it|your, hard pass, take a pass
      not for us|me $, not for us|me thanks, not something|anything|what .. need|want|for|looking, nothing .. we|i need|want
      not .. looking for|to|at, not in the market, not .. buying|shopping, not want to buy|switch|change, not planning to
      take|remove|delete|strike|get|scratch me|us|my|this|our .. off|from|list|database, remove|delete my|our|this .. number|name|details|information
      off|from your|the|that .. list, do not call list, not call list, unsubscribe, opt out
      got|have that|it|this|those .. covered|handled|sorted|taken, count me|us out, not our|my thing, not worth, decided against|not
      not a .. fit, not right for us|me, no sale, not want to sign, we will stick|stay with, stick|sticking|staying with what|our|the
      ^ quit|stop calling, to quit|stop calling, stop calling me|us|here|this|my|our, quit calling me|us|here|this
      never|not .. call|phone|ring|contact me|us|here|this|my .. again|anymore|more, never|not ever call|phone|contact
      lose my|our|this number, forget about it, nothing for us|me, not spend|spending any`,
    alone: `no thanks, pass`,
  },
  technical_problem: {
    anywhere: `
      not|hardly|barely|scarcely .. <hear> you|anything|a|what|that|well|$, not hear, can|could hardly|barely hear, not make out|you? .. what|you|anything|words|it
      can|do you hear me, you hear me, are you there, is anyone|anybody|someone|somebody there|on, anyone|anybody there, you there $, are you with me
      hello hello, breaking|break up $, you are .. breaking|cutting|fading|dropping, breaking up, cutting|cut|fading|dropping out|in|off $, cutting|cut out
      keep|keeps|kept .. cutting|breaking|dropping|fading|freezing|disconnecting|going
      <bad> line|connection|reception|signal|audio|sound|quality|cell, <line> is|sounds|seems|got|gets .. <bad>, <line> is .. not great|clear|working
      static, echo, echoing, crackling, crackle, choppy, muffled, garbled, distorted, underwater, robotic, hear myself, on mute, muted
      speak|talk up|louder|clearly, bit louder, louder please, volume, turn up the, closer to the phone|mic|microphone
      lost|losing you, losing the connection|signal, you|it|line|audio went|gone|go|are silent|quiet|dead|mute
      you are|sound|sounding .. faint|quiet|muted|muffled|fuzzy|far|distant|underwater|tinny|low, so|too|it|is quiet $
      dead air, acting up, acting weird|funny|strange, no|losing sound|signal|audio|reception|bars, hear nothing, hear a|an|some .. noise|buzz|echo|hiss|beep|static|humming
      noise on, background noise, buzzing, dropped for a, call dropped, we got cut|disconnected, got disconnected, cut off|out $, bad reception
      is this thing on, headset|microphone|mic|bluetooth|speaker .. not|is|broken|working, delay on the|this, there is a delay|lag, lagging, glitching, glitchy
      not hearing you|anything, did you hear me|that`,
    alone: `hello hello, hello hello hello, louder, are you there, anybody there`,
  },
  who_is_this: {
    anywhere: `
      who is this|that|it $, who is this|it|that again|calling|speaking|i|from|with|on, who is calling|speaking|there|talking|phoning|ringing, who is on the
      who are you, who you are, who you are with|calling|from, who am i .. speaking|talking|on, who i am .. speaking|talking|on, who i have, who do i have
      who did|do you .. say|work|represent|are, who you work|represent, who .. you with, what|which <org> .. this|you|calling|from|with|is|are
      where .. you .. calling|phoning|ringing|from, from where|what|which .. calling|are, calling|phoning|are from where|what|which|who
      what is|was your .. name, not .. catch|get|hear your name, missed your name, your name again|please|$, say|repeat|spell your name, and you are $, and this is $, you are who
      name of your|the <org>, your <org> name, do i|we know you, have we met|spoken|talked, do we know each, on behalf of
      remind me who, identify yourself, recognize|recognise your|this|the number|voice, whom am i, who may i say, who should i say, say who you
      you .. calling from $, you are with $, who is it you, your name and`,
    alone: `who, who is this, who is it, your name`,
  },
  permission_yes: {
    anywhere: `
      go ahead, go for it, ^ go on $, please continue|proceed|go, ^ continue $, fire|ask away, ^ shoot $, okay|sure|yes|yeah shoot
      <me> have|spare got? <amount> .. <unit>, <me> got <amount> .. <unit>, <me> can|could spare|give .. <unit>, give you <amount> .. <unit>, you have got? <amount> .. <unit>, you got <amount> .. <unit>
      ^ <amount> <unit> $, ^ <num> <unit> is? fine|okay?, you can have|take <amount> .. <unit>
      <me> am|are listening, all ears, let us hear|have it|what?, let me hear it|what
      you can|may talk|speak|go|continue|ask|proceed|tell|start, feel free, <me> can talk|chat|speak|listen, <me> am|are able to talk, happy|willing to talk|listen|hear|chat
      now|this is .. <fine> $, now is .. <fine>, now works, this|now|it is .. <fine> time, good a time, as good as any|it
      ^ <fine> time, time is <fine>, <me> am|are free to talk|right|now|$, <me> have time|some, <me> got time
      by all means, be my guest, do tell, not bothering|interrupting|disturbing, not busy, you are fine go, what is up, take your time, do go on, you may $, yes you may|can, sure you can
      <me> will listen|hear, hear you out, hear what you have, you have my attention, not interrupting, talk to me $, lay it on`,
    alone: `shoot, continue, proceed, please do, go, sure why not, why not, please go on`,
  },
  permission_no: {
    anywhere: `
      ^ not now|today $, ^ not right now $, ^ not at the moment $, rather not $, rather not right|do|talk|discuss|today|now, prefer not to? $
      ^ please do not $, ^ do not $, ^ maybe|perhaps|some? some? another|other time|day|occasion maybe|perhaps? $, some other time|day, another time|day maybe|perhaps|$
      no you can|may not, you may|can not $, ^ absolutely|definitely|certainly not, of course not, ^ no way $, not|no a? chance, not going to happen
      do not think so, not want to talk|hear|listen|discuss|answer|speak|chat|do, not going to answer|talk|listen|do, not like to $, i refuse, forget it $
      let us not, not wish to, under no circumstances, out of the question, no not really, not if i can, no i do not $, no you may`,
    alone: `no, nope, nah, no no, no no no, not really, negative, never, no i can not, no i do not, no we do not, no it is not, no i would not, absolutely not, not today, not now, no way, nay, not right now, no not now`,
  },
  guarded: {
    anywhere: `
      how|where .. get|got|find|found|have|obtain my|this|our|me|us .. number|name|information|info|details|contact|address|from|email|data
      who gave|give|told you, why do|would|should|are you .. ask|need|want|know|care|asking|require, why should i|we, why does it|that matter
      what do|would you .. need|want .. for, what is it to you, is|was this|it|that|the call? .. <suspect>, sales call, another scam, sounds like a .. scam|<suspect>, a scam $, scam call
      are you .. <machine>, are you .. sell|selling|telemarketing|recording, talking|speaking|dealing to|with a|an? <machine>, sound|sounds like a|an .. <machine>
      trying to sell, you selling something|anything|stuff, sell me|us something|anything|stuff
      the catch, too good to be true, not|none of your business|concern, not .. comfortable giving|sharing|with|telling|talking|answering|doing|saying|discussing
      <me> do|can|will|would|could|may|am|are not give|giving|share|sharing|discuss|disclose|provide|reveal|hand|tell|talk|telling .. that|out|you|information|info|details|outsiders|over|strangers|about|anything
      rather|prefer not to? say|share|give|answer|tell|disclose|discuss, that|this|it is .. <secret>, <secret> information
      being recorded, recording this|me|the, not answer|answering .. questions|that|this|question, not know you $, not know who you, not trust|buy, suspicious, fishy, shady, sketchy
      how do|can i|we know|trust|verify|be .. real|legit|legitimate|sure|you|this|true|that, can you prove|verify, prove it, who is asking, not allowed|permitted to
      what are you going to do with, what will you do with, is there a catch, need my|our|that for, who else has, i will not|never give, am i being, none of your
      not supposed to, against .. policy, how come you, can i trust, is this .. safe|secure, check you out`,
    alone: `why, what for`,
  },
  confirm_yes: {
    anywhere: `
      that|this|it is right|correct|perfect|true|it|fine|okay|me|accurate $, all correct $, ^ that is good|great|right|correct|perfect|fine $
      sounds|sound good|great|fine|perfect|right|okay|lovely|wonderful|excellent, sounds like a plan, works|work for me|us, that|this|it works $, that will|would work|do, that will be fine
      fine|okay|good|great|all by|with me|us, you got|have it right|$, you got that right, this is he|she|him|her, that would be me, ^ speaking $
      let us do that|it|this, yes please, ^ correct, ^ i agree, agreed, it is a deal, ^ deal $, you are right|correct $, exactly right, i confirm, confirmed, yes i am $, yes i do $, that is the one
      yes it is|was|does $, yes we do|are|have $, yes i did|have|can|will|would $, i am he|she $, affirmative, no objection, right on $, i would love to $, go right ahead`,
    alone: `
      yes, yeah, yep, yup, sure, okay, all right, right, correct, exactly, absolutely, definitely, certainly, perfect, great, good, fine
      indeed, true, mhm, mhm hmm, uh huh, totally, of course, for sure, sure thing, you bet, speaking, precisely, cool, awesome
      excellent, wonderful, lovely, got it, yes i do, yes i am, yes it is, yes we do, i do, it is, we do, i am, i did, it does, very well, very good, you got it, that is me, fair enough, understood, makes sense to me, please, yes sir, yessir, okey dokey, aye, by all accounts, it sure is, sure is, sure do, i sure do, yes i can, yes i will, yes i did`,
  },
  resonance: {
    anywhere: `
      that|this|it|there is|are .. <trouble>, been .. <trouble>, our .. <trouble>, big|biggest|huge|real|major|constant|main|common .. <trouble>, <me> have|got|had .. that|this|same .. <trouble>
      that is us, happens .. all the time|lot|every|often|constantly|daily, happens to us|me, <me> struggle|struggling|suffer, struggle|struggling|suffering with|from
      drives|driving|drive us|me|everyone .. crazy|nuts|insane|mad|wall, killing us|me, kills us|me, nail on the head, tell me about it, tell me .. more, know|hear|learn|find more|out
      that|this|it|sounds|sound .. interesting|intriguing|fascinating|promising|useful|appealing|exciting, ^ interesting, ^ oh? how interesting
      be|been .. <nice>, sounds amazing|wonderful|awesome|fantastic|nice|helpful, would|could|might|will .. help|save, help us|me a|lot|with|out, save us|me
      makes .. sense, <me> like|love that|it|the|this|what|how, love|like to see|hear|learn|try|know|have, curious, intrigued, how does|would|do it|that|this .. work, how that|it|this works
      <me> could .. use that|something|it|some|this, use something|that like|$, need something|that|this like|$, what <me> need, what <me> .. looking for, looking for something|this|that|exactly|one|a|just, need that
      lose|losing|waste|wasting|spend|spending .. time|money|hours|patients|day, resonates, resonate, hits home|close, hit home, <me> am|are interested, i would be interested, spot on, story of my|our life, read my mind
      frustrating, annoying for us, i hear you, i know what you mean, so true, you are right about, been there, i can relate, relate to that, speaking my language, game changer, i feel that, that is the thing
      too many|much .. <trouble>|missed|shows, sounds like us, sounds familiar, you have no idea, i wish we|i had, been wanting|meaning to, that is .. why we|i, now you are talking, i am all for, big deal for us, tell me how`,
    alone: `interesting, very interesting, wow, amazing, nice, how does it work, fascinating, i am interested`,
  },
  hesitation: {
    anywhere: `
      <me> do not know $, not know yet, not know about that|it|this|all|any, not know if|whether|that, not .. sure $, not .. sure about|yet|if|that|whether|it|i|we|this, unsure
      ^ maybe $, ^ perhaps $, ^ possibly $, ^ hmm $, ^ i guess|suppose so? $, i suppose so, i guess so, i guess maybe, might be interested, may|might consider, could be $
      think about|on it|this|that|$, think it|this|that over, let me think, time to think, have|need|want|like|got to think, sleep on it|that|this, mull it|that, consider it, ponder
      talk|speak|check|consult|confer|discuss|clear|ask .. with|to|my|our .. <boss>, run it|this|that by|past, ask|check my|our|with .. <boss>, talk it over
      get back to you, it|that|this|really? depends, depends $, depends on, send|email|mail|text|fax|shoot|forward me|us|over|it|along .. something|information|info|email|details|brochure|link|material|materials|literature|pdf|over|it
      send|email|mail .. information|info|brochure|details|literature|something|materials, send an|a email|mail|text|message, on the fence, hard|difficult|tough|tricky to say|tell|know
      we|i will see, wait and see, not .. convinced, skeptical, sceptical, doubts, doubtful, i doubt, hesitant, torn, undecided, two minds, not .. decide|decided, wary, reluctant, cold feet, not ready|there
      is|sounds|seems|bit|be|too|looks .. expensive|pricey|costly, on my own $, second thoughts, more time, have reservations, some reservations, concerned about, worried about, a lot to think, not my decision, not up to me, depending on
      not so fast, i wonder, we would have to see, have to see, convince me, leaning, on the other hand, maybe maybe`,
    alone: `maybe, perhaps, possibly, hmm, i guess, i suppose, maybe so, could be, might be, i do not know, not sure, well, maybe i guess, i mean maybe, who knows`,
  },
  schedule: {
    anywhere: `
      call|ring|phone|try|buzz|ping|reach|text me|us|back|again .. back|later|again|tomorrow|after|next|in|<day>|<part>|around|before
      call|ring|try|phone back|later|again|tomorrow|another in|on|after|next|tomorrow|at|day?, call .. later, try .. tomorrow|later|again, call back $, call me on|at|in|around|next|after|<day>
      give me|us .. call|ring|buzz|shout .. on|later|back|tomorrow|next|in|<day>|after|another, how|what about <when>|<num>|the|at|in|sometime|this|after|early|late, how is|does <when>
      <day> <part>? .. works|work|<fine>|suits|suit, <day> <part>? is|would|looks|sounds .. <fine>|work, <day> <part>? <part>? at|around|after|before|between|about <num>|half|quarter|noon|lunch|midday
      <day> <num> $, ^ <day> <part>? $, maybe|say|perhaps|do|on|make <day> <part>? $, ^ later|early|next|sometime|end|late .. week|month|year|quarter, next|this|later week|month|quarter .. works|work|<fine>|suits|instead|maybe
      next|this <day>|week|month <part>? $, this afternoon|evening|morning $, later today|this|tonight, later .. week|month
      <me> am|are .. free|available on|at|any|next|after|<day>|<num>|this|in|from|most|until|before|all|anytime, <me> could|can|would do|make|meet|manage .. <day>|<num>|<when>|<part>
      can|could|shall|should|may we|i|you .. meet|talk|speak|schedule|do|book|make|move|push|come .. <day>|<num>|<when>|<part>|time|something, when are|is|would|could|can|will you|it|be|we .. available|free|good|work|convenient|meet|suit|talk
      what|which times|days|slots|time|day .. have|work|works|available|free|good|best|suit|suits|open|is, let us .. schedule|book|arrange|set|plan|meet, let us set|find|pick up|a|some?
      let us do|say|make|try|talk|meet|speak|go|aim|shoot|chat .. <day>|<when>|<num>|<part>|for, set up|schedule|book|arrange|find|pick|make|plan a|the|some|an|something .. time|meeting|call|appointment|demo|demonstration|slot|something|day
      set something|it up, schedule it|that|something|a, book it|me|us|that|a, reschedule, calendar invite, an invite, calendar invitation, invitation for, put|pencil|sign|book me|us|it .. down|in|for|up
      <num> o'clock, half past <num>, quarter past|to <num>, <num> <num>? on <day>, any time|day after|before|on|next|works|is|between, anytime works|after|is|on|before|next|between, <num> <num>? works|suits, <num> would|will work|be
      <date> .. works|work|at <num>?, the <date> at, do you have .. <day>|opening|openings|slot|slots|availability|available|week|<part>, anything|something|slot|opening on|for|next <day>|week, instead of <day>, <day> instead
      some time|day next|this week|month, sometime next|this|in|on|after|tomorrow, better|best|<fine> time|day would|is|to|for .. be|call|me|us|talk?, check|look|open my|your calendar|schedule|diary|availability, <day> or <day>
      talk|speak|meet|chat|connect next|tomorrow|later|on|again .. week|<day>|month?, in <num>|a|an|<amount> .. <span> $, back in|next <num>|a|an|<amount> .. <span>, call .. after|before|around <num>|lunch|work|midday
      at <num> on, my calendar|schedule is|looks open|free|clear, are you .. free|available|open on|at|<day>|next|this, i have .. <day> .. open|free|available`,
    alone: `tomorrow, later, next week, another day would be better, anytime, later today, this afternoon, tomorrow morning, call back, call later, tonight, on monday, on tuesday, on wednesday, on thursday, on friday`,
  },
};
