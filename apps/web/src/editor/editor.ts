import { defaultKeymap } from '@codemirror/commands';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, type Extension, Prec } from '@codemirror/state';
import { dropCursor, EditorView, keymap, placeholder } from '@codemirror/view';
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { markdownLook } from './markdown-look.ts';
import { remoteCarets } from './remote-carets.ts';

/** The editor of one document. */
export type Editor = {
  focus(): void;
  /** A read-only editor can be read, searched, selected and copied. */
  setReadOnly(isReadOnly: boolean): void;
};

/** Opens `text` inside `parent`. `changed` is called after each change of the text, by whomever. */
export function openEditor(ports: {
  readonly parent: HTMLElement;
  readonly text: Y.Text;
  readonly awareness: Awareness;
  changed(content: EditorState['doc']): void;
}): Editor {
  const access = new Compartment();
  const undoManager = new Y.UndoManager(ports.text);
  const view = new EditorView({
    parent: ports.parent,
    state: EditorState.create({
      doc: ports.text.toString(),
      extensions: [
        access.of(writable),
        keymap.of([...searchKeymap, ...defaultKeymap]),
        // A lone "\n" ends a line, here as in Yjs: otherwise "\r\n" from elsewhere would count as one character in the
        // editor and as two in the document, and every edit after it would land in the wrong place.
        EditorState.lineSeparator.of('\n'),
        EditorView.clipboardInputFilter.of((pasted) => pasted.replace(/\r\n?/g, '\n')),
        EditorView.lineWrapping,
        EditorView.cspNonce.of(styleNonce()),
        EditorView.contentAttributes.of({
          'aria-label': 'Document text',
          'data-testid': 'editor',
          spellcheck: 'true',
          autocorrect: 'on',
          autocapitalize: 'sentences',
        }),
        dropCursor(),
        search({ top: true }),
        EditorState.phrases.of(searchWords),
        highlightSelectionMatches({ minSelectionLength: 3 }),
        markdownLook(),
        yCollab(ports.text, null, { undoManager }),
        remoteCarets(ports.text, ports.awareness),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) ports.changed(update.state.doc);
        }),
      ],
    }),
  });
  return {
    focus: () => view.focus(),
    setReadOnly: (isReadOnly) =>
      view.dispatch({ effects: access.reconfigure(isReadOnly ? readable : writable) }),
  };
}

/** Lets the editor's own styles through the content security policy; empty under the development server, which has none. */
function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';
}

const searchWords = {
  next: 'Next',
  previous: 'Previous',
  all: 'Select all',
  'match case': 'Match case',
  regexp: 'Pattern',
  'by word': 'Whole words',
  replace: 'Replace',
  'replace all': 'Replace all',
};

const writable: Extension = [keymap.of(yUndoManagerKeymap), placeholder('Start writing.')];

/** Without undo, by key or by the browser's menu: it changes the document past the editor's own read-only state. */
const readable: Extension = [
  placeholder('Nothing is written here yet.'),
  Prec.highest(EditorView.domEventHandlers({ beforeinput: () => true })),
  EditorState.readOnly.of(true),
  EditorView.editable.of(false),
  EditorView.contentAttributes.of({ tabindex: '0', 'aria-readonly': 'true' }),
];
