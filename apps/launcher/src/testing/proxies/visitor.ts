import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { LookupFunction } from 'node:net';
import { connect } from 'node:tls';
import { withDeadline } from '@kryton/engine/testing/eventually.ts';
import { PUBLIC_HOST } from '@kryton/engine/testing/services/self-signed-certificate.ts';
import { Browser, type Fetch } from '@kryton/server/testing/browser-cookies.ts';

/** The public origin: what people type, without the port that a test has to use. */
export const PUBLIC_ORIGIN = `https://${PUBLIC_HOST}`;
/** What a client says about its own address, which nobody may believe. */
export const SPOOFED_ADDRESS = '203.0.113.66';
const DEADLINE_MS = 60_000;

const toLoopback: LookupFunction = (_host, { all }, done) => {
  if (all) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
};

/** Somebody who comes to a proxy on `port` by its public name, over TLS, from a loopback address of their own. */
export class Visitor {
  /** Where its WebSockets go. */
  readonly base: string;
  readonly browser: Browser;
  readonly address: string;
  /** Options of its connections, for `ws` and `node:https`. */
  readonly connection: {
    readonly ca: string[];
    readonly localAddress: string;
    readonly lookup: LookupFunction;
    readonly headers: Record<string, string>;
  };
  readonly #port: number;

  /** `trusted`: certificates; more may be pushed later. */
  constructor(port: number, address: string, trusted: string[]) {
    this.#port = port;
    this.base = `wss://${PUBLIC_HOST}:${port}`;
    this.address = address;
    const headers = { 'x-forwarded-for': SPOOFED_ADDRESS, 'x-real-ip': SPOOFED_ADDRESS };
    this.connection = { ca: trusted, localAddress: address, lookup: toLoopback, headers };
    this.browser = new Browser(`https://${PUBLIC_HOST}:${port}`, PUBLIC_ORIGIN, SPOOFED_ADDRESS, this.fetch);
  }

  /** Its session, as sockets carry it. */
  get credentials(): { cookie: string; origin: string } {
    return { cookie: this.browser.cookieHeader, origin: PUBLIC_ORIGIN };
  }

  /** Like fetch, but from this visitor's address and trusting its certificates. */
  readonly fetch: Fetch = async (url, { method, headers, body }) => {
    const { ca, localAddress, lookup } = this.connection;
    const more = { ...headers, forwarded: `for=${SPOOFED_ADDRESS}`, connection: 'close' };
    const asked = request(url, { method, headers: more, ca, localAddress, lookup, timeout: DEADLINE_MS });
    asked.end(body);
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    const answered = new Headers();
    for (const [name, values = []] of Object.entries(answer.headersDistinct)) {
      for (const value of values) answered.append(name, value);
    }
    const chunks = await withDeadline(
      () => Array.fromAsync(answer as AsyncIterable<Uint8Array>),
      DEADLINE_MS,
    );
    const content = chunks.length === 0 ? null : Buffer.concat(chunks);
    return new Response(content, { status: answer.statusCode ?? 0, headers: answered });
  };

  /** The fingerprint of the certificate that a new connection is shown. */
  async certificateShown(): Promise<string> {
    const { ca, lookup } = this.connection;
    const socket = connect({
      host: PUBLIC_HOST,
      servername: PUBLIC_HOST,
      port: this.#port,
      ca,
      lookup,
    });
    try {
      await withDeadline(() => once(socket, 'secureConnect'), 5_000);
      return socket.getPeerCertificate().fingerprint256;
    } finally {
      socket.destroy();
    }
  }
}
