import { sql } from 'kysely';
import { describe, expect, inject, it } from 'vitest';
import { connectDatabase } from '../database/connect-database.ts';
import { DatabaseMetrics } from './database-metrics.ts';
import { MetricSet } from './metric-set.ts';

describe('DatabaseMetrics', () => {
  async function connected() {
    const set = new MetricSet('node-1');
    const metrics = new DatabaseMetrics(set, 2);
    const options = {
      applicationName: 'metrics',
      connections: 2,
      statementTimeoutMs: 200,
      observer: metrics,
    };
    const database = await connectDatabase({ url: inject('postgresUrl') }, options);
    metrics.watch(database.pool);
    const figures = async () => await set.registry.metrics();
    const failures = async () =>
      Number(/^kryton_database_failures_total\{.*\} (\d+)$/m.exec(await figures())?.[1]);
    return { ...database, figures, failures };
  }

  it('counts statements and connections', async () => {
    const { db, close, figures } = await connected();
    await db.transaction().execute(async () => {
      expect(await figures()).toContain('kryton_database_connections{state="used",node="node-1"} 1');
    });
    const text = await figures();
    expect(text).toContain('kryton_database_connections{state="idle",node="node-1"} 1');
    expect(text).toContain('kryton_database_connections_limit{node="node-1"} 2');
    expect(text).toMatch(/^kryton_database_statement_seconds_count\{.*\} [1-9]/m);
    await close();
  });

  it('counts what says something of PostgreSQL, and not what says something of the statement', async () => {
    const { db, pool, close, failures } = await connected();
    await expect(sql`SELECT 1 / 0`.execute(db)).rejects.toThrow('division by zero');
    expect(await failures()).toBe(0);
    await expect(sql`SELECT pg_sleep(5)`.execute(db)).rejects.toThrow('statement timeout');
    expect(await failures()).toBe(1);
    await close();
    expect(pool.ended).toBe(true);
    await expect(sql`SELECT 1`.execute(db)).rejects.toThrow();
    expect(await failures()).toBeGreaterThanOrEqual(1);
  });

  it('counts that no connection could be had', async () => {
    const { db, pool, close, failures } = await connected();
    pool.options.connectionTimeoutMillis = 50;
    await Promise.all([
      db.transaction().execute(async () => {
        await db.transaction().execute(async () => {
          await expect(sql`SELECT 1`.execute(db)).rejects.toThrow('timeout');
        });
      }),
    ]);
    expect(await failures()).toBe(1);
    await close();
  });
});
