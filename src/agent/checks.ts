// What the parts of an agent's file owe each other. Runs on the file as it was read, so that these
// mistakes are told together with those of shape; what is not of the right shape is passed over here.
import type { JsonRecord } from '../base/json.ts';
import { asFields, asList, known } from './asWritten.ts';
import { intentMistakes } from './intentChecks.ts';
import { isLanguageTag } from './languageTag.ts';
import type { Mistake, Path } from './mistake.ts';
import { variablesIn } from './prompt.ts';
import { RESERVED_TOOL_NAMES, wrongWithUrl } from './tools.ts';

export function crossChecks(file: unknown): Mistake[] {
  const fields = asFields(file);
  return [
    ...variableMistakes(file, Object.keys(asFields(fields.variables))),
    ...stateMistakes(asFields(fields.states)),
    ...toolMistakes(asList(fields.tools)),
    ...intentMistakes(fields),
    ...turnTakingMistakes(asFields(fields.turnTaking)),
    ...keyMistakes(asFields(fields.dtmf)),
    ...languageMistakes(fields),
    ...adaptiveMistakes(fields),
  ];
}

/** Where `{{name}}` is filled in; anywhere else it would be sent as it stands. */
const TEMPLATES =
  /^(?:greeting|prompt|lines\.\w+(?:\.\d+)?|limits\.idle\.\d+\.say|voicemail\.say|tools\.\d+\.(?:filler|say)|states\.named\.\w+\.(?:prompt|line)|(?:states\.named\.\w+\.)?intents\.\w+\.(?:say|steer))$/u;

function variableMistakes(value: unknown, declared: readonly string[], path: Path = []): Mistake[] {
  if (typeof value === 'string') {
    const names = variablesIn(value);
    if (names.length > 0 && !TEMPLATES.test(path.join('.'))) {
      return [
        { path, message: 'expected no {{variable}} here: only what is said and the prompts are filled in' },
      ];
    }
    return names
      .filter((name) => !declared.includes(name))
      .map((name) => ({ path, message: `{{${name}}} is not declared under variables${known(declared)}` }));
  }
  if (Array.isArray(value)) return value.flatMap((item, i) => variableMistakes(item, declared, [...path, i]));
  return Object.entries(asFields(value)).flatMap(([key, item]) =>
    variableMistakes(item, declared, [...path, key]),
  );
}

/** The faster model is one of the file's own, with an entry that says how to reach it. */
function adaptiveMistakes(fields: JsonRecord): Mistake[] {
  const { fasterModel } = asFields(fields.adaptive);
  const models = asList(asFields(fields.providers).llm).map((entry) => asFields(entry).model);
  if (typeof fasterModel !== 'string' || models.includes(fasterModel)) return [];
  const names = models.filter((model) => typeof model === 'string');
  const message = `there is no such model under providers.llm${known(names)}`;
  return [{ path: ['adaptive', 'fasterModel'], message }];
}

function stateMistakes(states: JsonRecord): Mistake[] {
  const named = asFields(states.named);
  const names = Object.keys(named);
  if (names.length === 0) return [];
  const mistakes: Mistake[] = [];
  if (typeof states.initial === 'string' && !names.includes(states.initial)) {
    mistakes.push({
      path: ['states', 'initial'],
      message: `there is no state ${states.initial}${known(names)}`,
    });
  }
  for (const [name, value] of Object.entries(named)) {
    const state = asFields(value);
    const path = ['states', 'named', name];
    asList(state.next).forEach((next, i) => {
      if (typeof next !== 'string' || names.includes(next)) return;
      mistakes.push({ path: [...path, 'next', i], message: `there is no state ${next}${known(names)}` });
    });
    mistakes.push(...repeats(asList(state.fields), [...path, 'fields'], 'name'));
  }
  return mistakes;
}

function toolMistakes(tools: readonly unknown[]): Mistake[] {
  const reserved: readonly string[] = RESERVED_TOOL_NAMES;
  const taken = tools.flatMap((tool, i) => {
    const { name } = asFields(tool);
    if (typeof name !== 'string' || !reserved.includes(name)) return [];
    return [{ path: ['tools', i, 'name'], message: `expected another name: ${name} is built in` }];
  });
  const unsafe = tools.flatMap((tool, i) => {
    const { url, allowHttp } = asFields(tool);
    const message = typeof url === 'string' ? wrongWithUrl(url, allowHttp === true) : undefined;
    return message === undefined ? [] : [{ path: ['tools', i, 'url'], message }];
  });
  return [...taken, ...unsafe, ...repeats(tools, ['tools'], 'name'), ...repeats(tools, ['tools'], 'builtin')];
}

function repeats(items: readonly unknown[], path: Path, key: string): Mistake[] {
  const seen = new Set<string>();
  return items.flatMap((item, i) => {
    const value = asFields(item)[key];
    if (typeof value !== 'string') return [];
    if (seen.has(value))
      return [{ path: [...path, i, key], message: `expected each ${key} once: ${value} is there already` }];
    seen.add(value);
    return [];
  });
}

function turnTakingMistakes({ minWaitMs, maxWaitMs }: JsonRecord): Mistake[] {
  if (typeof minWaitMs !== 'number' && typeof maxWaitMs !== 'number') return [];
  const [least, most] = [minWaitMs ?? 300, maxWaitMs ?? 1_500];
  if (typeof least !== 'number' || typeof most !== 'number' || least <= most) return [];
  return [
    { path: ['turnTaking'], message: `expected minWaitMs (${least}) to be at most maxWaitMs (${most})` },
  ];
}

function keyMistakes({ endKey = '#', clearKey = '*' }: JsonRecord): Mistake[] {
  if (endKey !== clearKey || endKey === 'none' || typeof endKey !== 'string') return [];
  return [{ path: ['dtmf'], message: `expected endKey and clearKey to be two keys, not both ${endKey}` }];
}

/** Every default line is English: an agent that suddenly changes its language is worse than a file that is refused. */
function languageMistakes(fields: JsonRecord): Mistake[] {
  const { language } = fields;
  if (typeof language !== 'string' || !isLanguageTag(language) || /^en\b/iu.test(language)) return [];
  const lines = asFields(fields.lines);
  const missing = ['sorry', 'fillers', 'goodbye', 'reconnected', 'noWords'].filter(
    (name) => !(name in lines),
  );
  const mistakes: Mistake[] = missing.map((name) => ({
    path: ['lines', name],
    message: `is required when language is not English (${language})`,
  }));
  if (!('idle' in asFields(fields.limits))) {
    mistakes.push({
      path: ['limits', 'idle'],
      message: `is required when language is not English (${language})`,
    });
  }
  return mistakes;
}
