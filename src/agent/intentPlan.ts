// What the agent's file wants done about what a caller means: a line at once, a move to another state, the end of
// the call, or a word to the model. Pure; nothing of it has happened yet.
import { openIntents, type FoundIntent, type IntentMatcher } from './intents.ts';
import { stateOf } from './prompt.ts';
import type { AgentFile, AgentIntent } from './schema.ts';

/** Said by less of the text than this, an intent steers the model and does nothing by itself. */
export const ACT_STRENGTH_MIN = 0.2;

export interface IntentPlan {
  /** What was found, whether it does anything or not. */
  readonly found: readonly string[];
  /** A template. Undefined: the model answers. */
  readonly say: string | undefined;
  readonly goTo: string | undefined;
  readonly ending: { readonly kind: 'hangup' } | { readonly kind: 'dial'; readonly to: string } | undefined;
  /** For the lead: what the caller has made known by this. */
  readonly note: Readonly<Record<string, string>> | undefined;
  /** Templates, for the model's prompt of this turn. */
  readonly steer: readonly string[];
}

export const NO_PLAN: IntentPlan = {
  found: [],
  say: undefined,
  goTo: undefined,
  ending: undefined,
  note: undefined,
  steer: [],
};

/** Finds the intents of the agent's language and of its file. */
export function intentsOf(agent: AgentFile): IntentMatcher {
  return openIntents(
    agent.language,
    Object.fromEntries(Object.entries(agent.intents).map(([name, { phrases }]) => [name, phrases])),
  );
}

/**
 * The state's own intents go before those of the file, and in each the order is that of the file: the first that
 * was found and can act does. `opening`: the agent has not introduced itself, so that its first line is said unless
 * the call goes elsewhere.
 */
export function planIntents(
  agent: AgentFile,
  stateName: string | undefined,
  found: readonly FoundIntent[],
  opening: boolean,
): IntentPlan {
  if (found.length === 0) return NO_PLAN;
  const here = stateOf(agent, stateName);
  const ofState = here?.state.intents ?? {};
  const responses = Object.entries({ ...ofState, ...agent.intents, ...ofState }).flatMap(
    ([name, response]) => {
      const strength = found.find(({ intent }) => intent === name)?.strength;
      return strength === undefined ? [] : [{ response, strength }];
    },
  );
  const acting = responses.find(
    ({ response, strength }) => strength >= ACT_STRENGTH_MIN && canAct(response, here?.name, opening),
  )?.response;
  const names = found.map(({ intent }) => intent);
  const say = acting === undefined ? undefined : lineOf(agent, acting);
  return {
    found: names,
    say,
    goTo: acting?.goto,
    ending: acting === undefined ? undefined : endingOf(agent, acting),
    note: acting?.note,
    steer:
      say === undefined
        ? responses.map(({ response }) => response.steer).filter((steer) => steer !== undefined)
        : [],
  };
}

type Response = Pick<AgentIntent, 'say' | 'goto' | 'end' | 'transfer' | 'steer' | 'note'>;

function canAct(response: Response, here: string | undefined, opening: boolean): boolean {
  if (response.end === true || response.transfer !== undefined) return true;
  // Where it leads the agent is already: there the model, or another intent, has to find words.
  if (response.goto !== undefined) return response.goto !== here;
  return (response.say !== undefined || response.note !== undefined) && !opening;
}

function lineOf(agent: AgentFile, response: Response): string | undefined {
  if (response.say !== undefined) return response.say;
  if (response.goto !== undefined) return agent.states?.named[response.goto]?.line;
  if (response.transfer !== undefined) return transferTool(agent)?.say;
  return response.end === true ? agent.lines.goodbye : undefined;
}

function endingOf(agent: AgentFile, response: Response): IntentPlan['ending'] {
  if (response.end === true) return { kind: 'hangup' };
  const to = response.transfer === undefined ? undefined : transferTool(agent)?.to[response.transfer];
  return to === undefined ? undefined : { kind: 'dial', to };
}

function transferTool(agent: AgentFile) {
  return agent.tools.find((tool) => tool.builtin === 'transfer');
}
