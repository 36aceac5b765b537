// A Realtime server that says what a test tells it to, for what a well-behaved one never does.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { until } from './until.ts';

export interface ScriptedRealtime {
  readonly baseUrl: string;
  /** Every event the client sent, in order. */
  readonly received: Readonly<Record<string, unknown>>[];
  readonly socket: () => WebSocket;
  say(event: object | string): void;
  /** Waits until so many events of a type have come; answers the last. */
  got(type: string, count?: number): Promise<Readonly<Record<string, unknown>>>;
  close(): Promise<void>;
}

/** With `autoPong` false it seems dead. */
export async function scriptedRealtime(autoPong = true): Promise<ScriptedRealtime> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong });
  await once(server, 'listening');
  const received: Readonly<Record<string, unknown>>[] = [];
  let socket: WebSocket | undefined;
  server.on('connection', (opened) => {
    socket = opened;
    opened.on('message', (data: Buffer) => received.push(JSON.parse(data.toString())));
    opened.on('error', () => opened.terminate());
  });
  const current = (): WebSocket => {
    assert.ok(socket, 'nobody has connected');
    return socket;
  };
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    received,
    socket: current,
    say: (event) => current().send(typeof event === 'string' ? event : JSON.stringify(event)),
    async got(type, count = 1) {
      const ofType = (): Readonly<Record<string, unknown>>[] =>
        received.filter((event) => event['type'] === type);
      await until(() => ofType().length >= count, `${count} ${type} came`);
      return ofType()[count - 1] ?? {};
    },
    async close() {
      for (const client of server.clients) client.terminate();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
