import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, inject, it } from 'vitest';
import { createDatabase } from '../testing/services/postgres-service.ts';

const MAIN = fileURLToPath(new URL('migrate-main.ts', import.meta.url));

/** Runs the command as an image or `npm run migrate` does. */
function run(databaseUrl: string, ...args: string[]): Promise<{ code: number; output: string }> {
  const env = { ...process.env, DATABASE_URL: databaseUrl };
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr });
    });
  });
}

it('waits for the schema that another process migrates, and changes nothing itself', async () => {
  const url = await createDatabase(inject('postgresUrl'));
  const before = await run(url, '--check');
  expect(before.code).toBe(1);
  expect(before.output).toContain('PostgreSQL is not migrated (0001_documents');

  const waiting = run(url, '--wait=50');
  const migrated = await run(url);
  expect(migrated.output).toContain('The schema is up to date now: 0001_documents');
  const waited = await waiting;
  expect(waited.output).toContain('The schema is up to date.');
  expect(waited.code).toBe(0);
  expect((await run(url, '--check')).code).toBe(0);
}, 90_000);

it('says after its time what was missing', async () => {
  const url = await createDatabase(inject('postgresUrl'));
  const { code, output } = await run(url, '--wait=1');
  expect(code).toBe(1);
  expect(output).toContain('The schema was not there within 1 s: PostgreSQL is not migrated (0001_documents');
  expect(output).not.toContain('at ');
}, 90_000);
