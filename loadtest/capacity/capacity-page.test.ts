import { describe, expect, it } from 'vitest';
import { readChecks, readCosts, readPage, withTables } from './capacity-page.ts';

describe('CAPACITY.md', () => {
  it('has the tables that the function makes of the costs; npm run capacity makes them anew', () => {
    const page = readPage();
    expect(withTables(page, readCosts(), readChecks())).toBe(page);
  });

  it('would have other tables with other costs', () => {
    const costs = readCosts();
    const { cpuUs } = costs;
    const dearer = { ...costs, cpuUs: { ...cpuUs, worker: { ...cpuUs.worker, jobs: 20_000 } } };
    expect(withTables(readPage(), dearer, readChecks())).not.toBe(readPage());
  });

  it('is missed where a table has no place', () => {
    expect(() => withTables('# Capacity', readCosts(), readChecks())).toThrow('"costs"');
  });
});
