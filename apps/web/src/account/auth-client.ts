import { passkeyClient } from '@better-auth/passkey/client';
import { createAuthClient } from 'better-auth/client';
import { adminClient, twoFactorClient } from 'better-auth/client/plugins';
import { ApiProblem } from '../api/api-problem.ts';

/** The client of `/api/auth`, for pages that are loaded when they are wanted; the editor does without. */
export const authClient = createAuthClient({
  baseURL: location.origin,
  plugins: [passkeyClient(), twoFactorClient(), adminClient()],
});

type AuthError = {
  readonly status?: number;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
};
type AuthAnswer<Data> =
  | { readonly data: Data; readonly error?: AuthError | null }
  | { readonly data: null; readonly error: AuthError };

/** The data of an answer of better-auth. Throws an ApiProblem for an error. */
export async function dataOf<Data>(call: Promise<AuthAnswer<Data>>): Promise<NonNullable<Data>> {
  const { data, error } = await call;
  if (data !== null && data !== undefined) return data;
  throw new ApiProblem(error?.status ?? 400, error?.code ?? '', error?.message ?? '');
}
