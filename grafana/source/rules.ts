// What wakes somebody, as Prometheus rules. Burn rates over two windows each: the long one says that it matters, the
// short one that it still goes on. https://sre.google/workbook/alerting-on-slos/
import { stringify } from 'yaml';

export interface Rule {
  readonly alert: string;
  readonly expr: string;
  /** How long it has to be so, seconds. */
  readonly forSeconds: number;
  /** page: callers suffer now. ticket: look at it today. */
  readonly severity: 'page' | 'ticket';
  readonly summary: string;
  /** An anchor of docs/runbooks.md. */
  readonly runbook: string;
}

/** Turns answered within 1.4 s, and turns that were answered: so many of a hundred are the objective. */
const RESPONSE_OBJECTIVE = 0.95;
const SUCCESS_OBJECTIVE = 0.99;
/** Two per cent of a month's budget in an hour, five in six: the workbook's factors. */
const FAST_BURN = 14.4;
const SLOW_BURN = 6;
/** Fewer turns say nothing about a share. */
const TURNS_MIN = 20;
const HOUR = 3_600;
const STAGES = 'endpoint|stt_final|llm_first_token|llm_first_sentence|tts_first_audio|first_frame';
const RUNBOOKS = 'docs/runbooks.md';

/** The parts of the expressions, at a pace. */
class Terms {
  readonly #pace: number;

  constructor(pace: number) {
    this.#pace = pace;
  }

  over(seconds: number): string {
    return `[${Math.max(1, this.lasting(seconds))}s]`;
  }

