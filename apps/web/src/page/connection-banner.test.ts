import { CLOSE_CODES } from '@kryton/engine/protocol/close-codes.ts';
import { describe, expect, it } from 'vitest';
import { type ConnectionState, describeConnection } from '../connection/connection-state.ts';
import { connectionBanner } from './connection-banner.ts';

const actions = { tryNow() {}, reload() {}, copyText() {}, signIn() {}, showDocuments() {} };
const banner = (state: ConnectionState, isReadOnly = false) =>
  connectionBanner(state, describeConnection(state, true), isReadOnly, actions);

describe('the banner under the head', () => {
  it('is absent while all is well, and says so where one may only read', () => {
    expect(banner({ kind: 'connected' })).toBeNull();
    expect(banner({ kind: 'connected' }, true)).toMatchObject({ tone: 'calm', title: 'Read only.' });
  });

  it.each([
    [CLOSE_CODES.sessionEnded.code, 'Sign in'],
    [CLOSE_CODES.grantRemoved.code, 'Your documents'],
    [CLOSE_CODES.documentDeleted.code, 'Your documents'],
    [CLOSE_CODES.tooLarge.code, 'Reload'],
    [4499, 'Reload'],
  ])('leads out after a close with %i: %s', (code, label) => {
    const shown = banner({ kind: 'stopped', code, reason: '' }, true);
    expect(shown?.tone).toBe('stopped');
    expect(shown?.actions.map((action) => action.label)).toEqual(['Copy the text', label]);
  });

  it('waits with those whose connection broke, whatever they may do', () => {
    const state = { kind: 'reconnecting', code: null, wasConnected: true } as const;
    expect(banner(state, true)).toMatchObject({ tone: 'waiting', actions: [{ label: 'Try now' }] });
  });
});
