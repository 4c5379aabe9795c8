import type { ConnectionState, ConnectionWords } from '../connection/connection-state.ts';
import type { Banner } from './notices.ts';

export type BannerActions = { tryNow(): void; reload(): void; copyText(): void };

/** What the banner says about the connection and the right to write; null when all is well. */
export function connectionBanner(
  state: ConnectionState,
  words: ConnectionWords,
  readOnlyReason: string | null,
  actions: BannerActions,
): Banner | null {
  const { title, advice } = words;
  if (title !== null && advice !== null) {
    if (state.kind === 'stopped') {
      return {
        tone: 'stopped',
        title,
        advice,
        actions: [
          { label: 'Copy the text', run: actions.copyText },
          { label: 'Reload', run: actions.reload },
        ],
      };
    }
    return { tone: 'waiting', title, advice, actions: [{ label: 'Try now', run: actions.tryNow }] };
  }
  if (readOnlyReason === null) return null;
  const because = readOnlyReason === '' ? '' : ` The server says: “${readOnlyReason}”.`;
  return {
    tone: 'calm',
    title: 'Read only.',
    advice: `You can read and copy this document, but not change it.${because}`,
    actions: [{ label: 'Copy the text', run: actions.copyText }],
  };
}
