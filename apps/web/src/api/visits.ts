import { ApiProblem } from './api-problem.ts';
import { request } from './request.ts';
import type { Me, SignIn } from './shapes.ts';

/** How this server lets people in. */
export async function fetchSignIn(): Promise<SignIn> {
  return (await request<{ signIn: SignIn }>('/api/node')).signIn;
}

/** Who is signed in in this browser; null for nobody. */
export async function fetchMe(): Promise<Me | null> {
  try {
    return await request<Me>('/api/me');
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) return null;
    throw error;
  }
}

/**
 * Lets a session that is used go on: it is prolonged nowhere but here. Nobody waits for it, and failing to is no
 * trouble before the session ends, days later.
 */
export function prolongSession(): void {
  request('/api/auth/get-session').catch(() => {});
}

/** Signs this browser in without an account, where the server lets guests in. */
export async function signInAsGuest(): Promise<void> {
  await request('/api/auth/sign-in/anonymous', { method: 'POST', body: {} });
}

export async function signOut(): Promise<void> {
  await request('/api/auth/sign-out', { method: 'POST', body: {} });
}
