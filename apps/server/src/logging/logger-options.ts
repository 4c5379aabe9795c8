import type { LoggerOptions } from 'pino';
import { withoutSecretShapes, withoutSecrets } from './redact.ts';

/**
 * How every process of the server logs. Secrets are kept out twice (ACC4): by the names of fields before a line is
 * written, and by their shape in the finished line, whoever wrote it. A URL is logged without its query.
 */
export function loggerOptions(level: string, base: Readonly<Record<string, string>>): LoggerOptions {
  return {
    level,
    base,
    formatters: {
      log: (details) => withoutSecrets(details) as Record<string, unknown>,
    },
    // Made plain by then.
    serializers: { err: (error: unknown) => error },
    hooks: { streamWrite: withoutSecretShapes },
  };
}
