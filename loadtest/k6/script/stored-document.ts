import http from 'k6/http';
import * as Y from 'yjs';

/** The document as the server gives it to anybody. Throws an Error with the status when it does not. */
export async function storedDocument(
  url: string,
  docId: string,
  headers: Readonly<Record<string, string>>,
): Promise<Y.Doc> {
  const answer = await http.asyncRequest('GET', `${url}/api/docs/${docId}/content`, null, {
    headers: { ...headers, accept: 'application/octet-stream' },
    responseType: 'binary',
    tags: { name: '/api/docs/:docId/content' },
  });
  if (answer.status !== 200 || !answer.body)
    throw new Error(`the content of ${docId}: status ${answer.status}`);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(answer.body));
  return doc;
}

/** Whether both have seen the same of everybody, and neither waits for what it lacks. */
export function isSameState(one: Y.Doc, other: Y.Doc): boolean {
  const [left, right] = [one, other].map((doc) => Y.decodeStateVector(Y.encodeStateVector(doc)));
  if (!left || !right || left.size !== right.size || one.store.pendingStructs !== null) return false;
  return [...left].every(([clientId, clock]) => right.get(clientId) === clock);
}
