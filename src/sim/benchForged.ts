// Ten thousand requests and streams that are nobody's business, at a real gateway: how many of them are taken.
import { systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import { shown, type BenchReport } from './benchReport.ts';
import { ANSWERS, answeringBrain } from './benchTalk.ts';
import { forge, FORGERY_KINDS } from './forgery.ts';
import { ACCOUNT, PUBLIC_URL, Stage } from './stage.ts';

const ATTEMPTS = 10_000;
const COUNTED = [
  'signature',
  'token',
  'unknown_call',
  'message',
  'webhook',
  'body',
  'start_timeout',
  'overload',
] as const;

export async function benchForged(): Promise<BenchReport> {
  const random = seededRandom(41);
  const stage = await Stage.open({
    clock: systemClock,
    random,
    timings: SEED_TIMINGS,
    brain: answeringBrain(ANSWERS),
  });
  try {
    const { gateway } = await stage.openHouse({ env: { CALLS_MAX: '1000' } });
    const target = {
      url: gateway.url,
      publicUrl: PUBLIC_URL,
      accountSid: ACCOUNT.sid,
      authToken: ACCOUNT.token,
      random,
    };
    const beganAtMs = systemClock.nowMs();
    const attempts = await forge(target, Math.ceil(ATTEMPTS / FORGERY_KINDS.length));
    const tookMs = systemClock.nowMs() - beganAtMs;
    const page = await (await fetch(`${gateway.url}/metrics`)).text();
    const counted = COUNTED.map((what): readonly [string, number] => [
      what,
      Number(new RegExp(`^turnpike_rejected_total\\{what="${what}"\\} (\\d+)$`, 'm').exec(page)?.[1] ?? 0),
    ]);
    const rows = FORGERY_KINDS.map((kind) => {
      const these = attempts.filter((attempt) => attempt.kind === kind);
      const answers = [...new Set(these.map(({ what }) => what))].toSorted().join(', ');
      return [kind, shown(these.length), shown(these.filter(({ accepted }) => accepted).length), answers];
    });
    const accepted = attempts.filter((attempt) => attempt.accepted).length;
    return {
      title: `${attempts.length} forged, replayed, foreign and malformed requests and streams: ${accepted} accepted`,
      tables: [
        { heading: ['kind', 'sent', 'accepted', 'answered'], rows },
        {
          heading: ['turnpike_rejected_total', 'counted'],
          rows: counted.map(([what, count]) => [what, shown(count)]),
        },
      ],
      notes: [
        `In ${shown(tookMs / 1_000)} s. An answer of four digits is the code that a socket was closed with.`,
      ],
      figures: { attempts: attempts.length, accepted, counted: Object.fromEntries(counted), rows },
    };
  } finally {
    await stage.close();
  }
}
