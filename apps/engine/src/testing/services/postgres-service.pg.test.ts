import pg from 'pg';
import { expect, inject, it } from 'vitest';
import { createDatabase } from './postgres-service.ts';

it('gives each caller an empty database of its own', async () => {
  const [first, second] = await Promise.all([
    createDatabase(inject('postgresUrl')),
    createDatabase(inject('postgresUrl')),
  ]);
  const one = new pg.Client(first);
  const other = new pg.Client(second);
  await Promise.all([one.connect(), other.connect()]);
  await one.query('CREATE TABLE mine (id int)');
  await expect(other.query('SELECT * FROM mine')).rejects.toThrow('does not exist');
  await Promise.all([one.end(), other.end()]);
});