  lasting(seconds: number): number {
    return Math.round(seconds / this.#pace);
  }

  /** The share of turns that were slow. */
  slow(seconds: number): string {
    const over = this.over(seconds);
    return `1 - sum(rate(turnpike_turn_response_seconds_bucket{le="1.4"}${over})) / sum(rate(turnpike_turn_response_seconds_count${over}))`;
  }

  failed(seconds: number): string {
    const over = this.over(seconds);
    return `sum(rate(turnpike_turns_total{outcome!="answered"}${over})) / sum(rate(turnpike_turns_total${over}))`;
  }

  enough(seconds: number): string {
    return `sum(increase(turnpike_turns_total${this.over(seconds)})) > ${TURNS_MIN}`;
  }

  burns(
    what: 'slow' | 'failed',
    budget: number,
    factor: number,
    [long, short]: readonly [number, number],
  ): string {
    const bound = Number((budget * factor).toFixed(4));
    return `(${this[what](long)}) > ${bound} and (${this[what](short)}) > ${bound} and ${this.enough(long)}`;
  }

  /** Of each stage; `agoSeconds` before now. */
  mean(seconds: number, agoSeconds = 0): string {
    const offset = agoSeconds === 0 ? '' : ` offset ${Math.max(1, this.lasting(agoSeconds))}s`;
    const rate = (what: string): string =>
      `sum by (stage) (rate(turnpike_stage_seconds_${what}{stage=~"${STAGES}"}${this.over(seconds)}${offset}))`;
    return `(${rate('sum')} / ${rate('count')})`;
  }
}

/** `pace`: so many times faster than the clock, for a proof that cannot wait for hours. */
export function rulesAt(pace: number): readonly Rule[] {
  const terms = new Terms(pace);
  return [...turnRules(terms), ...providerRules(terms), ...instanceRules(terms)];
}

function turnRules(terms: Terms): readonly Rule[] {
  return [
    {
      alert: 'TurnpikeTurnsSlow',
      expr: terms.burns('slow', 1 - RESPONSE_OBJECTIVE, FAST_BURN, [HOUR, HOUR / 12]),
      forSeconds: terms.lasting(60),
      severity: 'page',
      summary: 'Most callers wait longer than 1.4 s for an answer.',
      runbook: 'turns-are-slow',
    },
    {
      alert: 'TurnpikeTurnsSlowly',
      expr: terms.burns('slow', 1 - RESPONSE_OBJECTIVE, SLOW_BURN, [6 * HOUR, HOUR / 2]),
      forSeconds: terms.lasting(300),
      severity: 'ticket',
      summary: 'For hours three callers in ten have waited longer than 1.4 s.',
      runbook: 'turns-are-slow',
    },
    {
      alert: 'TurnpikeStageSlower',
      expr: `${terms.mean(300)} - ${terms.mean(HOUR, 300)} > 0.2 and ${terms.mean(300)} > 1.3 * ${terms.mean(HOUR, 300)} and on () ${terms.enough(300)}`,
      forSeconds: terms.lasting(60),
      severity: 'ticket',
      summary:
        'The stage {{ $labels.stage }} takes {{ $value | humanizeDuration }} longer than over the hour before.',
      runbook: 'a-stage-has-become-slower',
    },
    {
      alert: 'TurnpikeTurnsFailing',
      expr: terms.burns('failed', 1 - SUCCESS_OBJECTIVE, FAST_BURN, [HOUR, HOUR / 12]),
      forSeconds: terms.lasting(60),
      severity: 'page',
      summary: 'Turns end in an apology, or in nothing.',
      runbook: 'turns-fail',
    },
    {
      alert: 'TurnpikeTurnsFailingSlowly',
      expr: terms.burns('failed', 1 - SUCCESS_OBJECTIVE, SLOW_BURN, [6 * HOUR, HOUR / 2]),
      forSeconds: terms.lasting(300),
      severity: 'ticket',
      summary: 'For hours more turns than usual have ended in an apology, or in nothing.',
      runbook: 'turns-fail',
    },
    {
      alert: 'TurnpikeDeadAir',
      expr: `sum(rate(turnpike_dead_air_total${terms.over(600)})) / sum(rate(turnpike_turns_total${terms.over(600)})) > 0.05 and ${terms.enough(600)}`,
      forSeconds: terms.lasting(300),
      severity: 'ticket',
      summary: 'In one turn of twenty the agent had to fill a silence.',
      runbook: 'dead-air',
    },
  ];
}

function providerRules(terms: Terms): readonly Rule[] {
  return [
    {
      alert: 'TurnpikeProviderDown',
      expr: 'max by (stage, provider, model) (turnpike_breaker_open) == 1',
      forSeconds: terms.lasting(120),
      severity: 'page',
      summary:
        'The {{ $labels.stage }} provider {{ $labels.provider }} ({{ $labels.model }}) is passed over: it fails.',
      runbook: 'a-provider-is-down',
    },
    {
      alert: 'TurnpikeProviderFailing',
      expr: `sum by (stage, provider) (rate(turnpike_provider_requests_total{outcome=~"error|timeout"}${terms.over(300)})) / sum by (stage, provider) (rate(turnpike_provider_requests_total${terms.over(300)})) > 0.2 and sum by (stage, provider) (increase(turnpike_provider_requests_total${terms.over(300)})) > 10`,
      forSeconds: terms.lasting(120),
      severity: 'ticket',
      summary:
        'One request in five to the {{ $labels.stage }} provider {{ $labels.provider }} fails or is late.',
      runbook: 'a-provider-is-down',
    },
    {
      alert: 'TurnpikeStoreBehind',
      expr: `turnpike_store_pending_writes > 1000 or turnpike_spool_writable == 0`,
      forSeconds: terms.lasting(300),
      severity: 'ticket',
      summary:
        'The database does not take what {{ $labels.instance }} has for it, or the spool cannot be written.',
      runbook: 'the-store-is-behind',
    },
    {
      alert: 'TurnpikeLosing',
      expr: `sum by (instance, what) (increase(turnpike_dropped_total{what=~"store_rows|stt_audio|recording|caller_text"}${terms.over(600)})) > 0`,
      forSeconds: 0,
      severity: 'ticket',
      summary: '{{ $labels.instance }} threw {{ $labels.what }} away.',
      runbook: 'something-is-thrown-away',
    },
  ];
}

function instanceRules(terms: Terms): readonly Rule[] {
  return [
    {
      alert: 'TurnpikeNoCalls',
      expr: `sum(turnpike_calls_active) == 0 and sum(increase(turnpike_calls_total${terms.over(HOUR / 2)})) == 0 and sum(increase(turnpike_calls_total${terms.over(HOUR / 2)} offset ${terms.lasting(24 * HOUR)}s)) > 10`,
      forSeconds: terms.lasting(300),
      severity: 'page',
      summary: 'Nobody has called for half an hour; a day ago they did.',
      runbook: 'no-calls',
    },
    {
      alert: 'TurnpikeDrainingTooLong',
      expr: 'turnpike_draining_seconds > 900',
      forSeconds: 0,
      severity: 'ticket',
      summary: '{{ $labels.instance }} has been draining for {{ $value | humanizeDuration }}.',
      runbook: 'draining-too-long',
    },
    {
      alert: 'TurnpikeOverloaded',
      expr: `histogram_quantile(0.99, sum by (le, instance) (rate(turnpike_event_loop_lag_seconds_bucket${terms.over(300)}))) > 0.05 or sum by (instance) (increase(turnpike_rejected_total{what="overload"}${terms.over(300)})) > 0`,
      forSeconds: terms.lasting(120),
      severity: 'ticket',
      summary: '{{ $labels.instance }} does not keep up, or turns callers away.',
      runbook: 'too-many-calls',
    },
    {
      alert: 'TurnpikeRedisAway',
      // It is found again within seconds: what lasts is no restart of it. One alert, however many instances miss it.
      expr: 'sum(turnpike_redis_away) > 0',
      forSeconds: terms.lasting(120),
      severity: 'ticket',
      summary: 'Instances that do not reach Redis: {{ $value }}.',
      runbook: 'redis-is-away',
    },
    {
      alert: 'TurnpikeDown',
      expr: 'up{job="turnpike"} == 0',
      forSeconds: terms.lasting(60),
      severity: 'page',
      summary: '{{ $labels.instance }} does not answer.',
      runbook: 'an-instance-is-down',
    },
    {
      alert: 'TurnpikeAtTheDoor',
      expr: `sum by (what) (rate(turnpike_rejected_total{what=~"signature|token|auth|address"}${terms.over(600)})) > 0.1`,
      forSeconds: terms.lasting(300),
      severity: 'ticket',
      summary: 'Requests are refused for {{ $labels.what }}, again and again.',
      runbook: 'somebody-tries-the-door',
    },
  ];
}

/** The rules as Prometheus reads them. */
export function rulesFile(pace = 1): string {
  const rules = rulesAt(pace).map(({ alert, expr, forSeconds, severity, summary, runbook }) => ({
    alert,
    expr,
    ...(forSeconds === 0 ? {} : { for: `${forSeconds}s` }),
    labels: { severity },
    annotations: { summary, runbook_url: `${RUNBOOKS}#${runbook}` },
  }));
  const head = '# Made by `npm run dashboards` from grafana/source/rules.ts; change it there.\n';
  return head + stringify({ groups: [{ name: 'turnpike', rules }] }, { lineWidth: 0 });
}
