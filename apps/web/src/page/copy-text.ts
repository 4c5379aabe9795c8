/**
 * Puts `text` on the clipboard and calls `done`. Where the browser forbids that (no permission, or a page that came by
 * plain http from another machine), shows it under `invitation` to be copied by hand.
 */
export function copyText(text: string, invitation: string, done: () => void): void {
  const byHand = () => {
    window.prompt(invitation, text);
  };
  if (!window.isSecureContext) byHand();
  else navigator.clipboard.writeText(text).then(done, byHand);
}
