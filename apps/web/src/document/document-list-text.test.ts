import { describe, expect, it } from 'vitest';
import { docIdsIn } from './document-list-text.ts';

describe('documents that somebody lists', () => {
  it('are ids and addresses, each once', () => {
    expect(docIdsIn('plan, http://localhost:3001/?doc=notes#link=x\nplan ;')).toEqual(['plan', 'notes']);
    expect(docIdsIn('  ')).toEqual([]);
  });

  it.each(['../etc', 'http://localhost:3001/', 'http://localhost:3001/?doc=..'])('%s is none', (text) => {
    expect(() => docIdsIn(`plan, ${text}`)).toThrow(text);
  });
});
