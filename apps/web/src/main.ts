/**
 * The page at `/`. Browser tests find its parts by `data-testid`:
 *
 * - `editor`: the editable text (contenteditable). Lines are `.cm-line`; a long document is drawn only around what is
 *   in view, and an empty one shows its placeholder inside. Carets of others: `.remote-caret[data-name]`.
 * - `connection-state`: `data-state` is `connecting`, `connected`, `reconnecting` or `stopped`.
 * - `node-name`: its text is the name of the node this tab is on; empty until the node told it.
 * - `saved-mark`: `data-state` is a `SavedState` (saved-mark.ts) or `read-only`.
 * - `people`: the list of names, one `li` each, this tab first as "Name (you)". `display-name` is its text field.
 * - `copy-link`, `new-document`; `toasts` holds "Moved to <node name>" for 5 s.
 * - `invalid-address`: the page for an address whose document id is none.
 */
import { addressOf, freshDocId, readAddress } from './document/document-address.ts';
import { openEditorPage } from './page/editor-page.ts';
import { showInvalidAddress } from './page/invalid-address-page.ts';
import { applyStoredTheme } from './page/theme.ts';

const parent = document.getElementById('app');
if (parent === null) throw new Error('index.html has no element with the id "app"');

applyStoredTheme();
const address = readAddress(location.search);
switch (address.kind) {
  case 'document':
    openEditorPage(parent, address.id);
    break;
  case 'missing': {
    const id = freshDocId((bytes) => crypto.getRandomValues(bytes));
    history.replaceState(null, '', addressOf(id));
    openEditorPage(parent, id);
    break;
  }
  case 'invalid':
    showInvalidAddress(parent, address.text);
}
