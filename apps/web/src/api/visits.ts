import { answerOf, api } from './answer-of.ts';
import { ApiProblem } from './api-problem.ts';
import { askAuth } from './request.ts';
import type { Me, SignIn } from './shapes.ts';

/** How this server lets people in. */
export async function fetchSignIn(): Promise<SignIn> {
  return (await answerOf(api.GET('/api/node'))).signIn;
}

/** Who is signed in in this browser; null for nobody. */
export async function fetchMe(): Promise<Me | null> {
  try {
    return await answerOf(api.GET('/api/me'));
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
  askAuth('/get-session').catch(() => {});
}

/** Signs this browser in without an account, where the server lets guests in. */
export async function signInAsGuest(): Promise<void> {
  await askAuth('/sign-in/anonymous', {});
}

export async function signOut(): Promise<void> {
  await askAuth('/sign-out', {});
}
