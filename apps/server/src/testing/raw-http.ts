import { connect } from 'node:net';

export type RawAnswer = {
  /** 0 when the server closed the connection without a word. */
  readonly status: number;
  readonly head: string;
  readonly body: string;
};

/**
 * Sends bytes as they are, valid HTTP or not, and resolves when the server has ended the connection, or once `enough`
 * says so. Rejects when neither happens within `withinMs`.
 */
export function rawHttp(
  port: number,
  bytes: string | Uint8Array,
  { withinMs = 5_000, enough = () => false }: { withinMs?: number; enough?: (soFar: string) => boolean } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(bytes));
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(parseAnswer(text));
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`the server kept the connection open; it said ${JSON.stringify(text)}`));
    }, withinMs);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (enough(text)) end();
    });
    // A reset is an end too.
    socket.on('error', end);
    socket.on('close', end);
  });
}

/** A request for an upgrade as bytes; `path` and `headers` are taken as they are. */
export function upgradeRequest(path: string, headers: readonly string[] = []): string {
  return requestOf(`GET ${path} HTTP/1.1`, [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  ]);
}

/** A request without a body as bytes. */
export function requestOf(requestLine: string, headers: readonly string[] = []): string {
  return [requestLine, 'Host: 127.0.0.1', ...headers, '', ''].join('\r\n');
}

function parseAnswer(text: string): RawAnswer {
  const at = text.indexOf('\r\n\r\n');
  const head = at < 0 ? text : text.slice(0, at);
  const [, status = '0'] = /^HTTP\/1\.1 (\d{3})/.exec(head) ?? [];
  return { status: Number(status), head, body: at < 0 ? '' : text.slice(at + 4) };
}
