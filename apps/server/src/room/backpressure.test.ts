import { describe, expect, it } from 'vitest';
import { Backpressure } from './backpressure.ts';
import type { Member } from './member.ts';
import { PendingBudget } from './pending-budget.ts';

const MIB = 1024 * 1024;

/** A member of which only being read from matters. */
function writer(): Member & { isPaused: boolean } {
  return {
    principal: 'somebody',
    isPaused: false,
    send() {},
    deliver: () => true,
    deliverPresence() {},
    pause() {
      this.isPaused = true;
    },
    resume() {
      this.isPaused = false;
    },
    close() {},
  };
}

describe('backpressure', () => {
  it('LOG6 a room that waits for the log stops reading at 8 MB and reads again below 1 MB', () => {
    const room = new Backpressure(new PendingBudget(64 * MIB));
    const [one, other] = [writer(), writer()];
    room.accepted(other, MIB);
    room.accepted(one, 7 * MIB);
    expect([one.isPaused, other.isPaused]).toEqual([false, false]);
    room.accepted(one, 1);
    expect([one.isPaused, other.isPaused]).toEqual([true, false]);
    room.settled(7 * MIB);
    expect(one.isPaused).toBe(true);
    room.settled(1);
    room.settled(1);
    expect(one.isPaused).toBe(false);
  });

  it('LOG6 many rooms together stop reading at the budget of the node, and all read again at half of it', () => {
    const budget = new PendingBudget(4 * MIB);
    const rooms = Array.from({ length: 50 }, () => ({ room: new Backpressure(budget), member: writer() }));
    for (const { room, member } of rooms) room.accepted(member, 100_000);
    const paused = () => rooms.filter(({ member }) => member.isPaused).length;
    expect(budget.bytes).toBe(5_000_000);
    expect(paused()).toBe(50 - Math.floor((4 * MIB) / 100_000));
    for (const { room } of rooms.slice(0, 29)) room.settled(100_000);
    expect(paused()).toBeGreaterThan(0);
    rooms[29]?.room.settled(100_000);
    expect(paused()).toBe(0);
  });

  it('LOG6 a room that closes gives back what it held, once', () => {
    const budget = new PendingBudget(MIB);
    const room = new Backpressure(budget);
    room.accepted(writer(), 1_000);
    room.close();
    room.settled(1_000);
    room.accepted(null, 500);
    expect([budget.bytes, room.pendingBytes]).toEqual([0, 0]);
  });
});
