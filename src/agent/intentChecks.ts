// What the intents of an agent's file owe the rest of it. Runs on the file as it was read.
import type { JsonRecord } from '../base/json.ts';
import { asFields, asList, known } from './asWritten.ts';
import { wrongWithPhrase } from './intents.ts';
import { intentLanguage, INTENT_NAMES } from './language/language.ts';
import type { Mistake, Path } from './mistake.ts';

interface Known {
  readonly intents: readonly string[];
  readonly states: readonly string[];
  readonly transfers: readonly string[];
  /** The tool says something before it puts through. */
  readonly transferSays: boolean;
}

const OUTCOMES = ['goto', 'end', 'transfer'] as const;

export function intentMistakes(fields: JsonRecord): Mistake[] {
  const own = asFields(fields.intents);
  const language = typeof fields.language === 'string' ? fields.language : 'en-US';
  const builtIn = intentLanguage(language) === undefined ? [] : INTENT_NAMES;
  const ofAuthor = Object.keys(own).filter((name) => asList(asFields(own[name]).phrases).length > 0);
  const named = asFields(asFields(fields.states).named);
  const transfer = asList(fields.tools)
    .map(asFields)
    .find((tool) => tool.builtin === 'transfer');
  const there: Known = {
    intents: [...new Set([...builtIn, ...ofAuthor])],
    states: Object.keys(named),
    transfers: Object.keys(asFields(transfer?.to)),
    transferSays: typeof transfer?.say === 'string',
  };
  return [
    ...Object.entries(own).flatMap(([name, value]) => [
      ...ofIntent(name, asFields(value), ['intents', name], there),
      ...phraseMistakes(asList(asFields(value).phrases), ['intents', name, 'phrases'], language),
    ]),
    ...Object.entries(named).flatMap(([state, value]) =>
      Object.entries(asFields(asFields(value).intents)).flatMap(([name, intent]) =>
        ofIntent(name, asFields(intent), ['states', 'named', state, 'intents', name], there),
      ),
    ),
  ];
}

function ofIntent(name: string, intent: JsonRecord, path: Path, there: Known): Mistake[] {
  const mistakes: Mistake[] = [];
  const wrong = (message: string, ...below: Path): void => {
    mistakes.push({ path: [...path, ...below], message });
  };
  const { say, goto: target, transfer, steer } = intent;
  const outcomes = OUTCOMES.filter((key) => intent[key] !== undefined);
  if (!there.intents.includes(name)) {
    wrong(`there is no intent ${name}${known(there.intents)}; one of your own needs phrases`);
  }
  const does = [say, steer, intent.note, intent.phrases].some((part) => part !== undefined);
  if (!does && outcomes.length === 0) {
    wrong('expected at least one of say, goto, end, transfer, steer, note');
  }
  if (outcomes.length > 1) wrong(`expected one of ${outcomes.join(' and ')}, not both`);
  if (say !== undefined && steer !== undefined) {
    wrong('expected say or steer, not both: the model is not asked when a line is said', 'steer');
  }
  if (typeof target === 'string' && !there.states.includes(target)) {
    wrong(`there is no state ${target}${known(there.states)}`, 'goto');
  }
  if (typeof transfer === 'string') {
    if (!there.transfers.includes(transfer)) {
      wrong(`there is nobody called ${transfer} in the transfer tool${known(there.transfers)}`, 'transfer');
    }
    if (say === undefined && !there.transferSays) {
      wrong('expected say here or in the transfer tool: somebody is put through without a word', 'transfer');
    }
  }
  return mistakes;
}

function phraseMistakes(phrases: readonly unknown[], path: Path, language: string): Mistake[] {
  return phrases.flatMap((phrase, i) => {
    const message = typeof phrase === 'string' ? wrongWithPhrase(phrase, language) : undefined;
    return message === undefined ? [] : [{ path: [...path, i], message }];
  });
}
