// Where the time of a turn goes: the stage that is slow has its name here.
import type { Panel, Row } from './panel.ts';
import { ALL, mean, perMinute, PROVIDERS, quantile, series, sum } from './promql.ts';

/** On a caller's wait, in their order. */
const STAGES = [
  'endpoint',
  'stt_final',
  'llm_first_token',
  'llm_first_sentence',
  'tts_first_audio',
  'first_frame',
] as const;
const STAGES_HELP =
  'Stages overlap: a reply is prepared while it is being decided that the caller has finished, so the stack is higher than the wait. What has grown is what to look at. endpoint: turnTaking in the agent file. stt_final, llm_*, tts_*: that provider. first_frame: this process.';
const STAGE_LIST = STAGES.join('|');

function stacked(share: number): Panel {
  return {
    title: `Stages of a turn, p${share * 100}`,
    kind: 'stacked',
    unit: 's',
    help: STAGES_HELP,
    queries: STAGES.map((stage) => ({
      expr: quantile(share, 'stage_seconds', `stage="${stage}"`),
      legend: stage,
    })),
  };
}

const byProvider = (share: number): string =>
  `histogram_quantile(${share}, sum by (le, stage, provider) (rate(turnpike_stage_seconds_bucket{${PROVIDERS}, stage=~"${STAGE_LIST}"}[$__rate_interval])))`;
const byModel = (share: number): string =>
  `histogram_quantile(${share}, sum by (le, stage, provider, model) (rate(turnpike_provider_first_output_seconds_bucket{${PROVIDERS}}[$__rate_interval])))`;

export const time: readonly Row[] = [
  { title: 'Stage by stage', panels: [stacked(0.5), stacked(0.95)] },
  {
    title: 'Against themselves',
    panels: [
      {
        title: 'Stages, slower than an hour before',
        unit: 's',
        help: 'The mean of each stage now, less what it was over the hour before. The line that leaves zero is the stage that makes callers wait longer; the alert StageSlower is made of it.',
        queries: [
          {
            expr: `(${mean('stage_seconds', `stage=~"${STAGE_LIST}"`, 'stage')}) - (sum by (stage) (rate(turnpike_stage_seconds_sum{${ALL}, stage=~"${STAGE_LIST}"}[1h])) / sum by (stage) (rate(turnpike_stage_seconds_count{${ALL}, stage=~"${STAGE_LIST}"}[1h])))`,
            legend: '{{stage}}',
          },
        ],
      },
      {
        title: 'What no stage explains',
        unit: 's',
        help: 'The response less the stages on its critical path: a few milliseconds. More of it is this process: its event loop, or a bug worth telling us of.',
        thresholds: [0.02, 0.05],
        queries: [
          { expr: quantile(0.5, 'turn_unaccounted_seconds'), legend: 'median' },
          { expr: quantile(0.95, 'turn_unaccounted_seconds'), legend: 'p95' },
        ],
      },
    ],
  },
  {
    title: 'Providers and models',
    panels: [
      {
        title: 'Stages by provider, median',
        unit: 's',
        help: 'As callers met them, turn by turn. Two providers of one stage side by side tell which to put first in the agent file.',
        queries: [{ expr: byProvider(0.5), legend: '{{stage}} {{provider}}' }],
      },
      {
        title: 'Stages by provider, p95',
        unit: 's',
        help: 'What is slow here and not in the median has a long tail: hedging takes the worst of it, a second provider the rest.',
        queries: [{ expr: byProvider(0.95), legend: '{{stage}} {{provider}}' }],
      },
      {
        title: 'First output by model, median',
        unit: 's',
        help: 'Every request, whether a caller waited for it or not: first word, first token, first audio. A model that is slow in itself shows here before callers notice.',
        queries: [{ expr: byModel(0.5), legend: '{{stage}} {{provider}} {{model}}' }],
      },
      {
        title: 'First output by model, p95',
        unit: 's',
        help: 'Deadlines, hedges and fail-over are set by these. Above the deadline of the agent file: the next provider is asked.',
        queries: [{ expr: byModel(0.95), legend: '{{stage}} {{provider}} {{model}}' }],
      },
    ],
  },
  {
    title: 'What was gained',
    panels: [
      {
        title: 'Replies prepared early, a minute',
        unit: 'cpm',
        help: 'used: the answer was on its way when the turn was decided. discarded: the caller went on. Many discarded cost tokens (see Cost): raise turnTaking.minWaitMs.',
        queries: [{ expr: perMinute('speculation_total', '', 'outcome'), legend: '{{outcome}}' }],
      },
      {
        title: 'Head start of replies that were used',
        unit: 's',
        help: 'For so long the reply was being made already when it was decided that the caller had finished: taken off their wait.',
        queries: [
          { expr: quantile(0.5, 'speculation_head_start_seconds'), legend: 'median' },
          { expr: quantile(0.95, 'speculation_head_start_seconds'), legend: 'p95' },
        ],
      },
      {
        title: 'Found in a cache',
        unit: 'percentunit',
        help: 'Share of look-ups. tts_memory near zero with fixed lines: the cache is too small or the voice changed. response is low by nature.',
        queries: [
          {
            expr: `${sum(`rate(${series('cache_lookups_total', 'result="hit"')}[$__rate_interval])`, 'cache')} / ${sum(`rate(${series('cache_lookups_total')}[$__rate_interval])`, 'cache')}`,
            legend: '{{cache}}',
          },
        ],
      },
      {
        title: 'Second requests, share of all',
        unit: 'percentunit',
        help: 'Hedges: a late first output is asked for once more, at most five in a hundred. At the bound for long: the provider has become slow, and hedging hides only a part of it.',
        thresholds: [0.04, 0.05],
        queries: [
          {
            expr: `(${sum(`rate(${series('provider_requests_total', 'outcome="hedged"')}[$__rate_interval])`, 'stage')} or 0 * ${sum(`rate(${series('provider_requests_total')}[$__rate_interval])`, 'stage')}) / ${sum(`rate(${series('provider_requests_total')}[$__rate_interval])`, 'stage')}`,
            legend: '{{stage}}',
          },
        ],
      },
    ],
  },
];
