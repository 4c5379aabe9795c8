import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findGaps, parseRules, quotedIds, type Rule } from './spec-coverage.ts';

const apps = fileURLToPath(new URL('../../../', import.meta.url));

/** Contract suites hold the tests that their `.test.ts` files run on each adapter. */
const TESTS = ['*/src/**/*.test.ts', '*/test/**/*.test.ts', '*/src/**/*.contract.ts'];

function readTests(): string[] {
  const files = globSync(TESTS, { cwd: apps, exclude: (path) => path.endsWith('node_modules') });
  return files
    .filter((file) => !file.endsWith('spec.test.ts'))
    .map((file) => readFileSync(join(apps, file), 'utf8'));
}

describe('SPEC.md', () => {
  const rules = parseRules(readFileSync(join(apps, 'engine/SPEC.md'), 'utf8'));
  const gaps = findGaps(rules, new Set(readTests().flatMap((source) => [...quotedIds(source)])));

  it('has a test for every rule that is in force', () => expect(gaps.untested).toEqual([]));

  it('marks no rule as arriving later that is tested already', () =>
    expect(gaps.markedButTested).toEqual([]));

  it('holds every rule that a test quotes', () => expect(gaps.unknown).toEqual([]));
});

describe('the comparison of rules and tests', () => {
  const rule = (id: string, arrivesWith: string | null = null): Rule => ({ id, arrivesWith });

  it('reads ids and marks, and refuses an id that stands twice', () => {
    const spec = '# Rules\n- **ONE1** first\n- **TWO22** (arrives with accounts) second, see **ONE1**\n';
    expect(parseRules(spec)).toEqual([rule('ONE1'), rule('TWO22', 'accounts')]);
    expect(() => parseRules('- **ONE1** a\n- **ONE1** b\n')).toThrow('ONE1');
    expect(() => parseRules('nothing')).toThrow('no rule');
  });

  it('finds ids in titles of every kind, and nowhere else', () => {
    const source = `
      // ONE1 in a comment
      const text = 'ONE2';
      it('ONE3 holds', () => {});
      test.each([1, 2])("ONE4 and ONE5 hold for %i", () => {});
      describe(
        \`ONE6 it's so\`, () => {});`;
    expect([...quotedIds(source)]).toEqual(['ONE3', 'ONE4', 'ONE5', 'ONE6']);
  });

  it('reports what is untested, marked although tested, and unknown; other capitals are no rules', () => {
    const rules = [rule('ONE1'), rule('ONE2'), rule('TWO1', 'accounts'), rule('TWO2', 'accounts')];
    expect(findGaps(rules, new Set(['ONE1', 'TWO1', 'ONE9', 'UTF16']))).toEqual({
      untested: ['ONE2'],
      markedButTested: ['TWO1'],
      unknown: ['ONE9'],
    });
  });
});
