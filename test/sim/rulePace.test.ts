// Rules at another pace than the clock's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { rulesFile } from '../../grafana/source/rules.ts';
import { acceleratedRules } from '../../src/sim/rulePace.ts';

test('the rules that are checked in, run faster, are those that the source makes for that pace', () => {
  for (const pace of [1, 10, 30]) {
    assert.deepEqual(parse(acceleratedRules(rulesFile(), pace)), parse(rulesFile(pace)));
  }
});

test('no window is shorter than a second, and what is no duration stays', () => {
  const rules = {
    groups: [
      {
        rules: [{ expr: 'rate(a[60s]) > 300 and rate(a[300s] offset 900s) > 5', for: '30s', alert: 'A60s' }],
      },
    ],
  };
  assert.deepEqual(parse(acceleratedRules(JSON.stringify(rules), 100)), {
    groups: [
      { rules: [{ expr: 'rate(a[1s]) > 300 and rate(a[3s] offset 9s) > 5', for: '1s', alert: 'A60s' }] },
    ],
  });
});
