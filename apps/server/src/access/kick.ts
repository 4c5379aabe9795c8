import type { DocId } from '@kryton/engine/protocol/ids.ts';

/**
 * Says that something ended or changed, after it was stored. It carries no verdict: whoever hears it looks up, in one
 * query, what has become of the connections that it concerns (ACC2). A kick that is lost is made up for by the regular
 * review.
 */
export type Kick =
  /** A session ended. */
  | { readonly kind: 'session'; readonly sessionId: string }
  /** Sessions of a user ended, the user was disabled or deleted; concerns the user's agents too. */
  | { readonly kind: 'user'; readonly userId: string }
  /** An agent was deleted, or one of its tokens revoked; concerns the document tokens that it minted too. */
  | { readonly kind: 'agent'; readonly agentId: string; readonly tokenIds: readonly string[] }
  /** Grants or the link of a document changed, or it was deleted. */
  | { readonly kind: 'document'; readonly docId: DocId };

/** Tells every node. */
export interface Kicks {
  /** Resolves when it was told, or could not be: the change itself is stored, and the regular review finds it. */
  send(kick: Kick): Promise<void>;
}

/** What this node is told. */
export interface KickFeed {
  /** The result ends it. Rejects when nothing can be heard at the moment. */
  listen(listener: KickListener): Promise<() => Promise<void>>;
}

export type KickListener = {
  kick(kick: Kick): void;
  /** Kicks may have been missed. */
  missed(): void;
};
