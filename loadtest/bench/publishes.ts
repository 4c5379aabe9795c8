import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { BenchClient } from './bench-client.ts';
import { closedWindow, Ledger } from './ledger.ts';
import { prepareEdits } from './prepared-actions.ts';
import { PublishMonitor } from './publish-monitor.ts';
import type { SystemUnderTest } from './system.ts';

export type PublishCount = {
  /** Of each of the numbers of nodes that were asked about, in their order. */
  readonly perEdit: readonly number[];
  /** Of the whole system, on channels that are busy without any edit: heartbeats. */
  readonly backgroundPerS: number;
};

type Editor = { readonly client: BenchClient; readonly edits: readonly Uint8Array[] };
type Table = { readonly editors: readonly Editor[]; readonly ledger: Ledger };

/** Of each document; a multiple of every number of editors. */
const EDITS = 24;
const EDIT_EVERY_MS = 100;
const SETTLE_MS = 2_000;
/** Longer than any heartbeat's interval. */
const QUIET_MS = 6_000;
/** What a node asks others because of an edit follows within this. */
const AFTER_MS = 1_500;
const DELIVERED_WITHIN_MS = 10_000;
const FIRST_CLIENT_ID = 3_000_000_000;

/**
 * How many messages Redis passes on for one edit in a document with an editor on each of N nodes, for each N of `sizes`,
 * who type in turn, each once what the one before typed has arrived everywhere. Channels on which something is published
 * while nobody types are left out and told beside it.
 */
export async function publishesPerEdit(
  system: SystemUnderTest,
  sizes: readonly number[],
): Promise<PublishCount> {
  const tables: Table[] = [];
  for (const size of sizes) tables.push(await gather(system, size));
  await pause(SETTLE_MS);
  const monitor = await PublishMonitor.start(system.redisPort);
  try {
    await pause(QUIET_MS);
    const quiet = monitor.take();
    const background = new Set(quiet);
    const perEdit: number[] = [];
    for (const table of tables) {
      await typeInTurn(table);
      await pause(AFTER_MS);
      const published = monitor.take().filter((channel) => !background.has(channel));
      if (published.length === 0 && table.editors.length > 1)
        throw new Error('edits went from node to node and Redis published nothing on a channel of its own');
      perEdit.push(published.length / EDITS);
    }
    return { perEdit, backgroundPerS: quiet.length / (QUIET_MS / 1_000) };
  } finally {
    monitor.stop();
    for (const { editors } of tables) for (const { client } of editors) client.close();
  }
}

/** A document of its own with an editor on each of the first so many nodes. */
async function gather(system: SystemUnderTest, size: number): Promise<Table> {
  const [docId = ''] = await system.documents(1);
  const ledger = new Ledger(size, closedWindow());
  const editors: Editor[] = [];
  for (let node = 0; node < size; node++) {
    const client = await BenchClient.join(system.doorOf(node, docId));
    client.onFrame = (frame) => ledger.received(node, frame);
    editors.push({ client, edits: prepareEdits(FIRST_CLIENT_ID + node, EDITS) });
  }
  return { editors, ledger };
}

async function typeInTurn({ editors, ledger }: Table): Promise<void> {
  for (let edit = 0; edit < EDITS; edit++) {
    const node = edit % editors.length;
    const { client, edits } = editors[node] ?? {};
    const frame = edits?.[Math.floor(edit / editors.length)];
    if (!client || !frame) throw new Error(`there is no edit ${edit}`);
    ledger.sendingEdit(node, FIRST_CLIENT_ID + node);
    client.send(frame);
    const patience = { what: `edit ${edit} is with everybody`, withinMs: DELIVERED_WITHIN_MS };
    await eventually(() => ledger.missing === 0, { ...patience, everyMs: 5 });
    await pause(EDIT_EVERY_MS);
  }
}
