import type { AuthConfig } from './auth-options.ts';

/** What the page has to know before anybody is signed in. */
export type SignInFeatures = {
  readonly registration: 'open' | 'invitation';
  readonly guests: boolean;
  /** Whether opening a document that does not exist creates it. */
  readonly createOnOpen: boolean;
  readonly providers: readonly ('google' | 'github')[];
};

/** Where there are no accounts. */
export const NO_SIGN_IN: SignInFeatures = {
  registration: 'invitation',
  guests: false,
  createOnOpen: false,
  providers: [],
};

export function signInFeatures(config: AuthConfig): SignInFeatures {
  const { registration, guestAccess, createOnOpen, googleClientId, githubClientId } = config;
  return {
    registration,
    guests: guestAccess,
    createOnOpen,
    providers: [
      ...(googleClientId === null ? [] : (['google'] as const)),
      ...(githubClientId === null ? [] : (['github'] as const)),
    ],
  };
}
