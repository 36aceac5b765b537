// What is paid for: by provider, by agent, and in vain.
import type { Row } from './panel.ts';
import { ALL, perMinute, PROVIDERS, series, SHOWN, sum, total } from './promql.ts';

/** Of the chosen instances' series, by the agent that each of them runs. */
function byAgent(rate: string): string {
  return `sum by (agent) (${rate} * on (instance) group_left (agent) max by (instance, agent) (turnpike_agent_info{${ALL}}))`;
}
const ofProvider = (name: string, by: string, labels = ''): string =>
  `60 * sum by (${by}) (rate(turnpike_${name}{${[PROVIDERS, labels].filter((part) => part !== '').join(', ')}}[$__rate_interval]))`;

export const cost: readonly Row[] = [
  {
    title: 'Over the time shown',
    panels: [
      {
        title: 'Prompt tokens',
        kind: 'stat',
        unit: 'short',
        help: 'Sent to models. Most of them are the same every time: see how many were cached at the provider.',
        queries: [{ expr: total('llm_tokens_total', 'kind="prompt"') }],
      },
      {
        title: '... of them cached',
        kind: 'stat',
        unit: 'percentunit',
        help: 'Charged at a fraction, and faster. Near zero: the prompt is below the provider’s least length, or changes from turn to turn.',
        queries: [
          {
            expr: `(sum(increase(${series('llm_tokens_total', 'kind="cached"')}[${SHOWN}])) or vector(0)) / clamp_min(sum(increase(${series('llm_tokens_total', 'kind="prompt"')}[${SHOWN}])), 1)`,
          },
        ],
      },
      {
        title: 'Completion tokens',
        kind: 'stat',
        unit: 'short',
        help: 'Written by models. Long ones make callers wait for nothing: prompt for short answers, bound them by replyTokensMax.',
        queries: [{ expr: total('llm_tokens_total', 'kind="completion"') }],
      },
      {
        title: 'Characters spoken',
        kind: 'stat',
        unit: 'short',
        help: 'Sent to voices; lines from the cache cost nothing and are not in it.',
        queries: [{ expr: total('tts_characters_total') }],
      },
      {
        title: 'Minutes listened to',
        kind: 'stat',
        unit: 'short',
        help: 'Audio sent to speech-to-text, in minutes.',
        queries: [
          { expr: `(sum(increase(${series('stt_audio_seconds_total')}[${SHOWN}])) or vector(0)) / 60` },
        ],
      },
      {
        title: 'Prepared in vain',
        kind: 'stat',
        unit: 'percentunit',
        help: 'Share of prepared replies that were thrown away because the caller went on. Above a third: raise turnTaking.minWaitMs, or DISABLE=speculation and see what it costs callers.',
        thresholds: [0.33, 0.5],
        queries: [
          {
            expr: `sum(increase(${series('speculation_total', 'outcome="discarded"')}[${SHOWN}])) / clamp_min(sum(increase(${series('speculation_total')}[${SHOWN}])), 1)`,
          },
        ],
      },
    ],
  },
  {
    title: 'By provider',
    panels: [
      {
        title: 'Tokens, a minute',
        unit: 'cpm',
        help: 'cached ones are among the prompt ones; they cost a fraction. A jump without more calls: a longer prompt, or tools that answer at length.',
        queries: [
          { expr: ofProvider('llm_tokens_total', 'provider, kind'), legend: '{{provider}} {{kind}}' },
        ],
      },
      {
        title: 'Characters spoken, a minute',
        unit: 'cpm',
        help: 'What the voices are asked for. Falls when lines and answers come from the cache.',
        queries: [{ expr: ofProvider('tts_characters_total', 'provider'), legend: '{{provider}}' }],
      },
      {
        title: 'Seconds listened to, a minute',
        unit: 'opm',
        help: 'Sixty for each call, talking or not. Above that: sessions that run side by side, after a provider was lost.',
        queries: [{ expr: ofProvider('stt_audio_seconds_total', 'provider'), legend: '{{provider}}' }],
      },
      {
        title: 'Requests, a minute',
        unit: 'reqpm',
        help: 'By outcome. cancelled: the caller went on, or interrupted; hedged: the second of two that was not needed.',
        queries: [
          {
            expr: ofProvider('provider_requests_total', 'stage, provider, outcome'),
            legend: '{{stage}} {{provider}} {{outcome}}',
          },
        ],
      },
    ],
  },
  {
    title: 'By agent, and in vain',
    panels: [
      {
        title: 'Tokens by agent, a minute',
        unit: 'cpm',
        help: 'Which agent pays for what: an agent is an instance’s file.',
        queries: [
          {
            expr: `60 * ${byAgent(sum(`rate(${series('llm_tokens_total')}[$__rate_interval])`, 'instance'))}`,
            legend: '{{agent}}',
          },
        ],
      },
      {
        title: 'Characters spoken by agent, a minute',
        unit: 'cpm',
        help: 'An agent that talks much is slow to listen to, too: prompt for shorter answers.',
        queries: [
          {
            expr: `60 * ${byAgent(sum(`rate(${series('tts_characters_total')}[$__rate_interval])`, 'instance'))}`,
            legend: '{{agent}}',
          },
        ],
      },
      {
        title: 'Thrown away with prepared replies, a minute',
        unit: 'cpm',
        help: 'Characters that models and voices made for replies that nobody was to hear: the price of answering early.',
        queries: [
          { expr: perMinute('speculation_wasted_characters_total', '', 'stage'), legend: '{{stage}}' },
        ],
      },
      {
        title: 'Calls by agent, a minute',
        unit: 'cpm',
        help: 'What the rest is to be divided by: tokens and characters a call.',
        queries: [
          {
            expr: `60 * ${byAgent(sum(`rate(${series('calls_total')}[$__rate_interval])`, 'instance'))}`,
            legend: '{{agent}}',
          },
        ],
      },
    ],
  },
];
