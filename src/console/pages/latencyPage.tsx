// How long callers waited lately, and where: every stage's median and p95, and one of them over time.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { many, milliseconds } from '../format.ts';
import { useAnswer } from '../hooks.ts';
import type { PageProps } from '../pages.ts';
import { LatencyChart } from '../parts/latencyChart.tsx';
import { linkTo } from '../address.ts';
import { goTo } from '../route.ts';
import { STAGES, type LatencyAnswer, type Stage } from '../wire.ts';

const AGAIN_MS = 15_000;
const WINDOWS = [
  ['15', 'Last 15 minutes'],
  ['60', 'Last hour'],
  ['360', 'Last 6 hours'],
  ['1440', 'Last day'],
] as const;

export function LatencyPage({ query }: PageProps): VNode {
  const minutes = WINDOWS.find(([value]) => value === query.get('minutes'))?.[0] ?? '60';
  const [stage, setStage] = useState<Stage>('response');
  const { data, failure } = useAnswer<LatencyAnswer>(`/v1/latency?minutes=${minutes}`, AGAIN_MS);
  const name = STAGES.find((one) => one.stage === stage)?.name ?? stage;
  const slowest = Math.max(1, ...STAGES.map((one) => data?.stages[one.stage]?.p95 ?? 0));
  return (
    <>
      <div class="page-head">
        <h1>Latency</h1>
        {data !== undefined && <p class="quiet">{many(data.turns, 'turn')}</p>}
        <div class="end">
          <label class="visually-hidden" for="window">
            Time
          </label>
          <select
            id="window"
            value={minutes}
            onChange={(event) => goTo(linkTo('latency', [], { minutes: event.currentTarget.value }), true)}
          >
            {WINDOWS.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </div>
      </div>
      {failure !== undefined && (
        <p class="notice bad" role="alert">
          {failure}
        </p>
      )}
      {data?.complete === false && (
        <p class="notice warn">
          There were more turns than are looked at: these are the newest {many(data.turns, 'turn')}.
        </p>
      )}
      {data !== undefined && (
        <div class="latency">
          <section class="card chart-card" aria-label="Over time">
            <LatencyChart latency={data} stage={stage} name={name} />
          </section>
          <table class="card stages">
            <caption class="visually-hidden">Waits by stage; choose one to see it over time</caption>
            <thead>
              <tr>
                <th scope="col">Stage</th>
                <th scope="col" class="figure">
                  p50
                </th>
                <th scope="col" class="figure">
                  p95
                </th>
                <th scope="col" class="figure">
                  Turns
                </th>
              </tr>
            </thead>
            <tbody>
              {STAGES.map((one) => {
                const figures = data.stages[one.stage];
                return (
                  <tr key={one.stage} class={one.stage === stage ? 'chosen' : ''} data-stage={one.stage}>
                    <th scope="row">
                      <button
                        type="button"
                        class="plain stage-choice"
                        aria-pressed={one.stage === stage}
                        title={one.what}
                        onClick={() => setStage(one.stage)}
                      >
                        <span class={`swatch ${one.stage}`} aria-hidden="true" />
                        {one.name}
                      </button>
                      <span class="spread-bar" aria-hidden="true">
                        <span
                          class={`p95 ${one.stage}`}
                          style={{ width: `${((figures?.p95 ?? 0) / slowest) * 100}%` }}
                        />
                        <span
                          class={`p50 ${one.stage}`}
                          style={{ width: `${((figures?.p50 ?? 0) / slowest) * 100}%` }}
                        />
                      </span>
                    </th>
                    <td class="figure number">{figures === undefined ? '–' : milliseconds(figures.p50)}</td>
                    <td class="figure number">{figures === undefined ? '–' : milliseconds(figures.p95)}</td>
                    <td class="figure number quiet">{figures?.count ?? 0}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {data === undefined && failure === undefined && <p class="empty">Asking …</p>}
    </>
  );
}
