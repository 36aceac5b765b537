// What each part costs, beside what the bare operation costs where nothing is built round it.
import { sleep, systemClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { SEED_TIMINGS } from './behaviour.ts';
import { benchAudio } from './benchAudio.ts';
import { shown, type BenchReport } from './benchReport.ts';
import { benchVad } from './benchVad.ts';
import { benchWork } from './benchWork.ts';
import { frontDeskBrain } from './brain.ts';
import { readProcess } from './processUse.ts';
import { AGENT_NUMBER, CALLER_NUMBER, Stage } from './stage.ts';

const QUIET_CALLS = 50;
/** Greeting and first breath are over. */
const SETTLE_MS = 7_000;

/** By name, in the same units; measured alone on two cores of an AMD EPYC with Node 20, +-15 %. */
const FLOORS: Readonly<Record<string, string>> = {
  'codec: frame in, bytes to mu-law': '0.34-1.5 (cut by hand - JSON.parse)',
  'codec: frame out, mu-law to bytes': '0.2',
  'resample 24 to 8 kHz': '32-45 (speex)',
  'mu-law encode': '0.11',
  'mu-law decode': '0.09',
  'voice model, 1 call alone': '120 (112-136)',
  'voice model, 8 calls in a batch': '58',
  'voice model, 32 calls in a batch': '47 (34-38 at 64)',
  'sentence splitting': 'none',
  "a quiet call's memory": '0.06',
};

export async function benchParts(): Promise<BenchReport> {
  const values = [
    ...(await benchWork()),
    ...(await benchAudio()),
    ...(await benchVad()),
    { name: "a quiet call's memory", value: await callMemoryMb(), unit: 'MB' },
  ];
  return {
    title: 'The parts, for one core, medians',
    tables: [
      {
        heading: ['part', 'measured', 'unit', 'floor'],
        rows: values.map(({ name, value, unit }) => [
          name,
          shown(value, value < 10 ? 2 : value < 1_000 ? 1 : 0),
          unit,
          FLOORS[name] ?? '',
        ]),
      },
    ],
    notes: [
      'A frame through the socket costs 11-16 us besides, most of it the kernel: so much for the codec.',
      `Memory: what the process grows by with ${QUIET_CALLS} more open calls, after as many have warmed it.`,
    ],
    figures: values,
  };
}

/** NaN off Linux. */
async function callMemoryMb(): Promise<number> {
  const stage = await Stage.open({
    clock: systemClock,
    random: seededRandom(15),
    timings: SEED_TIMINGS,
    brain: frontDeskBrain(),
  });
  try {
    const { carrier, gateway } = await stage.openHouse({ env: { CALLS_MAX: String(4 * QUIET_CALLS) } });
    const open = async (): Promise<number> => {
      for (let call = 0; call < QUIET_CALLS; call += 1) {
        carrier.placeCall({ from: CALLER_NUMBER, to: AGENT_NUMBER });
        await sleep(systemClock, 20);
      }
      await sleep(systemClock, SETTLE_MS);
      return readProcess(gateway.pid)?.rssBytes ?? NaN;
    };
    const warmBytes = await open();
    return ((await open()) - warmBytes) / QUIET_CALLS / 1_048_576;
  } finally {
    await stage.close();
  }
}
