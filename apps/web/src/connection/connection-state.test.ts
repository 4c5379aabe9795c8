import { CLOSE_CODES } from '@kryton/engine/protocol/close-codes.ts';
import { describe, expect, it } from 'vitest';
import { blamesTheNode, describeConnection, isPermanent } from './connection-state.ts';

const rows = Object.values(CLOSE_CODES);

describe('the words about the connection', () => {
  it.each(rows.filter((row) => !row.stockClientReconnects))('explain why $code stops', ({ code, reason }) => {
    const words = describeConnection({ kind: 'stopped', code, reason }, true);
    expect(words.label).toBe('Stopped');
    expect(words.title).toMatch(/\.$/);
    expect(words.advice).toMatch(/\.$/);
    expect(words.title).not.toBe('The server ended this session.');
    expect(isPermanent(code)).toBe(true);
  });

  it.each(rows.filter((row) => row.stockClientReconnects))('say that $code is tried again', ({ code }) => {
    const words = describeConnection({ kind: 'reconnecting', code, wasConnected: true }, true);
    expect(words.title).not.toBe('The connection was lost.');
    expect(words.advice).toContain('kept in this tab');
    expect(isPermanent(code)).toBe(false);
  });

  it('an unknown permanent code shows the reason of the server as a sentence', () => {
    const words = describeConnection({ kind: 'stopped', code: 4451, reason: 'not in this country' }, true);
    expect(words.title).toBe('Not in this country.');
    expect(isPermanent(4451)).toBe(true);
  });

  it('speak of the link to whoever came by one', () => {
    for (const code of [CLOSE_CODES.sessionEnded.code, CLOSE_CODES.grantRemoved.code]) {
      const state = { kind: 'stopped', code, reason: '' } as const;
      expect(describeConnection(state, true, 'link').title).toContain('link');
      expect(describeConnection(state, true, 'session').title).not.toContain('link');
    }
    const deleted = { kind: 'stopped', code: CLOSE_CODES.documentDeleted.code, reason: '' } as const;
    expect(describeConnection(deleted, true, 'link')).toEqual(describeConnection(deleted, true, 'session'));
  });

  it('a connection that just broke, and a device that is offline', () => {
    const broken = { kind: 'reconnecting', code: null, wasConnected: true } as const;
    expect(describeConnection(broken, true).title).toBe('The connection was lost.');
    expect(describeConnection({ ...broken, wasConnected: false }, true).title).toBe(
      'The server cannot be reached.',
    );
    expect(describeConnection(broken, false).label).toBe('Offline');
    expect(describeConnection({ kind: 'connecting' }, false).label).toBe('Offline');
  });

  it('a tab that was too fast does not move on to burden the next node', () => {
    expect(blamesTheNode(CLOSE_CODES.tooFast.code)).toBe(false);
    expect(blamesTheNode(CLOSE_CODES.draining.code)).toBe(true);
    expect(blamesTheNode(1006)).toBe(true);
    expect(blamesTheNode(null)).toBe(true);
  });
});
