import type { PluginHttpRoute, PluginSocketRoute } from './plugin.ts';

const PATH = /^\/$|^(?:\/:?[A-Za-z0-9_.-]+)+$/;
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const ROLES = ['viewer', 'editor', 'owner'];
/** What a body or a message may have unless told, and at most, in bytes. */
export const USUAL_BYTES: number = 64 * 1024;
export const MOST_BYTES: number = 1024 * 1024;

/** Throws a TypeError or a RangeError that says what is wrong with a route. */
export function checkHttpRoute(route: PluginHttpRoute): void {
  checkRoute(route);
  if (!METHODS.includes(route.method))
    throw new TypeError(`${route.path}: the method is one of ${METHODS.join(' ')}`);
  if (typeof route.handle !== 'function') throw new TypeError(`${route.path}: handle is not a function`);
  checkBytes(route.path, 'bodyLimit', route.bodyLimit);
}

/** Throws a TypeError or a RangeError that says what is wrong with a route. */
export function checkSocketRoute(route: PluginSocketRoute): void {
  checkRoute(route);
  if (typeof route.open !== 'function') throw new TypeError(`${route.path}: open is not a function`);
  for (const name of ['message', 'close'] as const) {
    const handler = route[name];
    if (handler !== undefined && typeof handler !== 'function')
      throw new TypeError(`${route.path}: ${name} is not a function`);
  }
  checkBytes(route.path, 'maxMessageBytes', route.maxMessageBytes);
}

function checkRoute({ path, document }: PluginHttpRoute | PluginSocketRoute): void {
  if (typeof path !== 'string' || !PATH.test(path)) {
    throw new TypeError(`the path ${JSON.stringify(path)} does not fit: it begins with /, no wildcards`);
  }
  if (document === undefined) return;
  if (!ROLES.includes(document)) throw new TypeError(`${path}: document is one of ${ROLES.join(' ')}`);
  if (!path.split('/').includes(':docId')) throw new TypeError(`${path}: document needs :docId in the path`);
}

function checkBytes(path: string, name: string, bytes: number | undefined): void {
  if (bytes === undefined || (Number.isInteger(bytes) && bytes > 0 && bytes <= MOST_BYTES)) return;
  throw new RangeError(`${path}: ${name} is 1 to ${MOST_BYTES} bytes`);
}
