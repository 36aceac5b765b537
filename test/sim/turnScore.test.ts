import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeMulaw, FRAME_BYTES, silence } from '../../src/audio/mulaw.ts';
import type { TurnRow } from '../../src/store/port.ts';
import type { CallerTurn } from '../../src/sim/callerTurn.ts';
import type { TurnCase } from '../../src/sim/turnCases.ts';
import { TurnWitness, type CallEvidence, type SpokenWord } from '../../src/sim/turnEvidence.ts';
import { failuresTable, figuresOf, figuresTable } from '../../src/sim/turnFigures.ts';
import { scoreOf, UNHEARD } from '../../src/sim/turnScore.ts';

const REPLY = 'one two three four five six seven eight nine ten';
const LOUD = encodeMulaw(new Int16Array(FRAME_BYTES).fill(4_000));

const scene = (probe: TurnCase['probe'], kind: TurnCase['kind'] = 'stop'): TurnCase => ({
  id: `tuning-${kind}-01`,
  half: 'tuning',
  kind,
  speech: {},
  noise: undefined,
  echo: undefined,
  marks: undefined,
  opening: 'count for me',
  reply: REPLY,
  probe,
  seed: 1,
});
const interrupt = scene({ kind: 'interrupt', text: 'stop', afterAgentMs: 1_000 });
const backchannel = scene({ kind: 'backchannel', text: 'mhm', afterAgentMs: 1_000 }, 'backchannel');
const inTurn = scene({ kind: 'turn', parts: [{ text: 'hello', pauseMs: 0 }] }, 'complete');
const closing = scene({ kind: 'closingAnswer', text: 'yes', beforeEndMs: 300 }, 'closingYes');
const idle = scene({ kind: 'idleSound', sound: 'cough', afterMs: 1_000 }, 'idleCough');
const listening = scene({ kind: 'listen' }, 'echo');

const turn = (changes: Partial<CallerTurn>): CallerTurn => ({
  kind: 'say',
  said: 'hello',
  startOfSpeechAtMs: 2_000,
  endOfSpeechAtMs: 2_400,
  firstReplyFrameAtMs: undefined,
  firstReplyHeardAtMs: undefined,
  overAgent: false,
  lastAgentFrameAtMs: undefined,
  cutInAtMs: undefined,
  cleared: false,
  missed: false,
  ...changes,
});

const row = (changes: Partial<TurnRow>): TurnRow => ({
  callSid: 'CA1',
  part: 0,
  index: 1,
  callerText: 'count for me',
  agentText: REPLY,
  heardText: REPLY,
  interrupted: false,
  source: 'generated',
  speculated: true,
  startedAt: new Date(0),
  timings: {},
  ...changes,
});

/** A word of `phrase` every 500 ms from `startMs` on. */
const spoken = (phrase: string, startMs: number, count = 99): readonly SpokenWord[] =>
  phrase
    .split(' ')
    .slice(0, count)
    .map((word, i) => ({
      word,
      phraseText: phrase,
      startMs: startMs + 500 * i,
      endMs: startMs + 500 * i + 400,
    }));

/** As `spoken` places them. */
function wordsWithin(text: string, playedMs: number): readonly string[] {
  return text.split(' ').filter((_word, i) => 500 * i + 200 <= playedMs);
}

/** Loud audio from and to these times, with these words in it. */
function heard(
  stretches: readonly (readonly [fromMs: number, toMs: number])[],
  words: readonly SpokenWord[],
  endedAtMs = 20_000,
): Pick<CallEvidence, 'runs' | 'arrivalsMs' | 'endedAtMs'> {
  const witness = new TurnWitness();
  for (const [fromMs, toMs] of stretches) {
    for (let atMs = fromMs; atMs < toMs; atMs += 20) {
      witness.onAgentFrame(atMs, LOUD);
      if ((atMs - fromMs) % 40 === 0) witness.onAgentAudio(atMs - 160);
    }
  }
  witness.onTick(endedAtMs);
  return { runs: witness.runs(words), arrivalsMs: witness.arrivalsMs, endedAtMs: witness.endedAtMs };
}

function evidence(
  turns: readonly CallerTurn[],
  heardThen: Pick<CallEvidence, 'runs' | 'arrivalsMs' | 'endedAtMs'> = heard([], []),
  rows: readonly TurnRow[] = [row({})],
): CallEvidence {
  const interruptions = turns.filter(({ kind }) => kind !== 'say');
  const report = { turns, interruptions, missedTurns: 0, completed: true, agentStayed: false };
  return { report, turns: rows, prepared: 0, wordsWithin, ...heardThen };
}

