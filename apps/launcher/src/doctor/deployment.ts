import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** The running deployment as its users reach it. */
export type Deployment = {
  readonly url: URL;
  /** Certificates to trust beside the usual ones, in PEM. */
  readonly ca?: string;
};

export type Answer = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Its first 256 KB. */
  readonly body: string;
  /** Of the TLS connection: when the certificate ends, in ms since 1970. */
  readonly certificateEndsMs?: number;
  /** The open connection after an upgrade (101), and what came with it; whoever asked ends it. */
  readonly upgraded?: { readonly socket: Socket; readonly head: Buffer };
};

export type Question = {
  readonly path: string;
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
  /** Sends the head of the request only: for what is answered before a body is read. */
  readonly isHeadOnly?: boolean;
  readonly withinMs?: number;
};

const ANSWER_MS = 15_000;
const KEPT_CHARS = 256 * 1024;

/** Asks the deployment. Rejects with Node's error (ECONNREFUSED, CERT_…), or after `withinMs` (15 s unless told). */
export function ask({ url, ca }: Deployment, question: Question): Promise<Answer> {
  const { path, method = 'GET', headers = {}, body, isHeadOnly = false, withinMs = ANSWER_MS } = question;
  const isSecure = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    // A connection of its own each time: what a proxy does to one must not depend on another.
    const options = { method, headers, agent: false, ...(ca !== undefined && { ca: [ca] }) };
    const sent = (isSecure ? httpsRequest : httpRequest)(new URL(path, url), options);
    const late = setTimeout(
      () => sent.destroy(new Error(`no answer within ${withinMs / 1_000} s`)),
      withinMs,
    );
    const done = (answer: Answer) => {
      clearTimeout(late);
      resolve(answer);
    };
    sent.on('error', (error) => {
      clearTimeout(late);
      reject(error);
    });
    sent.on('upgrade', (message, socket: Socket, head) =>
      done({ status: 101, headers: message.headers, body: '', upgraded: { socket, head } }),
    );
    sent.on('response', (message) => {
      const certificateEndsMs = isSecure ? endOf(message.socket as TLSSocket) : undefined;
      let text = '';
      message.setEncoding('utf8');
      message.on('data', (chunk: string) => {
        if (text.length < KEPT_CHARS) text += chunk;
      });
      message.on('end', () => {
        const status = message.statusCode ?? 0;
        const { headers: got } = message;
        sent.destroy();
        done({
          status,
          headers: got,
          body: text,
          ...(certificateEndsMs !== undefined && { certificateEndsMs }),
        });
      });
    });
    if (isHeadOnly) sent.flushHeaders();
    else sent.end(body);
  });
}

/** The body as JSON; null when it is none. */
export function jsonOf({ body }: Answer): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

/** A field of a JSON answer; undefined when it has none. */
export function fieldOf(answer: Answer, name: string): unknown {
  const json = jsonOf(answer);
  return typeof json === 'object' && json !== null ? Reflect.get(json, name) : undefined;
}

/** What went wrong, for people. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

function endOf(socket: TLSSocket): number | undefined {
  const { valid_to: end } = socket.getPeerCertificate();
  return end === undefined ? undefined : Date.parse(end);
}
