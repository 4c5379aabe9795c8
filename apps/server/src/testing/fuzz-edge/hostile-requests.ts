import { sampleUpdates } from '@kryton/engine/testing/sample-updates.ts';
import type { SeededRandom } from '@kryton/engine/testing/seeded-random.ts';
import { SERVED } from '../../auth/auth-paths.ts';
import { badString, jsonOf, type Schema, valueFor } from './hostile-values.ts';
import { credentialLines, type Found } from './people.ts';

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

/** One route, as the node describes it. */
export type Operation = {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema?: Schema }[];
  readonly content: Content | null;
};

type Described = {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly parameters?: Operation['parameters'];
            readonly requestBody?: { readonly content?: Content };
          }
        >
      >
    >
  >;
};

const OTHERS = [
  '/',
  '/livez',
  '/readyz',
  '/docs',
  '/docs/json',
  '/docs/static/index.html',
  '/docs/static/..%2f..%2fpackage.json',
  '/.well-known/jwks.json',
  '/assets/..%5c..%5c',
  '/nowhere',
  '//',
  '/%2e%2e/%2e%2e/etc/passwd',
  '*',
  'http://evil.example/api/me',
  '/api/auth',
  '/api/auth/..%2fme',
];
const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'get',
  'X',
];
const TYPES = [
  'application/json',
  'application/json; charset=utf-16',
  'application/octet-stream',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded',
  'application/json, text/plain',
  ';;;',
  '',
];
const ACCEPTS = [
  'application/json',
  'text/plain',
  'application/octet-stream',
  '*/*;q=0',
  'x/y',
  ',,,',
  'text/*;q=2',
];
const MOST_HEADERS = 300;
/** Of better-auth's routes nothing is described, so that most of what is made for them is refused at once. */
const DESCRIBED_PART = 0.75;

/** Requests made from the node's own description of its API: right ones, ones at the bounds, and wrong ones. */
export class HostileRequests {
  readonly #random: SeededRandom;
  readonly #described: readonly Operation[];
  readonly #ofAuth = authOperations();
  readonly #updates: readonly Uint8Array[];

  constructor(described: Described, random: SeededRandom) {
    this.#random = random;
    this.#described = operationsOf(described);
    this.#updates = sampleUpdates(random, 20).updates;
  }

  get operations(): number {
    return this.#described.length + this.#ofAuth.length;
  }

  /** The bytes of one request, and what it is called in a report. */
  next(found: Found): { readonly name: string; readonly bytes: Buffer } {
    const random = this.#random;
    const operation = random.pick(random.chance(DESCRIBED_PART) ? this.#described : this.#ofAuth);
    const path = random.chance(0.06) ? random.pick(OTHERS) : this.#pathOf(operation, found);
    const method = random.chance(0.06) ? random.pick(METHODS) : operation.method.toUpperCase();
    const { body, type } = this.#bodyOf(operation);
    const lines = [
      `Host: ${random.chance(0.98) ? '127.0.0.1' : badString(random)}`,
      `X-Forwarded-For: ${this.#address()}`,
      ...credentialLines(found, random),
      ...(type === null ? [] : [`Content-Type: ${type}`]),
      ...this.#otherLines(),
      ...this.#lengthLines(body),
      'Connection: close',
    ];
    const head = [`${method} ${path} HTTP/1.1`, ...lines.map(withoutBreaks), '', ''].join('\r\n');
    return { name: `${method} ${operation.path}`, bytes: Buffer.concat([Buffer.from(head, 'latin1'), body]) };
  }

  #address(): string {
    const random = this.#random;
    if (random.chance(0.02))
      return random.pick(['unknown', '::1', '1.2.3.4, 127.0.0.1', badString(random), ',,,']);
    return `203.0.${random.int(256)}.${random.int(256)}`;
  }

