/**
 * The page at `/`. Browser tests find its parts by `data-testid`:
 *
 * Document
 * - `editor`: the editable text (contenteditable). Lines are `.cm-line`; a long document is drawn only around what is
 *   in view, and an empty one shows its placeholder inside. Carets of others: `.remote-caret[data-name]`.
 * - `connection-state`: `data-state` is `connecting`, `connected`, `reconnecting` or `stopped`.
 * - `banner`: why one cannot write, or why the connection ended; `data-tone` is `calm`, `waiting` or `stopped`.
 * - `node-name`: its text is the name of the node this tab is on; empty until the node told it.
 * - `saved-mark`: `data-state` is a `SavedState` (saved-mark.ts) or `read-only`.
 * - `people`: the list of names, one `li` each, this tab first as "Name (you)". `display-name` is the text field of
 *   those who choose their name (guests and visitors); `own-name` is the name of an account.
 * - `new-document`; `copy-link` (for owners inside of `share-dialog`); `toasts` holds "Moved to <node name>" for 5 s.
 * - `share`, for owners, opens `share-dialog`: rows `grant` with `grant-role` and `grant-remove`; `add-person` is the
 *   form with `email` and `role`; `link-access`, `copy-link`, `new-link`.
 * - `invalid-address`, `no-access`, `dead-link`, `unreachable`: the pages for an address where nothing opens.
 *
 * Account
 * - `account-menu` opens `account-menu-list`: `signed-in-as`, `go-documents`, `go-account`, `go-agents`,
 *   `go-administration`, `go-cluster`, `go-sign-in`, `go-sign-up`, `sign-out`.
 * - `sign-in` and `sign-up` are forms with `email`, `password`, `name`, `invitation`; `two-factor` one with `code`.
 *   `passkey-sign-in`, `go-sign-up` and `go-sign-in` stand beside them.
 * - `documents`: one `document` each with its link, `delete-document`; `more-documents`.
 * - Sections of the account page: `profile`, `password-section`, `passkeys`, `two-factor-section`, `sessions`; of the
 *   page of agents: `agents`, one `agent` each; of the administration: `users`, `invitations`, `audit`.
 * - The cluster page: `cluster-source` says who answers (`data-state` is `asking`, `live` or `failed`); rows
 *   `cluster-node` and `cluster-worker`, whose `data-state` is the state; `cluster-totals`, `cluster-changes`.
 *
 * Everywhere: `failure` says what went wrong, `confirm` asks before what cannot be undone (`confirm-yes`).
 */
import { openPlace } from './page/open-place.ts';
import { applyStoredTheme } from './page/theme.ts';
import { readPlace } from './places/place.ts';

const parent = document.getElementById('app');
if (parent === null) throw new Error('index.html has no element with the id "app"');

applyStoredTheme();
void openPlace(parent, readPlace(location));
// The fragment holds the token of a link: another link to the same document is another way in.
window.addEventListener('hashchange', () => {
  if (new URLSearchParams(location.hash.slice(1)).has('link')) location.reload();
});
