// The wire between a gateway and a provider, which can be spoilt at any moment: connections that stand are spoilt with it,
// those that come later too.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Clock, Timer } from '../base/clock.ts';
import type { Random } from '../base/random.ts';

export type WireFault =
  /** Nobody listens any more; what stands is cut. */
  | 'refused'
  /** Whoever comes is sent away before a byte; what stands is cut. */
  | 'reset'
  /** Nothing gets through any more, in neither direction; the connections stay. */
  | 'silent'
  /** A drip of bytes in both directions. */
  | 'slow'
  /** After a few more bytes of the provider's each connection breaks. */
  | 'cut'
  /** Bytes of the provider's are turned into others. */
  | 'corrupt';

const SLOW_BYTES_PER_TICK = 20;
const SLOW_TICK_MS = 50;
const CUT_BYTES_MAX = 2_000;
/** One byte in so many. */
const CORRUPT_EVERY = 100;
/** What is held back of a connection before its sender has to wait. */
const HELD_BYTES_MAX = 1_048_576;

export interface SpoiltWireOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Where the provider is, on this machine. */
  readonly port: number;
}

export class SpoiltWire {
  readonly #options: SpoiltWireOptions;
  readonly #pairs = new Set<Pair>();
  #server: Server | undefined;
  #port = 0;
  #fault: WireFault | undefined;
  /** Connections that were refused, cut, held back, or of which a byte was changed. */
  #harmed = 0;

  private constructor(options: SpoiltWireOptions) {
    this.#options = options;
  }

  static async open(options: SpoiltWireOptions): Promise<SpoiltWire> {
    const wire = new SpoiltWire(options);
    await wire.#listen();
    return wire;
  }

  /** Such as `http://127.0.0.1:40123`. */
  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get harmed(): number {
    return this.#harmed;
  }

  /** From now on, until it is another one, or none. */
  async spoil(fault: WireFault | undefined): Promise<void> {
    this.#fault = fault;
    for (const pair of this.#pairs) pair.faultChanged();
    if (fault === 'refused') await this.#stopListening();
    else if (this.#server === undefined) await this.#listen();
  }

  /** Cuts what stands, once. */
  cut(): void {
    for (const pair of this.#pairs) pair.cut();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.cut();
    await this.#stopListening();
  }

  async #listen(): Promise<void> {
    const server = createServer((socket) => this.#onConnection(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  async #stopListening(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  }

  #onConnection(socket: Socket): void {
    if (this.#fault === 'reset') {
      this.#harmed += 1;
      socket.on('error', () => undefined);
      socket.resetAndDestroy();
      return;
    }
    const { clock, random, port } = this.#options;
    const pair: Pair = new Pair(socket, connect(port, '127.0.0.1'), {
      clock,
      random,
      fault: () => this.#fault,
      onHarmed: () => (this.#harmed += 1),
      onClosed: () => this.#pairs.delete(pair),
    });
    this.#pairs.add(pair);
  }
}

interface PairOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly fault: () => WireFault | undefined;
  readonly onHarmed: () => void;
  readonly onClosed: () => void;
}

/** A connection of the gateway's and the one to the provider that belongs to it. */
class Pair {
  readonly #options: PairOptions;
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #held: { readonly to: Socket; readonly bytes: Buffer }[] = [];
  #heldBytes = 0;
  #drip: Timer | undefined;
  #leftBytes = Infinity;
  #closed = false;
  /** One side has gone, and the other does not know it yet. */
  #ended = false;

  constructor(near: Socket, far: Socket, options: PairOptions) {
    this.#near = near;
    this.#far = far;
    this.#options = options;
    this.faultChanged();
    near.on('data', (bytes: Buffer) => this.#onBytes(bytes, far));
    far.on('data', (bytes: Buffer) => this.#onBytes(bytes, near));
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.cut());
      socket.on('close', () => this.#onEnd());
      socket.on('end', () => this.#onEnd());
    }
  }

  faultChanged(): void {
    const { fault, random, onHarmed } = this.#options;
    const now = fault();
    this.#leftBytes = now === 'cut' ? random.next() * CUT_BYTES_MAX : Infinity;
    if (now === 'refused' || now === 'reset') {
      onHarmed();
      this.cut();
    }
    if (now !== 'silent' && this.#ended) this.cut();
    if (now !== 'silent' && now !== 'slow') this.#letGo();
  }

  /** Idempotent. */
  cut(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#drip?.cancel();
    this.#near.destroy();
    this.#far.destroy();
    this.#options.onClosed();
  }

  #onBytes(bytes: Buffer, to: Socket): void {
    const { fault, onHarmed } = this.#options;
    const now = fault();
    if (now === 'silent' || now === 'slow' || this.#held.length > 0) {
      if (this.#held.length === 0) onHarmed();
      this.#hold(bytes, to);
      return;
    }
    if (to === this.#near && now === 'corrupt') this.#corrupt(bytes);
    if (to === this.#near && now === 'cut') {
      this.#leftBytes -= bytes.length;
      if (this.#leftBytes < 0) {
        onHarmed();
        to.write(bytes.subarray(0, Math.max(0, bytes.length + Math.floor(this.#leftBytes))), () =>
          this.cut(),
        );
        return;
      }
    }
    to.write(bytes);
  }

  #corrupt(bytes: Buffer): void {
    const { random, onHarmed } = this.#options;
    for (let at = 0; at < bytes.length; at += 1) {
      if (random.next() * CORRUPT_EVERY >= 1) continue;
      bytes[at] = Math.floor(random.next() * 256);
      onHarmed();
    }
  }

  #hold(bytes: Buffer, to: Socket): void {
    this.#held.push({ to, bytes });
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > HELD_BYTES_MAX) (to === this.#far ? this.#near : this.#far).pause();
    if (this.#options.fault() === 'slow') this.#dripOn();
  }

  #dripOn(): void {
    this.#drip ??= this.#options.clock.after(SLOW_TICK_MS, () => {
      this.#drip = undefined;
      for (const to of [this.#near, this.#far]) this.#release(to, SLOW_BYTES_PER_TICK);
      if (this.#held.length > 0 && this.#options.fault() === 'slow') this.#dripOn();
    });
  }

  #letGo(): void {
    this.#drip?.cancel();
    this.#drip = undefined;
    for (const to of [this.#near, this.#far]) this.#release(to, Infinity);
    this.#near.resume();
    this.#far.resume();
  }

  /** So many of the bytes that are held back go on their way. */
  #release(to: Socket, bytesMax: number): void {
    let leftBytes = bytesMax;
    while (leftBytes > 0) {
      const place = this.#held.findIndex((one) => one.to === to);
      const first = this.#held[place];
      if (first === undefined) return;
      const part = first.bytes.subarray(0, leftBytes);
      const rest = first.bytes.subarray(part.length);
      if (rest.length > 0) this.#held[place] = { to, bytes: rest };
      else this.#held.splice(place, 1);
      this.#heldBytes -= part.length;
      leftBytes -= part.length;
      to.write(part);
    }
  }

  /** One side has gone: the other is told, unless nothing gets through. */
  #onEnd(): void {
    this.#ended = true;
    if (this.#options.fault() !== 'silent') this.cut();
  }
}
