import { type Extension, type Range, StateEffect } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  type PluginValue,
  ViewPlugin,
  type ViewUpdate,
  WidgetType,
} from '@codemirror/view';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { type Person, property, readPerson } from '../people/people.ts';

/** The presence of these clients changed. */
const presenceChanged = StateEffect.define<readonly number[]>();

type RemoteCaret = { person: Person; anchor: number; head: number; moves: number };
type AwarenessChange = { added: number[]; updated: number[]; removed: number[] };

class CaretWidget extends WidgetType {
  private readonly person: Person;
  /** A caret that moved is drawn anew, which shows its name again for a while (the stylesheet fades it). */
  private readonly moves: number;

  constructor(person: Person, moves: number) {
    super();
    this.person = person;
    this.moves = moves;
  }

  override eq(other: CaretWidget): boolean {
    const { client, name, colour } = this.person;
    return (
      client === other.person.client &&
      name === other.person.name &&
      colour === other.person.colour &&
      this.moves === other.moves
    );
  }

  override toDOM(): HTMLElement {
    const caret = document.createElement('span');
    caret.className = `remote-caret person-${this.person.colour}`;
    caret.ariaHidden = 'true';
    // Shown by the stylesheet, so that the name is no part of the text when that is read or copied.
    caret.dataset['name'] = this.person.name;
    return caret;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

/**
 * The carets and selections of the others, and the announcement of ours. The presence field `cursor` with relative
 * positions `anchor` and `head` is that of y-codemirror.next, so both kinds of editors see each other.
 *
 * y-codemirror.next brings such a plugin too. It writes the colours that others announce into style attributes, which
 * a strict content security policy forbids and which lets anybody inject styles; it resolves everybody's position on
 * each keystroke, which is linear in the document; and it shows names on hover only.
 */
class RemoteCarets implements PluginValue {
  decorations: DecorationSet = Decoration.none;
  private readonly text: Y.Text;
  private readonly awareness: Awareness;
  private readonly carets = new Map<number, RemoteCaret>();
  /** Clients whose position is in text that has not arrived yet. */
  private readonly unresolved = new Set<number>();
  private readonly onPresence: (change: AwarenessChange) => void;
  private wasAnnounced = false;

  constructor(view: EditorView, text: Y.Text, awareness: Awareness) {
    this.text = text;
    this.awareness = awareness;
    this.onPresence = ({ added, updated, removed }) => {
      const clients = [...added, ...updated, ...removed].filter((client) => client !== awareness.clientID);
      if (clients.length > 0) view.dispatch({ effects: presenceChanged.of(clients) });
    };
    awareness.on('change', this.onPresence);
    for (const client of awareness.getStates().keys()) this.place(client, view.state.doc.length);
    this.draw();
  }

  destroy(): void {
    this.awareness.off('change', this.onPresence);
  }

  update(update: ViewUpdate): void {
    const isMoved = update.view.hasFocus && (update.selectionSet || update.focusChanged);
    if (isMoved || (this.wasAnnounced && isPushed(update))) this.announce(update.view);
    const clients = update.transactions.flatMap(({ effects }) =>
      effects.flatMap((effect) => (effect.is(presenceChanged) ? effect.value : [])),
    );
    if (update.docChanged) {
      for (const caret of this.carets.values()) {
        // Before the character on their right, as relative positions are: somebody who types at the end of the text
        // announces the same position, "the end", again and again, and that is no change of presence.
        caret.anchor = update.changes.mapPos(caret.anchor, 1);
        caret.head = update.changes.mapPos(caret.head, 1);
      }
      clients.push(...this.unresolved);
    }
    if (clients.length === 0 && !update.docChanged) return;
    for (const client of clients) this.place(client, update.state.doc.length);
    this.draw();
  }

  private announce(view: EditorView): void {
    this.wasAnnounced = true;
    const { anchor, head } = view.state.selection.main;
    this.awareness.setLocalStateField('cursor', {
      anchor: Y.createRelativePositionFromTypeIndex(this.text, anchor),
      head: Y.createRelativePositionFromTypeIndex(this.text, head),
    });
  }

  private place(client: number, length: number): void {
    this.unresolved.delete(client);
    const state: unknown = this.awareness.getStates().get(client);
    const cursor = client === this.awareness.clientID ? undefined : property(state, 'cursor');
    const before = this.carets.get(client);
    this.carets.delete(client);
    if (typeof cursor !== 'object' || cursor === null) return;
    const anchor = this.indexOf(property(cursor, 'anchor'));
    const head = this.indexOf(property(cursor, 'head'));
    if (anchor === null || head === null) {
      this.unresolved.add(client);
      return;
    }
    const place = { anchor: Math.min(anchor, length), head: Math.min(head, length) };
    const hasMoved = before?.anchor !== place.anchor || before.head !== place.head;
    const moves = (before?.moves ?? 0) + (hasMoved ? 1 : 0);
    this.carets.set(client, { person: readPerson(client, state), ...place, moves });
  }

  private indexOf(position: unknown): number | null {
    try {
      const relative = Y.createRelativePositionFromJSON(position);
      const absolute = this.text.doc && Y.createAbsolutePositionFromRelativePosition(relative, this.text.doc);
      return absolute?.type === this.text ? absolute.index : null;
    } catch {
      // Anything can stand in somebody else's presence.
      return null;
    }
  }

  private draw(): void {
    const ranges: Range<Decoration>[] = [];
    for (const { person, anchor, head, moves } of this.carets.values()) {
      if (anchor !== head) {
        const selection = Decoration.mark({ class: `remote-selection person-${person.colour}` });
        ranges.push(selection.range(Math.min(anchor, head), Math.max(anchor, head)));
      }
      // On the inner side of its own selection, so that our caret at the same place stays outside.
      const side = head > anchor ? -1 : 1;
      ranges.push(Decoration.widget({ widget: new CaretWidget(person, moves), side }).range(head));
    }
    this.decorations = Decoration.set(ranges, true);
  }
}

/**
 * Whether somebody wrote exactly where our selection begins or ends: in the editor it stays before the new text, while
 * the relative position that we announced moves behind it.
 */
function isPushed(update: ViewUpdate): boolean {
  if (!update.docChanged) return false;
  const { anchor, head } = update.startState.selection.main;
  return [anchor, head].some((at) => update.changes.mapPos(at, -1) !== update.changes.mapPos(at, 1));
}

/** Shows the others in `text`, and this tab to the others. List it after the plugin that keeps `text` in step. */
export function remoteCarets(text: Y.Text, awareness: Awareness): Extension {
  return ViewPlugin.define((view) => new RemoteCarets(view, text, awareness), {
    decorations: (carets) => carets.decorations,
  });
}
