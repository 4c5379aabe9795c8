import type { TestProject } from 'vitest/node';
import { startPostgres } from './services/postgres-service.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The PostgreSQL of this run. Make your own database on it: `createDatabase(inject('postgresUrl'))`. */
    postgresUrl: string;
  }
}

/** One PostgreSQL for all selected `.pg.test.ts` files; vitest runs this only when one is selected. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startPostgres();
  project.provide('postgresUrl', postgres.url);
  return async () => {
    await postgres.stop();
  };
}
