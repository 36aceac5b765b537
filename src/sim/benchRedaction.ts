// A thousand cards' numbers in every form, social-security numbers, and texts with other numbers: what is still to be seen.
import { seededRandom } from '../base/random.ts';
import { NOTHING_BEFORE, redact } from '../redact/redact.ts';
import { shown, type BenchReport, type BenchTable } from './benchReport.ts';
import { anyCardNumber, CARD_FORMS, inTalk, type NumberForm, type Turns } from './cardForms.ts';
import { numbersHeard, type Heard } from './numbersHeard.ts';
import { PLAIN_FORMS } from './plainNumbers.ts';
import { walk, type Walked } from './redactionWalk.ts';
import { anySocialNumber, SOCIAL_FORMS } from './socialForms.ts';

const SEED = 1_117;
const NUMBERS = 1_000;
const PLAIN_TEXTS = 2_000;
/** Calls of each form through a real gateway. */
const CALLS_EACH = 3;
const RULES = { cards: true, ssn: true };
/** A text that may be a telephone's has ten digits; of a card six may be kept (PCI DSS 3.4.1). */
const CARD_MAX = { told: 10, kept: 6 } as const;
/** Of a number that the caller corrected and the agent said back so, what was taken back comes on top. */
const TAKEN_BACK_DIGITS_MAX = 4;
const SOCIAL_MAX = { told: 5, kept: 2 } as const;

interface FormResult {
  readonly kind: 'card' | 'social';
  readonly form: string;
  readonly numbers: number;
  readonly partial: number;
  readonly final: number;
  readonly atRest: number;
  readonly readBack: number;
  readonly seen: number;
}

function walkForm(
  kind: FormResult['kind'],
  form: NumberForm,
  numbers: number,
  turnsOf: (form: NumberForm) => Turns,
): FormResult {
  const max = kind === 'card' ? CARD_MAX : SOCIAL_MAX;
  const taken = /taken back|begun again/u.test(form.name) ? TAKEN_BACK_DIGITS_MAX : 0;
  const walked: Walked[] = Array.from({ length: numbers }, () => walk(turnsOf(form), form.asked));
  const most = (of: (one: Walked) => number): number => Math.max(...walked.map(of));
  return {
    kind,
    form: form.name,
    numbers,
    partial: most(({ partial }) => partial),
    final: most(({ final }) => final),
    atRest: most(({ atRest }) => atRest),
    readBack: most(({ readBack }) => readBack),
    seen: walked.filter(
      ({ partial, final, atRest, readBack }) =>
        Math.max(partial, final) > max.told || atRest > max.kept || readBack > max.kept + taken,
    ).length,
  };
}

export async function benchRedaction(): Promise<BenchReport> {
  const random = seededRandom(SEED);
  const cards = CARD_FORMS.map((form) =>
    walkForm('card', form, Math.ceil(NUMBERS / CARD_FORMS.length), () =>
      inTalk(form.say(anyCardNumber(random), random), random),
    ),
  );
  const socials = SOCIAL_FORMS.map((form) =>
    walkForm('social', form, Math.ceil(NUMBERS / 4 / SOCIAL_FORMS.length), () =>
      form.say(anySocialNumber(random), random),
    ),
  );
  const each = Math.ceil(PLAIN_TEXTS / PLAIN_FORMS.length);
  const plain = PLAIN_FORMS.map((form) => {
    const texts = Array.from({ length: each }, () => form.say(random));
    const touched = texts.filter((text) => redact(text, RULES, NOTHING_BEFORE).text !== text).length;
    return { form: form.name, texts: each, touched };
  });
  const heard = await numbersHeard(CALLS_EACH, SEED);
  const results = [...cards, ...socials];
  const sum = (of: readonly number[]): number => of.reduce((all, one) => all + one, 0);
  const cardCount = sum(cards.map(({ numbers }) => numbers));
  const seen = sum(results.map((result) => result.seen));
  const texts = sum(plain.map((one) => one.texts));
  const touched = sum(plain.map((one) => one.touched));
  return {
    title: `${cardCount} card numbers and ${sum(socials.map(({ numbers }) => numbers))} social-security numbers: ${seen} to be seen; ${touched} of ${texts} other texts touched (${shown((touched / texts) * 100, 2)} %)`,
    tables: [
      {
        heading: ['form', 'numbers', 'digits in a partial', 'in a final', 'at rest', 'said back', 'seen'],
        rows: results.map(({ kind, form, numbers, partial, final, atRest, readBack, seen: those }) => [
          `${kind}, ${form}`,
          ...[numbers, partial, final, atRest, readBack, those].map((value) => shown(value)),
        ]),
      },
      {
        heading: ['other texts', 'texts', 'touched'],
        rows: plain.map((one) => [one.form, shown(one.texts), shown(one.touched)]),
      },
      ...('missing' in heard ? [] : [heardTable(heard)]),
    ],
    notes: [
      'Digits: the most of any number of the form. Seen: more than ten digits of a card (five of a social number) told in one',
      'text before it was known to be one, or more than six (two) kept in all that was stored of its call. Said back: by an agent',
      'that was cut off after any of its words.',
      ...('missing' in heard ? [`No number was said to a gateway: ${heard.missing}`] : []),
    ],
    figures: { cards, socials, plain, heard },
  };
}

function heardTable({ calls, most, texts, readBack }: Heard): BenchTable {
  const max = { event: CARD_MAX.told, api: CARD_MAX.kept, log: CARD_MAX.kept, database: CARD_MAX.kept };
  const places = ['event', 'api', 'log', 'database'] as const;
  return {
    heading: [
      `${calls} calls through a gateway, the agent reads back: ${readBack} sentences, ${texts} texts`,
      'digits at most',
      'allowed',
    ],
    rows: places.map((place) => [place, shown(most[place]), shown(max[place])]),
  };
}
