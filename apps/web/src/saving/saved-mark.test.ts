import { beforeEach, describe, expect, it } from 'vitest';
import { SavedMark, SETTLE_MS, SLOW_MS } from './saved-mark.ts';
import { ManualTime } from './testing/manual-time.ts';

let time: ManualTime;
let barriers: number[];
let mark: SavedMark;

beforeEach(() => {
  time = new ManualTime();
  barriers = [];
  mark = new SavedMark({
    sendBarrier: (counter) => barriers.push(counter),
    changed: () => {},
    after: time.after,
  });
});

/** The latest barrier that was sent. */
function latest(): number {
  const counter = barriers.at(-1);
  if (counter === undefined) throw new Error('no barrier was sent');
  return counter;
}

function connectEmpty(): void {
  mark.opened();
  mark.answered(false);
  time.advance(SETTLE_MS);
}

describe('the saved mark on one connection (WIRE5)', () => {
  it('says nothing before the server was heard, and saved once it was and nothing is held here', () => {
    expect(mark.state).toBe('opening');
    mark.opened();
    expect(mark.state).toBe('opening');
    mark.answered(false);
    time.advance(SETTLE_MS);
    expect(mark.state).toBe('saved');
    expect(barriers).toEqual([]);
  });

  it('is saving from the edit until the echo of its barrier, and saved after a calm', () => {
    connectEmpty();
    mark.edited();
    expect(mark.state).toBe('saving');
    expect(barriers).toHaveLength(1);
    time.advance(SETTLE_MS * 2);
    expect(mark.state).toBe('saving');
    mark.echoed(latest());
    expect(mark.state).toBe('saving');
    time.advance(SETTLE_MS - 1);
    expect(mark.state).toBe('saving');
    time.advance(1);
    expect(mark.state).toBe('saved');
    expect(mark.holdsUnsaved).toBe(false);
  });

  it('an edit during the calm keeps it saving', () => {
    connectEmpty();
    mark.edited();
    mark.echoed(latest());
    time.advance(SETTLE_MS - 1);
    mark.edited();
    time.advance(SETTLE_MS * 2);
    expect(mark.state).toBe('saving');
  });

  it('has one barrier outstanding and at most one more for all edits since', () => {
    connectEmpty();
    mark.edited();
    mark.edited();
    mark.edited();
    expect(barriers).toHaveLength(1);
    mark.echoed(latest());
    expect(barriers).toHaveLength(2);
    time.advance(SETTLE_MS);
    expect(mark.state).toBe('saving');
    mark.echoed(latest());
    expect(barriers).toHaveLength(2);
    time.advance(SETTLE_MS);
    expect(mark.state).toBe('saved');
  });

  it('neither the echo of an earlier barrier nor one that nobody asked for saves an edit', () => {
    connectEmpty();
    mark.edited();
    const first = latest();
    mark.edited();
    mark.echoed(first);
    mark.echoed(0);
    mark.echoed(latest() + 1);
    time.advance(SETTLE_MS);
    expect(mark.state).toBe('saving');
  });

  it('says that it takes long, and saved again when it did arrive', () => {
    connectEmpty();
    mark.edited();
    time.advance(SLOW_MS);
    expect(mark.state).toBe('slow');
    mark.edited();
    expect(mark.state).toBe('slow');
    mark.echoed(latest());
    expect(mark.state).toBe('saving');
    mark.echoed(latest());
    time.advance(SETTLE_MS);
    expect(mark.state).toBe('saved');
    time.advance(SLOW_MS);
    expect(mark.state).toBe('saved');
  });
});

describe('the saved mark around the answer to SyncStep1 (WIRE5)', () => {
  it('edits before the first connection wait for the answer that carries them', () => {
    mark.edited();
    expect(mark.state).toBe('kept');
    mark.opened();
    expect(mark.state).toBe('saving');
    expect(barriers).toEqual([]);
    mark.answered(true);
    expect(barriers).toHaveLength(1);
    mark.echoed(latest());
    time.advance(SETTLE_MS);
    expect(mark.state).toBe('saved');
  });

  it('an edit between opening and answer waits for the answer too', () => {
    mark.opened();
    mark.edited();
    expect(mark.state).toBe('saving');
    expect(barriers).toEqual([]);
    mark.answered(true);
    expect(barriers).toHaveLength(1);
  });

  it('an edit after the answer is covered by a later barrier, not by the one in flight', () => {
    mark.edited();
    mark.opened();
    mark.answered(true);
    const carriesTheAnswer = latest();
    mark.edited();
    mark.echoed(carriesTheAnswer);
    time.advance(SETTLE_MS);
    expect(mark.state).toBe('saving');
    expect(latest()).not.toBe(carriesTheAnswer);
    mark.echoed(latest());
    time.advance(SETTLE_MS);
    expect(mark.state).toBe('saved');
  });

  it('a server that asks again on the same socket gets a new barrier: it may have lost its log', () => {
    connectEmpty();
    mark.edited();
    mark.echoed(latest());
    time.advance(SETTLE_MS);
    const before = barriers.length;
    mark.answered(true);
    expect(mark.state).toBe('saving');
    expect(barriers).toHaveLength(before + 1);
    mark.closed();
    expect(mark.state).toBe('kept');
  });

  it('a second question while a barrier is out is not settled by the first echo', () => {
    connectEmpty();
    mark.edited();
    const beforeTheQuestion = latest();
    mark.answered(true);
    mark.echoed(beforeTheQuestion);
    time.advance(SETTLE_MS);
    expect(mark.state).toBe('saving');
  });

  it('an answer that is reported after the socket closed counts for nothing', () => {
    mark.edited();
    mark.opened();
    mark.closed();
    mark.answered(true);
    expect(mark.state).toBe('kept');
    expect(barriers).toEqual([]);
  });
});

