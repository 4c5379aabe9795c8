import { describe, expect, it } from 'vitest';
import { EmbeddedUpdateLog } from '../log/embedded-update-log.ts';
import type { DocId } from '../protocol/ids.ts';
import type { Snapshot } from '../snapshots/snapshot-store.ts';
import { foldDocument } from './fold.ts';
import { appendAll, freshDoc, loadDocument, typed, useFoldStores } from './testing/fold-stores.ts';

const stores = useFoldStores();

/** A worker that stands still for a long time behind its first look at the snapshot, while `meanwhile` happens. */
function slowWorker(meanwhile: () => Promise<void>): typeof stores {
  let hasLooked = false;
  const load = async (docId: DocId): Promise<Snapshot | null> => {
    const snapshot = await stores.snapshots.load(docId);
    if (hasLooked) return snapshot;
    hasLooked = true;
    await meanwhile();
    return snapshot;
  };
  const { snapshots } = stores;
  return {
    ...stores,
    log: freshLog(),
    snapshots: {
      load,
      position: (id) => snapshots.position(id),
      positions: (ids) => snapshots.positions(ids),
      commit: (id, each) => snapshots.commit(id, each),
      isDeleted: (id) => snapshots.isDeleted(id),
      remove: (id) => snapshots.remove(id),
      remainsOfDeleted: (withinMs) => snapshots.remainsOfDeleted(withinMs),
    },
  };
}

let clock = 1_700_000_000_000;
/** The log as somebody sees it who remembers nothing of it. */
const freshLog = () => new EmbeddedUpdateLog(stores.database.db, () => (clock += 1_000));

/** SNAP7: as a log that was idle for ten minutes. */
async function leaveStore(docId: DocId): Promise<void> {
  await stores.database.db.deleteFrom('log_entries').where('doc_id', '=', docId).execute();
  await stores.database.db.deleteFrom('log_heads').where('doc_id', '=', docId).execute();
}

async function textOf(docId: DocId): Promise<string> {
  return (await loadDocument({ ...stores, log: freshLog() }, docId)).getText('text').toString();
}

describe('a worker that wakes up with an old snapshot', () => {
  it.each([
    ['no snapshot', ''],
    ['an earlier snapshot', 'once '],
  ])(
    'SNAP1 SNAP7 folds nothing away when the log has left the store meanwhile: %s',
    async (_what, before) => {
      const docId = freshDoc();
      const updates = typed(`${before}upon a time`);
      await appendAll({ log: freshLog() }, docId, updates.slice(0, before.length));
      if (before !== '')
        await foldDocument({ ...stores, log: freshLog() }, docId, { isUrgent: true, keepMs: 0 });
      await appendAll({ log: freshLog() }, docId, updates.slice(before.length, -1));

      const worker = slowWorker(async () => {
        await foldDocument({ ...stores, log: freshLog() }, docId, { isUrgent: true, keepMs: 0 });
        await leaveStore(docId);
        const { position } = (await stores.snapshots.load(docId)) ?? expect.fail('it was folded');
        const log = freshLog();
        const { last } = await log.open(docId, position);
        const [update = Uint8Array.of(0, 0)] = updates.slice(-1);
        expect(await log.append(docId, last, update)).toMatchObject({ kind: 'appended' });
      });
      await foldDocument(worker, docId, { isUrgent: true });
      expect(await textOf(docId)).toBe(`${before}upon a time`);
    },
  );
});
