import { readFileSync } from 'node:fs';
import { withSection } from '@kryton/engine/config/marked-section.ts';
import { describe, expect, it } from 'vitest';
import { FAULT_TABLE, faultTable } from './fault-table.ts';

const root = new URL('../../../../', import.meta.url);

describe('the table of faults', () => {
  it('says what was measured in words and units', () => {
    const records = '{"fault":"a node killed","recoveredMs":257,"slowestAckMs":1500,"clients":30}\n';
    expect(faultTable(records).split('\n')).toEqual([
      '| fault | measured |',
      '| --- | --- |',
      '| a node killed | recovered 257 ms, slowest ack 1.5 s, clients 30 |',
    ]);
    expect(() => faultTable('{"recoveredMs":1}')).toThrow('names no fault');
  });

  it('is up to date in PROMISE.md (npm run docs:faults)', () => {
    const page = readFileSync(new URL('apps/engine/PROMISE.md', root), 'utf8');
    const records = readFileSync(new URL('loadtest/results/faults.jsonl', root), 'utf8');
    expect(page).toBe(withSection(page, FAULT_TABLE, faultTable(records)));
  });
});
