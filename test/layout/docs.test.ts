// What is written about the code, held against the code: names, places, links and routes.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { parse } from 'yaml';
import { isRecord } from '../../src/base/json.ts';
import { IMPROVEMENTS, readConfig } from '../../src/config.ts';
import { openMetrics, type Metrics } from '../../src/metrics/metrics.ts';
import { openApi } from '../../src/server/openapi.ts';

const root = path.resolve(import.meta.dirname, '../..');

interface Page {
  /** From the root. */
  readonly name: string;
  readonly text: string;
}

function pagesIn(folder: string, suffix: string): Page[] {
  return readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith(suffix))
    .map((name) => page(path.join(folder, name)));
}

function page(name: string): Page {
  return { name, text: readFileSync(path.join(root, name), 'utf8') };
}

const pages = ['.', 'docs', 'docs/decisions'].flatMap((folder) => pagesIn(folder, '.md'));
const dashboards = pagesIn('grafana/dashboards', '.json');
const readme = page('README.md').text;
const configText = page('src/config.ts').text;
const composeText = page('compose.yaml').text;

/** The lines between a heading of this text and the next one of its level. */
function section(text: string, heading: string): string {
  const [, after = ''] = text.split(`\n${heading}\n`);
  assert.notEqual(after, '', `there is no ${heading}`);
  const level = /^#+/.exec(heading)?.[0] ?? '#';
  return after.split(`\n${level} `)[0] ?? '';
}

/** The cells of a page's table rows, the heads and rulers among them. */
function rows(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('| '));
  return lines.map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** The texts in backticks. */
function codeIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

// --- links ---

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

/** Where a page points to within the repository. */
function linksIn({ name, text }: Page): { readonly file: string; readonly anchor: string | undefined }[] {
  const prose = text.replace(/^```[^]*?^```/gm, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', anchor] = target.split('#');
      return { file: file === '' ? name : path.join(path.dirname(name), file), anchor };
    });
}

test('every link in a page leads to a file that is there, and to a heading in it', () => {
  let links = 0;
  for (const one of pages) {
    for (const { file, anchor } of linksIn(one)) {
      links += 1;
      assert.ok(existsSync(path.join(root, file)), `${one.name} links to ${file}`);
      if (anchor === undefined) continue;
      assert.ok(anchorsOf(page(file).text).includes(anchor), `${one.name} links to ${file}#${anchor}`);
    }
  }
  assert.ok(links > 20, `only ${links} links were found`);
});

test('every decision is named in the architecture', () => {
  const { text } = page('docs/architecture.md');
  for (const { name } of pagesIn('docs/decisions', '.md')) {
    assert.ok(text.includes(`decisions/${path.basename(name)}`), `${name} is not linked`);
  }
});

// --- what the tables say of the code ---

test('what the table of bounds quotes stands in the file that it names', () => {
  const bounds = rows(page('docs/architecture.md').text).filter(
    ([, , where]) => where?.includes('](') === true,
  );
  assert.ok(bounds.length > 40, `only ${bounds.length} rows were found`);
  for (const [what = '', , where = ''] of bounds) {
    const [file] = linksIn({ name: 'docs/architecture.md', text: where });
    const [quoted = ''] = codeIn(where);
    assert.ok(file !== undefined && quoted !== '', `the row of “${what}” names no place`);
    assert.ok(page(file.file).text.includes(quoted), `“${what}”: ${quoted} is not in ${file.file}`);
  }
});

test('the README has every environment variable, and no other', () => {
  const variables = rows(section(readme, '## Configuration'))
    .flatMap(([name = '']) => codeIn(name))
    .filter((name) => /^[A-Z][A-Z_]+$/.test(name));
  assert.deepEqual(variables.toSorted(), configVariables());
});

test('the README tells the default of every variable that has one', () => {
  const told = rows(section(readme, '## Configuration'));
  const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
  const { host, port, dataDir, agentPath, openai, callsMax, migrate, logLevel, traces, ...rest } =
    readConfig(collector);
  const defaults: Readonly<Record<string, string>> = {
    HOST: host,
    PORT: String(port),
    DATA_DIR: dataDir,
    MIGRATE: migrate ? 'on' : 'off',
    AGENT: agentPath,
    OPENAI_BASE_URL: openai.baseUrl,
    CALLS_MAX: String(callsMax),
    DRAIN_SECONDS: String(rest.drainMs / 1_000),
    SHED_LAG_MS: String(rest.shedLagMs),
    SHED_LATE_MS: String(rest.shedLateMs),
    LOG_LEVEL: logLevel,
    OTEL_SERVICE_NAME: traces?.serviceName ?? '',
    OTEL_TRACES_SAMPLER: traces?.sampler ?? '',
    OTEL_TRACES_SAMPLER_ARG: String(traces?.ratio),
  };
  for (const [name, value] of Object.entries(defaults)) {
    const [, , cell] = told.find(([first]) => first === `\`${name}\``) ?? [];
    assert.equal(cell, `\`${value}\``, name);
  }
});

