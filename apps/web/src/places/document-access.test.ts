import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiProblem } from '../api/api-problem.ts';
import type { Role } from '../api/shapes.ts';
import { DocumentAccess, RECHECK_INTERVAL_MS } from './document-access.ts';

const id = documentId('plan');

function documentId(text: string): DocId {
  const parsed = parseDocId(text);
  if (parsed === null) throw new Error(`"${text}" is a document id`);
  return parsed;
}

let answer: () => Role;
let asked: number;
let now: number;
let changes: number;
let endings: number[];
let access: DocumentAccess;

beforeEach(() => {
  [asked, now, changes, endings] = [0, 0, 0, []];
  answer = () => 'editor';
  access = new DocumentAccess({
    role: 'editor',
    async fetchDocument() {
      asked += 1;
      return { id, title: '', role: answer(), createdAt: '', updatedAt: '' };
    },
    changed: () => {
      changes += 1;
    },
    ended: (code) => endings.push(code),
    now: () => now,
  });
});

const refuse = (status: number | null) => () => {
  throw new ApiProblem(status, '', '');
};

describe('what a tab may do', () => {
  it('is to read only once a write was refused', async () => {
    answer = () => 'viewer';
    expect(access.isReadOnly).toBe(false);
    access.denied();
    expect(access.isReadOnly).toBe(true);
    await vi.waitFor(() => expect(asked).toBe(1));
    expect(access.role).toBe('viewer');
    expect(changes).toBe(1);
  });

  it('is to write again when the server says so', async () => {
    answer = () => 'viewer';
    access.denied();
    await vi.waitFor(() => expect(asked).toBe(1));
    answer = () => 'owner';
    now = RECHECK_INTERVAL_MS;
    access.recheck();
    await vi.waitFor(() => expect(access.role).toBe('owner'));
    expect(access.isReadOnly).toBe(false);
  });

  it.each([
    [401, 4401],
    [403, 4403],
    [404, 4403],
  ])('is nothing after the answer %i, which ends it like a close with %i', async (status, code) => {
    answer = refuse(status);
    access.recheck();
    await vi.waitFor(() => expect(endings).toEqual([code]));
  });

  it('stays what it was while the server does not answer', async () => {
    answer = refuse(null);
    access.recheck();
    await vi.waitFor(() => expect(asked).toBe(1));
    answer = refuse(503);
    now = RECHECK_INTERVAL_MS;
    access.recheck();
    await vi.waitFor(() => expect(asked).toBe(2));
    expect([access.role, changes, endings]).toEqual(['editor', 0, []]);
  });

  it('is not asked for at every failure of a connection', async () => {
    for (let attempt = 0; attempt < 5; attempt++) access.recheck();
    now = RECHECK_INTERVAL_MS - 1;
    access.recheck();
    expect(asked).toBe(1);
  });
});
