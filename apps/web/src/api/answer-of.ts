import { ApiProblem } from './api-problem.ts';
import { apiClient } from './client.ts';
import { problemOf } from './request.ts';

/** A call that has no answer by then has failed: nobody looks at a page for longer without an explanation. */
const DEADLINE_MS = 15_000;

/** The API of the page's own origin. */
export const api = apiClient((input, init) =>
  fetch(input, { ...init, signal: AbortSignal.timeout(DEADLINE_MS) }),
);

type Answer<Data> = {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
};

/** The body of an answer, undefined where there is none (204). Throws an ApiProblem for everything but a 2xx. */
export async function answerOf<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await call.catch(() => Promise.reject(ApiProblem.unreachable()));
  if (!response.ok) throw problemOf(response.status, error);
  return data as Data;
}

/** Shows the token of a link in place of the cookie; null for the cookie. */
export function shown(token: string | null): Record<string, string> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}