test("a turn's wait counts from the carrier's end of speech, whatever the gateway's clock began with", () => {
  const answered = turn({ firstReplyFrameAtMs: 3_600 });
  // The gateway heard the end 60 ms late: it counts 1,140 ms of 1,200.
  const score = scoreOf(
    inTurn,
    evidence([answered], heard([], []), [row({ timings: { endpoint: 300, response: 1_140 } })]),
  );
  assert.equal(score.responseMs, 1_200);
  assert.deepEqual([score.decidedMs, score.endpointMs], [360, 300]);
  assert.deepEqual([score.cutOff, score.missed, score.failures], [false, false, []]);
});

test('a turn that the agent spoke into was cut off, and has no wait', () => {
  const score = scoreOf(inTurn, evidence([turn({ cutInAtMs: 2_200, firstReplyFrameAtMs: 3_600 })]));
  assert.deepEqual([score.cutOff, score.responseMs, score.failures], [true, undefined, ['cut off']]);
});

test('a turn without an answer was missed', () => {
  const rows = [row({ callerText: 'Hello.' })];
  assert.deepEqual(scoreOf(inTurn, evidence([turn({ missed: true })], heard([], []), rows)).failures, [
    'missed',
  ]);
});

const over = turn({ kind: 'interrupt', overAgent: true });

test('an agent that falls silent and answers has yielded; the rest of its audio counts to the end', () => {
  const heardThen = heard(
    [
      [1_000, 2_240],
      [3_600, 4_600],
    ],
    [...spoken(REPLY, 1_000, 2), ...spoken('of course', 3_600)],
  );
  const rows = [row({ interrupted: true, heardText: 'one two three four' })];
  const score = scoreOf(interrupt, evidence([over], heardThen, rows));
  assert.deepEqual([score.yielded, score.stopMs, score.resumed, score.failures], [true, 240, false, []]);
  // Its last message was 160 ms ahead of being played.
  assert.equal(score.holdMs, 2_200 - 160 + 20 - 2_000);
  assert.equal(score.heardError, 1);
});

test('an agent that pauses and goes on with the same sentence has not yielded, however silent it was', () => {
  const heardThen = heard(
    [
      [1_000, 2_200],
      [3_000, 6_000],
    ],
    [...spoken(REPLY, 1_000, 2), ...spoken(REPLY, 3_000)],
  );
  const score = scoreOf(interrupt, evidence([over], heardThen));
  assert.deepEqual([score.yielded, score.resumed], [false, true]);
  assert.deepEqual(score.failures, ['did not yield', 'resumed']);
});

test('"yes" over the closing question has to be answered, and how long that takes is no stop', () => {
  const early = turn({
    kind: 'interrupt',
    overAgent: true,
    startOfSpeechAtMs: 5_600,
    endOfSpeechAtMs: 6_000,
  });
  const question = spoken(REPLY, 1_000);
  const answered = heard(
    [
      [1_000, 6_000],
      [6_900, 8_000],
    ],
    [...question, ...spoken('all right', 6_900)],
  );
  const rows = [row({ callerText: 'Yes.' })];
  const score = scoreOf(closing, evidence([early], answered, rows));
  assert.deepEqual([score.yielded, score.missed, score.stopMs, score.failures], [true, false, undefined, []]);
  const ignored = scoreOf(closing, evidence([early], heard([[1_000, 6_000]], question), rows));
  assert.deepEqual([ignored.yielded, ignored.missed, ignored.failures], [false, true, ['missed']]);
});

test('of a noise while nobody speaks nothing may come, not even a request to the model', () => {
  const cough = turn({ kind: 'sound', said: 'cough' });
  const greeting = spoken(REPLY, 0, 2);
  const quiet = evidence([cough], heard([[0, 1_000]], greeting), []);
  assert.deepEqual([scoreOf(idle, quiet).selective, scoreOf(idle, quiet).failures], [true, []]);
  assert.deepEqual(scoreOf(idle, { ...quiet, prepared: 1 }).failures, ['asked the model']);
  const answering = heard(
    [
      [0, 1_000],
      [3_000, 4_000],
    ],
    greeting,
  );
  const rows = [row({ callerText: 'huh' })];
  assert.deepEqual(scoreOf(idle, evidence([cough], answering, rows)).failures, [
    'answered',
    'taken for words',
  ]);
  assert.equal(
    scoreOf(idle, evidence([cough], heard([[0, 3_000]], greeting), [])).spoilt,
    'the agent was speaking',
  );
  assert.equal(scoreOf(idle, evidence([], heard([], []), [])).spoilt, 'the call ended before');
});

test('who interrupts when nobody speaks tells nothing', () => {
  const score = scoreOf(interrupt, evidence([over], heard([[4_000, 5_000]], spoken(REPLY, 4_000))));
  assert.equal(score.spoilt, 'the agent was not speaking');
  const other = heard([[1_000, 5_000]], spoken('good morning to you', 1_000));
  assert.equal(scoreOf(interrupt, evidence([over], other)).spoilt, 'the agent said something else');
});

const mhm = turn({ kind: 'backchannel', overAgent: true });

