import { encodePresence, encodeSyncStep2, encodeUpdate } from '@kryton/engine/protocol/frames.ts';
import { mergeMany } from '@kryton/engine/protocol/merge-updates.ts';
import { decodePresence, encodePresenceUpdate } from '@kryton/engine/protocol/presence-codec.ts';
import { describe, expect, it } from 'vitest';
import { Latencies } from './latencies.ts';
import { Ledger, type Window } from './ledger.ts';
import { encodeMove, prepareEdits } from './prepared-actions.ts';

const ANNA = 3_000_000_000;
const BEN = 3_000_000_001;

/** The update inside a frame that `prepareEdits` made: two bytes of head, one of length. */
const updateOf = (frame: Uint8Array | undefined): Uint8Array => (frame ?? expect.fail('a frame')).subarray(3);

function ledgerOfThree() {
  const window: Window = { isOpen: true, sent: 0, delivered: 0, frames: 0, latencies: new Latencies() };
  return { window, ledger: new Ledger(3, window) };
}

describe('the ledger of a document', () => {
  it('counts each edit of a merged frame for each receiver, once', () => {
    const { ledger, window } = ledgerOfThree();
    const anna = prepareEdits(ANNA, 2);
    const ben = prepareEdits(BEN, 1);
    ledger.sendingEdit(0, ANNA);
    ledger.sendingEdit(0, ANNA);
    ledger.sendingEdit(1, BEN);
    const merged = Buffer.from(encodeUpdate(mergeMany([...anna, ...ben].map(updateOf))));
    ledger.received(0, merged);
    ledger.received(1, merged);
    ledger.received(1, merged);
    expect(window).toMatchObject({ sent: 3, delivered: 6, frames: 2 });
    expect(window.latencies.count).toBe(6);
    expect(ledger.missing).toBe(3);
    ledger.received(2, merged);
    expect(ledger.missing).toBe(0);
    expect(ledger.stateVector).toEqual(
      new Map([
        [ANNA, 2],
        [BEN, 1],
      ]),
    );
  });

  it('takes a resync for a delivery, and does not ask for the echo to the sender', () => {
    const { ledger } = ledgerOfThree();
    const [frame] = prepareEdits(ANNA, 1);
    ledger.sendingEdit(0, ANNA);
    expect(ledger.missing).toBe(2);
    ledger.received(1, Buffer.from(encodeSyncStep2(updateOf(frame))));
    ledger.received(2, Buffer.from(frame ?? []));
    expect(ledger.missing).toBe(0);
  });

  it('asks for the last move of each client and lets older ones be replaced', () => {
    const { ledger, window } = ledgerOfThree();
    ledger.sendingMove(0, ANNA);
    ledger.sendingMove(0, ANNA);
    const last = Buffer.from(encodeMove(ANNA, 2));
    ledger.received(1, Buffer.from(encodeMove(ANNA, 1)));
    expect(ledger.missing).toBe(2);
    ledger.received(1, last);
    ledger.received(2, last);
    expect(ledger.missing).toBe(0);
    expect(window).toMatchObject({ sent: 2, delivered: 3 });
  });

  it('counts nothing while the window is closed, and still knows what is missing', () => {
    const { ledger, window } = ledgerOfThree();
    window.isOpen = false;
    const [frame] = prepareEdits(ANNA, 1);
    ledger.sendingEdit(0, ANNA);
    ledger.received(1, Buffer.from(frame ?? []));
    expect(window).toMatchObject({ sent: 0, delivered: 0 });
    expect(ledger.missing).toBe(1);
  });

  it('passes over what tells of no action', () => {
    const { ledger, window } = ledgerOfThree();
    ledger.received(0, Buffer.from(encodePresence(encodePresenceUpdate([]))));
    ledger.received(
      0,
      Buffer.from(encodePresence(encodePresenceUpdate([{ clientId: 7, clock: 3, state: 'null' }]))),
    );
    expect(window.delivered).toBe(0);
  });

  it('makes moves that a stock client can read', () => {
    const [move] = decodePresence(encodeMove(ANNA, 5).subarray(2));
    expect(move).toMatchObject({ clientId: ANNA, clock: 5 });
    expect(JSON.parse(move?.state ?? '')).toMatchObject({ cursor: { anchor: 5, head: 6 } });
  });
});
