import { setTimeout as pause } from 'node:timers/promises';
import type { SessionSeed } from './load-plan.ts';
import type { Target } from './target.ts';

const ANSWER_WITHIN_MS = 30_000;
/** Of one session's document token; the server allows a day. */
const TOKEN_SECONDS = 86_400;
/** How often a request that is answered with 429 is tried again. */
const TRIES = 10;
/** Where the answer says no time. */
const RETRY_AFTER_S = 5;

/**
 * A cluster somewhere else, entered by an agent token with the scopes `write` and `mint`. Each room is a new document of
 * the agent's owner; each session has a document token of its own. `url` may be `ws(s)` or `http(s)`.
 */
export function foreignTarget(url: string, token: string): Target {
  const { protocol, host } = new URL(url);
  const base = `${protocol.replace(/^ws/, 'http')}//${host}`;
  const post = async (path: string, body: unknown) => await answerTo(base, path, token, body);
  return {
    url: base,
    async sessions(count, roomSize) {
      const seeds: SessionSeed[] = [];
      let docId = '';
      for (let index = 0; index < count; index++) {
        if (index % Math.min(roomSize, count) === 0) {
          docId = text(await post('/api/docs', { title: `Load test ${new Date().toISOString()}` }), 'id');
        }
        const person = { userId: `load-${index}`, name: `Load ${index}`, role: 'editor' };
        const minted = await post(`/api/docs/${docId}/tokens`, {
          ...person,
          expiresInSeconds: TOKEN_SECONDS,
        });
        seeds.push({ docId, credential: { documentToken: text(minted, 'token') } });
      }
      return seeds;
    },
  };
}

async function answerTo(base: string, path: string, token: string, body: unknown): Promise<unknown> {
  for (let tries = 1; ; tries++) {
    const answer = await fetch(base + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (answer.ok) return await answer.json();
    if (answer.status !== 429 || tries === TRIES) {
      const advice = answer.status === 403 ? '; the token needs the scopes write and mint' : '';
      throw new Error(`POST ${base}${path}: ${answer.status} ${await answer.text()}${advice}`);
    }
    await pause(1_000 * Number(answer.headers.get('retry-after') ?? RETRY_AFTER_S));
  }
}

function text(answer: unknown, field: string): string {
  const value = Object.entries(answer ?? {}).find(([name]) => name === field)?.[1];
  if (typeof value !== 'string') throw new Error(`the answer has no ${field}: ${JSON.stringify(answer)}`);
  return value;
}