test('an agent that goes on after a short pause was selective, and the pause is told', () => {
  const heardThen = heard(
    [
      [1_000, 2_200],
      [2_700, 5_900],
    ],
    [...spoken(REPLY, 1_000, 2), ...spoken(REPLY, 2_700)],
    5_900,
  );
  const score = scoreOf(backchannel, evidence([mhm], heardThen));
  assert.deepEqual([score.selective, score.pausedMs, score.resumed, score.failures], [true, 500, true, []]);
});

test('an agent that stays silent after a backchannel has yielded, and one that answers it has answered', () => {
  const silent = heard([[1_000, 2_200]], spoken(REPLY, 1_000, 2), 6_000);
  assert.deepEqual(scoreOf(backchannel, evidence([mhm], silent)).failures, ['yielded']);
  const answering = heard(
    [
      [1_000, 2_200],
      [3_400, 5_000],
    ],
    [...spoken(REPLY, 1_000, 2), ...spoken('I see', 3_400)],
  );
  assert.deepEqual(scoreOf(backchannel, evidence([mhm], answering)).failures, ['yielded', 'answered']);
});

test('a reply that is over has not given way', () => {
  const whole = heard([[1_000, 2_300]], spoken('eight nine ten', 1_000));
  const { selective } = scoreOf({ ...backchannel, reply: 'eight nine ten' }, evidence([mhm], whole));
  assert.equal(selective, true);
});

test('an agent that hears its own echo and goes on to the end was selective', () => {
  const asked = turn({ firstReplyHeardAtMs: 1_000 });
  const whole = heard([[1_000, 6_000]], spoken(REPLY, 1_000));
  assert.equal(scoreOf(listening, evidence([asked], whole)).selective, true);
  const cut = heard([[1_000, 2_300]], spoken(REPLY, 1_000, 3));
  assert.deepEqual(scoreOf(listening, evidence([asked], cut)).failures, ['yielded']);
  const rows = [row({}), row({ index: 2, callerText: 'one two three' })];
  assert.deepEqual(scoreOf(listening, evidence([asked], whole, rows)).failures, ['answered']);
  assert.equal(scoreOf(listening, evidence([turn({})], whole)).spoilt, 'the agent did not reply');
});

test('silent frames keep a run together, and its audible end is before them', () => {
  const witness = new TurnWitness();
  witness.onAgentFrame(0, LOUD);
  witness.onAgentFrame(20, silence(20));
  witness.onAgentFrame(40, silence(20));
  witness.onAgentFrame(140, LOUD);
  assert.deepEqual(
    witness.runs([]).map(({ startMs, endMs, loudEndMs }) => [startMs, endMs, loudEndMs]),
    [
      [0, 60, 20],
      [140, 160, 160],
    ],
  );
});

test('figures count a case only where it says something, and the table puts settings side by side', () => {
  const scores = [
    scoreOf(inTurn, evidence([turn({ firstReplyFrameAtMs: 3_600 })])),
    scoreOf(inTurn, evidence([turn({ cutInAtMs: 2_200 })])),
    scoreOf(interrupt, evidence([over], heard([], []))),
    scoreOf(backchannel, evidence([mhm], heard([[1_000, 2_200]], spoken(REPLY, 1_000, 2), 6_000))),
  ];
  const figures = figuresOf(scores, { requests: 13, turns: 10 });
  assert.deepEqual(figures.cutOffs, { count: 1, of: 2 });
  assert.deepEqual(figures.cutOffsOfPauses, { count: 0, of: 0 });
  assert.deepEqual(figures.response, { count: 1, p50: 1_200, p95: 1_200 });
  assert.deepEqual(figures.selectivity.backchannel, { count: 0, of: 1 });
  assert.deepEqual(figures.extraRequests, { count: 3, of: 10 });
  assert.deepEqual([figures.cases, figures.spoilt], [4, 1]);

  const outcome = { name: 'default', figures, tickLateMsMax: 7, scores };
  const { heading, rows } = figuresTable([outcome, { ...outcome, name: 'other' }]);
  assert.deepEqual(heading, ['', 'default', 'other']);
  assert.ok(rows.every((cells) => cells.length === 3));
  assert.deepEqual(rows.find(([name]) => name === 'extra model requests')?.[1], '30.0 % (3/10)');
  assert.deepEqual(rows.find(([name]) => name === 'selectivity: cough')?.[1], '-');
  assert.deepEqual(failuresTable(outcome).rows, [
    ['complete', '1', '2', '01 cut off'],
    ['stop', '1', '1', '01 the agent was not speaking'],
    ['backchannel', '1', '1', '01 yielded'],
  ]);
});

test('a missed turn of which no word was heard says so', () => {
  const rows = [row({ callerText: 'good morning' })];
  const { failures } = scoreOf(inTurn, evidence([turn({ missed: true })], heard([], []), rows));
  assert.deepEqual(failures, [UNHEARD]);
});
