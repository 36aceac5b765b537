// Numbers that callers say to a real gateway, and whatever it lets out of them: to who watches, asks its API, reads its log or
// its database.
import { sleep, systemClock } from '../base/clock.ts';
import { isRecord, parseJson } from '../base/json.ts';
import { seededRandom } from '../base/random.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import type { Brain } from './brain.ts';
import { anyCardNumber, CARD_FORMS, inTalk, type Turns } from './cardForms.ts';
import { watchEvents } from './eventFeed.ts';
import { startPostgres, type Postgres } from './postgres.ts';
import { visibleDigits } from './redactionWalk.ts';
import { hold, Stage, type House } from './stage.ts';
import { TurnTally } from './turnTally.ts';

/** Calls at once. */
const LANES = 12;
const STAGGER_MS = 250;
/** What is sounded for each turn: what the ears have understood of it is the number. */
const SOUND = 'Where can I park?';
const TABLES = ['calls', 'turns', 'transcripts', 'checkpoints'] as const;

/** Where what was said may come out. */
type Place = 'event' | 'api' | 'log' | 'database';

export interface Heard {
  readonly calls: number;
  /** Of where it was found, the most digits that one text has; those at rest are of all turns of a call together. */
  readonly most: Readonly<Record<Place, number>>;
  /** ... and the text. */
  readonly worst: Readonly<Record<Place, string>>;
  /** Texts that were looked at. */
  readonly texts: number;
  /** Answers that read the number back. */
  readonly readBack: number;
}

/** Each form `each` times, one number a call, said in as many turns as the form has. */
export async function numbersHeard(
  each: number,
  seed: number,
): Promise<Heard | { readonly missing: string }> {
  const server = await startPostgres();
  if ('missing' in server) return server;
  const random = seededRandom(seed);
  const talks = CARD_FORMS.flatMap((form) =>
    Array.from({ length: each }, () => inTalk(form.say(anyCardNumber(random), random), random)),
  );
  try {
    return await talkAll(server, talks);
  } finally {
    await server.remove();
  }
}

async function talkAll(server: Postgres, talks: readonly Turns[]): Promise<Heard> {
  const waiting = [...talks];
  const stage = await Stage.open({
    clock: systemClock,
    random: seededRandom(3),
    timings: SEED_TIMINGS,
    brain: readsBack,
    pronounced: () => SOUND,
    openEar: () => {
      // Whose call it is does not matter: each number is said in one call, and looked for in all that is told.
      let own: readonly string[] | undefined;
      let said = 0;
      return new TurnTally(() => {
        own ??= waiting.shift() ?? [];
        said += 1;
        return own[said - 1] ?? 'Thank you.';
      });
    },
  });
  try {
    await stage.rehearse([SOUND]);
    const databaseUrl = await server.newDatabase();
    const house = await stage.openHouse({
      env: { DATABASE_URL: databaseUrl, LOG_LEVEL: 'debug', CALLS_MAX: '1000' },
    });
    const told = new Told();
    const feed = await watchEvents(house.gateway.url, (event) => told.event(event));
    const sids = await holdAll(stage, house, talks);
    feed.close();
    for (const callSid of sids) told.api(await apiOf(house, callSid));
    for (const line of house.gateway.log) told.log(line);
    for (const table of TABLES) told.rows(server.rows(databaseUrl, `select * from ${table}`));
    const { most, worst, texts, readBack } = told;
    return { calls: talks.length, most, worst, texts, readBack };
  } finally {
    await stage.close();
  }
}

async function holdAll(stage: Stage, house: House, talks: readonly Turns[]): Promise<readonly string[]> {
  const sids: string[] = [];
  // Which number falls to which call is left to chance, so each has time for the longest.
  const turns = Math.max(...talks.map(({ length }) => length));
  let left = talks.length;
  const lane = async (number: number): Promise<void> => {
    await sleep(systemClock, number * STAGGER_MS);
    while (left > 0) {
      left -= 1;
      const says = Array.from({ length: turns }, () => ({ say: SOUND }));
      const caller = await stage.prepare([...says, { listen: true as const }]);
      const { call } = await hold(house, caller);
      sids.push(call.callSid);
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_unused, number) => lane(number)));
  return sids;
}

async function apiOf({ gateway }: House, callSid: string): Promise<unknown> {
  return (await fetch(`${gateway.url}/v1/calls/${callSid}`)).json();
}

/** The agent says after the caller what it has understood. */
const readsBack: Brain = (messages) => {
  const last = messages.findLast(({ role }) => role === 'user')?.content;
  return { text: `I have written down ${typeof last === 'string' ? last : 'nothing'}` };
};

class Told {
  readonly most: Record<Place, number> = {
    event: 0,
    api: 0,
    log: 0,
    database: 0,
  };
  readonly worst: Record<Place, string> = {
    event: '',
    api: '',
    log: '',
    database: '',
  };
  texts = 0;
  readBack = 0;

  event(event: object): void {
    for (const text of textsOf(event)) this.#note('event', text);
    if ('type' in event && event.type === 'agent.said') this.readBack += 1;
  }

  log(line: string): void {
    for (const text of textsOf(parseJson(line) ?? line)) this.#note('log', text);
  }

  /** All that was said in a call, side by side: what is left of a number that was split counts together. */
  api(call: unknown): void {
    const turns = isRecord(call) && Array.isArray(call['turns']) ? call['turns'].filter(isRecord) : [];
    for (const side of ['callerText', 'agentText', 'heardText']) {
      this.#note('api', turns.map((turn) => textOf(turn[side])).join(' | '));
    }
  }

  rows(rows: readonly Readonly<Record<string, unknown>>[]): void {
    for (const row of rows) for (const text of textsOf(row)) this.#note('database', text);
  }

  #note(where: Place, text: string): void {
    this.texts += 1;
    const digits = visibleDigits(text);
    if (digits <= this.most[where]) return;
    this.most[where] = digits;
    this.worst[where] = text;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Every string in it that is a text, and no id, number or time: those have no spaces. */
function* textsOf(value: unknown): Generator<string> {
  if (typeof value === 'string') {
    const inside = value.startsWith('{') || value.startsWith('[') ? parseJson(value) : undefined;
    if (typeof inside === 'object' && inside !== null) yield* textsOf(inside);
    else if (value.includes(' ')) yield value;
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) yield* textsOf(part);
  }
}
