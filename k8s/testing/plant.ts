import { idOf, type Manifest } from './manifests.ts';

/**
 * A change to one object: what it is (`Service kryton`), the way to a field in words (`spec ports 0 port`; labels have dots
 * and slashes), and its new value. Undefined takes the field
 * away; without a way the value's fields are laid over the object's.
 */
export type Change = readonly [of: string, path: string, value: unknown];

/** Copies `manifests` with the change made. Throws an Error when an object or the way to a field is not there. */
export function plant(manifests: readonly Manifest[], change: Change): Manifest[] {
  const [of, path, value] = change;
  const copy = structuredClone([...manifests]);
  const manifest = copy.find((each) => idOf(each) === of);
  if (!manifest) throw new Error(`there is no ${of}`);
  if (path === '') Object.assign(manifest, value);
  else set(manifest, path.split(' '), value);
  return copy;
}

function set(target: unknown, [key, ...rest]: readonly string[], value: unknown): void {
  if (typeof target !== 'object' || target === null || key === undefined) {
    throw new Error(`there is no way to ${key}`);
  }
  if (rest.length > 0) set(Reflect.get(target, key), rest, value);
  else if (value === undefined) Reflect.deleteProperty(target, key);
  else Reflect.set(target, key, value);
}
