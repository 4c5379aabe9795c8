import * as Y from 'yjs';

/** One author's insertion into the text that stock clients show. */
export function updateOf(text: string, client = 77): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = client;
  doc.getText('content').insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

/** Types nested 12,000 deep of which the outermost is deleted: Yjs deletes by recursion, and its stack overflows. */
export function bottomless(): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = 9;
  let map = doc.getMap('deep');
  for (let depth = 0; depth < 12_000; depth++) {
    const inner = new Y.Map<unknown>();
    map.set('in', inner);
    map = inner;
  }
  const update = Y.encodeStateAsUpdate(doc);
  // In place of the empty delete set at its end: one client, 9, one range, clock 0, length 1.
  return Uint8Array.from([...update.subarray(0, -1), 1, 9, 1, 0, 1]);
}
