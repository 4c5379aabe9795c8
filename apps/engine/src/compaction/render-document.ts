import * as Y from 'yjs';

/** Of whatever kind. */
type RootType = typeof Y.Doc.prototype.share extends Map<string, infer Type> ? Type : never;

/**
 * A document as JSON text: each root type under its name. What a root type is no update says, so it is told by what is
 * in it: text, XML, a list, a map; null where nothing tells. Binary becomes base64. Seconds of work where there is
 * much, on the thread that calls it.
 */
export function renderJson(update: Uint8Array): string {
  const doc = loaded(update);
  const roots = [...doc.share].map(([name, type]) => [name, plainOf(doc, name, type)] as const);
  // In the order of their names: Yjs' own depends on who wrote first.
  roots.sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(roots), plainValue);
}

/** The text of the root type `root`; of XML its markup, of anything else what is text in it. */
export function renderText(update: Uint8Array, root: string): string {
  const doc = loaded(update);
  const type = doc.share.get(root);
  if (!type) return '';
  return kindOf(type) === 'xml' ? doc.getXmlFragment(root).toString() : doc.getText(root).toString();
}

function loaded(update: Uint8Array): Y.Doc {
  const doc = new Y.Doc({ gc: true });
  Y.applyUpdate(doc, update);
  return doc;
}

function plainOf(doc: Y.Doc, name: string, type: RootType): unknown {
  switch (kindOf(type)) {
    case 'text':
      return doc.getText(name).toJSON();
    case 'xml':
      return doc.getXmlFragment(name).toJSON();
    case 'list':
      return doc.getArray(name).toJSON();
    case 'map':
      return doc.getMap(name).toJSON();
    case 'unknown':
      return null;
  }
}

/** By the first content that is still there: deleted content does not say what it was. */
function kindOf(type: RootType): 'text' | 'xml' | 'list' | 'map' | 'unknown' {
  for (let item = type._start; item !== null; item = item.right) {
    if (item.deleted) continue;
    const { content } = item;
    if (content instanceof Y.ContentString || content instanceof Y.ContentFormat) return 'text';
    if (content instanceof Y.ContentEmbed) return 'text';
    if (content instanceof Y.ContentType && isXml(content.type)) return 'xml';
    return 'list';
  }
  return type._map.size > 0 ? 'map' : 'unknown';
}

function isXml(type: unknown): boolean {
  return (
    type instanceof Y.XmlElement ||
    type instanceof Y.XmlText ||
    type instanceof Y.XmlFragment ||
    type instanceof Y.XmlHook
  );
}

/** JSON has neither. */
function plainValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}
