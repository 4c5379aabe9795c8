import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import type { Position } from '@kryton/engine/log/position.ts';
import type { LogPage, UpdateLog } from '@kryton/engine/log/update-log.ts';
import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { describe, expect, it } from 'vitest';
import { LogFollower } from './log-follower.ts';

const docId = parseDocId('a') ?? expect.fail('it is a document id');
const at = (epoch: number, seq: number): Position => ({ epoch, seq });
const bytesOf = ({ epoch, seq }: Position) => Uint8Array.of(epoch, seq);

/** A follower of a log that holds `entries` by the time it is read; a resync brings it to `loaded`. */
function follow(entries: readonly Position[], loaded = at(0, 0)) {
  const seen = { entries: [] as Position[], reads: 0, heals: [] as string[], resyncs: [] as string[] };
  const log: Pick<UpdateLog, 'read'> = {
    async read(_docId, after): Promise<LogPage> {
      seen.reads++;
      const rest = entries.filter(({ epoch, seq }) => epoch === after.epoch && seq > after.seq);
      return {
        kind: 'entries',
        entries: rest.map((position) => ({ position, update: bytesOf(position), atMs: 0 })),
        more: false,
      };
    },
  };
  const follower = new LogFollower({
    docId,
    log: log as UpdateLog,
    timers: systemTimers,
    onEntry: (position) => seen.entries.push(position),
    onResync: async (reason) => {
      seen.resyncs.push(reason);
      follower.restart(loaded);
    },
    onHeal: (reason) => seen.heals.push(reason),
    onError: (error) => expect.fail(String(error)),
  });
  return { follower, seen };
}

describe('LogFollower', () => {
  it('looks at nothing again because of the epoch that the loading of its room began', async () => {
    const { follower, seen } = follow([]);
    follower.receive(at(7, 0), null);
    follower.restart(at(7, 0));
    follower.receive(at(7, 1), bytesOf(at(7, 1)));
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(seen).toEqual({ entries: [at(7, 1)], reads: 0, heals: [], resyncs: [] });
  });

  it('LOG2 reads what was announced while the room was loading and is not in what it loaded', async () => {
    const { follower, seen } = follow([at(7, 1), at(7, 2), at(7, 3)]);
    follower.receive(at(7, 2), bytesOf(at(7, 2)));
    follower.receive(at(7, 3), bytesOf(at(7, 3)));
    expect(seen.reads).toBe(0);
    follower.restart(at(7, 1));
    await eventually(() => seen.entries.length === 2, { what: 'both entries are handed on' });
    expect(seen.entries).toEqual([at(7, 2), at(7, 3)]);
    expect(seen.heals).toEqual(['gap']);
    follower.close();
  });

  it('LOG3 starts over when another epoch was begun while the room was loading', async () => {
    const { follower, seen } = follow([], at(8, 0));
    follower.receive(at(8, 0), null);
    follower.restart(at(7, 4));
    await eventually(() => seen.resyncs.length > 0, { what: 'the room is resynced' });
    expect(seen.resyncs).toEqual(['epoch']);
    expect(follower.position).toEqual(at(8, 0));
  });
});
