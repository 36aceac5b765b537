// Everything that is made here, by its name below `grafana/`.
import { dashboardOf, PAGES } from './dashboard.ts';
import { rulesFile } from './rules.ts';

export function filesOf(): ReadonlyMap<string, string> {
  const dashboards = PAGES.map(
    (page) => [`dashboards/${page.uid.replace('turnpike-', '')}.json`, json(dashboardOf(page))] as const,
  );
  return new Map([...dashboards, ['alerts/turnpike.rules.yml', rulesFile()]]);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
