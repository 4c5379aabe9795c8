/** Why a call did not do what it should; `message` is a sentence or two for people. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  /** The status of the answer; null when there was none. */
  readonly status: number | null;
  /** The code of the server's error table, or of better-auth; empty for none. */
  readonly code: string;

  constructor(status: number | null, code: string, serverMessage: string) {
    super(wordsFor(status, code, serverMessage));
    this.status = status;
    this.code = code;
  }

  /** No answer within the deadline, or none at all. */
  static unreachable(): ApiProblem {
    return new ApiProblem(null, '', '');
  }
}

/** What people read about a failure, whatever was thrown. */
export function problemText(error: unknown): string {
  if (error instanceof ApiProblem) return error.message;
  // What `fetch` rejects with: the network, or the deadline of the call.
  if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError')) {
    return ApiProblem.unreachable().message;
  }
  return error instanceof Error ? sentence(error.message) : 'Something went wrong.';
}

/** Where the server's own words would leave people alone with what to do. */
const WORDS: Readonly<Record<string, string>> = {
  INVALID_EMAIL_OR_PASSWORD: 'The email address or the password is wrong.',
  INVALID_EMAIL: 'This is no email address.',
  INVALID_PASSWORD: 'The password is wrong.',
  PASSWORD_TOO_SHORT: 'The password is too short: it needs at least 10 characters.',
  PASSWORD_TOO_LONG: 'The password is too long: it may have 128 characters.',
  USER_ALREADY_EXISTS: 'There is an account with this email address already. Sign in instead.',
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL:
    'There is an account with this email address already. Sign in instead.',
  INVITATION_REQUIRED:
    'Signing up here needs an invitation for this email address that was not used before. Ask for a new one.',
  BANNED_USER: 'This account is disabled. Ask an administrator.',
  INVALID_CODE: 'The code is wrong or too old. Take the newest one.',
  INVALID_BACKUP_CODE: 'The recovery code is wrong, or was used before.',
  INVALID_TWO_FACTOR_COOKIE: 'This took too long. Sign in again from the start.',
  SESSION_NOT_FRESH: 'Your last sign-in is too long ago for this. Sign out, sign in again, then repeat it.',
  AUTH_CANCELLED: 'No passkey was used. Try again, or sign in with your password.',
  PASSKEY_NOT_FOUND: 'This server does not know the passkey. Sign in with your password, then add it.',
  ERROR_CEREMONY_ABORTED: 'No passkey was made: it was cancelled, or took too long.',
  ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED: 'This device has a passkey for your account already.',
  CREDENTIAL_ACCOUNT_NOT_FOUND: 'This account has no password: it signs in with Google, GitHub or a passkey.',
  tooMany: 'That was too often. Wait a minute, then try again.',
  unauthenticated: 'You are signed out. Reload to sign in again.',
  forbidden: 'You may not do this.',
  internal: 'Something went wrong on the server. Try again; if it stays, tell whoever runs it.',
};

function wordsFor(status: number | null, code: string, serverMessage: string): string {
  if (status === null) return 'The server cannot be reached. Check your connection, then try again.';
  const known = WORDS[code];
  if (known !== undefined) return known;
  if (status === 429) return WORDS['tooMany'] ?? '';
  if (status >= 500 && serverMessage === '') return WORDS['internal'] ?? '';
  return serverMessage === '' ? `The server answered with the status ${status}.` : sentence(serverMessage);
}

/** `text` with a capital at its front and a full stop at its end. */
export function sentence(text: string): string {
  const start = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}
