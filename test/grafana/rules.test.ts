// The rules as Prometheus itself understands them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { rulesAt } from '../../grafana/source/rules.ts';
import { isRecord } from '../../src/base/json.ts';
import { findProgram } from '../helpers/program.ts';

const root = path.join(import.meta.dirname, '..', '..');
const promtool = findProgram('promtool');
const skip = promtool === undefined ? 'promtool (of Prometheus) is not installed' : false;

function run(...args: readonly string[]): string {
  const done = spawnSync(promtool ?? '', args, { cwd: root, encoding: 'utf8' });
  const said = `${done.stdout}${done.stderr}`;
  assert.equal(done.status, 0, said);
  return said;
}

test('promtool takes every rule', { skip }, () => {
  assert.match(run('check', 'rules', 'grafana/alerts/turnpike.rules.yml'), /SUCCESS: \d+ rules found/);
});

test('promtool takes the configuration, and finds the alerts beside it', { skip }, () => {
  const said = run('check', 'config', '--syntax-only', 'grafana/prometheus.yml');
  assert.match(said, /prometheus\.yml is valid/);
  const config: unknown = parse(readFileSync(path.join(root, 'grafana', 'prometheus.yml'), 'utf8'));
  assert.ok(isRecord(config));
  assert.deepEqual(config['rule_files'], ['alerts/*.rules.yml']);
  assert.match(
    readFileSync(path.join(root, 'compose.yaml'), 'utf8'),
    /\.\/grafana\/alerts:\/etc\/prometheus\/alerts:ro/,
  );
});

test('a good night wakes nobody, and each trouble its own alert', { skip }, () => {
  run('test', 'rules', 'grafana/alerts/turnpike.test.yml');
});

test('every rule is told of in the runbooks, and tried by promtool', () => {
  const runbooks = readFileSync(path.join(root, 'docs', 'runbooks.md'), 'utf8');
  const anchors = [...runbooks.matchAll(/^## (.+)$/gm)].map(([, title = '']) =>
    title.toLowerCase().replaceAll(' ', '-'),
  );
  const tried = readFileSync(path.join(root, 'grafana', 'alerts', 'turnpike.test.yml'), 'utf8');
  for (const { alert, runbook } of rulesAt(1)) {
    assert.ok(anchors.includes(runbook), `docs/runbooks.md has no "${runbook}"`);
    assert.ok(runbooks.includes(alert), `docs/runbooks.md does not name ${alert}`);
    assert.ok(tried.includes(alert), `turnpike.test.yml does not try ${alert}`);
  }
});
