import { guestNote } from '../account/guest-note.ts';
import { deleteDocument, listDocuments } from '../api/documents.ts';
import type { DocumentRow } from '../api/shapes.ts';
import { confirmDanger } from '../page/dialog.ts';
import { element, icon } from '../page/element.ts';
import { actionButton, failureLine } from '../page/form.ts';
import { type PageVisit, plainPage } from '../page/plain-page.ts';
import { timeView } from '../page/time-view.ts';
import { pageAddress } from '../places/place.ts';
import { ROLE_WORDS } from '../sharing/role-words.ts';
import { addressOf } from './document-address.ts';

/** The list of the documents that one may open. */
export async function showDocuments(visit: PageVisit): Promise<void> {
  const page = plainPage(visit, 'documents');
  page.actions.append(
    element(
      'a',
      { href: pageAddress('new'), class: 'button primary', 'data-testid': 'new-document' },
      icon('add'),
      element('span', { class: 'words' }, 'New document'),
    ),
  );
  const failure = failureLine();
  const list = element('ul', { class: 'rows card', 'data-testid': 'documents', 'aria-label': 'Documents' });
  const empty = element(
    'div',
    { class: 'empty', hidden: '' },
    element('p', {}, 'No documents yet. What you write, and what others share with you, is listed here.'),
  );
  let cursor: string | null = null;
  const showEmptiness = () => {
    const isEmpty = list.childElementCount === 0;
    empty.hidden = !isEmpty;
    list.hidden = isEmpty;
  };
  const removed = (row: HTMLElement, title: string) => {
    row.remove();
    showEmptiness();
    page.toast(`“${title}” was deleted`);
  };
  const load = async () => {
    const { documents, nextCursor } = await listDocuments(cursor);
    cursor = nextCursor;
    list.append(...documents.map((row) => documentRow(row, removed, failure)));
    more.hidden = nextCursor === null;
    showEmptiness();
  };
  const more = actionButton('Show more', { testId: 'more-documents' }, failure, load);
  more.hidden = true;
  list.hidden = true;
  if (visit.me.kind === 'guest') page.content.append(guestNote(null));
  page.content.append(failure.root, list, empty, more);
  await load();
}

function documentRow(
  document: DocumentRow,
  removed: (row: HTMLElement, title: string) => void,
  failure: ReturnType<typeof failureLine>,
): HTMLElement {
  const title = document.title === '' ? 'Untitled' : document.title;
  const link = element('a', { href: addressOf(document.id), class: 'row-link' }, title);
  const detail = element('span', { class: 'detail' }, `${ROLE_WORDS[document.role]} · changed `);
  detail.append(timeView(document.updatedAt));
  const row = element(
    'li',
    { class: 'row', 'data-testid': 'document', 'data-doc': document.id },
    element('div', { class: 'row-text' }, link, detail),
  );
  if (document.role !== 'owner') return row;
  const remove = async () => {
    const question = {
      title: `Delete “${title}”?`,
      text: 'It is deleted for everybody, with all that is written in it, and does not come back.',
      confirm: 'Delete',
    };
    if (!(await confirmDanger(question))) return;
    await deleteDocument(document.id);
    removed(row, title);
  };
  const options = { kind: 'quiet', testId: 'delete-document', describe: `Delete ${title}` } as const;
  row.append(actionButton('Delete', options, failure, remove));
  return row;
}
