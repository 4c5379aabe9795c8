import type { Credentials } from '@kryton/server/testing/sign-up.ts';

const ANSWER_WITHIN_MS = 30_000;

/** A token with which `npm run load --url` enters the cluster at `url`, of an agent of somebody's. */
export async function agentToken(url: string, somebody: Credentials): Promise<string> {
  const post = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
    const answer = await fetch(url + path, {
      method: 'POST',
      headers: { ...somebody, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  const { id } = await post('/api/agents', { name: 'Load test' });
  const wanted = { name: 'k6', scopes: ['write', 'mint'], expiresInSeconds: 3_600 };
  const { token } = await post(`/api/agents/${id}/tokens`, wanted);
  return String(token);
}
