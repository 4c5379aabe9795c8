import * as Y from 'yjs';
import type { SeededRandom } from './seeded-random.ts';

/**
 * Real updates of a document that three authors edit at once and sync now and then: every shared type, every kind of
 * content, deletes, conflicts. In the order in which they were made; `whole` is the document that holds them all.
 */
export function sampleUpdates(random: SeededRandom, edits: number): { updates: Uint8Array[]; whole: Y.Doc } {
  const updates: Uint8Array[] = [];
  const authors = Array.from({ length: 3 }, () => {
    const doc = new Y.Doc();
    doc.clientID = 1 + random.int(2 ** 32 - 1);
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'sync') updates.push(update);
    });
    return doc;
  });
  for (let i = 0; i < edits; i++) {
    const author = random.pick(authors);
    author.transact(() => edit(author, random));
    if (random.chance(0.2)) sync(random.pick(authors), random.pick(authors));
  }
  const whole = new Y.Doc();
  whole.transact(() => {
    for (const update of updates) Y.applyUpdate(whole, update);
  });
  return { updates, whole };
}

function sync(from: Y.Doc, to: Y.Doc): void {
  Y.applyUpdate(to, Y.encodeStateAsUpdate(from, Y.encodeStateVector(to)), 'sync');
}

function edit(doc: Y.Doc, random: SeededRandom): void {
  random.pick([editText, editText, editText, editMap, editArray, editXml])(doc, random);
}

function editText(doc: Y.Doc, random: SeededRandom): void {
  const text = doc.getText('text');
  const at = random.int(text.length + 1);
  const rest = text.length - at;
  if (rest > 0 && random.chance(0.3)) text.delete(at, 1 + random.int(Math.min(rest, 5)));
  else if (rest > 0 && random.chance(0.2))
    text.format(at, 1 + random.int(rest), { bold: random.chance(0.5) || null });
  else if (random.chance(0.1)) text.insertEmbed(at, { image: 'data:,', size: random.int(100) });
  else text.insert(at, random.pick(['a', 'word ', 'é', '漢字', '😀', 'x'.repeat(300)]));
}

function editMap(doc: Y.Doc, random: SeededRandom): void {
  const map = doc.getMap('map');
  const key = `key${random.int(6)}`;
  if (random.chance(0.3)) map.delete(key);
  else map.set(key, value(random));
}

function editArray(doc: Y.Doc, random: SeededRandom): void {
  const array = doc.getArray('array');
  const at = random.int(array.length + 1);
  if (at < array.length && random.chance(0.3)) array.delete(at, 1);
  else if (random.chance(0.5)) array.insert(at, [1, 2.5, 'three', null, { four: [true, undefined, 5n] }]);
  else array.insert(at, [value(random)]);
}

function editXml(doc: Y.Doc, random: SeededRandom): void {
  const fragment = doc.getXmlFragment('xml');
  const element = new Y.XmlElement('p');
  element.setAttribute('class', 'wide');
  element.insert(0, [new Y.XmlText('text'), new Y.XmlElement('br')]);
  if (fragment.length > 0 && random.chance(0.3)) fragment.delete(random.int(fragment.length), 1);
  else fragment.insert(random.int(fragment.length + 1), [element]);
}

function value(random: SeededRandom): unknown {
  const nested = new Y.Map();
  nested.set('inner', new Y.Array());
  return random.pick<() => unknown>([
    () => random.int(2 ** 31),
    () => random.next(),
    () => 'text',
    () => random.bytes(20),
    () => nested,
    () => new Y.Text('inner text'),
    () => new Y.Doc({ guid: `sub${random.int(100)}`, autoLoad: random.chance(0.5), meta: { a: 1 } }),
  ])();
}
