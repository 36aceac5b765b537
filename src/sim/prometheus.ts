// A real Prometheus beside a gateway under test: the configuration and the alerts that operators are given, but for the
// pace and the address.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { sleep, type Clock } from '../base/clock.ts';
import { isRecord } from '../base/json.ts';
import { freePort } from './gatewayProcess.ts';
import { acceleratedRules } from './rulePace.ts';

const GRAFANA = path.join(import.meta.dirname, '..', '..', 'grafana');
const READY_MS_MAX = 20_000;
const STOP_MS_MAX = 5_000;
const LOG_CHARS_MAX = 10_000;

/** One line of a graph, or one number; the values are finite or NaN, each with its second since 1970. */
export interface QueriedSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [atSeconds: number, value: number])[];
}

export interface RuleState {
  readonly name: string;
  readonly expr: string;
  /** `ok`, `err`, or `unknown` before the first evaluation. */
  readonly health: string;
  readonly lastError: string;
}

export interface FiringAlert {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface PrometheusOptions {
  /** Of the program. */
  readonly program?: string;
  readonly clock: Clock;
  /** `host:port` of each gateway. */
  readonly targets: readonly string[];
  /** Bearer of the metrics. */
  readonly token: string;
  readonly scrapeSeconds: number;
  /** So many times faster than in production the alerts' time runs. */
  readonly pace: number;
}

export class Prometheus {
  readonly #url: string;
  readonly #clock: Clock;
  readonly #stop: () => Promise<void>;

  private constructor(url: string, clock: Clock, stop: () => Promise<void>) {
    this.#url = url;
    this.#clock = clock;
    this.#stop = stop;
  }

  /** Resolves when it answers queries; rejects with what it said when it does not start. */
  static async start(options: PrometheusOptions): Promise<Prometheus> {
    const folder = mkdtempSync(path.join(tmpdir(), 'turnpike-prometheus-'));
    const url = `127.0.0.1:${await freePort()}`;
    const args = [
      `--config.file=${writeConfiguration(folder, options)}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=${url}`,
      '--enable-feature=exemplar-storage',
      '--log.level=warn',
    ];
    const child = spawn(options.program ?? 'prometheus', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    let ended = false;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-LOG_CHARS_MAX);
    });
    const exited = new Promise<void>((resolve) => {
      const over = (): void => {
        ended = true;
        resolve();
      };
      child.once('exit', over);
      child.once('error', (error) => {
        log += error.message;
        over();
      });
    });
    const killNow = (): void => void child.kill('SIGKILL');
    process.once('exit', killNow);
    const stop = async (): Promise<void> => {
      child.kill('SIGTERM');
      const kill = options.clock.after(STOP_MS_MAX, killNow);
      await exited;
      kill.cancel();
      process.off('exit', killNow);
      rmSync(folder, { recursive: true, force: true });
    };
    const deadlineMs = options.clock.nowMs() + READY_MS_MAX;
    while (!(await answers(`http://${url}/-/ready`))) {
      if (ended || options.clock.nowMs() > deadlineMs) {
        await stop();
        throw new Error(`Prometheus did not start: ${log}`);
      }
      await sleep(options.clock, 50);
    }
    return new Prometheus(`http://${url}`, options.clock, stop);
  }

  /** The values now. Rejects with Prometheus' own words when the query is wrong. */
  async query(expr: string): Promise<readonly QueriedSeries[]> {
    return seriesOf(await this.#ask('query', { query: expr, time: String(this.#nowSeconds()) }));
  }

  /** The values of the last `seconds`, as a graph asks for them. */
  async queryRange(expr: string, seconds: number, stepSeconds: number): Promise<readonly QueriedSeries[]> {
    const end = this.#nowSeconds();
    const [from, to, step] = [end - seconds, end, stepSeconds].map(String);
    return seriesOf(
      await this.#ask('query_range', { query: expr, start: from ?? '', end: to ?? '', step: step ?? '' }),
    );
  }

  /** The labels of the exemplars of the last `seconds`. */
  async exemplars(expr: string, seconds: number): Promise<readonly Readonly<Record<string, string>>[]> {
    const end = this.#nowSeconds();
    const found = await this.#ask('query_exemplars', {
      query: expr,
      start: String(end - seconds),
      end: String(end),
    });
    return records(found)
      .flatMap(({ exemplars }) => records(exemplars))
      .map(({ labels }) => texts(labels));
  }

  async rules(): Promise<readonly RuleState[]> {
    const found = await this.#ask('rules', {});
    return records(isRecord(found) ? found['groups'] : undefined)
      .flatMap(({ rules }) => records(rules))
      .map(({ name, query, health, lastError }) => ({
        name: String(name),
        expr: String(query),
        health: String(health),
        lastError: typeof lastError === 'string' ? lastError : '',
      }));
  }

  async firing(): Promise<readonly FiringAlert[]> {
    const found = await this.#ask('alerts', {});
    return records(isRecord(found) ? found['alerts'] : undefined)
      .filter(({ state }) => state === 'firing')
      .map(({ labels }) => ({ name: texts(labels)['alertname'] ?? '', labels: texts(labels) }));
  }

  /** Ends it and removes what it had written. */
  stop(): Promise<void> {
    return this.#stop();
  }

  #nowSeconds(): number {
    return this.#clock.wallMs() / 1_000;
  }

  async #ask(route: string, parameters: Readonly<Record<string, string>>): Promise<unknown> {
    const query = new URLSearchParams(parameters);
    const response = await fetch(`${this.#url}/api/v1/${route}?${query.toString()}`);
    const answer: unknown = await response.json();
    if (!isRecord(answer) || answer['status'] !== 'success')
      throw new Error(`Prometheus refused ${parameters['query'] ?? route}: ${JSON.stringify(answer)}`);
    return answer['data'];
  }
}

/** The files that operators are given, for these targets and at this pace; answers the configuration's path. */
function writeConfiguration(
  folder: string,
  { targets, token, scrapeSeconds, pace }: PrometheusOptions,
): string {
  const given: unknown = parse(readFileSync(path.join(GRAFANA, 'prometheus.yml'), 'utf8'));
  const [job] = records(isRecord(given) ? given['scrape_configs'] : undefined);
  if (!isRecord(given) || job === undefined) throw new Error('grafana/prometheus.yml has no scrape_configs');
  const tokenFile = path.join(folder, 'token');
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const interval = `${Math.round(scrapeSeconds * 1_000)}ms`;
  const config = {
    ...given,
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: '1s' },
    scrape_configs: [
      {
        ...job,
        authorization: { type: 'Bearer', credentials_file: tokenFile },
        static_configs: [{ targets }],
      },
    ],
  };
  mkdirSync(path.join(folder, 'alerts'));
  const rules = readFileSync(path.join(GRAFANA, 'alerts', 'turnpike.rules.yml'), 'utf8');
  writeFileSync(path.join(folder, 'alerts', 'turnpike.rules.yml'), acceleratedRules(rules, pace));
  const file = path.join(folder, 'prometheus.yml');
  writeFileSync(file, stringify(config));
  return file;
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    // Not listening yet.
    return false;
  }
}

/** https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats */
function seriesOf(data: unknown): readonly QueriedSeries[] {
  return records(isRecord(data) ? data['result'] : undefined).map(({ metric, value, values }) => ({
    labels: texts(metric),
    points: (Array.isArray(values) ? values : [value]).flatMap((point: unknown) =>
      Array.isArray(point) ? [[Number(point[0]), Number(point[1])] as const] : [],
    ),
  }));
}

function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function texts(value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]));
}
