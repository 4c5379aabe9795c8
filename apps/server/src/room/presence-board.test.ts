import { describe, expect, it } from 'vitest';
import { GONE, PresenceBoard } from './presence-board.ts';

const alice = { principal: 'alice' };
const aliceAgain = { principal: 'alice' };
const bob = { principal: 'bob' };
const elsewhere = (principal: string) => ({ principal });
const state = (clientId: number, clock: number, text = '{"x":1}') => ({ clientId, clock, state: text });

describe('PresenceBoard', () => {
  it('PRES2 a client id belongs to the socket that introduced it: nobody can speak for another', () => {
    const board = new PresenceBoard();
    expect(board.applyLocal(alice, [state(1, 1)], 0).changed).toEqual([1]);
    expect(board.applyLocal(bob, [state(1, 99, '{"x":"forged"}')], 0).changed).toEqual([]);
    expect(board.applyLocal(bob, [state(1, 100, GONE)], 0).changed).toEqual([]);
    expect(board.entry(1)).toEqual(state(1, 1));
    expect(board.applyLocal(alice, [state(1, 2, '{"x":2}')], 0).changed).toEqual([1]);
  });

  it('PRES2 another node cannot speak for a socket of this one, nor a third for the second', () => {
    const board = new PresenceBoard();
    board.applyLocal(alice, [state(1, 1)], 0);
    board.applyRemote(elsewhere, [{ ...state(2, 1), principal: 'carol' }], 0);
    const forged = [1, 2].map((id) => ({ ...state(id, 50, '{"x":"forged"}'), principal: 'mallory' }));
    expect(board.applyRemote(elsewhere, forged, 0).changed).toEqual([]);
    expect(board.entry(1)?.state).toBe('{"x":1}');
    expect(board.entry(2)?.state).toBe('{"x":1}');
  });

  it('PRES2 the same principal takes over with a newer clock, but an echo of what it heard does not', () => {
    const board = new PresenceBoard();
    board.applyLocal(alice, [state(1, 5)], 0);
    board.applyLocal(aliceAgain, [state(1, 5)], 0);
    expect(board.ownerOf(1)).toBe(alice);
    board.applyLocal(aliceAgain, [state(1, 6)], 0);
    expect(board.ownerOf(1)).toBe(aliceAgain);
    expect(board.leave(alice, 0).changed).toEqual([]);
  });

  it('PRES3 a socket that closes takes its clients with it at once', () => {
    const board = new PresenceBoard();
    board.applyLocal(alice, [state(1, 4)], 0);
    expect(board.leave(alice, 0).changed).toEqual([1]);
    expect(board.entry(1)).toEqual({ clientId: 1, clock: 5, state: GONE });
    expect(board.size).toBe(0);
  });

  it('PRES3 what a killed node no longer renews is gone within 30 s', () => {
    const board = new PresenceBoard();
    board.applyRemote(elsewhere, [{ ...state(1, 1), principal: 'carol' }], 0);
    board.applyLocal(alice, [state(2, 1)], 0);
    expect(board.expire(20_000).changed).toEqual([]);
    expect(board.expire(28_000).changed).toEqual([1]);
    expect(board.ids()).toEqual([2]);
  });

  it('PRES3 a client that comes back under its old clock is told of its burial and then seen', () => {
    const board = new PresenceBoard();
    board.applyLocal(alice, [state(1, 4)], 0);
    board.leave(alice, 0);
    const back = board.applyLocal(bob, [state(1, 4)], 1_000);
    expect(back.changed).toEqual([]);
    expect(back.stale).toEqual([{ clientId: 1, clock: 5, state: GONE }]);
    expect(board.applyLocal(bob, [state(1, 6)], 1_001).changed).toEqual([1]);
  });

  it('PRES3 a late echo of somebody who left does not bring a ghost back', () => {
    const board = new PresenceBoard();
    board.applyLocal(alice, [state(1, 4)], 0);
    board.applyLocal(bob, [state(2, 1), state(1, 4)], 0);
    board.leave(alice, 0);
    board.applyLocal(bob, [state(1, 4)], 10);
    expect(board.ids()).toEqual([2]);
  });

  it('PRES1 a renewal is told apart from a change', () => {
    const board = new PresenceBoard();
    board.applyLocal(alice, [state(1, 1)], 0);
    expect(board.applyLocal(alice, [state(1, 2)], 0)).toMatchObject({ changed: [], renewed: [1] });
    expect(board.applyLocal(alice, [state(1, 2, '{"x":2}')], 0)).toMatchObject({ changed: [], renewed: [] });
    expect(board.applyLocal(alice, [state(1, 3, '{"x":2}')], 0)).toMatchObject({ changed: [1], renewed: [] });
  });

  it('PRES2 one socket cannot fill the board with client ids', () => {
    const board = new PresenceBoard();
    board.applyLocal(
      alice,
      Array.from({ length: 1_000 }, (_, id) => state(id, 1)),
      0,
    );
    expect(board.size).toBe(16);
  });
});
