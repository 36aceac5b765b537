import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import test from 'node:test';
import { WebSocket } from 'ws';
import { once } from 'node:events';
import type { SharedTickets } from '../../src/fleet/port.ts';
import { chosenProtocol, SocketTickets, TICKET_TTL_MS } from '../../src/server/socketTickets.ts';
import { VirtualClock } from '../helpers/virtualClock.ts';
import { json, served } from './harness.ts';

const TOKEN = 'the-token-of-the-admin';

function offering(...protocols: readonly string[]): IncomingMessage {
  const headers = { 'sec-websocket-protocol': protocols.join(', ') };
  return { headers } as unknown as IncomingMessage;
}

test('a ticket opens one socket, once', async () => {
  const tickets = new SocketTickets(TOKEN, new VirtualClock());
  const ticket = tickets.mint('events');
  assert.match(ticket, /^[\w.-]+$/, 'no character that a subprotocol may not have');
  assert.equal(
    await tickets.admits(offering('turnpike.events', `turnpike.ticket.${ticket}`), 'events'),
    true,
  );
  assert.equal(
    await tickets.admits(offering('turnpike.events', `turnpike.ticket.${ticket}`), 'events'),
    false,
  );
});

test('a ticket past its time, changed, or of another token opens none', async () => {
  const clock = new VirtualClock();
  const tickets = new SocketTickets(TOKEN, clock);
  const ticket = tickets.mint('events');
  const [purpose = '', expires = '', ...rest] = ticket.split('.');
  const later = [purpose, String(Number(expires) + 1_000), ...rest].join('.');
  const ofAnother = new SocketTickets('another-token-altogether', clock).mint('events');
  for (const wrong of [later, ofAnother, '', '.', `${ticket}x`, ticket.slice(0, -1), purpose]) {
    assert.equal(await tickets.admits(offering(`turnpike.ticket.${wrong}`), 'events'), false, wrong);
  }
  assert.equal(await tickets.admits(offering(ticket), 'events'), false, 'without its prefix');
  await clock.advance(TICKET_TTL_MS + 1);
  assert.equal(await tickets.admits(offering(`turnpike.ticket.${ticket}`), 'events'), false, 'too late');
});

test('an instance takes the ticket of another one with the same token', async () => {
  const clock = new VirtualClock();
  const ticket = new SocketTickets(TOKEN, clock).mint('events');
  assert.equal(
    await new SocketTickets(TOKEN, clock).admits(offering(`turnpike.ticket.${ticket}`), 'events'),
    true,
  );
});

test('without a token no ticket can be made up', async () => {
  const clock = new VirtualClock();
  const ticket = new SocketTickets(undefined, clock).mint('events');
  assert.equal(
    await new SocketTickets(undefined, clock).admits(offering(`turnpike.ticket.${ticket}`), 'events'),
    false,
  );
});

/** What instances share, as Redis keeps it. */
function sharedClaims(): SharedTickets {
  const claimed = new Set<string>();
  return {
    claim: async (nonce) => {
      if (claimed.has(nonce)) return false;
      claimed.add(nonce);
      return true;
    },
  };
}

test('a ticket that is played again opens nothing, also at another instance that shares', async () => {
  const clock = new VirtualClock();
  const shared = sharedClaims();
  const [one, other] = [new SocketTickets(TOKEN, clock, shared), new SocketTickets(TOKEN, clock, shared)];
  const ticket = offering(`turnpike.ticket.${one.mint('media-SP1')}`);
  const tries = [one, other, one, other].map((tickets) => tickets.admits(ticket, 'media-SP1'));
  assert.deepEqual(await Promise.all(tries), [true, false, false, false]);
  assert.equal(await other.admits(ticket, 'media-SP1'), false);
});

test('what is wrong with a ticket is found without asking others', async () => {
  const claim = (): never => assert.fail('nobody is to be asked');
  const tickets = new SocketTickets(TOKEN, new VirtualClock(), { claim });
  const ticket = tickets.mint('events');
  assert.equal(await tickets.admits(offering(`turnpike.ticket.${ticket}x`), 'events'), false);
  assert.equal(await tickets.admits(offering(`turnpike.ticket.${ticket}`), 'media-SP1'), false);
});

