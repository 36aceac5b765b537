// The dashboards as Grafana shows them: every query of every panel, with the variables filled in, asked of a Prometheus.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isRecord, parseJson } from '../base/json.ts';
import type { Prometheus, QueriedSeries } from './prometheus.ts';

const DASHBOARDS = path.join(import.meta.dirname, '..', '..', 'grafana', 'dashboards');

export interface PanelQuery {
  readonly dashboard: string;
  readonly panel: string;
  /** With Grafana's variables in it. */
  readonly expr: string;
  /** A single number of now; else a graph over the time shown. */
  readonly instant: boolean;
  readonly exemplars: boolean;
}

/** What of Grafana decides how a query reads. */
export interface Shown {
  /** The time range of the dashboard. */
  readonly rangeSeconds: number;
  readonly scrapeSeconds: number;
  /** Values of the variables, as regular expressions. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface PanelAnswer {
  readonly query: PanelQuery;
  /** Those with a number in them; NaN is drawn as nothing. */
  readonly series: readonly QueriedSeries[];
  /** Prometheus' words when it refused the query. */
  readonly failure?: string;
}

/** Of all the dashboards that are provisioned. */
export function panelQueries(): readonly PanelQuery[] {
  return dashboards().flatMap(({ title, panels }) =>
    panels.flatMap((panel) =>
      (Array.isArray(panel['targets']) ? panel['targets'] : []).filter(isRecord).map((target) => ({
        dashboard: title,
        panel: String(panel['title']),
        expr: String(target['expr']),
        instant: target['instant'] === true,
        exemplars: target['exemplar'] === true,
      })),
    ),
  );
}

/** What the dashboards ask to offer choices: `label_values(selector, label)`. */
export function variableQueries(): readonly { readonly selector: string; readonly label: string }[] {
  const definitions = dashboards().flatMap(({ variables }) => variables.map(({ definition }) => definition));
  return [...new Set(definitions)].flatMap((definition) => {
    const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(String(definition)) ?? [];
    return selector === undefined || label === undefined ? [] : [{ selector, label }];
  });
}

/** As Grafana fills it in. Throws when something of Grafana's is left. */
export function filledIn(expr: string, { rangeSeconds, scrapeSeconds, variables }: Shown): string {
  const stepSeconds = scrapeSeconds;
  // https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/#use-__rate_interval
  const rateSeconds = Math.max(stepSeconds + scrapeSeconds, 4 * scrapeSeconds);
  const known: Readonly<Record<string, string>> = {
    ...variables,
    __rate_interval: `${Math.round(rateSeconds * 1_000)}ms`,
    __range: `${Math.round(rangeSeconds * 1_000)}ms`,
  };
  return expr.replaceAll(/\$\{?(\w+)\}?/g, (whole, name: string) => {
    const value = known[name];
    if (value === undefined) throw new Error(`${whole} is no variable: ${expr}`);
    return value;
  });
}

/** Asks all of it. A query that Prometheus refuses is an answer with its failure. */
export async function askPanels(
  prometheus: Prometheus,
  queries: readonly PanelQuery[],
  shown: Shown,
): Promise<readonly PanelAnswer[]> {
  const answers: PanelAnswer[] = [];
  for (const query of queries) {
    try {
      const expr = filledIn(query.expr, shown);
      const found = query.instant
        ? await prometheus.query(expr)
        : await prometheus.queryRange(expr, shown.rangeSeconds, shown.scrapeSeconds);
      answers.push({ query, series: found.filter(hasNumbers) });
    } catch (error) {
      answers.push({ query, series: [], failure: String(error) });
    }
  }
  return answers;
}

function hasNumbers({ points }: QueriedSeries): boolean {
  return points.some(([, value]) => Number.isFinite(value));
}

/** The selectors of an expression: each has to find series, whether or not the whole of it is true now. */
export function selectorsOf(expr: string): readonly string[] {
  return [
    ...new Set([...expr.matchAll(/\b(?:turnpike_\w+|up)(?:\{[^}]*\})?/g)].map(([selector]) => selector)),
  ];
}

interface DashboardFile {
  readonly title: string;
  readonly panels: readonly Readonly<Record<string, unknown>>[];
  readonly variables: readonly Readonly<Record<string, unknown>>[];
}

function dashboards(): readonly DashboardFile[] {
  return readdirSync(DASHBOARDS).map((name) => {
    const file = parseJson(readFileSync(path.join(DASHBOARDS, name), 'utf8'));
    if (!isRecord(file) || !Array.isArray(file['panels']) || !isRecord(file['templating']))
      throw new Error(`${name} is no dashboard`);
    const { list } = file['templating'];
    return {
      title: String(file['title']),
      panels: file['panels'].filter(isRecord),
      variables: Array.isArray(list) ? list.filter(isRecord) : [],
    };
  });
}