test('the README has every improvement that can be switched off, and no other', () => {
  const [, list = ''] = section(readme, '## Configuration').split('`DISABLE`, for');
  const names = rows(list).flatMap(([name = '']) => codeIn(name));
  assert.deepEqual(names.toSorted(), IMPROVEMENTS.toSorted());
});

function configVariables(): string[] {
  const [, schema = ''] = configText.split('const environment = z.object({');
  return [...(schema.split('\n});')[0] ?? '').matchAll(/^ {2}([A-Z_]+): /gm)]
    .map(([, name = '']) => name)
    .toSorted();
}

test('the page of the API has every route, and no other', () => {
  const written = rows(page('docs/api.md').text)
    .flatMap(([routes = '']) => codeIn(routes))
    .filter((code) => /^(?:GET|POST|PATCH|DELETE) /.test(code));
  const served = Object.entries(openApi('https://voice.example.com')['paths'] as object).flatMap(
    ([route, methods]) => Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${route}`),
  );
  assert.deepEqual(written.toSorted(), served.toSorted());
});

test('a command that a page names is a script', () => {
  const { scripts } = JSON.parse(page('package.json').text) as { readonly scripts: Record<string, string> };
  const shell = page('.ci/run');
  for (const { name, text } of [...pages, shell]) {
    for (const [, script = ''] of text.matchAll(/\bnpm run (?:--silent )?([a-z:]+)/g)) {
      assert.ok(Object.hasOwn(scripts, script), `${name} names npm run ${script}`);
    }
  }
});

// --- metrics ---

/** Each series with the labels that its samples have. */
async function exposedSeries(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const metrics = openMetrics({ callsActive: () => 1, pendingWrites: () => 1 });
  observeEverything(metrics);
  const { body } = await metrics.render(undefined);
  const series = new Map<string, Set<string>>();
  for (const line of body.split('\n').filter((one) => !one.startsWith('#'))) {
    const [, name = '', labels = ''] = /^([a-z_0-9]+)(?:\{(.*)\})?/.exec(line) ?? [];
    const known = series.get(name) ?? new Set();
    for (const [, label = ''] of labels.matchAll(/([a-z_]+)="/g)) known.add(label);
    series.set(name, known);
  }
  return series;
}

/** A label shows only once something was observed. */
function observeEverything(metrics: Metrics): void {
  const exemplar = { callSid: 'CA0', turn: 1 };
  metrics.turnAnswered(1, 'generated', exemplar);
  metrics.turnHeard(1, 'generated', exemplar);
  metrics.stageTook('endpoint', '', 1, exemplar);
  metrics.bargedIn(1, 'resumed');
  metrics.callEnded('inbound', 'completed');
  metrics.providerRequest('llm', 'openai', 'ok');
  metrics.speculated('used');
  metrics.cacheLookup('tts_memory', 'hit');
  metrics.rejected('token');
  metrics.warmedUp('model', 'ok');
  metrics.dropped('events', 1);
  metrics.tokensUsed('openai', 'prompt', 1);
  metrics.firstOutput('llm', 'openai', 'a-model', 1);
  metrics.charactersSpoken('openai', 1);
  metrics.listened('openai', 1);
  metrics.breakerIs('llm', 'openai', 'a-model', 0);
  metrics.runsAgent('an-agent', '0');
}

/** Labels that Prometheus adds, not we. */
const SCRAPED = ['instance', 'job'];
/** Labels that come by a join with `turnpike_agent_info`. */
const JOINED = ['agent'];

test('every metric and label that the dashboards ask for is exposed', async () => {
  const series = await exposedSeries();
  let queries = 0;
  for (const { name, text } of dashboards) {
    const dashboard = JSON.parse(text) as {
      readonly panels: readonly { readonly targets?: readonly unknown[] }[];
    };
    for (const target of dashboard.panels.flatMap((panel) => panel.targets ?? [])) {
      assert.ok(isRecord(target) && typeof target['expr'] === 'string', `${name}: a target without a query`);
      checkQuery(target['expr'], series);
      queries += 1;
    }
  }
  assert.ok(queries > 30, `only ${queries} queries were found`);
});

function checkQuery(query: string, series: ReadonlyMap<string, ReadonlySet<string>>): void {
  const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '));
  const selectors = [...query.matchAll(/(turnpike_\w+)(?:\{([^}]*)\})?/g)];
  assert.notEqual(selectors.length, 0, `nothing of ours in ${query}`);
  for (const [, name = '', matchers = ''] of selectors) {
    const labels = series.get(name);
    assert.ok(labels !== undefined, `${name} is not exposed: ${query}`);
    const used = [...matchers.matchAll(/(\w+)\s*[=!]~?"/g)].map(([, label = '']) => label);
    for (const label of [...used, ...grouped]) {
      assert.ok(
        labels.has(label) || [...SCRAPED, ...JOINED].includes(label),
        `${name} has no label ${label}: ${query}`,
      );
    }
  }
}

test('every metric that a page names is exposed', async () => {
  const series = await exposedSeries();
  for (const { name, text } of pages) {
    for (const [metric] of text.matchAll(/turnpike_[a-z_0-9]+/g)) {
      const exposed = series.has(metric) || series.has(`${metric}_count`);
      assert.ok(exposed, `${name} names ${metric}`);
    }
  }
});

// --- containers ---

test('compose.yaml gives the gateway variables that it knows, or that an agent names', () => {
  const compose: unknown = parse(composeText);
  assert.ok(isRecord(compose) && isRecord(compose['services']));
  const { gateway } = compose['services'];
  assert.ok(isRecord(gateway) && isRecord(gateway['environment']));
  const agents = pagesIn('agents', '.yaml').map(({ text }) => text);
  for (const name of Object.keys(gateway['environment'])) {
    const known = configVariables().includes(name) || agents.some((text) => text.includes(name));
    assert.ok(known, `nobody reads ${name}`);
  }
});

test('.env.example has every variable that compose.yaml asks for', () => {
  const example = [...page('.env.example').text.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
  for (const [, name] of composeText.matchAll(/\$\{([A-Z_]+):\?/g)) assert.ok(example.includes(name), name);
});

test('whatever compose.yaml mounts and the Dockerfile copies is in the repository', () => {
  const mounted = [...composeText.matchAll(/^ +- \.\/([^:]+):/gm)].map(([, name = '']) => name);
  const copied = [...page('Dockerfile').text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
    ([, names = '']) => names.split(' '),
  );
  assert.ok(mounted.length > 2 && copied.length > 5);
  for (const name of [...mounted, ...copied]) assert.ok(existsSync(path.join(root, name)), name);
});

test("Grafana's and Prometheus' files parse, and the dashboard's data source is the one that is provisioned", () => {
  assert.ok(isRecord(parse(page('grafana/prometheus.yml').text)));
  assert.ok(isRecord(parse(page('grafana/provisioning/dashboards/turnpike.yaml').text)));
  const sources: unknown = parse(page('grafana/provisioning/datasources/prometheus.yaml').text);
  assert.match(JSON.stringify(sources), /"uid":"prometheus"/);
  for (const { name, text } of dashboards) assert.match(text, /"value": "prometheus"/, name);
});

// --- words ---

const unwanted: readonly { readonly what: RegExp; readonly why: string }[] = [
  { what: /(?:^|[\s("'`=])\/(?:home|Users|work|workspace)\/\w/m, why: "a path of somebody's machine" },
  { what: /registry\.[a-z]+js\.org/, why: "a registry's address" },
  { what: /\b(?:this|last|previous|next) session\b/i, why: 'how it was written is no part of it' },
  {
    what: /\bas an? (?:AI|language model)\b|\bAI[- ](?:generated|written|assisted)\b/i,
    why: 'how it was written',
  },
  { what: /\b(?:TODO|FIXME|XXX|TBD)\b/, why: 'nothing is left behind' },
];

test('pages are about the program alone', () => {
  const containers = ['Dockerfile', 'compose.yaml', '.env.example', '.ci/run'].map(page);
  for (const { name, text } of [...pages, ...containers, ...dashboards]) {
    for (const { what, why } of unwanted) assert.doesNotMatch(text, what, `${name}: ${why}`);
  }
});
