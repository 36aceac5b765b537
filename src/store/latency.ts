// How long callers waited lately, by stage: percentiles of the stored turns, over the whole time and slot by slot.
import type { Knex } from 'knex';
import type { LatencyWindow, StageLatency, TurnLatency, TurnTimings } from './port.ts';

/** The newest so many turns are looked at: an hour of a hundred calls at once. */
export const LATENCY_TURNS_MAX = 20_000;

/** Each stage and its column. */
const STAGES = [
  ['endpoint', 'endpoint_ms'],
  ['sttFinal', 'stt_final_ms'],
  ['llmFirstToken', 'llm_first_token_ms'],
  ['llmFirstSentence', 'llm_first_sentence_ms'],
  ['ttsFirstAudio', 'tts_first_audio_ms'],
  ['firstFrame', 'first_frame_ms'],
  ['response', 'response_ms'],
  ['heard', 'heard_ms'],
] as const satisfies readonly (readonly [keyof TurnTimings, string])[];

type Row = Readonly<Record<string, number | readonly number[] | null>>;

const FIGURES = STAGES.map(
  ([, column]) =>
    `count(${column})::int as ${column}_count, percentile_cont(array[0.5, 0.95]) within group (order by ${column}) as ${column}`,
).join(', ');
const COLUMNS = STAGES.map(([, column]) => column).join(', ');

/** Turns without any time (an opening) count as turns. Slots in which there was none are absent. */
export async function latencyOf(knex: Knex, { since, slotMs }: LatencyWindow): Promise<TurnLatency> {
  const { rows } = await knex.raw<{ readonly rows: readonly Row[] }>(
    `with recent as (
       select floor(extract(epoch from started_at - ?::timestamptz) * 1000 / ?)::int as slot, ${COLUMNS}
       from turns where started_at >= ? order by started_at desc limit ${LATENCY_TURNS_MAX}
     )
     select slot, count(*)::int as turns, ${FIGURES} from recent group by grouping sets ((slot), ()) order by slot`,
    [since, slotMs, since],
  );
  const whole = rows.find(({ slot }) => slot === null);
  const turns = countOf(whole, 'turns');
  return {
    turns,
    complete: turns < LATENCY_TURNS_MAX,
    stages: stagesOf(whole),
    slots: rows
      .filter((row) => row !== whole)
      .map((row) => ({
        at: new Date(since.getTime() + countOf(row, 'slot') * slotMs),
        turns: countOf(row, 'turns'),
        stages: stagesOf(row),
      })),
  };
}

function stagesOf(row: Row | undefined): TurnLatency['stages'] {
  const stages: Partial<Record<keyof TurnTimings, StageLatency>> = {};
  for (const [stage, column] of STAGES) {
    const quantiles = row?.[column];
    if (!Array.isArray(quantiles)) continue;
    const [p50 = 0, p95 = 0] = quantiles.map((ms) => Math.round(ms * 100) / 100);
    stages[stage] = { count: countOf(row, `${column}_count`), p50, p95 };
  }
  return stages;
}

function countOf(row: Row | undefined, name: string): number {
  return Number(row?.[name] ?? 0);
}
