import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { manualTimers } from '@kryton/engine/testing/manual-timers.ts';
import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { expect, inject, it } from 'vitest';
import { LastUses } from './last-uses.ts';

it('says so when a last use cannot be noted, and tries again at the next use', async () => {
  // Without tables.
  const url = await createDatabase(inject('postgresUrl'));
  const { db, close } = await connectDatabase({ url }, { applicationName: 'test' });
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const lastUses = new LastUses({ db, timers: manualTimers(), now: Date.now, onError });
  for (const writes of [1, 2]) {
    lastUses.note('a');
    await lastUses.close();
    expect(errors).toHaveLength(writes);
  }
  await close();
});