describe('the saved mark across connections (WIRE5)', () => {
  it('keeps unconfirmed edits through a disconnect and asks only after the next answer', () => {
    connectEmpty();
    mark.edited();
    mark.closed();
    expect(mark.state).toBe('kept');
    expect(mark.holdsUnsaved).toBe(true);
    mark.opened();
    expect(barriers).toHaveLength(1);
    mark.answered(true);
    expect(barriers).toHaveLength(2);
    mark.echoed(latest());
    time.advance(SETTLE_MS);
    expect(mark.state).toBe('saved');
  });

  it('an echo of the old socket does not count, neither before nor after the new one opened', () => {
    connectEmpty();
    mark.edited();
    const old = latest();
    mark.closed();
    mark.echoed(old);
    expect(mark.state).toBe('kept');
    mark.opened();
    mark.echoed(old);
    mark.answered(true);
    mark.echoed(old);
    time.advance(SETTLE_MS);
    expect(mark.state).toBe('saving');
  });

  it('a socket that is replaced without a close forgets its barrier', () => {
    connectEmpty();
    mark.edited();
    const old = latest();
    mark.opened();
    mark.echoed(old);
    time.advance(SETTLE_MS);
    expect(mark.state).toBe('saving');
    mark.answered(true);
    expect(latest()).not.toBe(old);
  });

  it('stays saved while disconnected when everything was confirmed, and confirms again on return', () => {
    connectEmpty();
    mark.edited();
    mark.echoed(latest());
    time.advance(SETTLE_MS);
    mark.closed();
    expect(mark.state).toBe('saved');
    mark.opened();
    expect(mark.state).toBe('saved');
    mark.answered(true);
    expect(mark.state).toBe('saving');
    mark.echoed(latest());
    time.advance(SETTLE_MS);
    expect(mark.state).toBe('saved');
  });

  it('offline edits are kept, however many, and one barrier confirms them all', () => {
    connectEmpty();
    mark.closed();
    for (let edit = 0; edit < 50; edit += 1) mark.edited();
    expect(mark.state).toBe('kept');
    mark.opened();
    mark.answered(true);
    expect(barriers).toHaveLength(1);
    mark.echoed(latest());
    time.advance(SETTLE_MS);
    expect(mark.state).toBe('saved');
  });

  it('never connected and nothing written is not called saved', () => {
    mark.opened();
    mark.closed();
    time.advance(SETTLE_MS);
    expect(mark.state).toBe('opening');
  });

  it('a disconnect does not leave the timer of a slow save behind', () => {
    connectEmpty();
    mark.edited();
    mark.closed();
    time.advance(SLOW_MS);
    expect(mark.state).toBe('kept');
    mark.opened();
    expect(mark.state).toBe('saving');
  });
});

describe('the saved mark and refused writes (WIRE5)', () => {
  it('never says saved again in this tab, whatever is echoed later', () => {
    connectEmpty();
    mark.edited();
    const barrier = latest();
    mark.refused();
    expect(mark.state).toBe('refused');
    mark.echoed(barrier);
    mark.closed();
    mark.opened();
    mark.answered(true);
    time.advance(SLOW_MS + SETTLE_MS);
    expect(mark.state).toBe('refused');
    expect(mark.holdsUnsaved).toBe(true);
    expect(barriers).toEqual([barrier]);
  });

  it('a denial without an edit of this tab refuses nothing', () => {
    mark.opened();
    mark.answered(true);
    mark.refused();
    mark.echoed(latest());
    time.advance(SETTLE_MS);
    expect(mark.state).toBe('saved');
  });
});
