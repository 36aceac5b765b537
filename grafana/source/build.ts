// Writes the dashboards and the rules where Grafana and Prometheus look for them: `npm run dashboards`.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { filesOf } from './files.ts';

const root = path.join(import.meta.dirname, '..');
for (const [name, text] of filesOf()) {
  const file = path.join(root, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  process.stdout.write(`${path.join('grafana', name)}\n`);
}
