/** Names under which nobody may read a value. */
const SECRET_NAME =
  /authorization|cookie|token|passw|secret|credential|sec-websocket-protocol|api-?key|^invitation$/i;
/** Names of what is counted or of an id, not of a secret. */
const HARMLESS_NAME = /(Id|Ids|Kind|Count|Bytes|Ms)$/;
const HIDDEN = '[hidden]';
/** Deeper things are no log lines. */
const MAX_DEPTH = 6;
const MAX_ITEMS = 100;

/** Tokens of ours; anything like a JWT; a session cookie in a header or URL. */
const SECRET_SHAPES: readonly [RegExp, string][] = [
  [/kryton_(?:link_)?[A-Za-z0-9_-]{8,}/g, `kryton_${HIDDEN}`],
  [/\beyJ[A-Za-z0-9_-]{8,300}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, HIDDEN],
  [/(session_token(?:=|%3D))[^"'\\]+/gi, `$1${HIDDEN}`],
  [/(\bBearer )[^\s,"'\\]+/gi, `$1${HIDDEN}`],
  [/(kryton-token, ?)[^\s,"'\\]+/gi, `$1${HIDDEN}`],
];
/** The query of a URL, as a field or within a text. It begins after a delimiter: so one look at each place is enough. */
const QUERY = /(^|[\s"'(=])((?:\/|https?:|wss?:)[^\s"'?\\]*)\?[^\s"'\\]+/g;

/** The details of a log line without what must not be read: by the name of a field. Plain data is copied. */
export function withoutSecrets(value: unknown, depth = 0): unknown {
  if (value instanceof Error) return errorDetails(value, depth);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return '[deep]';
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => withoutSecrets(item, depth + 1));
  // What is not plain data has a serializer of its own; what it says is looked through as text.
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      isSecretName(name) ? HIDDEN : withoutSecrets(item, depth + 1),
    ]),
  );
}

/** Any text without what looks like a secret, and without the queries of URLs. */
export function withoutSecretShapes(text: string): string {
  let shown = text;
  for (const [shape, instead] of SECRET_SHAPES) shown = shown.replace(shape, instead);
  return shown.replace(QUERY, `$1$2?${HIDDEN}`);
}

/** What an error says, and no further fields of it: those of a database hold the values of the row. */
function errorDetails(error: Error, depth: number): object {
  const { name, message, stack, cause } = error;
  const code = 'code' in error && (typeof error.code === 'string' || typeof error.code === 'number');
  return {
    type: name,
    message,
    ...(code && { code: error.code }),
    stack,
    ...(cause !== undefined && depth < MAX_DEPTH && { cause: withoutSecrets(cause, depth + 1) }),
  };
}

function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !HARMLESS_NAME.test(name);
}
