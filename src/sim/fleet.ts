// Several gateways behind one public address, restarted one after another under calls, as a deploy does it.
import { strict as assert } from 'node:assert';
import type { Clock } from '../base/clock.ts';
import type { Carrier } from './carrier.ts';
import type { GatewayProcess } from './gatewayProcess.ts';
import { PUBLIC_URL, type Stage } from './stage.ts';

export interface Restart {
  /** Undefined: a signal ended it. */
  readonly exitCode: number | undefined;
  /** From SIGTERM to the end of the process. */
  readonly tookMs: number;
  /** The last of its log. */
  readonly log: readonly string[];
}

export interface FleetOptions {
  readonly stage: Stage;
  readonly clock: Clock;
  /** How many are there when none is being replaced. */
  readonly size: number;
  readonly env: Readonly<Record<string, string>>;
}

export class Fleet {
  readonly carrier: Carrier;
  readonly #options: FleetOptions;
  readonly #members: GatewayProcess[];
  /** A disk outlives the process that has written to it. */
  readonly #dataDirs: readonly string[];
  #started: number;

  private constructor(
    options: FleetOptions,
    carrier: Carrier,
    members: GatewayProcess[],
    dataDirs: readonly string[],
  ) {
    this.#dataDirs = dataDirs;
    this.#options = options;
    this.carrier = carrier;
    this.#members = members;
    this.#started = members.length;
  }

  /** Resolves when all are ready for calls. The stage closes what is left of them. */
  static async open(options: FleetOptions): Promise<Fleet> {
    const numbers = Array.from({ length: options.size }, (_unused, i) => i);
    const dataDirs = numbers.map(() => options.stage.temporaryFolder());
    const members = await Promise.all(
      dataDirs.map((dataDir, number) => startMember(options, number, dataDir)),
    );
    const [first] = members;
    assert(first !== undefined, 'a fleet has members');
    const fleet = new Fleet(options, options.stage.openCarrier(first), members, dataDirs);
    for (const [number, member] of members.entries()) fleet.#routeStreams(number, member);
    fleet.#balance();
    return fleet;
  }

  /** Starts another in its place, and then ends the one that is there. The balancer learns of that by itself. */
  async restart(place: number): Promise<Restart> {
    const { clock } = this.#options;
    const old = this.#members[place];
    assert(old !== undefined, 'nobody is there');
    const number = this.#started;
    this.#started += 1;
    const fresh = await startMember(this.#options, number, this.#dataDirs[place] ?? '');
    this.#routeStreams(number, fresh);
    this.#members[place] = fresh;
    this.#balance(old);
    const beganAtMs = clock.nowMs();
    process.kill(old.pid, 'SIGTERM');
    const exitCode = await old.exited;
    this.#balance();
    return { exitCode: exitCode ?? undefined, tookMs: clock.nowMs() - beganAtMs, log: old.log.slice(-50) };
  }

  /** Kills the one that is there, in whatever it does, and answers when that was. */
  async kill(place: number): Promise<number> {
    const old = this.#members[place];
    assert(old !== undefined, 'nobody is there');
    process.kill(old.pid, 'SIGKILL');
    const atMs = this.#options.clock.nowMs();
    await old.exited;
    return atMs;
  }

  /** Starts another one where one was killed, on what that has left on its disk. */
  async replace(place: number): Promise<GatewayProcess> {
    const number = this.#started;
    this.#started += 1;
    const fresh = await startMember(this.#options, number, this.#dataDirs[place] ?? '');
    this.#routeStreams(number, fresh);
    this.#members[place] = fresh;
    this.#balance();
    return fresh;
  }

  get members(): readonly GatewayProcess[] {
    return this.#members;
  }

  /** A stream has to come to the instance that has announced it. */
  #routeStreams(number: number, member: GatewayProcess): void {
    this.carrier.route(streamUrlOf(number).replace('wss', 'https'), member.url);
  }

  #balance(...leaving: readonly GatewayProcess[]): void {
    const urls = [...this.#members, ...leaving].map(({ url }) => url);
    this.carrier.route(PUBLIC_URL, urls);
  }
}

async function startMember(
  { stage, env }: FleetOptions,
  number: number,
  dataDir: string,
): Promise<GatewayProcess> {
  const house = await stage.openHouse({ dataDir, env: { ...env, STREAM_URL: streamUrlOf(number) } });
  return house.gateway;
}

function streamUrlOf(number: number): string {
  return `wss://voice-${number}.example.com`;
}
