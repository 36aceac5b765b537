// Queries as Grafana sends them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filledIn, panelQueries, selectorsOf, variableQueries } from '../../src/sim/panelQueries.ts';

const shown = {
  rangeSeconds: 3_600,
  scrapeSeconds: 10,
  variables: { instance: 'a|b', agent: '.*', provider: '.*' },
};

test("Grafana's variables are filled in, the rate interval as four scrapes", () => {
  assert.equal(
    filledIn('rate(x{instance=~"$instance"}[$__rate_interval]) + increase(x[${__range}])', shown),
    'rate(x{instance=~"a|b"}[40000ms]) + increase(x[3600000ms])',
  );
});

test('a variable that no dashboard has is a mistake', () => {
  assert.throws(() => filledIn('x{region="$region"}', shown), /\$region is no variable/);
});

test('nothing of Grafana is left in any query of any panel', () => {
  const queries = panelQueries();
  assert.ok(queries.length > 60);
  for (const { expr } of queries) assert.doesNotMatch(filledIn(expr, shown), /\$/);
});

test('the choices are asked for by selector and label', () => {
  assert.deepEqual(
    variableQueries().map(({ label }) => label),
    ['agent', 'instance', 'provider'],
  );
});

test('an expression is taken apart into what it reads', () => {
  assert.deepEqual(
    selectorsOf('sum(rate(turnpike_a_total{x!="y"}[5s])) / turnpike_b > 1 and up{job="turnpike"} == 0'),
    ['turnpike_a_total{x!="y"}', 'turnpike_b', 'up{job="turnpike"}'],
  );
});
