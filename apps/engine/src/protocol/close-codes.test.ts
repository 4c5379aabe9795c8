import { describe, expect, it } from 'vitest';
import { CLOSE_CODES, closeCodeOf } from './close-codes.ts';

describe('close codes', () => {
  it('says what a stock client does: y-websocket 3 stops on 4400 to 4499 only', () => {
    for (const row of Object.values(CLOSE_CODES)) {
      expect(row.stockClientReconnects, `${row.code}`).toBe(!(row.code >= 4400 && row.code < 4500));
    }
  });

  it('uses codes and reasons that a WebSocket may carry (RFC 6455 5.5 and 7.4)', () => {
    for (const row of Object.values(CLOSE_CODES)) {
      expect(new TextEncoder().encode(row.reason).length).toBeLessThanOrEqual(123);
      expect(row.code === 1012 || row.code === 1013 || (row.code >= 4000 && row.code < 5000)).toBe(true);
    }
  });

  it('gives every ending a code of its own, but for the two that ask to connect again at once', () => {
    const codes = Object.values(CLOSE_CODES).map((row) => row.code);
    expect(codes.toSorted((a, b) => a - b)).toEqual([
      1012, 1012, 1013, 4400, 4401, 4403, 4404, 4413, 4503, 4529,
    ]);
    expect(CLOSE_CODES.rebalanced.code).toBe(CLOSE_CODES.draining.code);
  });

  it('finds a row by its code', () => {
    expect(closeCodeOf(4404)).toBe(CLOSE_CODES.documentDeleted);
    expect(closeCodeOf(1006)).toBeUndefined();
  });
});
