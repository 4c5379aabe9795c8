import { InvalidValue } from './parsers.ts';

export type RedisAddress = { readonly host: string; readonly port: number };

/** How every server behind one URL is spoken to. */
export type RedisAccess = {
  readonly username: string | null;
  readonly password: string | null;
  readonly isTls: boolean;
  /** The name that certificates are checked against, where servers announce addresses that no certificate names. */
  readonly servername: string | null;
};

/** What `REDIS_URL` leads to. */
export type RedisTarget =
  | {
      readonly kind: 'server';
      readonly address: RedisAddress;
      readonly access: RedisAccess;
      readonly url: string;
    }
  | {
      readonly kind: 'sentinel';
      readonly sentinels: readonly RedisAddress[];
      /** What the sentinels call the master. */
      readonly master: string;
      readonly db: number;
      readonly access: RedisAccess;
      readonly sentinelUsername: string | null;
      readonly sentinelPassword: string | null;
    }
  | {
      readonly kind: 'cluster';
      /** Some of the servers; the others are asked for. */
      readonly seeds: readonly RedisAddress[];
      readonly access: RedisAccess;
    };

const FORM = /^(rediss?)(\+cluster|\+sentinel)?:\/\/(?:([^@/?#]*)@)?([^@/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const EXAMPLES = {
  server: 'redis://localhost:6379',
  cluster: 'redis+cluster://redis-1:6379,redis-2:6379',
  sentinel: 'redis+sentinel://sentinel-1:26379,sentinel-2:26379/mymaster',
};
const SETTINGS = {
  cluster: ['servername'],
  sentinel: ['db', 'servername', 'sentinel-username', 'sentinel-password'],
};

/**
 * Reads `redis://`, `redis+sentinel://…/master` and `redis+cluster://`, with TLS as `rediss…`.
 *
 * Throws an {@link InvalidValue} that says what is wrong and shows nothing of user and password.
 */
export function parseRedisUrl(text: string): RedisTarget {
  const [, scheme, form, credentials, hosts = '', path = '', query = ''] = FORM.exec(text) ?? [];
  // An @ further on: where the password ends is not known, so nothing of the text may be shown.
  if (scheme === undefined || `${path}${query}`.includes('@')) {
    throw new InvalidValue(
      `is no URL of Redis that begins with redis:// or rediss://, redis+cluster:// or redis+sentinel:// (in a password @ / ? # are written %40 %2F %3F %23): set one like ${EXAMPLES.server}`,
    );
  }
  const settings = new URLSearchParams(query);
  const access = {
    ...readCredentials(credentials),
    isTls: scheme === 'rediss',
    servername: settings.get('servername'),
  };
  if (form === '+cluster') {
    refuseUnknown(settings, 'cluster');
    if (path !== '') {
      throw new InvalidValue(
        `names a database ("/${path}"), and a cluster has only one: set one like ${EXAMPLES.cluster}`,
      );
    }
    return { kind: 'cluster', seeds: readAddresses(hosts, 6_379, EXAMPLES.cluster), access };
  }
  if (form === '+sentinel') {
    refuseUnknown(settings, 'sentinel');
    const master = decode(path);
    if (!/^[\w.-]+$/.test(master)) {
      throw new InvalidValue(
        `does not say, behind the sentinels, what they call the master: set one like ${EXAMPLES.sentinel}`,
      );
    }
    return {
      kind: 'sentinel',
      sentinels: readAddresses(hosts, 26_379, EXAMPLES.sentinel),
      master,
      db: readDatabase(settings.get('db') ?? '0'),
      access,
      sentinelUsername: settings.get('sentinel-username'),
      sentinelPassword: settings.get('sentinel-password'),
    };
  }
  const [address, ...others] = readAddresses(hosts, 6_379, EXAMPLES.server);
  if (address === undefined || others.length > 0) {
    throw new InvalidValue(
      `names several servers: begin it with redis+cluster:// or redis+sentinel://, like ${EXAMPLES.cluster}`,
    );
  }
  return { kind: 'server', address, access, url: text };
}

/** For the environment: checks the URL and leaves it as it is written. */
export function redisUrl(text: string): string {
  parseRedisUrl(text);
  return text;
}

/** Where a URL leads, for messages: without user and password. */
export function redisPlace(url: string): string {
  const target = parseRedisUrl(url);
  switch (target.kind) {
    case 'server':
      return formatAddress(target.address);
    case 'sentinel':
      return `${target.master} of the sentinels ${target.sentinels.map(formatAddress).join(', ')}`;
    case 'cluster':
      return `the cluster of ${target.seeds.map(formatAddress).join(', ')}`;
  }
}

/** The URL of one server, spoken to as the others of its cluster. */
export function serverUrl({ host, port }: RedisAddress, access: RedisAccess): string {
  const { username, password, isTls, servername } = access;
  const credentials =
    username === null && password === null
      ? ''
      : `${encodeURIComponent(username ?? '')}:${encodeURIComponent(password ?? '')}@`;
  const setting = servername === null ? '' : `?servername=${encodeURIComponent(servername)}`;
  return `${isTls ? 'rediss' : 'redis'}://${credentials}${formatAddress({ host, port })}${setting}`;
}

/** `host:port`, an IPv6 address in brackets. */
export function formatAddress({ host, port }: RedisAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function readCredentials(text: string | undefined): Pick<RedisAccess, 'username' | 'password'> {
  if (text === undefined) return { username: null, password: null };
  const colon = text.indexOf(':');
  if (colon === -1) return { username: decode(text) || null, password: null };
  return { username: decode(text.slice(0, colon)) || null, password: decode(text.slice(colon + 1)) || null };
}

function readAddresses(text: string, defaultPort: number, example: string): RedisAddress[] {
  return text.split(',').map((item, index) => {
    const [, ipv6, name, port] =
      /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(item) ?? [];
    const host = ipv6 ?? name;
    const number = port === undefined ? defaultPort : Number(port);
    if (host !== undefined && number >= 1 && number <= 65_535) return { host, port: number };
    // Not shown: it may be a password that no @ follows.
    throw new InvalidValue(
      `names no host and port in place ${index + 1} behind its ://: set one like ${example}`,
    );
  });
}

function readDatabase(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new InvalidValue(`says db=${text}, which is no number of a database`);
}

function refuseUnknown(settings: URLSearchParams, kind: keyof typeof SETTINGS): void {
  const known = SETTINGS[kind];
  const wrong = [...settings.keys()].find((key) => !known.includes(key));
  if (wrong !== undefined) {
    throw new InvalidValue(`sets "${wrong}" behind the ?, where only ${known.join(', ')} can be set`);
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new InvalidValue('has a % that is no escape: write %25 for a % in a user or password');
  }
}
