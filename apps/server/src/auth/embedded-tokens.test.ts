import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { startPglite } from '@kryton/engine/database/pglite-host.ts';
import { manualTimers } from '@kryton/engine/testing/manual-timers.ts';
import { expect, it } from 'vitest';
import { AccountRows } from '../testing/account-rows.ts';
import { recordedAudit } from '../testing/recorded-audit.ts';
import { AgentTokens } from './agent-tokens.ts';
import { Agents } from './agents.ts';
import { IssuedTokens } from './issued-tokens.ts';
import { LastUses } from './last-uses.ts';
import { SigningKeys } from './signing-keys.ts';

/** A first start of the embedded database takes 4 s, and longer on a busy machine. */
const START_MS = 60_000;

it(
  'agents, their tokens and signing keys work on the embedded database too',
  async () => {
    const host = await startPglite({ dataDir: null });
    const { db, close } = await connectDatabase(host.address, { applicationName: 'test' });
    await migrate(db);
    const now = Date.now;
    const onError = (error: unknown) => expect.fail(String(error));
    const lastUses = new LastUses({ db, timers: manualTimers(), now, onError });
    const verifier = new AgentTokens({ db, lastUses, now });
    const parts = { db, tokens: verifier, kicks: { send: async () => {} }, audit: recordedAudit(), now };
    const [agents, tokens] = [new Agents(parts), new IssuedTokens(parts)];

    const owner = { userId: (await new AccountRows(db).user()).userId, address: '127.0.0.1' };
    const made = await Promise.all([1, 2, 3].map((number) => agents.create(owner, `Robot ${number}`)));
    const id = made[0]?.id ?? expect.fail('three were made');
    const wanted = { name: 'CI', scopes: ['read', 'mint'] as const, docs: null, expiresInSeconds: 60 };
    const issued = await tokens.issue(owner, id, wanted);
    expect(await verifier.verify(issued.token)).toMatchObject({
      name: 'Robot 1',
      credential: { docs: null },
    });
    await lastUses.close();
    const listed = (await agents.list(owner.userId)).find((agent) => agent.id === id);
    expect(listed?.tokens[0]?.lastUsedAt).toBeInstanceOf(Date);
    await agents.delete(owner, id);
    expect(await verifier.verify(issued.token)).toBeNull();

    const nodes = [1, 2, 3].map(
      () => new SigningKeys({ db, secret: 'a secret of the test, long enough', now }),
    );
    const kids = await Promise.all(nodes.map(async (node) => (await node.signing()).kid));
    expect(new Set(kids).size).toBe(1);
    await close();
    await host.stop();
  },
  START_MS,
);
