import { answerOf, api } from './answer-of.ts';
import type { Agent, MadeToken, TokenWish } from './shapes.ts';

export async function listAgents(): Promise<readonly Agent[]> {
  return (await answerOf(api.GET('/api/agents'))).agents;
}

export async function createAgent(name: string): Promise<void> {
  await answerOf(api.POST('/api/agents', { body: { name } }));
}

export async function deleteAgent(id: string): Promise<void> {
  await answerOf(api.DELETE('/api/agents/{id}', { params: { path: { id } } }));
}

/** The token itself is in this answer and in none after it. */
export function createToken(id: string, wish: TokenWish): Promise<MadeToken> {
  return answerOf(api.POST('/api/agents/{id}/tokens', { params: { path: { id } }, body: wish }));
}

export async function revokeToken(id: string, tokenId: string): Promise<void> {
  await answerOf(api.DELETE('/api/agents/{id}/tokens/{tokenId}', { params: { path: { id, tokenId } } }));
}
