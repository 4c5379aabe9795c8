import { ApiProblem } from './api-problem.ts';

/** Nobody looks at a page for longer without an explanation. */
const DEADLINE_MS = 15_000;

/**
 * Asks better-auth, which is no part of the described API, for what needs none of its client: GET without a body, POST
 * with one. Throws an ApiProblem for everything but a 2xx.
 */
export async function askAuth(path: string, body?: object): Promise<void> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`/api/auth${path}`, {
      ...(body !== undefined && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    text = await response.text();
  } catch {
    throw ApiProblem.unreachable();
  }
  if (!response.ok) throw problemOf(response.status, text);
}

/**
 * Reads `{"error":{"code","message"}}`, and better-auth's `{"code","message"}`, parsed or as text; a proxy's own page
 * reads as neither.
 */
export function problemOf(status: number, answer: unknown): ApiProblem {
  const body = typeof answer === 'string' ? parsed(answer) : answer;
  const inner = field(body, 'error') ?? body;
  const [code, message] = [field(inner, 'code'), field(inner, 'message')];
  return new ApiProblem(
    status,
    typeof code === 'string' ? code : '',
    typeof message === 'string' ? message : '',
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Nothing of ours; the status says enough.
    return null;
  }
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
