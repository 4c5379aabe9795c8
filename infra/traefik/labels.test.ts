import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

type Tree = { [name: string]: string | Tree };

const read = (file: string): unknown => parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
const services = Object(Reflect.get(Object(read('labels.yml')), 'services')) as Record<string, object>;
const at = (tree: unknown, ...path: string[]): unknown =>
  path.reduce((below, name) => Reflect.get(Object(below), name), tree);

/** `{a: {b: [1, 2]}}` as Traefik would have it in labels and on its command line: `a.b` is `1,2`. */
function flat(tree: unknown, prefix: string): [string, string][] {
  if (Array.isArray(tree)) return [[prefix, tree.join(',')]];
  if (typeof tree !== 'object' || tree === null) return [[prefix, String(tree)]];
  const entries = Object.entries(tree as Tree);
  if (entries.length === 0) return [[prefix, 'true']];
  return entries.flatMap(([name, below]) => flat(below, prefix === '' ? name : `${prefix}.${name}`));
}

it('labels say what dynamic.yml says, but for the addresses of the nodes and what labels cannot say', () => {
  const labels = Object.entries(at(services, 'node', 'labels') as Tree)
    .filter(([name]) => name.startsWith('traefik.http.') && !name.endsWith('.server.port'))
    .map(([name, value]) => [name.replace(/^traefik\./, ''), value]);
  const file = flat({ http: at(read('dynamic.yml'), 'http') }, '').filter(
    ([name]) => !/\.servers$|serversTransport/.test(name),
  );
  expect(Object.fromEntries(labels)).toEqual(Object.fromEntries(file));
});

it('the command line says what traefik.yml says, but for the providers', () => {
  const command = (at(services, 'traefik', 'command') as string[])
    .map((option) => /^--([^=]+)=(.*)$/.exec(option)?.slice(1) ?? [option, ''])
    .filter(([name]) => !/^(?:providers|serversTransport)\./.test(name ?? ''));
  const file = flat(read('traefik.yml'), '').filter(([name]) => !name.startsWith('providers.'));
  expect(Object.fromEntries(command)).toEqual(Object.fromEntries(file));
});

it('the default transport of the command line is the one that dynamic.yml names', () => {
  const timeouts = at(read('dynamic.yml'), 'http', 'serversTransports', 'kryton', 'forwardingTimeouts');
  const command = at(services, 'traefik', 'command') as string[];
  for (const [name, value] of flat(timeouts, 'forwardingTimeouts')) {
    expect(command).toContain(`--serversTransport.${name}=${value}`);
  }
});
