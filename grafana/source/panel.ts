// What a panel is here, and how the SDK's builders make Grafana's JSON of it.
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import common from '@grafana/grafana-foundation-sdk/common';
import dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import stat from '@grafana/grafana-foundation-sdk/stat';
import timeseries from '@grafana/grafana-foundation-sdk/timeseries';

export interface Query {
  readonly expr: string;
  /** Grafana's template over the labels; none for a single value. */
  readonly legend?: string;
  /** Dots on the line that name a call and a turn. */
  readonly exemplars?: boolean;
}

/** Grafana's names of units: https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options/ */
export type Unit = 's' | 'ms' | 'short' | 'percentunit' | 'bytes' | 'cpm' | 'opm' | 'reqpm' | 'currencyUSD';

export interface Panel {
  readonly title: string;
  /** What it shows, and what to do when it is bad. */
  readonly help: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  readonly kind?: 'lines' | 'stacked' | 'stat' | 'heatmap';
  /** Of 24. */
  readonly width?: number;
  /** Where it turns yellow and red; descending: low is bad. */
  readonly thresholds?: readonly [warn: number, bad: number];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export const SOURCE = { type: 'prometheus', uid: '${datasource}' } as const;
const STAT_HEIGHT = 4;
const HEIGHT = 8;
const WIDTH = { lines: 12, stacked: 12, stat: 4, heatmap: 12 } as const;

export function panelOf(panel: Panel): Builder<dashboard.Panel> {
  const { title, help, unit, kind = 'lines' } = panel;
  const built = builderOf(panel)
    .title(title)
    .description(help)
    .unit(unit)
    .datasource(SOURCE)
    .span(panel.width ?? WIDTH[kind])
    .height(kind === 'stat' ? STAT_HEIGHT : HEIGHT);
  panel.queries.forEach((query, place) => built.withTarget(queryOf(query, place, kind)));
  return built;
}

function builderOf(panel: Panel) {
  const { kind = 'lines', thresholds } = panel;
  switch (kind) {
    case 'stat':
      return new stat.PanelBuilder()
        .colorMode(
          thresholds === undefined ? common.BigValueColorMode.None : common.BigValueColorMode.Background,
        )
        .thresholds(thresholdsOf(thresholds));
    case 'heatmap':
      return new heatmap.PanelBuilder().calculate(false);
    case 'lines':
    case 'stacked': {
      const lines = new timeseries.PanelBuilder()
        .min(0)
        .lineWidth(1)
        .fillOpacity(kind === 'stacked' ? 60 : 8)
        .showPoints(common.VisibilityMode.Never)
        .spanNulls(false)
        .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi))
        .legend(
          new common.VizLegendOptionsBuilder()
            .showLegend(true)
            .displayMode(common.LegendDisplayMode.List)
            .placement(common.LegendPlacement.Bottom),
        );
      if (kind === 'stacked')
        lines.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal));
      if (thresholds !== undefined) {
        lines
          .thresholds(thresholdsOf(thresholds))
          .thresholdsStyle(
            new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
          );
      }
      return lines;
    }
    default:
      return kind satisfies never;
  }
}

function queryOf({ expr, legend, exemplars }: Query, place: number, kind: NonNullable<Panel['kind']>) {
  const query = new prometheus.DataqueryBuilder()
    .refId(String.fromCharCode('A'.charCodeAt(0) + place))
    .expr(expr)
    .exemplar(exemplars === true)
    .legendFormat(legend ?? '')
    .format(kind === 'heatmap' ? prometheus.PromQueryFormat.Heatmap : prometheus.PromQueryFormat.TimeSeries);
  return kind === 'stat' ? query.instant() : query.range();
}

function thresholdsOf(thresholds: Panel['thresholds']) {
  const steps = new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute);
  if (thresholds === undefined) return steps.steps([{ value: null, color: 'green' }]);
  const [warn, bad] = thresholds;
  return steps.steps(
    warn <= bad
      ? [
          { value: null, color: 'green' },
          { value: warn, color: 'yellow' },
          { value: bad, color: 'red' },
        ]
      : [
          { value: null, color: 'red' },
          { value: bad, color: 'yellow' },
          { value: warn, color: 'green' },
        ],
  );
}
