import { converged, stockClient } from '@kryton/server/testing/stock-client.ts';
import { afterEach, describe, expect, it } from 'vitest';
import type { StartSystem, SystemUnderTest } from '../system.ts';
import { startRelay } from './relay.ts';
import { startYRedis } from './y-redis.ts';

/** A baseline that does not do its work would be no baseline: stock clients on two nodes, through the real servers. */
describe('an alternative', () => {
  let system: SystemUnderTest | undefined;
  afterEach(() => system?.stop());

  /** One client on each of two nodes, both connected. */
  const connected = async (start: StartSystem) => {
    system = await start();
    const bases = [0, 1].map((node) => new URL(system?.doorOf(node, 'a').url ?? '').origin);
    const clients = bases.map((base) => stockClient(base, 'a'));
    for (const client of clients) await client.synced(60_000);
    return { bases, clients };
  };

  it.each([
    ['the relay', startRelay],
    ['y-redis', startYRedis],
  ])(
    '%s brings edits to the clients of another node',
    async (_name, start) => {
      const { clients } = await connected(start);
      for (const [index, { text }] of clients.entries()) text.insert(0, `from ${index}, `);
      const text = await converged(clients, 60_000);
      expect(text).toContain('from 0, ');
      expect(text).toContain('from 1, ');
      for (const client of clients) client.close();
    },
    120_000,
  );

  it('y-redis answers a newcomer, and one whom nobody else is there for any more', async () => {
    const { bases, clients } = await connected(startYRedis);
    const [base = ''] = bases;
    clients[1]?.text.insert(0, 'kept');
    await converged(clients, 60_000);
    for (const client of clients) client.close();
    const late = stockClient(base, 'a');
    await late.synced(60_000);
    await expect.poll(() => late.text.toString(), { timeout: 60_000 }).toBe('kept');
    late.close();
  }, 120_000);
});
