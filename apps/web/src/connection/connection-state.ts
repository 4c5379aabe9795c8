import { CLOSE_CODES, closeCodeOf } from '@kryton/engine/protocol/close-codes.ts';

/** Where the connection of this tab stands. */
export type ConnectionState =
  /** The first attempt is under way. */
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected' }
  /**
   * There was a failure, and the next attempt comes by itself. `code` is null when nobody closed: it just broke.
   * `wasConnected` is false until the document was there once.
   */
  | { readonly kind: 'reconnecting'; readonly code: number | null; readonly wasConnected: boolean }
  /** The server ended it for good. */
  | { readonly kind: 'stopped'; readonly code: number; readonly reason: string };

/** What people read about a state: a word or two for the status line, and a sentence when something is wrong. */
export type ConnectionWords = {
  readonly label: string;
  /** What happened; null when there is nothing to explain. */
  readonly title: string | null;
  /** What happens next, or what one can do. */
  readonly advice: string | null;
};

const KEPT = 'Your changes are kept in this tab; trying again.';

const REASONS: ReadonlyMap<number, string> = new Map([
  [CLOSE_CODES.draining.code, 'This node is restarting.'],
  [CLOSE_CODES.overloaded.code, 'This node is busy.'],
  [CLOSE_CODES.logUnreachable.code, 'Changes cannot be stored at the moment.'],
  [CLOSE_CODES.tooFast.code, 'This tab sent too much at once.'],
]);

const ENDINGS: ReadonlyMap<number, { title: string; advice: string }> = new Map([
  [
    CLOSE_CODES.malformed.code,
    {
      title: 'The server did not understand this tab.',
      advice: 'The page may be out of date. Copy your text if it is not saved, then reload.',
    },
  ],
  [
    CLOSE_CODES.sessionEnded.code,
    {
      title: 'Your session has ended.',
      advice: 'Copy your text if it is not saved, then sign in again.',
    },
  ],
  [
    CLOSE_CODES.grantRemoved.code,
    {
      title: 'You no longer have access to this document.',
      advice: 'You can still copy what you see here. Ask an owner to let you in again.',
    },
  ],
  [
    CLOSE_CODES.documentDeleted.code,
    { title: 'This document was deleted.', advice: 'You can still copy what you see here.' },
  ],
  [
    CLOSE_CODES.tooLarge.code,
    {
      title: 'This document, or the last change to it, is too large.',
      advice: 'Copy your text if it is not saved, then reload. Smaller pieces may fit.',
    },
  ],
]);

/** What lets this tab in: an account's (or guest's) session, or the link to the document. */
export type Pass = 'session' | 'link';

const LINK_ENDS: ReadonlySet<number> = new Set([
  CLOSE_CODES.sessionEnded.code,
  CLOSE_CODES.grantRemoved.code,
]);

const DEAD_LINK = {
  title: 'This link no longer works.',
  advice: 'You can still copy what you see here. Ask an owner of the document for a new link.',
};

/** The words for `state`; `isOnline` is what the browser believes about its own network. */
export function describeConnection(
  state: ConnectionState,
  isOnline: boolean,
  pass: Pass = 'session',
): ConnectionWords {
  switch (state.kind) {
    case 'connecting':
      return isOnline
        ? { label: 'Connecting…', title: null, advice: null }
        : { label: 'Offline', title: 'This device is offline.', advice: KEPT };
    case 'connected':
      return { label: 'Connected', title: null, advice: null };
    case 'reconnecting': {
      if (!isOnline) return { label: 'Offline', title: 'This device is offline.', advice: KEPT };
      const reason = state.code === null ? undefined : REASONS.get(state.code);
      const lost = state.wasConnected ? 'The connection was lost.' : 'The server cannot be reached.';
      return {
        label: state.wasConnected ? 'Reconnecting…' : 'Connecting…',
        title: reason ?? lost,
        advice: KEPT,
      };
    }
    case 'stopped': {
      if (pass === 'link' && LINK_ENDS.has(state.code)) return { label: 'Stopped', ...DEAD_LINK };
      const ending = ENDINGS.get(state.code) ?? {
        title: state.reason === '' ? 'The server ended this session.' : sentence(state.reason),
        advice: 'Copy your text if it is not saved, then reload.',
      };
      return { label: 'Stopped', ...ending };
    }
  }
}

/** Whether a close with this code says something about the node, so that another one is worth a try. */
export function blamesTheNode(code: number | null): boolean {
  return code !== CLOSE_CODES.tooFast.code;
}

/**
 * Whether a close code ends the session for good. The range 4400-4499 is that of y-websocket 3.1
 * (`defaultShouldReconnect`); codes of our own table say it themselves.
 */
export function isPermanent(code: number): boolean {
  const row = closeCodeOf(code);
  return row === undefined ? code >= 4400 && code < 4500 : !row.stockClientReconnects;
}

function sentence(text: string): string {
  const start = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}
