// The processes: whether they keep up, what they refuse, and what they wait for.
import type { Row } from './panel.ts';
import { ALL, perMinute, PROVIDERS, quantile, series, sum } from './promql.ts';

export const instances: readonly Row[] = [
  {
    title: 'Keeping up',
    panels: [
      {
        title: 'Event loop, late by',
        unit: 's',
        help: 'Above 20 ms at p99 frames begin to be late, above SHED_LAG_MS new calls are turned away: fewer calls on this instance, or more instances.',
        thresholds: [0.02, 0.05],
        queries: [
          { expr: quantile(0.5, 'event_loop_lag_seconds', '', 'instance'), legend: '{{instance}}, median' },
          { expr: quantile(0.99, 'event_loop_lag_seconds', '', 'instance'), legend: '{{instance}}, p99' },
        ],
      },
      {
        title: 'Audio written late',
        unit: 's',
        help: 'Some 120 ms lie at the carrier, so callers hear a gap only beyond that. Late with a calm event loop: the network or the carrier does not take it.',
        thresholds: [0.06, 0.12],
        queries: [
          { expr: quantile(0.5, 'playout_late_seconds', '', 'instance'), legend: '{{instance}}, median' },
          { expr: quantile(0.99, 'playout_late_seconds', '', 'instance'), legend: '{{instance}}, p99' },
        ],
      },
      {
        title: 'Voice judged after',
        unit: 's',
        help: 'From a frame to the verdict of the voice model. Above 40 ms turns end later and interruptions are noticed later: the worker has too little CPU.',
        queries: [{ expr: quantile(0.95, 'vad_delay_seconds', '', 'instance'), legend: '{{instance}}, p95' }],
      },
      {
        title: 'Cores in use',
        unit: 'short',
        help: 'The main thread has one at most; the voice model and the embedded database have threads of their own.',
        queries: [
          {
            expr: sum(`rate(${series('process_cpu_seconds_total')}[$__rate_interval])`, 'instance'),
            legend: '{{instance}}',
          },
        ],
      },
      {
        title: 'Memory',
        unit: 'bytes',
        help: 'Resident, and the heap in it. A heap that grows with the same number of calls is a leak: tell us, with a heap snapshot.',
        queries: [
          {
            expr: sum(series('process_resident_memory_bytes'), 'instance'),
            legend: '{{instance}}, resident',
          },
          { expr: sum(series('nodejs_heap_size_used_bytes'), 'instance'), legend: '{{instance}}, heap' },
        ],
      },
      {
        title: 'Heap a call',
        unit: 'bytes',
        help: 'Of instances with calls. Some 1 MB is usual at few calls, less at many.',
        queries: [
          {
            expr: `${sum(series('nodejs_heap_size_used_bytes'), 'instance')} / clamp_min(${sum(series('calls_active'), 'instance')}, 1)`,
            legend: '{{instance}}',
          },
        ],
      },
    ],
  },
  {
    title: 'The line',
    panels: [
      {
        title: 'Frames, a second',
        unit: 'short',
        help: 'in: fifty a second for each call that is connected. out: messages of two frames while the agent speaks. in below 50 a call: the carrier or the network.',
        queries: [
          {
            expr: sum(`rate(${series('media_messages_total')}[$__rate_interval])`, 'instance, direction'),
            legend: '{{instance}} {{direction}}',
          },
        ],
      },
      {
        title: 'Marks that never came back, a minute',
        unit: 'cpm',
        help: 'The carrier says by marks what was played. Without them what was heard is told by the clock alone, and a stall of the carrier is not seen.',
        queries: [{ expr: perMinute('lost_marks_total', '', 'instance'), legend: '{{instance}}' }],
      },
      {
        title: 'Refused, a minute',
        unit: 'cpm',
        help: 'By what was wrong. signature, token, auth: somebody tries the door, or PUBLIC_URL is not what Twilio calls. message: the carrier sends what we do not know.',
        queries: [{ expr: perMinute('rejected_total', '', 'what'), legend: '{{what}}' }],
      },
      {
        title: 'Thrown away, a minute',
        unit: 'short',
        help: 'What a bound made us drop: rows, bytes of audio, windows, events, recordings. Everything but events wants an explanation.',
        queries: [{ expr: perMinute('dropped_total', '', 'what'), legend: '{{what}}' }],
      },
    ],
  },
  {
    title: 'What it stands on',
    panels: [
      {
        title: 'Breakers',
        unit: 'short',
        help: '1: open, this provider is passed over. 0.5: it is being tried. Open for long: the provider is down, callers are served by the next in the agent file.',
        thresholds: [0.5, 1],
        queries: [
          {
            expr: `max by (instance, stage, provider, model) (turnpike_breaker_open{${PROVIDERS}})`,
            legend: '{{instance}} {{stage}} {{provider}} {{model}}',
          },
        ],
      },
      {
        title: 'Requests that failed or were late',
        unit: 'percentunit',
        help: 'By stage and provider. Cancelled ones are no failures: the caller went on. Above a few in a hundred for minutes: see their status page.',
        queries: [
          {
            expr: `(sum by (stage, provider) (rate(turnpike_provider_requests_total{${PROVIDERS}, outcome=~"error|timeout"}[$__rate_interval])) or 0 * sum by (stage, provider) (rate(turnpike_provider_requests_total{${PROVIDERS}}[$__rate_interval]))) / sum by (stage, provider) (rate(turnpike_provider_requests_total{${PROVIDERS}}[$__rate_interval]))`,
            legend: '{{stage}} {{provider}}',
          },
        ],
      },
      {
        title: 'Rows that the database has not',
        unit: 'short',
        help: 'No caller waits for them; they lie in the spool on disk. A line that climbs: the database is away or too slow.',
        queries: [{ expr: sum(series('store_pending_writes'), 'instance'), legend: '{{instance}}' }],
      },
      {
        title: 'Spool on disk',
        unit: 'bytes',
        help: 'Back to next to nothing when the database has taken it. Not writable (see the log): rows are in memory alone, a crash would lose them.',
        queries: [{ expr: sum(series('spool_bytes'), 'instance'), legend: '{{instance}}' }],
      },
      {
        title: 'Deleted, in the last day',
        unit: 'short',
        help: 'By what it was, and whether somebody asked for it or RETENTION_DAYS did. Nothing by age for days although it is set: the log of the instances says why.',
        queries: [
          {
            expr: sum(`increase(${series('deleted_total')}[1d])`, 'what, why'),
            legend: '{{what}}, by {{why}}',
          },
        ],
      },
      {
        title: 'Commit, p95',
        unit: 's',
        help: 'A transaction of the store. Nobody waits for it, but above a second rows begin to pile up.',
        queries: [
          {
            expr: `histogram_quantile(0.95, sum by (le) (rate(turnpike_stage_seconds_bucket{${ALL}, stage="store_commit"}[$__rate_interval])))`,
            legend: 'p95',
          },
        ],
      },
      {
        title: 'Without Redis',
        unit: 'short',
        help: '1: this instance does not reach it. One of several: its network. All: Redis itself. Calls go on; streams that come to another instance than the one that answered are refused, and tried again.',
        thresholds: [0.5, 1],
        queries: [{ expr: sum(series('redis_away'), 'instance'), legend: '{{instance}}' }],
      },
      {
        title: 'Draining for',
        unit: 's',
        help: 'Since SIGTERM; 0 when it is not. Beyond DRAIN_SECONDS its calls are handed to other instances.',
        queries: [{ expr: sum(series('draining_seconds'), 'instance'), legend: '{{instance}}' }],
      },
      {
        title: 'Too slow for more calls',
        unit: 'short',
        help: '1: the event loop or the audio is later than SHED_LAG_MS or SHED_LATE_MS, and new calls are turned away.',
        queries: [{ expr: sum(series('overloaded'), 'instance'), legend: '{{instance}}' }],
      },
    ],
  },
];