test('others that are away or silent keep nobody with a good ticket out, and it is spent here', async () => {
  const clock = new VirtualClock();
  const away: SharedTickets = { claim: () => Promise.reject(new Error('Redis is away')) };
  const silent: SharedTickets = { claim: () => new Promise(() => undefined) };
  for (const shared of [away, silent]) {
    const tickets = new SocketTickets(TOKEN, clock, shared);
    const ticket = offering(`turnpike.ticket.${tickets.mint('events')}`);
    const admitted = tickets.admits(ticket, 'events');
    await clock.advance(250);
    assert.equal(await admitted, true);
    assert.equal(await tickets.admits(ticket, 'events'), false);
  }
});

test('a ticket is never the protocol that is chosen', () => {
  assert.equal(chosenProtocol(new Set(['turnpike.ticket.abc', 'turnpike.events'])), 'turnpike.events');
  assert.equal(chosenProtocol(new Set(['turnpike.ticket.abc'])), false);
});

/** What another instance has to say of the next ticket. */
const answers: { next: Promise<boolean> } = { next: Promise.resolve(true) };

async function opened(
  url: string,
  protocols: readonly string[],
  origin: string,
): Promise<WebSocket | number> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/events`, [...protocols], { origin });
  socket.on('error', () => undefined);
  return new Promise((resolve) => {
    socket.once('open', () => resolve(socket));
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
  });
}

served(
  'a page with a ticket watches events; without, or from another origin, it does not',
  async (harness) => {
    const { server } = harness;
    assert.equal((await harness.api('POST', '/v1/events/ticket', undefined, null)).status, 401);
    assert.equal(await opened(server.url, ['turnpike.events'], server.url), 401);
    const { ticket } = await json<{ ticket: string }>(await harness.api('POST', '/v1/events/ticket'));
    assert.equal(
      await opened(server.url, ['turnpike.events', `turnpike.ticket.${ticket}`], 'https://elsewhere.example'),
      403,
    );
    const { ticket: another } = await json<{ ticket: string }>(
      await harness.api('POST', '/v1/events/ticket'),
    );
    const socket = await opened(server.url, ['turnpike.events', `turnpike.ticket.${another}`], server.url);
    assert.ok(socket instanceof WebSocket);
    assert.equal(socket.protocol, 'turnpike.events');
    assert.equal(harness.watchers(), 1);
    assert.equal(
      await opened(server.url, ['turnpike.events', `turnpike.ticket.${another}`], server.url),
      401,
      'spent',
    );
    socket.close();
    await once(socket, 'close');
  },
);

served(
  'without a token a page of somebody else’s acts on nothing, whoever runs its browser here',
  async ({ server, calls }) => {
    const asked = (origin?: string) =>
      fetch(`${server.url}/v1/calls/CA1/hangup`, {
        method: 'POST',
        headers: origin === undefined ? {} : { origin },
      });
    calls.start({
      callSid: 'CA1',
      accountSid: 'AC1',
      direction: 'inbound',
      from: '+1',
      to: '+2',
      leadId: undefined,
      variables: {},
    });
    assert.equal((await asked('https://elsewhere.example')).status, 403);
    assert.deepEqual(calls.told, []);
    assert.equal((await asked(server.url)).status, 202);
    assert.equal((await asked()).status, 202);
  },
  { adminToken: undefined },
);

served(
  'a page whose ticket is claimed elsewhere watches nothing, and none waits for an answer that does not come',
  async (harness) => {
    const ticketed = async (): Promise<WebSocket | number> => {
      const { ticket } = await json<{ ticket: string }>(await harness.api('POST', '/v1/events/ticket'));
      return opened(harness.server.url, ['turnpike.events', `turnpike.ticket.${ticket}`], harness.server.url);
    };
    answers.next = Promise.resolve(false);
    assert.equal(await ticketed(), 401);
    assert.deepEqual(harness.rejected, ['auth']);
    answers.next = new Promise(() => undefined);
    const socket = await ticketed();
    assert.ok(socket instanceof WebSocket);
    socket.close();
    await once(socket, 'close');
  },
  { sharedTickets: { claim: () => answers.next } },
);
