import type { Text } from '@codemirror/state';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { guestNote } from '../account/guest-note.ts';
import { fetchDocument, retitleDocument } from '../api/documents.ts';
import { ClusterConnection } from '../connection/cluster-connection.ts';
import { type ConnectionState, describeConnection } from '../connection/connection-state.ts';
import { fetchNodeUrls, NodeRing } from '../connection/node-ring.ts';
import { addressOf } from '../document/document-address.ts';
import { titleOf } from '../document/document-title.ts';
import { KeptTitle } from '../document/kept-title.ts';
import { openEditor } from '../editor/editor.ts';
import { loadName } from '../people/display-name.ts';
import { DocumentAccess } from '../places/document-access.ts';
import type { Opening } from '../places/opening.ts';
import { linkAddress, signInAddress } from '../places/place.ts';
import { SavedMark } from '../saving/saved-mark.ts';
import { connectionBanner } from './connection-banner.ts';
import { copyText } from './copy-text.ts';
import { element } from './element.ts';
import { header } from './header.ts';
import { notices } from './notices.ts';
import { presentPeople } from './present-people.ts';
import { savedMarkView } from './saved-mark-view.ts';
import { statusBar } from './status-bar.ts';

/** The root type of a document's text, as in the README's example for other clients. */
const TEXT_NAME = 'content';

/** Opens a document in `parent`: the whole page and its connection, for the life of the tab. */
export function openEditorPage(
  parent: HTMLElement,
  { document: opened, me, linkToken }: Extract<Opening, { kind: 'open' }>,
): void {
  const docId = opened.id;
  const doc = new Y.Doc();
  const text = doc.getText(TEXT_NAME);
  const awareness = new Awareness(doc);
  const ring = new NodeRing(location.origin, Math.random);
  let state: ConnectionState = { kind: 'connecting' };
  let nodeName: string | null = null;

  const after = (delayMs: number, run: () => void) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  };
  const note = notices();
  const markView = savedMarkView(note.announce);
  const showMark = () => markView.show(savedMark.state, access.isReadOnly);
  const savedMark = new SavedMark({
    sendBarrier: (counter) => connection.sendBarrier(counter),
    changed: showMark,
    after,
  });

  const access = new DocumentAccess({
    role: opened.role,
    fetchDocument: () => fetchDocument(docId, linkToken),
    changed: () => {
      head.role(access.role);
      showConnection();
    },
    ended: (code, reason) => connection.end(code, reason),
    now: () => performance.now(),
  });

  // After a move the page's own origin may be a node that is gone: links lead to the one that serves us.
  const baseUrl = () => (state.kind === 'connected' ? ring.current : location.origin);
  const address = () => baseUrl() + (linkToken === null ? addressOf(docId) : linkAddress(docId, linkToken));
  const copyAddress = (text: string, copied: () => void) => copyText(text, 'Copy this link:', copied);
  const head = header({
    savedMark: markView.root,
    me,
    back: { id: docId, linkToken },
    copyLink: () => copyAddress(address(), () => note.toast('Link copied')),
    share: () => {
      void import('../sharing/share-dialog.ts').then(({ openShareDialog }) =>
        openShareDialog({
          docId,
          title: titleOf(text.toString().split('\n')),
          me,
          copyLink: (token, copied) => copyAddress(baseUrl() + linkAddress(docId, token), copied),
        }),
      );
    },
  });
  const status = statusBar();
  const people = presentPeople(
    awareness,
    me?.kind === 'user'
      ? { name: me.name, isChosen: false }
      : { name: loadName(() => localStorage, Math.random), isChosen: true },
  );
  if (me?.kind === 'guest') people.append(guestNote({ id: docId, linkToken }));
  const sheet = element('main', { class: 'sheet', id: 'editor' });
  const skip = element('a', { href: '#editor', class: 'skip' }, 'Skip to the text');
  parent.replaceChildren(
    skip,
    head.root,
    note.banner,
    element('div', { class: 'desk' }, sheet, people),
    status.root,
    note.toasts,
  );

  const keptTitle = new KeptTitle({
    stored: opened.title,
    save: (title) => retitleDocument(docId, title, linkToken),
    after,
  });
  let isOwnEdit = false;
  // Before the editor hears of what others wrote, and before it tells what was written in it.
  doc.on('beforeObserverCalls', (transaction: Y.Transaction) => {
    isOwnEdit = transaction.local;
  });
  const showText = (content: Text) => {
    const title = titleOf(content.iterLines());
    head.title(title);
    status.count(content);
    keptTitle.changed(title, isOwnEdit && !access.isReadOnly);
  };
  const editor = openEditor({ parent: sheet, text, awareness, changed: showText });
  head.title('');
  head.role(access.role);
  skip.addEventListener('click', (event) => {
    event.preventDefault();
    editor.focus();
  });

  const showConnection = () => {
    const words = describeConnection(state, navigator.onLine, linkToken === null ? 'session' : 'link');
    status.connection(state, words);
    note.showBanner(
      connectionBanner(state, words, access.isReadOnly, {
        tryNow: () => connection.connectNow(),
        reload: () => location.reload(),
        signIn: () => location.assign(signInAddress('sign-in', { id: docId, linkToken })),
        showDocuments: () => location.assign('/'),
        copyText: () => copyText(text.toString(), 'Copy your text:', () => note.toast('Text copied')),
      }),
    );
    editor.setReadOnly(access.isReadOnly || state.kind === 'stopped');
    showMark();
  };

  // Asked again while only one is known: the first answer may have failed.
  const learnNodes = () => {
    void fetchNodeUrls(location.origin).then((urls) => ring.add(urls));
  };
  const connection = new ClusterConnection({
    doc,
    awareness,
    docId,
    token: linkToken,
    ring,
    savedMark,
    after,
    changed(next) {
      // The role may have become another one while this tab was away.
      if (next.kind === 'connected' && state.kind === 'reconnecting') access.recheck();
      state = next;
      showConnection();
      if (next.kind === 'connected' && ring.size === 1) learnNodes();
    },
    nodeNamed(name) {
      if (nodeName !== null && nodeName !== name) note.toast(`Moved to ${name}`);
      nodeName = name;
      status.node(name);
    },
    refused: () => access.recheck(),
    writingDenied: () => access.denied(),
  });
  showConnection();
  // On a touch screen that would open the keyboard over half of the page.
  if (window.matchMedia('(pointer: fine)').matches) editor.focus();
  learnNodes();

  window.addEventListener('online', () => {
    connection.connectNow();
    showConnection();
  });
  window.addEventListener('offline', showConnection);
  // Whoever was just told "you may edit now" comes back to the tab, or clicks into the text.
  sheet.addEventListener('pointerdown', () => {
    if (access.isReadOnly && state.kind === 'connected') access.recheck();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && state.kind !== 'stopped') access.recheck();
  });
  window.addEventListener('beforeunload', (event) => {
    if (savedMark.holdsUnsaved) event.preventDefault();
  });
}
