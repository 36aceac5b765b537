// A dashboard: its variables, its rows of panels, and links to the others.
import common from '@grafana/grafana-foundation-sdk/common';
import dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { callers } from './callers.ts';
import { cost } from './cost.ts';
import { instances } from './instances.ts';
import { panelOf, SOURCE, type Row } from './panel.ts';
import { time } from './time.ts';

export interface Page {
  /** Of the file, and in Grafana's addresses. */
  readonly uid: string;
  readonly title: string;
  readonly about: string;
  readonly rows: readonly Row[];
}

export const PAGES: readonly Page[] = [
  {
    uid: 'turnpike-callers',
    title: 'Turnpike: callers',
    about: 'Whether callers wait, and what they notice.',
    rows: callers,
  },
  {
    uid: 'turnpike-time',
    title: 'Turnpike: where the time goes',
    about: 'Each stage of a turn, by provider and model.',
    rows: time,
  },
  {
    uid: 'turnpike-instances',
    title: 'Turnpike: instances',
    about: 'Whether the processes keep up, and what they stand on.',
    rows: instances,
  },
  {
    uid: 'turnpike-cost',
    title: 'Turnpike: cost',
    about: 'What is paid for, and what of it in vain.',
    rows: cost,
  },
];

/** Grafana's JSON of a page. */
export function dashboardOf({ uid, title, about, rows }: Page): dashboard.Dashboard {
  const built = new dashboard.DashboardBuilder(title)
    .uid(uid)
    .description(about)
    .tags(['turnpike'])
    .readonly()
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .time({ from: 'now-1h', to: 'now' })
    .refresh('10s')
    .timezone('browser')
    .link(
      new dashboard.DashboardLinkBuilder('Turnpike')
        .type(dashboard.DashboardLinkType.Dashboards)
        .tags(['turnpike'])
        .keepTime(true)
        .includeVars(true)
        .asDropdown(false),
    )
    .withVariable(
      new dashboard.DatasourceVariableBuilder('datasource')
        .label('Data source')
        .type('prometheus')
        .current({ selected: true, text: 'Prometheus', value: 'prometheus' }),
    )
    .withVariable(choice('agent', 'Agent', 'label_values(turnpike_agent_info, agent)').allValue('.*'))
    // All of them are those of the agents chosen, so here "all" is a list.
    .withVariable(
      choice('instance', 'Instance', 'label_values(turnpike_agent_info{agent=~"$agent"}, instance)'),
    )
    .withVariable(
      choice('provider', 'Provider', 'label_values(turnpike_provider_requests_total, provider)').allValue(
        '.*',
      ),
    );
  for (const row of rows) {
    built.withRow(new dashboard.RowBuilder(row.title));
    for (const panel of row.panels) built.withPanel(panelOf(panel));
  }
  return built.build();
}

/** Several at once, all of them at first; their values are asked of Prometheus when the page opens. */
function choice(name: string, label: string, query: string): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource({ type: SOURCE.type, uid: SOURCE.uid } satisfies common.DataSourceRef)
    .query({ query, refId: name })
    .definition(query)
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ['All'], value: ['$__all'] })
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc);
}
