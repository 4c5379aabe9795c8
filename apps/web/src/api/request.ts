import { ApiProblem } from './api-problem.ts';

/** A call that has no answer by then has failed: nobody looks at a page for longer without an explanation. */
const DEADLINE_MS = 15_000;

export type Call = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  /** Sent in place of the cookie: the token of a link. */
  readonly token?: string | null;
};

/**
 * Calls the API of the page's own origin; the answer's body, or null when there is none (204). Throws an ApiProblem
 * for everything but a 2xx.
 */
export async function request<Answer>(path: string, call: Call = {}): Promise<Answer> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (call.body !== undefined) headers['content-type'] = 'application/json';
  if (call.token) headers['authorization'] = `Bearer ${call.token}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(location.origin + path, {
      method: call.method ?? 'GET',
      headers,
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    text = await response.text();
  } catch {
    throw ApiProblem.unreachable();
  }
  if (!response.ok) throw problemOf(response.status, text);
  return text === '' ? (null as Answer) : JSON.parse(text);
}

/** Reads `{"error":{"code","message"}}`, and better-auth's `{"code","message"}`; a proxy's own page reads as neither. */
export function problemOf(status: number, text: string): ApiProblem {
  let body: unknown = null;
  try {
    body = JSON.parse(text);
  } catch {
    // Nothing of ours; the status says enough.
  }
  const inner = field(body, 'error') ?? body;
  const [code, message] = [field(inner, 'code'), field(inner, 'message')];
  return new ApiProblem(
    status,
    typeof code === 'string' ? code : '',
    typeof message === 'string' ? message : '',
  );
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
