import { describe, expect, it } from 'vitest';
import { titleOf } from './document-title.ts';

describe('the title of a document', () => {
  it.each([
    [['# Trip to Kraków #'], 'Trip to Kraków'],
    [['', '---', '  ', '- **milk**'], 'milk'],
    [['plain words'], 'plain words'],
    [['a\tb\u0000'], 'a b'],
    [['', '***'], ''],
    [[], ''],
  ])('of %j is %j', (lines, title) => {
    expect(titleOf(lines)).toBe(title);
  });

  it('is cut, and never sought far down', () => {
    expect(titleOf(['x'.repeat(500)])).toBe(`${'x'.repeat(80)}…`);
    expect(titleOf([...Array<string>(20).fill(''), 'late'])).toBe('');
  });
});
