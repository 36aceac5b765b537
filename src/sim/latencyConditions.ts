// With which improvements the same conversations are held: with none, with one more each time, and with all but one.

/** By their names in `DISABLE`: in the order of the inherited table, then the ones past it. */
export const TABLE = [
  'llm-streaming',
  'first-sentence',
  'warmup',
  'background-events',
  'batched-writes',
  'tts-cache',
  'intents',
  'response-cache',
  'speculation',
  'hedging',
  'adaptive',
] as const;
export type TableImprovement = (typeof TABLE)[number];

export interface Condition {
  readonly name: string;
  readonly disabled: readonly TableImprovement[];
  /** Which improvement it is about; none: all of them, or none of them. */
  readonly improvement?: TableImprovement;
}

export const ALL_OFF: Condition = { name: 'all off', disabled: TABLE };
export const ALL_ON: Condition = { name: 'all on', disabled: [] };

/** Each has one improvement more than the one before it; the last has all. */
export const ADDING: readonly Condition[] = TABLE.map((improvement, place) => ({
  name: `+ ${improvement}`,
  disabled: TABLE.slice(place + 1),
  improvement,
}));

export const WITHOUT: readonly Condition[] = TABLE.map((improvement) => ({
  name: `without ${improvement}`,
  disabled: [improvement],
  improvement,
}));

/** What has to be held; those with the same improvements are held once. `only`: what it takes to judge these. */
export function conditionsFor(only: readonly TableImprovement[]): readonly Condition[] {
  const before = (place: number): Condition => ADDING[place - 1] ?? ALL_OFF;
  const chosen =
    only.length === 0
      ? [ALL_OFF, ...ADDING, ...WITHOUT]
      : only.flatMap((improvement) => {
          const place = TABLE.indexOf(improvement);
          return [
            ALL_OFF,
            before(place),
            ...ADDING.slice(place, place + 1),
            ...WITHOUT.slice(place, place + 1),
            ALL_ON,
          ];
        });
  return [...new Map(chosen.map((condition) => [keyOf(condition), condition])).values()];
}

/** Two conditions with the same key are the same to the gateway. */
export function keyOf({ disabled }: Condition): string {
  return disabled.join(',');
}
