import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below the ephemeral ranges of Linux (32768) and macOS (49152): an outgoing connection of some other process cannot
// take the port between our look and the service's bind.
const LOWEST = 20_000;
const HIGHEST = 32_000;
const TRIES = 200;

const handedOut = new Set<number>();

/** A TCP port that nobody listens on, on any interface, and that this process was not given before. */
export async function freePort(): Promise<number> {
  return freePortRange(1);
}

/** The first of `count` consecutive free ports. Throws an Error when none is found in 200 tries. */
export async function freePortRange(count: number): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const first = randomInt(LOWEST, HIGHEST - count);
    const ports = Array.from({ length: count }, (_, offset) => first + offset);
    if (ports.some((port) => handedOut.has(port))) continue;
    const free = await Promise.all(ports.map(isFree));
    if (!free.every(Boolean)) continue;
    for (const port of ports) handedOut.add(port);
    return first;
  }
  throw new Error(`no ${count} consecutive free ports between ${LOWEST} and ${HIGHEST} in ${TRIES} tries`);
}

/** Binding the wildcard address fails when any interface has a listener on the port. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '0.0.0.0', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
