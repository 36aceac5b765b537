// Whether callers wait, and what they notice: the page to look at first.
import type { Row } from './panel.ts';
import { mean, perMinute, quantile, series, SHOWN, sum, total, within } from './promql.ts';

/** The histogram has no edge at 800 ms: between 750 and 885 ms turns are taken to lie evenly. */
const within800 = (window: string): string => {
  const share = (edge: number): string => within(edge, 'turn_response_seconds', window);
  return `${share(0.75)} + (${share(0.885)} - ${share(0.75)}) * ${((0.8 - 0.75) / (0.885 - 0.75)).toFixed(4)}`;
};
const RESPONSE_HELP =
  "From the end of the caller's speech to the first frame of the reply written to the call. Objective: 885 ms at the median, 1.4 s for nineteen turns in twenty. When it rises, look at Where the time goes: it names the stage.";

export const callers: readonly Row[] = [
  {
    title: 'Over the time shown',
    panels: [
      {
        title: 'Calls now',
        kind: 'stat',
        unit: 'short',
        help: 'Calls with an open stream. Nothing here though the phone rings: see the alert for no calls.',
        queries: [{ expr: sum(series('calls_active')) }],
      },
      {
        title: 'Median wait',
        kind: 'stat',
        unit: 's',
        help: RESPONSE_HELP,
        thresholds: [0.885, 1.4],
        queries: [{ expr: quantile(0.5, 'turn_response_seconds', '', '', SHOWN) }],
      },
      {
        title: 'Wait of one turn in twenty',
        kind: 'stat',
        unit: 's',
        help: RESPONSE_HELP,
        thresholds: [1.4, 2],
        queries: [{ expr: quantile(0.95, 'turn_response_seconds', '', '', SHOWN) }],
      },
      {
        title: 'Turns answered within 800 ms',
        kind: 'stat',
        unit: 'percentunit',
        help: 'Fast enough not to be noticed. Below a half, look for the slow stage; intents and kept answers raise it.',
        thresholds: [0.5, 0.2],
        queries: [{ expr: within800(SHOWN) }],
      },
      {
        title: 'Turns answered within 1.4 s',
        kind: 'stat',
        unit: 'percentunit',
        help: 'The objective is 95 in 100. Beyond it callers begin to speak again, or ask whether anybody is there.',
        thresholds: [0.95, 0.9],
        queries: [{ expr: within(1.4, 'turn_response_seconds') }],
      },
      {
        title: 'Missed turns',
        kind: 'stat',
        unit: 'short',
        help: 'The caller had finished and heard no answer: the call was over first. The calls are in the API: turns without heard text.',
        thresholds: [1, 10],
        queries: [{ expr: total('turns_total', 'outcome="unanswered"') }],
      },
    ],
  },
  {
    title: 'How long callers wait',
    panels: [
      {
        title: 'Response',
        unit: 's',
        help: `${RESPONSE_HELP} The dots are single turns: their labels name the call and the turn, for /v1/calls and the console.`,
        thresholds: [0.885, 1.4],
        queries: [0.5, 0.95, 0.99].map((share) => ({
          expr: quantile(share, 'turn_response_seconds'),
          legend: `p${share * 100}`,
          exemplars: share === 0.95,
        })),
      },
      {
        title: 'Heard',
        unit: 's',
        help: "The same until the carrier says that the reply's beginning was played: the way to the carrier and back is in it. Far above Response: the network or the carrier, not the gateway.",
        queries: [0.5, 0.95, 0.99].map((share) => ({
          expr: quantile(share, 'turn_heard_seconds'),
          legend: `p${share * 100}`,
          exemplars: share === 0.95,
        })),
      },
      {
        title: 'Every wait',
        kind: 'heatmap',
        unit: 's',
        help: 'Turns by how long the caller waited. Two bands are two kinds of turns (intents and model); a band that climbs is a provider that slows down.',
        queries: [
          {
            expr: `sum by (le) (increase(${series('turn_response_seconds_bucket')}[$__rate_interval]))`,
            legend: '{{le}}',
          },
        ],
      },
      {
        title: 'Share of turns within 800 ms and 1.4 s',
        unit: 'percentunit',
        help: 'The objectives over time. A fall of both at once is a provider; of the first alone usually longer first sentences.',
        queries: [
          { expr: within800('$__rate_interval'), legend: '800 ms' },
          { expr: within(1.4, 'turn_response_seconds', '$__rate_interval'), legend: '1.4 s' },
        ],
      },
      {
        title: 'Median wait by where the answer came from',
        unit: 's',
        help: 'generated: the model. intent, cached: a line or an answer that was there already. fallback: everything failed and the agent said so.',
        queries: [{ expr: quantile(0.5, 'turn_response_seconds', '', 'source'), legend: '{{source}}' }],
      },
      {
        title: 'Answers by source, a minute',
        unit: 'cpm',
        help: 'More fallback than none: a provider is down, see Instances. More intents: fewer requests and shorter waits.',
        queries: [{ expr: perMinute('turn_response_seconds_count', '', 'source'), legend: '{{source}}' }],
      },
    ],
  },
  {
    title: 'What callers notice',
    panels: [
      {
        title: 'Turns by how they ended, a minute',
        unit: 'cpm',
        help: 'answered: as it should be. apologized: every provider of a stage failed. unanswered: the caller left or the call ended first.',
        queries: [{ expr: perMinute('turns_total', '', 'outcome'), legend: '{{outcome}}' }],
      },
      {
        title: 'Dead air, a minute',
        unit: 'cpm',
        help: 'Waits so long that something else was said: filler after 2.5 s, apology after 8 s. Any that lasts is a slow provider: look at its p95 and at its breaker.',
        queries: [{ expr: perMinute('dead_air_total', '', 'remedy'), legend: '{{remedy}}' }],
      },
      {
        title: 'Interruptions, a minute',
        unit: 'cpm',
        help: 'interrupted: the agent stopped. resumed: a cough or "uh-huh", it went on. ignored: somebody else, or an echo. Many resumed: raise interruption.minVoiceMs; callers who complain that it does not stop: lower it.',
        queries: [{ expr: perMinute('barge_in_seconds_count', '', 'outcome'), legend: '{{outcome}}' }],
      },
      {
        title: 'From the first sound over the agent to the decision',
        unit: 's',
        help: 'The agent is silent meanwhile. Above 0.5 s for interrupted: live words come late, see speech-to-text in Where the time goes.',
        queries: [
          { expr: quantile(0.5, 'barge_in_seconds', '', 'outcome'), legend: '{{outcome}}, median' },
          { expr: quantile(0.95, 'barge_in_seconds', '', 'outcome'), legend: '{{outcome}}, p95' },
        ],
      },
      {
        title: 'Silence inside replies, ms a second',
        unit: 'ms',
        help: 'The voice came slower than it is spoken. Another voice or region; within one instance, see its event loop.',
        queries: [
          {
            expr: `1000 * ${sum(`rate(${series('playout_underrun_seconds_total')}[$__rate_interval])`, 'instance')}`,
            legend: '{{instance}}',
          },
        ],
      },
      {
        title: 'Mean wait against the median',
        unit: 's',
        help: 'A mean far above the median is a long tail: hedging and a second provider help, a faster model does not.',
        queries: [
          { expr: mean('turn_response_seconds'), legend: 'mean' },
          { expr: quantile(0.5, 'turn_response_seconds'), legend: 'median' },
        ],
      },
    ],
  },
  {
    title: 'Calls',
    panels: [
      {
        title: 'Calls at once',
        unit: 'short',
        help: 'By instance. Uneven for long: the balancer, or an instance that is not ready.',
        queries: [{ expr: sum(series('calls_active'), 'instance'), legend: '{{instance}}' }],
      },
      {
        title: 'Calls that ended, a minute',
        unit: 'cpm',
        help: 'failed and abandoned are calls that broke: look for the streams that were lost, in the log by callSid.',
        queries: [
          { expr: perMinute('calls_total', '', 'direction, outcome'), legend: '{{direction}} {{outcome}}' },
        ],
      },
      {
        title: 'Calls taken up again',
        unit: 'short',
        help: 'stream: a broken stream on the same instance. handover: left by an instance that drained. crash: its instance died. crash above zero wants an explanation.',
        queries: [
          {
            expr: sum(`increase(${series('calls_resumed_total')}[$__rate_interval])`, 'how'),
            legend: '{{how}}',
          },
        ],
      },
      {
        title: 'Turned away, a minute',
        unit: 'cpm',
        help: 'overload: more calls than this instance takes, or draining: add one. number: one caller who rings too often.',
        queries: [
          { expr: perMinute('rejected_total', 'what=~"overload|number"', 'what'), legend: '{{what}}' },
        ],
      },
    ],
  },
];
