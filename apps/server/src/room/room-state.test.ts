import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import { ORIGIN, type Position } from '@kryton/engine/log/position.ts';
import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { CacheBudget } from './cache-budget.ts';
import type { RoomPorts } from './room-ports.ts';
import { RoomState } from './room-state.ts';

const docId = parseDocId('a') ?? expect.fail('it is a document id');
const MIB = 2 ** 20;
const MINUTE_MS = 60_000;

/** The state of a new document that one author edits, on a clock of the test's. */
async function openState(cacheBytes = 256 * MIB) {
  let now = 1_000_000;
  let loads = 0;
  const first: Position = { epoch: 1, seq: 0 };
  const cache = new CacheBudget(cacheBytes);
  const timers: Timers = { now: () => now, after: () => () => {}, soon: () => () => {} };
  const ports = {
    log: {
      open: async () => ({ last: first, covered: null, isEmpty: true, hasOthers: false }),
    },
    snapshots: { load: async () => null, position: async () => null },
    metrics: {
      load() {
        loads += 1;
      },
      setAside() {},
      encode() {},
    },
    cache,
    timers,
  } as unknown as RoomPorts;
  const state = new RoomState(ports, docId, () => ORIGIN);
  state.feedFrom((await state.current()).position);
  const doc = new Y.Doc();
  let seq = 0;
  doc.on('update', (update: Uint8Array) => {
    seq += 1;
    const position = { epoch: 1, seq };
    state.append(position, state.check(position, update) ?? expect.fail('it can be read'));
  });
  return {
    state,
    cache,
    loads: () => loads,
    pass(ms: number) {
      now += ms;
    },
    edit(times: number) {
      for (let count = 0; count < times; count++) doc.getMap('edits').set('author', count);
    },
  };
}

describe('the base state of a room', () => {
  it('ROOM1 is counted with what small entries take beside their bytes', async () => {
    const { state, cache, edit } = await openState();
    edit(1_000);
    const bytes = state.loaded?.bytes ?? 0;
    expect(bytes).toBeLessThan(50_000);
    expect(cache.bytes).toBeGreaterThan(1_000 * 400);
    expect(cache.bytes).toBe(state.loaded?.memoryBytes);
  });

  it('ROOM1 is given up while people edit for long and nobody joins', async () => {
    const { state, cache, edit, pass, loads } = await openState();
    edit(500);
    pass(MINUTE_MS - 1);
    edit(1);
    expect(state.loaded).not.toBeNull();
    pass(1);
    edit(1);
    expect(state.loaded).toBeNull();
    expect(cache.bytes).toBe(0);
    // Whoever keeps up goes on being fed new parts only.
    expect(Y.decodeStateVector(state.fedStateVector()).size).toBe(1);
    edit(10_000);
    expect({ bytes: cache.bytes, loads: loads() }).toEqual({ bytes: 0, loads: 1 });
  });

  it('is kept as long as somebody joins now and then, and where little was edited', async () => {
    const { state, edit, pass } = await openState();
    edit(500);
    for (let minute = 0; minute < 5; minute++) {
      pass(MINUTE_MS - 1);
      expect(state.atHand()).not.toBeNull();
      edit(50);
    }
    expect(state.loaded).not.toBeNull();
    const quiet = await openState();
    quiet.edit(100);
    quiet.pass(60 * MINUTE_MS);
    quiet.edit(1);
    expect(quiet.state.loaded).not.toBeNull();
  });
});