  #pathOf({ path, parameters }: Operation, found: Found): string {
    const random = this.#random;
    const filled = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
      if (random.chance(0.08)) return this.#escaped(badString(random));
      return encodeURIComponent(random.pick(name === 'docId' ? found.docIds : found.ids));
    });
    const query = parameters
      .filter((parameter) => parameter.in === 'query' && random.chance(0.5))
      .map(({ name, schema = {} }) => `${name}=${this.#escaped(asText(valueFor(schema, random)))}`);
    if (random.chance(0.03))
      query.push(random.pick(['token=secret', 'a[b]=c', '%zz', 'x', '&&&', `k=${'v'.repeat(9_000)}`]));
    return query.length > 0 ? `${filled}?${query.join('&')}` : filled;
  }

  #escaped(text: string): string {
    return this.#random.chance(0.8)
      ? encodeURIComponent(text.toWellFormed())
      : text.replaceAll(/[\s\0]/g, '%').slice(0, 15_000);
  }

  #bodyOf({ content }: Operation): { readonly body: Buffer; readonly type: string | null } {
    const random = this.#random;
    const [usual = 'application/json', { schema = {} } = {}] = Object.entries(content ?? {})[0] ?? [];
    if (content === null && random.chance(0.9)) return { body: Buffer.alloc(0), type: null };
    const type = random.chance(0.08) ? random.pick(TYPES) : usual;
    if (usual === 'application/octet-stream' || random.chance(0.04)) {
      const update = random.pick(this.#updates);
      const bytes = random.pick([
        update,
        update,
        update.subarray(0, random.int(update.length)),
        random.bytes(300),
      ]);
      return { body: Buffer.from(bytes), type };
    }
    if (random.chance(0.002)) return { body: Buffer.alloc(1_100_000, 'a'), type };
    return { body: Buffer.from(jsonOf(valueFor(schema, random), random)), type };
  }

  #otherLines(): string[] {
    const random = this.#random;
    const lines: string[] = [];
    if (random.chance(0.3)) lines.push(`Accept: ${random.pick(ACCEPTS)}`);
    if (random.chance(0.02)) lines.push(`X-Long: ${'l'.repeat(random.pick([1_000, 8_000, 15_000, 17_000]))}`);
    if (random.chance(0.02))
      lines.push(...Array.from({ length: random.int(MOST_HEADERS) }, (_, i) => `X-${i}: y`));
    if (random.chance(0.02))
      lines.push(random.pick(['Expect: 100-continue', 'Expect: nothing', 'Range: bytes=0-1,5-']));
    if (random.chance(0.02))
      lines.push(random.pick(['Content-Encoding: gzip', 'X-HTTP-Method-Override: DELETE', ': x', 'A B: c']));
    if (random.chance(0.02)) lines.push(`X-Kryton-Address: ${badString(random)}`);
    if (random.chance(0.02)) lines.push('Access-Control-Request-Method: DELETE');
    return lines;
  }

  #lengthLines(body: Buffer): string[] {
    const random = this.#random;
    if (random.chance(0.98)) return [`Content-Length: ${body.length}`];
    return random.pick<string[]>([
      [`Content-Length: ${Math.max(0, body.length - 1)}`],
      ['Content-Length: -1'],
      ['Content-Length: 99999999999'],
      ['Transfer-Encoding: chunked'],
      ['Transfer-Encoding: chunked', `Content-Length: ${body.length}`],
      [],
    ]);
  }
}

/** What a header line cannot hold would only end the head early; that the breaks are tried elsewhere. */
function withoutBreaks(line: string): string {
  return line.replaceAll(/[\r\n]/g, '\t');
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function operationsOf({ paths }: Described): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
      method,
      path,
      parameters,
      content: requestBody?.content ?? null,
    })),
  );
}

/** better-auth describes none of its routes here; most of them take some of these. */
function authOperations(): Operation[] {
  const text: Schema = { type: 'string' };
  const names = [
    'name',
    'email',
    'password',
    'newPassword',
    'code',
    'id',
    'token',
    'userId',
    'role',
    'provider',
    'response',
  ];
  const body: Schema = { type: 'object', properties: Object.fromEntries(names.map((name) => [name, text])) };
  return Object.entries(SERVED).flatMap(([method, paths]) =>
    paths.map((path) => ({
      method,
      path: `/api/auth${path}`,
      parameters: [
        { name: 'token', in: 'query' },
        { name: 'limit', in: 'query' },
      ],
      content: method === 'POST' ? { 'application/json': { schema: body } } : null,
    })),
  );
}
