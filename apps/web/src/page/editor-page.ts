import type { Text } from '@codemirror/state';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { ClusterConnection } from '../connection/cluster-connection.ts';
import { type ConnectionState, describeConnection } from '../connection/connection-state.ts';
import { fetchNodeUrls, NodeRing } from '../connection/node-ring.ts';
import { addressOf, freshDocId } from '../document/document-address.ts';
import { titleOf } from '../document/document-title.ts';
import { openEditor } from '../editor/editor.ts';
import { loadName } from '../people/display-name.ts';
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

/** Opens document `docId` in `parent`: the whole page and its connection, for the life of the tab. */
export function openEditorPage(parent: HTMLElement, docId: DocId): void {
  const doc = new Y.Doc();
  const text = doc.getText(TEXT_NAME);
  const awareness = new Awareness(doc);
  const ring = new NodeRing(location.origin, Math.random);
  let state: ConnectionState = { kind: 'connecting' };
  let readOnlyReason: string | null = null;
  let nodeName: string | null = null;

  const after = (delayMs: number, run: () => void) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  };
  const note = notices();
  const markView = savedMarkView(note.announce);
  const showMark = () => markView.show(savedMark.state, readOnlyReason !== null);
  const savedMark = new SavedMark({
    sendBarrier: (counter) => connection.sendBarrier(counter),
    changed: showMark,
    after,
  });

  // After a move the page's own origin may be a node that is gone: links lead to the one that serves us.
  const baseUrl = () => (state.kind === 'connected' ? ring.current : location.origin);
  const head = header({
    savedMark: markView.root,
    copyLink: () =>
      copyText(baseUrl() + addressOf(docId), 'Copy this link:', () => note.toast('Link copied')),
    newDocumentUrl: () => baseUrl() + addressOf(freshDocId((bytes) => crypto.getRandomValues(bytes))),
  });
  const status = statusBar();
  const people = presentPeople(
    awareness,
    loadName(() => localStorage, Math.random),
  );
  const sheet = element('main', { class: 'sheet', id: 'editor' });
  const skip = element('a', { href: '#editor', class: 'skip' }, 'Skip to the text');
  parent.append(
    skip,
    head.root,
    note.banner,
    element('div', { class: 'desk' }, sheet, people),
    status.root,
    note.toasts,
  );

  const showText = (content: Text) => {
    head.title(titleOf(content.iterLines()));
    status.count(content);
  };
  const editor = openEditor({ parent: sheet, text, awareness, changed: showText });
  head.title('');
  skip.addEventListener('click', (event) => {
    event.preventDefault();
    editor.focus();
  });

  const showConnection = () => {
    const words = describeConnection(state, navigator.onLine);
    status.connection(state, words);
    note.showBanner(
      connectionBanner(state, words, readOnlyReason, {
        tryNow: () => connection.connectNow(),
        reload: () => location.reload(),
        copyText: () => copyText(text.toString(), 'Copy your text:', () => note.toast('Text copied')),
      }),
    );
    editor.setReadOnly(readOnlyReason !== null || state.kind === 'stopped');
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
    ring,
    savedMark,
    after,
    changed(next) {
      state = next;
      showConnection();
      if (next.kind === 'connected' && ring.size === 1) learnNodes();
    },
    nodeNamed(name) {
      if (nodeName !== null && nodeName !== name) note.toast(`Moved to ${name}`);
      nodeName = name;
      status.node(name);
    },
    writingDenied(reason) {
      readOnlyReason = reason;
      showConnection();
    },
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
  window.addEventListener('beforeunload', (event) => {
    if (savedMark.holdsUnsaved) event.preventDefault();
  });
}
