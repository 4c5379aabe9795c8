import { describe, expect, it } from 'vitest';
import { ORIGIN } from '../log/position.ts';
import { DocumentFolds, type FoldObserver } from './document-folds.ts';
import { foldDocument } from './fold.ts';
import { createHeavyWork } from './heavy-work.ts';
import { appendAll, freshDoc, loadDocument, typed, useFoldStores } from './testing/fold-stores.ts';

const stores = useFoldStores();

const now = { isUrgent: true, keepMs: 0 };
/** Says one client with one struct and ends there. */
const BROKEN = Uint8Array.of(1, 1, 5, 0, 4);

function observer() {
  const seen: string[] = [];
  const noted: FoldObserver = {
    folded: (_docId, { result }) => seen.push(result),
    failed: () => seen.push('failed'),
    setAside: () => seen.push('set aside'),
  };
  return { seen, noted };
}

describe('what is broken', () => {
  it('LOG9 one broken entry is set aside with its bytes, and the rest is folded', async () => {
    const docId = freshDoc();
    const [a, b, c] = typed('abc');
    await appendAll(
      stores,
      docId,
      [a, BROKEN, b, c].filter((update) => update !== undefined),
    );
    stores.pass(1);
    const report = await foldDocument(stores, docId, now);
    const { last } = await stores.log.open(docId, ORIGIN);
    expect(report).toMatchObject({ result: 'folded', entries: 4, trimmed: 4 });
    expect(report.setAside).toMatchObject([{ position: { epoch: last.epoch, seq: 2 } }]);
    expect((await loadDocument(stores, docId)).getText('text').toString()).toBe('abc');
    const [listed] = await stores.quarantine.list({ limit: 10, docId });
    expect(listed).toMatchObject({ kind: 'entry', position: { seq: 2 }, sizeBytes: BROKEN.length });
    const kept = await stores.quarantine.find(listed?.id ?? 0);
    expect(Uint8Array.from(kept?.bytes ?? [])).toEqual(BROKEN);
  });

  it('LOG9 a snapshot that cannot be read sets its document aside and leaves its log alone', async () => {
    const docId = freshDoc();
    const other = freshDoc();
    await appendAll(stores, docId, typed('abc'));
    const { last } = await stores.log.open(docId, ORIGIN);
    const position = { epoch: last.epoch, seq: 1 };
    await stores.snapshots.commit(docId, { position, state: BROKEN, stateVector: Uint8Array.of(0) });
    await appendAll(stores, other, typed('other'));
    const { seen, noted } = observer();
    const folds = new DocumentFolds(stores, noted, now);
    expect(await folds.fold(docId)).toEqual({ kind: 'done' });
    await folds.fold(other);
    expect(await folds.fold(docId)).toEqual({ kind: 'done' });
    expect(seen).toEqual(['set aside', 'set-aside', 'folded', 'set-aside']);
    expect(await stores.quarantine.isSetAside(docId)).toBe(true);
    const page = await stores.log.read(docId, ORIGIN, 10);
    expect(page).toMatchObject({ kind: 'entries' });
    expect(page.kind === 'entries' && page.entries).toHaveLength(3);

    expect(await stores.quarantine.release(docId)).toBe(true);
    expect(await stores.quarantine.isSetAside(docId)).toBe(false);
    expect(await stores.quarantine.release(docId)).toBe(false);
  });

  it('LOG9 SNAP4 a fold that takes too long is given up, and after three times its document is set aside', async () => {
    const docId = freshDoc();
    await appendAll(stores, docId, typed('abc'));
    // No thread is up within a millisecond.
    const folder = createHeavyWork({ maxThreads: 1, memoryMb: 64, timeoutMs: 1 });
    const { seen, noted } = observer();
    const folds = new DocumentFolds({ ...stores, folder }, noted, now);
    await expect(folds.fold(docId)).rejects.toThrow('longer than 1 ms');
    await expect(folds.fold(docId)).rejects.toThrow('longer than 1 ms');
    expect(await folds.fold(docId)).toEqual({ kind: 'done' });
    expect(seen).toEqual(['failed', 'failed', 'failed', 'set aside']);
    expect((await stores.quarantine.list({ limit: 1 }))[0]).toMatchObject({ kind: 'document', docId });
    await folder.close();
  });

  it('SNAP4 a fold that needs more memory than it may have fails alone', async () => {
    const folder = createHeavyWork({ maxThreads: 1, memoryMb: 16 });
    const many = Array.from({ length: 60 }, (_, client) => typed('memory '.repeat(400), client + 1)).flat();
    await expect(folder.fold(null, many)).rejects.toThrow('fold was given up');
    expect(await folder.fold(null, typed('small'))).toMatchObject({ kind: 'folded' });
    await folder.close();
  });
});
