import { isIP } from 'node:net';

const V4_IN_V6 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const UNKNOWN = 'unknown';
/** Groups of 16 bits that name the network; the others name a machine in it. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

/**
 * Whom a limit by address means: an IPv4 address, or the /64 of an IPv6 address, because whoever has one address of it
 * has them all (RFC 6177). What is no address counts as one: a proxy that says nonsense is not believed 2^64 times.
 * Undefined is what Fastify knows of a client that has left already.
 */
export function networkOf(address: string | undefined): string {
  const plain = address?.split('%', 1)[0] ?? '';
  const family = isIP(plain);
  if (family === 4) return plain;
  if (family !== 6) return UNKNOWN;
  const inner = V4_IN_V6.exec(plain)?.[1];
  return inner ?? `${groupsOf(plain).slice(0, NETWORK_GROUPS).join(':')}::/64`;
}

/** The eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] {
  const [before = '', after] = address.toLowerCase().split('::');
  const left = partsOf(before);
  const right = after === undefined ? [] : partsOf(after);
  const zeros = Array.from({ length: Math.max(0, GROUPS - left.length - right.length) }, () => '0');
  return [...left, ...zeros, ...right].map((group) => group.replace(/^0+(?=.)/, ''));
}

/** An embedded IPv4 address takes the place of two groups; it never stands among the first four. */
function partsOf(text: string): string[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => (part.includes('.') ? ['v4', 'v4'] : [part]));
}
