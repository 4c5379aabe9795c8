/** What came back. */
export type BrowserAnswer = {
  readonly status: number;
  readonly headers: Headers;
  /** As parsed from JSON; null for anything else. */
  readonly body: unknown;
};

/** What a browser sends a request with: as much of fetch as it uses. */
export type Fetch = (
  url: string,
  request: {
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | null;
    readonly redirect: 'manual';
  },
) => Promise<Response>;

/** As much of a browser as signing in takes: a cookie jar, an Origin, and a proxy in front that tells its address. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #baseUrl: string;
  readonly #origin: string;
  readonly #address: string;
  readonly #fetch: Fetch;

  /** `ask`: how requests are sent; Node's own fetch unless told. */
  constructor(baseUrl: string, origin: string, address: string, ask: Fetch = fetch) {
    this.#baseUrl = baseUrl;
    this.#origin = origin;
    this.#address = address;
    this.#fetch = ask;
  }

  /** What it would send as Cookie header. */
  get cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  get(path: string): Promise<BrowserAnswer> {
    return this.send('GET', path);
  }

  post(path: string, body: object = {}): Promise<BrowserAnswer> {
    return this.send('POST', path, { 'content-type': 'application/json' }, JSON.stringify(body));
  }

  async send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body: string | null = null,
  ): Promise<BrowserAnswer> {
    const answer = await this.#fetch(this.#baseUrl + path, {
      method,
      body,
      redirect: 'manual',
      headers: {
        origin: this.#origin,
        'x-forwarded-for': this.#address,
        ...(this.cookies.size > 0 ? { cookie: this.cookieHeader } : {}),
        ...headers,
      },
    });
    for (const line of answer.headers.getSetCookie()) this.#keep(line);
    const text = await answer.text();
    const isJson = text !== '' && answer.headers.get('content-type')?.includes('json') === true;
    return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : null };
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    if (attributes.some((attribute) => attribute.toLowerCase() === 'max-age=0')) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(at + 1));
  }
}
