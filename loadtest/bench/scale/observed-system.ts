import type { SystemUnderTest } from '../system.ts';

const ANSWER_WITHIN_MS = 10_000;

/**
 * A system in which the first `writers` connections of a document are those of its owner, and all that follow come by
 * a link that lets them look and not write, as an audience does. Asks Kryton's API for that link.
 */
export function observed(system: SystemUnderTest, writers: number): SystemUnderTest {
  const documents = new Map<string, { readonly token: string; doors: number }>();
  return {
    ...system,
    async documents(count) {
      const docIds = await system.documents(count);
      for (const docId of docIds) documents.set(docId, { token: await viewerLink(system, docId), doors: 0 });
      return docIds;
    },
    doorOf(node, docId) {
      const document = documents.get(docId);
      if (!document) throw new Error(`${docId} has no link for observers`);
      const door = system.doorOf(node, docId);
      return document.doors++ < writers
        ? door
        : { ...door, headers: { authorization: `Bearer ${document.token}` } };
    },
  };
}

async function viewerLink(system: SystemUnderTest, docId: string): Promise<string> {
  const { url, headers } = system.doorOf(0, docId);
  const { host } = new URL(url);
  const answer = await fetch(`http://${host}/api/docs/${docId}/grants/link`, {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ role: 'viewer' }),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  const body: unknown = await answer.json();
  if (answer.ok && typeof body === 'object' && body !== null && 'token' in body)
    if (typeof body.token === 'string') return body.token;
  throw new Error(`no link for observers of ${docId}: ${answer.status} ${JSON.stringify(body)}`);
}
