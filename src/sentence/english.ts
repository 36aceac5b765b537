// English, as models write it for the phone.
import { wordSet, type LanguageRules } from './rules.ts';

export const english: LanguageRules = {
  neverLast: wordSet(`
    mr mrs ms mx dr prof capt cmdr lt sgt cpl pvt insp supt messrs e.g i.e eg ie viz cf vs approx incl excl attn
    asst assoc`),
  seldomLast: wordSet(`
    a.m p.m am pm inc ltd co corp llc plc bros dept est univ etc al jr sr esq phd ph.d m.d d.d.s b.a m.a b.sc m.sc
    u.s u.k u.n e.u d.c u.s.a st ave blvd rd ln pl sq hwy pkwy ct bldg mt ft min max hr hrs mins sec lb lbs oz yr
    yrs rev fr hon pres gov sen rep gen col maj adm jan feb apr jun jul aug sep sept oct nov dec mon tue tues thu
    thur thurs fri`),
  lastBeforeCapital: wordSet(`
    no nos p pp fig figs vol ch art par ext apt rm ste tel ph op eq ver mar wed sat sun`),
  starters: wordSet(`
    the this that these those there there's here here's it it's its i i'm i'll i've i'd we we're we'll we've we'd
    you you're you'll you've you'd your our my they they're he he's she she's his her their
    what what's when where who who's why how how's which is isn't are aren't do does did don't can could would
    should have has had was were please let let's if then so but and or because however also as at after before
    once since while for from in on to yes no okay ok sure great thanks thank sorry would you'd just any anything either neither both
    after all now today tomorrow unfortunately alternatively otherwise`),
  clauseWords: wordSet('because although though whereas but unless which'),
  coordinators: wordSet('and or so then if when while until since before after where'),
  subjects: wordSet(`
    i i'm i'll i've i'd we we're we'll we've we'd you you're you'll you've you'd they they're they'll he he's he'll
    she she's she'll it it's it'll that that's there there's this let let's please`),
  ordinalDots: false,
  speakerLabels: [
    'agent',
    'ai',
    'ai agent',
    'ai assistant',
    'assistant',
    'bot',
    'caller',
    'customer',
    'human',
    'lead',
    'operator',
    'receptionist',
    'representative',
    'response',
    'sales agent',
    'sales rep',
    'user',
    'voice agent',
  ],
  stageVerbs: wordSet(`
    laughs chuckles giggles sighs smiles grins nods pauses pause waits coughs sniffs gasps whispers winks shrugs
    hums types clears takes checks looks listens thinks breathes exhales inhales beeps clicks`),
};
