import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, connect, createServer as createSocketServer, type Server as SocketServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { CERTIFICATE, KEY } from './certificate.js';

const OWN_CERTIFICATE = { cert: CERTIFICATE, key: KEY };

/** What a proxy was asked for. */
export interface Asked {
  /** `CONNECT host:port` or `POST http://...`. */
  line: string;
  headers: IncomingMessage['headers'];
}

/** Servers on loopback, on ports that the system chooses; whatever was started ends with `endAll`. */
export class Servers {
  readonly #endings: (() => unknown)[] = [];

  readonly atEnd = (end: () => unknown): void => {
    this.#endings.push(end);
  };

  readonly endAll = async (): Promise<void> => {
    for (const end of this.#endings.splice(0).reverse()) await end();
  };

  /** Starts it. Returns `host:port`. */
  readonly listening = async (server: Server | SocketServer): Promise<string> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const sockets = new Set<Duplex>();
    server.on('connection', (socket: Duplex) => sockets.add(socket));
    this.atEnd(() => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    });
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  readonly http = async (listener: RequestListener): Promise<URL> =>
    new URL(`http://${await this.listening(createServer(listener))}/loki/api/v1/push`);

  readonly https = async (listener: RequestListener, options: ServerOptions = {}): Promise<URL> =>
    new URL(`https://${await this.listening(createTlsServer({ ...OWN_CERTIFICATE, ...options }, listener))}/push`);

  /**
   * An HTTP proxy that leads wherever it is asked, by `CONNECT` or with a whole URL, but to one port of this machine:
   * that of `target`. With `refusal` it answers that status instead. With `tls` it is spoken to by HTTPS.
   */
  readonly proxy = async (
    target: URL,
    { refusal, tls = false }: { refusal?: number; tls?: boolean } = {},
  ): Promise<{ url: URL; asked: Asked[] }> => {
    const asked: Asked[] = [];
    const listener: RequestListener = (request, response) => {
      asked.push({ line: `${request.method} ${request.url}`, headers: request.headers });
      if (refusal !== undefined) return response.writeHead(refusal).end();
      const { method = '', headers } = request;
      const onward = connect(Number(target.port), '127.0.0.1');
      const path = new URL(request.url ?? '').pathname;
      const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
      onward.write([`${method} ${path} HTTP/1.1`, ...head, 'connection: close', '', ''].join('\r\n'));
      request.pipe(onward, { end: false });
      onward.pipe(response.socket as Duplex);
      return undefined;
    };
    const server = tls ? createTlsServer(OWN_CERTIFICATE, listener) : createServer(listener);
    server.on('connect', (request: IncomingMessage, socket: Duplex) => {
      asked.push({ line: `CONNECT ${request.url}`, headers: request.headers });
      socket.on('error', () => {});
      if (refusal !== undefined) return socket.end(`HTTP/1.1 ${refusal} No\r\ncontent-length: 0\r\n\r\n`);
      const onward = connect(Number(target.port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      });
      onward.on('error', () => socket.destroy());
      return undefined;
    });
    const protocol = tls ? 'https' : 'http';
    return { url: new URL(`${protocol}://${await this.listening(server)}`), asked };
  };

  /** A SOCKS5 proxy (RFC 1928) without authentication, to the port of `target`, whatever name it is asked for. */
  readonly socks = async (target: URL): Promise<{ url: URL; asked: string[] }> => {
    const asked: string[] = [];
    const server = createSocketServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write(Buffer.from([5, 0]));
        socket.once('data', (request: Buffer) => {
          const end = request[3] === 3 ? 5 + (request[4] ?? 0) : 8;
          asked.push(request[3] === 3 ? request.toString('latin1', 5, end) : request.subarray(4, end).join('.'));
          const onward = connect(Number(target.port), '127.0.0.1', () => {
            socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
            socket.pipe(onward).pipe(socket);
          });
          onward.on('error', () => socket.destroy());
        });
      });
    });
    return { url: new URL(`socks5://${await this.listening(server)}`), asked };
  };
}

/** A listener that keeps what it was sent and answers 204. */
export function recorder(): {
  seen: { request: IncomingMessage; body: Buffer }[];
  listener: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
} {
  const seen: { request: IncomingMessage; body: Buffer }[] = [];
  const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    seen.push({ request, body: Buffer.concat(chunks) });
    response.writeHead(204).end();
  };
  return { seen, listener };
}
