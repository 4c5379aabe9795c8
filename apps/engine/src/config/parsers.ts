import { isIP } from 'node:net';

/** What is wrong with a value and what to set instead; becomes one line of a {@link ConfigError}. */
export class InvalidValue extends Error {
  override readonly name = 'InvalidValue';
}

export type Parser<Value> = (text: string) => Value;

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number): Parser<number> {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidValue(`is not a whole number from ${min} to ${max}`);
  };
}

const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** A size from `min` to `max` bytes: `1048576`, `512KiB`, `24 MiB`, `1GiB`. */
export function bytes(min: number, max: number): Parser<number> {
  return (text) => {
    const [, digits, unit = ''] = /^(\d+)\s*([A-Za-z]*)$/.exec(text) ?? [];
    const value = Number(digits) * (BYTE_UNITS[unit] ?? Number.NaN);
    if (value >= min && value <= max) return value;
    throw new InvalidValue(
      `is not a size from ${formatBytes(min)} to ${formatBytes(max)}: set one like 24MiB`,
    );
  };
}

/** `24 MiB`, in the largest unit that divides it. */
export function formatBytes(value: number): string {
  const [unit, size] = Object.entries(BYTE_UNITS).findLast(
    ([, each]) => value >= each && value % each === 0,
  ) ?? ['B', 1];
  return `${value / size} ${unit}`;
}

/** Seconds as whole numbers or decimals, from `min` to `max`; the result is in ms. */
export function seconds(min: number, max: number): Parser<number> {
  return (text) => {
    const value = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && value >= min && value <= max) return Math.round(value * 1000);
    throw new InvalidValue(`is not a number of seconds from ${min} to ${max}`);
  };
}

/** One of `choices`. */
export function oneOf<const Choice extends string>(...choices: readonly Choice[]): Parser<Choice> {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    throw new InvalidValue(`is not one of ${choices.join(', ')}`);
  };
}

/** `true` or `false`. */
export function flag(text: string): boolean {
  return oneOf('true', 'false')(text) === 'true';
}

/** Any text that `pattern` fits; `form` says in words what that is. */
export function matching(pattern: RegExp, form: string): Parser<string> {
  return (text) => {
    if (pattern.test(text)) return text;
    throw new InvalidValue(`is not ${form}`);
  };
}

/** A URL of one of these schemes, as written. */
export function urlOf(schemes: readonly string[], example: string): Parser<string> {
  return (text) => {
    const isKnown = URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1));
    if (isKnown) return text;
    throw new InvalidValue(
      `is not a URL that begins with ${schemes.join(':// or ')}://: set one like ${example}`,
    );
  };
}

/** The address people open: http or https, without path, query or password; without a final slash. */
export function origin(text: string): string {
  if (URL.canParse(text)) {
    const url = new URL(text);
    const isPlain =
      !url.host.includes('*') &&
      url.pathname === '/' &&
      url.search === '' &&
      url.hash === '' &&
      url.username === '';
    if ((url.protocol === 'http:' || url.protocol === 'https:') && isPlain) return url.origin;
  }
  throw new InvalidValue(
    'is not an origin (scheme, host and port, no path): set one like https://docs.example.com',
  );
}

/** Origins, separated by commas. `*` is refused: it would let every page on the web use a visitor's session. */
export function originList(text: string): string[] {
  const items = listOf(text);
  if (items.includes('*')) {
    throw new InvalidValue('is "*", which lets every website act for its visitors: list the origins instead');
  }
  return [...new Set(items.map(origin))];
}

const NAMED_RANGES = ['loopback', 'linklocal', 'uniquelocal'];

/**
 * Which proxies are believed when they say whom they speak for: `true` (all), `false` (none), or a list of named
 * ranges, addresses and CIDR blocks. A number of hops is refused: Fastify trusts nobody then, silently.
 */
export function trustedProxies(text: string): boolean | string[] {
  if (text === 'true' || text === 'false') return text === 'true';
  const items = listOf(text);
  const wrong = items.find((item) => !NAMED_RANGES.includes(item) && !isAddressBlock(item));
  if (wrong === undefined && items.length > 0) return items;
  throw new InvalidValue(
    `holds "${wrong ?? ''}", which is no address block: set true, false, or a list of ${NAMED_RANGES.join(', ')}, addresses and CIDR blocks like 10.0.0.0/8`,
  );
}

function isAddressBlock(item: string): boolean {
  const [address = '', prefix, ...rest] = item.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

/** An address or a host name to listen on. */
export function listenHost(text: string): string {
  if (isIP(text) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(text)) return text;
  throw new InvalidValue(
    'is not an address or host name: set 0.0.0.0 for all interfaces or 127.0.0.1 for this machine only',
  );
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
