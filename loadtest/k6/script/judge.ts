import { setTimeout } from 'k6/timers';
import type * as Y from 'yjs';
import { type LoadPlan, requestHeaders } from '../load-plan.ts';
import { storedDocument } from './stored-document.ts';
import type { Visitor } from './visitor.ts';

const LOOK_AGAIN_MS = 1_000;

/**
 * Compares every session of this engine with what the server has of its document, again and again until all agree or
 * the time is up; then writes down how each was, and ends them. Called when nobody edits any more.
 */
export async function judge(plan: LoadPlan, visitors: readonly Visitor[]): Promise<void> {
  const docIds = [...new Set(visitors.map(({ seed }) => seed.docId))];
  await Promise.all(
    docIds.map((docId) => {
      const members = visitors.filter(({ seed }) => seed.docId === docId);
      return judgeRoom(plan, docId, members);
    }),
  );
  for (const visitor of visitors) visitor.end();
}

async function judgeRoom(
  { url, agreeWithinMs }: LoadPlan,
  docId: string,
  members: readonly Visitor[],
): Promise<void> {
  const giveUpAtMs = Date.now() + agreeWithinMs;
  const [first] = members;
  const headers = first ? requestHeaders(first.seed.credential) : {};
  let stored: Y.Doc | null = null;
  for (;;) {
    await pause(LOOK_AGAIN_MS);
    const latest = await storedDocument(url, docId, headers).catch((error: unknown) => {
      console.warn(String(error));
      return null;
    });
    if (latest) stored = latest;
    if (latest && members.every((member) => member.agrees(latest, members))) break;
    if (Date.now() >= giveUpAtMs) break;
  }
  for (const member of members) member.conclude(stored, members);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
