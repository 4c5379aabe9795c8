import { request } from './request.ts';
import type { Agent, Scope } from './shapes.ts';

export async function listAgents(): Promise<readonly Agent[]> {
  return (await request<{ agents: readonly Agent[] }>('/api/agents')).agents;
}

export async function createAgent(name: string): Promise<void> {
  await request('/api/agents', { method: 'POST', body: { name } });
}

export async function deleteAgent(id: string): Promise<void> {
  await request(`/api/agents/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

export type TokenWish = {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Left out for every document that the agent can reach. */
  readonly docs?: readonly string[];
  readonly expiresInSeconds: number;
};

/** The token itself is in this answer and in none after it. */
export type MadeToken = { readonly id: string; readonly token: string; readonly expiresAt: string };

export function createToken(agentId: string, wish: TokenWish): Promise<MadeToken> {
  return request<MadeToken>(`/api/agents/${encodeURIComponent(agentId)}/tokens`, {
    method: 'POST',
    body: wish,
  });
}

export async function revokeToken(agentId: string, tokenId: string): Promise<void> {
  await request(`/api/agents/${encodeURIComponent(agentId)}/tokens/${encodeURIComponent(tokenId)}`, {
    method: 'DELETE',
  });
}
