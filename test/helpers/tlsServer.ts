// A real HTTP/2 server with TLS, as a provider's front is. Its key and certificate are for `localhost` and nobody else.
import { constants, createSecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';

const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkZ77Y776bYeu1qKZ
brapj5oR4zMi6mKk5THREXPyyVGhRANCAAQH8rX0kCpH/42onOIVs3PfFu2pytQ7
GILxPdxamm8gu5tTNks6VeaH6Fakdo5gRRoiNQp1OkJKmn+kpmj5gBwU
-----END PRIVATE KEY-----`;

/** To be believed by who connects; its own authority. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIURLEvvBuEB0A+Y5pM3tR3YCNiyWAwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyODE4MzE0N1oYDzIxMjYxMTA0
MTgzMTQ3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQH8rX0kCpH/42onOIVs3PfFu2pytQ7GILxPdxamm8gu5tTNks6VeaH
6Fakdo5gRRoiNQp1OkJKmn+kpmj5gBwUo28wbTAdBgNVHQ4EFgQUdpr8ctzkAiLY
n/eFiZmoRViIxAAwHwYDVR0jBBgwFoAUdpr8ctzkAiLYn/eFiZmoRViIxAAwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgDmTfaCUmsQqvpZlegRdlb+Igv/lvMd6EtE5sCP2I9VACIQDD
o/E4su6FrxkXYgmry9z7Wb3TrsHNBRe70/OC1Tw3xA==
-----END CERTIFICATE-----`;

export interface TlsServer {
  /** `https://localhost:...` */
  readonly origin: string;
  /** In the order in which they were opened. */
  readonly sessions: readonly ServerHttp2Session[];
  /** How each stream ended: by the code of RST_STREAM, 0 when it was whole. */
  readonly ended: readonly number[];
  close(): Promise<void>;
}

/** `answer` gets each stream with its path. */
export async function openHttp2Server(
  answer: (stream: ServerHttp2Stream, path: string) => void,
): Promise<TlsServer> {
  const sessions: ServerHttp2Session[] = [];
  const ended: number[] = [];
  const server = createSecureServer({ key: KEY, cert: CERTIFICATE });
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    stream.on('close', () => ended.push(stream.rstCode ?? constants.NGHTTP2_NO_ERROR));
    answer(stream, String(headers[':path']));
  });
  const origin = await listen(server);
  return {
    origin,
    sessions,
    ended,
    close: async () => {
      for (const session of sessions) session.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

/** The same with HTTP/1.1 alone. */
export async function openHttps1Server(
  answer: RequestListener,
): Promise<{ readonly origin: string; close(): Promise<void> }> {
  const server = createServer({ key: KEY, cert: CERTIFICATE }, answer);
  const origin = await listen(server);
  return {
    origin,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return `https://localhost:${(server.address() as AddressInfo).port}`;
}
