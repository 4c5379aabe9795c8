import { once } from 'node:events';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { bytesAt, fieldsOf } from './protobuf-fields.ts';

/** A span as it arrived; ids are hexadecimal, `parent` is empty for the first of a trace. */
export type ReceivedSpan = {
  readonly resource: Readonly<Record<string, unknown>>;
  readonly name: string;
  readonly trace: string;
  readonly id: string;
  readonly parent: string;
  readonly links: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly durationMs: number;
  readonly isError: boolean;
};

/** What a collector is to the product: OTLP over HTTP with protobuf, at `/v1/traces`. */
export type OtlpReceiver = {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  /** Everything that was sent, headers too, to look for what must not be in it. */
  readonly bodies: Buffer[];
  readonly headers: Readonly<Record<string, string | string[] | undefined>>[];
  /** The only span with this name that also fits; throws when there are none or several. */
  one(name: string, fits?: (span: ReceivedSpan) => boolean): ReceivedSpan;
  stop(): Promise<void>;
};

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const bodies: Buffer[] = [];
  const headers: OtlpReceiver['headers'] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    if (request.method !== 'POST' || request.url !== '/v1/traces') return response.writeHead(404).end();
    if (request.headers['content-type'] !== 'application/x-protobuf') return response.writeHead(415).end();
    bodies.push(body);
    headers.push(request.headers);
    spans.push(...bytesAt(body, 1).flatMap(spansOf));
    return response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    bodies,
    headers,
    one(name, fits = () => true) {
      const found = spans.filter((span) => span.name === name && fits(span));
      const [only] = found;
      if (only && found.length === 1) return only;
      throw new Error(`${found.length} spans named ${name} fit, among ${JSON.stringify(spans, null, 1)}`);
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Field numbers as in opentelemetry/proto/trace/v1/trace.proto. */
function spansOf(resourceSpans: Buffer): ReceivedSpan[] {
  const [resource = Buffer.alloc(0)] = bytesAt(resourceSpans, 1);
  const about = attributesOf(resource, 1);
  const spans = bytesAt(resourceSpans, 2).flatMap((scope) => bytesAt(scope, 2));
  return spans.map((span) => {
    const hex = (number: number, message = span) => bytesAt(message, number)[0]?.toString('hex') ?? '';
    const time = (number: number) => Number(bytesAt(span, number)[0]?.readBigUInt64LE() ?? 0n) / 1e6;
    const status = bytesAt(span, 15).flatMap(fieldsOf);
    return {
      resource: about,
      name: text(bytesAt(span, 5)[0]),
      ...{ trace: hex(1), id: hex(2), parent: hex(4) },
      links: bytesAt(span, 13).map((link) => hex(2, link)),
      attributes: attributesOf(span, 9),
      durationMs: time(8) - time(7),
      isError: status.some(({ number, value }) => number === 3 && value === 2n),
    };
  });
}

function attributesOf(message: Buffer, number: number): Record<string, unknown> {
  return Object.fromEntries(
    bytesAt(message, number).map((pair) => [text(bytesAt(pair, 1)[0]), bytesAt(pair, 2).map(anyValueOf)[0]]),
  );
}

/** `AnyValue`: a string (1), a boolean (2), an integer (3) or a double (4); others as they are. */
function anyValueOf(message: Buffer): unknown {
  const [field] = fieldsOf(message);
  if (!field) return null;
  const { number, value } = field;
  if (!Buffer.isBuffer(value)) return number === 2 ? value === 1n : Number(BigInt.asIntN(64, value));
  if (number === 1) return text(value);
  return number === 4 ? value.readDoubleLE() : value;
}

function text(bytes: Buffer | undefined): string {
  return bytes?.toString('utf8') ?? '';
}
