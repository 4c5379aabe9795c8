import type * as Y from 'yjs';

/** What clients of the failure comparison type: `[name.7]`, which never split each other. */
const TOKEN = /\[[^\]]*\]/g;

export function tokensIn(content: string): Set<string> {
  return new Set(content.match(TOKEN) ?? []);
}

/** How many of `tokens` are in the text. */
export function countIn(tokens: ReadonlySet<string>, content: string): number {
  return [...tokensIn(content)].filter((token) => tokens.has(token)).length;
}

export function isSubset(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  return [...part].every((token) => whole.has(token));
}

/** The root that every client edits. */
export function textOf(doc: Y.Doc): Y.Text {
  return doc.getText('content');
}
