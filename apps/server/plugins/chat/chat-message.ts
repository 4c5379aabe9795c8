/** What one message may say, in UTF-16 units. */
export const MAX_TEXT = 1_000;

/** One message, as it is stored and sent. Who wrote it is what the server says, never what a client says. */
export type ChatMessage = {
  readonly id: string;
  /** ms since 1970, by the clock of the node that took it. */
  readonly at: number;
  readonly from: { readonly id: string; readonly name: string };
  readonly text: string;
};

/** The text that a client wants to say; null when it is none, or too long. Throws a SyntaxError for what is no JSON. */
export function parseSaying(data: string): string | null {
  const said: unknown = JSON.parse(data);
  if (typeof said !== 'object' || said === null || !('text' in said)) return null;
  const { text } = said;
  if (typeof text !== 'string' || text.length > MAX_TEXT || text.trim() === '') return null;
  return text;
}
