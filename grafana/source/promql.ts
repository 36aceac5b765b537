// The pieces that the queries are made of. Everything is of the instances that are chosen, and so of their agents.
export const ALL = 'instance=~"$instance"';
export const PROVIDERS = `${ALL}, provider=~"$provider"`;
const STEP = '$__rate_interval';
/** The whole time that the dashboard shows. */
export const SHOWN = '$__range';

/** `turnpike_turn_response_seconds`, with labels such as `source="cached"`. */
export function series(name: string, labels = ''): string {
  return `turnpike_${name}{${[ALL, labels].filter((part) => part !== '').join(', ')}}`;
}

/** The quantile of a histogram; `by` names labels that stay apart. */
export function quantile(share: number, name: string, labels = '', by = '', window = STEP): string {
  const kept = ['le', by].filter((part) => part !== '').join(', ');
  return `histogram_quantile(${share}, sum by (${kept}) (rate(${series(`${name}_bucket`, labels)}[${window}])))`;
}

export function mean(name: string, labels = '', by = '', window = STEP): string {
  const part = (what: string): string => sum(`rate(${series(`${name}_${what}`, labels)}[${window}])`, by);
  return `${part('sum')} / ${part('count')}`;
}

/** Of a counter, a minute. */
export function perMinute(name: string, labels = '', by = '', window = STEP): string {
  return `60 * ${sum(`rate(${series(name, labels)}[${window}])`, by)}`;
}

/** Of a counter, over the time shown; 0 where there is none. */
export function total(name: string, labels = ''): string {
  return `sum(increase(${series(name, labels)}[${SHOWN}])) or vector(0)`;
}

export function sum(what: string, by = ''): string {
  return by === '' ? `sum(${what})` : `sum by (${by}) (${what})`;
}

/** The share of a histogram's observations that are at most `edge`, one of its bucket's. */
export function within(edge: number, name: string, window = SHOWN, labels = ''): string {
  const bucket = labels === '' ? `le="${edge}"` : `le="${edge}", ${labels}`;
  return `${sum(`rate(${series(`${name}_bucket`, bucket)}[${window}])`)} / ${sum(`rate(${series(`${name}_count`, labels)}[${window}])`)}`;
}
