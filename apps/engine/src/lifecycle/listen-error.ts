import { StartupError } from './startup-error.ts';

/** Why the port that `variable` names cannot be listened on, in one sentence. */
export function listenError(variable: string, host: string, port: number, cause: unknown): StartupError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const next = `set ${variable} to another one`;
  if (code === 'EADDRINUSE') {
    return new StartupError(`Port ${port} is taken by another process: end that or ${next}`, { cause });
  }
  if (code === 'EACCES') {
    return new StartupError(`Port ${port} may not be used by this user: ${next}`, { cause });
  }
  const because = cause instanceof Error ? cause.message : String(cause);
  return new StartupError(`Cannot listen on ${host}:${port} (${because}): check HOST, or ${next}`, { cause });
}
