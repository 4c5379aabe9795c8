import { CLOSE_CODES } from '@kryton/engine/protocol/close-codes.ts';
import type { ConnectionState, ConnectionWords } from '../connection/connection-state.ts';
import type { Banner, NoticeAction } from './notices.ts';

export type BannerActions = {
  tryNow(): void;
  reload(): void;
  copyText(): void;
  signIn(): void;
  showDocuments(): void;
};

/** What helps after the server ended it: reloading would only show the same again where access is gone. */
function wayOut(code: number, actions: BannerActions): NoticeAction {
  switch (code) {
    case CLOSE_CODES.sessionEnded.code:
      return { label: 'Sign in', run: actions.signIn };
    case CLOSE_CODES.grantRemoved.code:
    case CLOSE_CODES.documentDeleted.code:
      return { label: 'Your documents', run: actions.showDocuments };
    default:
      return { label: 'Reload', run: actions.reload };
  }
}

/** What the banner says about the connection and the right to write; null when all is well. */
export function connectionBanner(
  state: ConnectionState,
  words: ConnectionWords,
  isReadOnly: boolean,
  actions: BannerActions,
): Banner | null {
  const { title, advice } = words;
  if (title !== null && advice !== null) {
    if (state.kind === 'stopped') {
      return {
        tone: 'stopped',
        title,
        advice,
        actions: [{ label: 'Copy the text', run: actions.copyText }, wayOut(state.code, actions)],
      };
    }
    return { tone: 'waiting', title, advice, actions: [{ label: 'Try now', run: actions.tryNow }] };
  }
  if (!isReadOnly) return null;
  return {
    tone: 'calm',
    title: 'Read only.',
    advice: 'You can read and copy this document, but not change it.',
    actions: [{ label: 'Copy the text', run: actions.copyText }],
  };
}
