import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { after, before, beforeEach, suite, test } from 'node:test';
import { sleep, systemClock } from '../../src/base/clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import { SpoiltWire } from '../../src/sim/spoiltWire.ts';
import { until } from '../helpers/until.ts';

/** Says everything twice. */
let provider: Server;
let wire: SpoiltWire;

before(async () => {
  provider = createServer((socket) => {
    socket.on('data', (bytes: Buffer) => socket.write(Buffer.concat([bytes, bytes])));
    socket.on('error', () => socket.destroy());
  });
  provider.listen(0, '127.0.0.1');
  await once(provider, 'listening');
});

after(() => provider.close());

beforeEach(async (context) => {
  const { port } = provider.address() as AddressInfo;
  wire = await SpoiltWire.open({ clock: systemClock, random: seededRandom(4), port });
  if ('after' in context) context.after(() => wire.close());
});

class Caller {
  readonly socket: Socket;
  heard = '';
  ended = '';

  constructor() {
    this.socket = connect(Number(new URL(wire.origin).port), '127.0.0.1');
    this.socket.on('data', (bytes: Buffer) => {
      this.heard += bytes.toString('latin1');
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.ended ||= error.code ?? error.message;
    });
    this.socket.on('close', () => {
      this.ended ||= 'closed';
    });
  }

  async hears(text: string): Promise<void> {
    await until(() => this.heard === text, `it hears ${text}, not ${this.heard}`, 20_000);
  }

  async isOver(how = /./): Promise<void> {
    await until(() => this.ended !== '', 'the connection is over', 20_000);
    assert.match(this.ended, how);
  }
}

suite('a wire that can be spoilt', () => {
  test('is a wire as long as it is not', async () => {
    const caller = new Caller();
    caller.socket.write('ab');
    await caller.hears('abab');
    assert.equal(wire.harmed, 0);
    caller.socket.destroy();
  });

  test('refuses who comes and cuts who is there, and stands again at the same address', async () => {
    const caller = new Caller();
    caller.socket.write('a');
    await caller.hears('aa');
    await wire.spoil('refused');
    await caller.isOver();
    await new Caller().isOver(/ECONNREFUSED/);
    await wire.spoil(undefined);
    const later = new Caller();
    later.socket.write('b');
    await later.hears('bb');
    later.socket.destroy();
  });

  test('sends away who comes', async () => {
    await wire.spoil('reset');
    await new Caller().isOver(/ECONNRESET|closed/);
  });

  test('lets nothing through, and what was held back when it is over', async () => {
    const caller = new Caller();
    caller.socket.write('a');
    await caller.hears('aa');
    await wire.spoil('silent');
    caller.socket.write('b');
    await sleep(systemClock, 50);
    assert.deepEqual([caller.heard, caller.ended], ['aa', '']);
    await wire.spoil(undefined);
    await caller.hears('aabb');
    caller.socket.destroy();
  });

  test('drips', async () => {
    await wire.spoil('slow');
    const caller = new Caller();
    const text = 'x'.repeat(50);
    const beganAtMs = systemClock.nowMs();
    caller.socket.write(text);
    await caller.hears(text + text);
    // 50 there at 20 for each 50 ms, and 100 back.
    assert.ok(systemClock.nowMs() - beganAtMs >= 200);
    caller.socket.destroy();
  });

  test('breaks in the middle of an answer', async () => {
    await wire.spoil('cut');
    const caller = new Caller();
    caller.socket.write('x'.repeat(4_000));
    await caller.isOver();
    assert.ok(caller.heard.length < 2_000, `${caller.heard.length} bytes`);
  });

  test('turns bytes into others, and into no more or fewer', async () => {
    await wire.spoil('corrupt');
    const caller = new Caller();
    caller.socket.write('x'.repeat(4_000));
    await until(() => caller.heard.length === 8_000, 'all came', 20_000);
    const wrong = caller.heard.replaceAll('x', '').length;
    assert.ok(wrong > 20 && wrong < 300, `${wrong} bytes`);
    assert.equal(wire.harmed, wrong);
    caller.socket.destroy();
  });
});
