// The dashboards and rules that are checked in are those of their source, and complete enough to be read by a stranger.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { PAGES } from '../../grafana/source/dashboard.ts';
import { filesOf } from '../../grafana/source/files.ts';
import { rulesAt } from '../../grafana/source/rules.ts';
import { openMetrics } from '../../src/metrics/metrics.ts';

const grafana = path.join(import.meta.dirname, '..', '..', 'grafana');
const panels = PAGES.flatMap(({ title: page, rows }) =>
  rows.flatMap((row) => row.panels.map((panel) => ({ page, panel }))),
);

test('what is checked in is what the source makes', () => {
  for (const [name, text] of filesOf()) {
    const kept = readFileSync(path.join(grafana, name), 'utf8');
    assert.equal(kept, text, `grafana/${name} is not of its source: npm run dashboards`);
  }
});

test('every panel says what it shows, in what unit, and what to do about it', () => {
  assert.ok(panels.length > 40);
  for (const { page, panel } of panels) {
    const where = `${page}: ${panel.title}`;
    assert.ok(panel.help.length > 40 && panel.help.endsWith('.'), where);
    assert.ok(panel.queries.length > 0, where);
  }
});

test('titles are not used twice on a page', () => {
  for (const { title, rows } of PAGES) {
    const titles = rows.flatMap((row) => row.panels.map((panel) => panel.title));
    assert.deepEqual(titles, [...new Set(titles)], title);
  }
});

test('every series that a panel or a rule asks for is one that the gateway exposes', async () => {
  const metrics = openMetrics({ callsActive: () => 0, pendingWrites: () => 0 });
  const { body } = await metrics.render('application/openmetrics-text');
  const known = new Set([...body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  const exprs = [
    ...panels.flatMap(({ panel }) => panel.queries.map(({ expr }) => expr)),
    ...rulesAt(1).map(({ expr }) => expr),
  ];
  for (const [name] of exprs.join('\n').matchAll(/turnpike_[a-z_]+/g)) {
    const plain = name.replace(/_(?:bucket|sum|count|total)$/, '');
    assert.ok(known.has(name) || known.has(plain), `${name} is not exposed`);
  }
});
