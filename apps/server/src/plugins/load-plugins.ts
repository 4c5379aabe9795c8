import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deadline } from '@kryton/engine/lifecycle/deadline.ts';
import { StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import type { Plugin, PluginLogger } from './plugin.ts';
import { inPlugin } from './plugin-scope.ts';

/** A plugin and the file it came from, for messages. */
export type LoadedPlugin = { readonly plugin: Plugin; readonly file: string };

export type LoadOptions = {
  readonly log: PluginLogger;
  /** How long one module may take to load, in ms; 10,000 unless told. */
  readonly importMs?: number;
};

const ID = /^[a-z][a-z0-9-]{0,31}$/;
const MODULE = /\.(?:js|mjs|ts)$/;
/** Beside modules there may be their types and tests. */
const NO_MODULE = /\.(?:d|test|spec)\.(?:js|mjs|ts)$/;
const INDEXES = ['index.js', 'index.mjs', 'index.ts'];

/**
 * Loads every plugin of a directory, in the order of their names: files `*.js`, `*.mjs` and `*.ts`, and folders with
 * an index or a `package.json` whose `main` names the module. Names that begin with a dot, and `node_modules`, are left
 * out. Once per process: nodes of one process share the modules.
 *
 * Throws a StartupError with every file that is no plugin and why.
 */
export async function loadPlugins(directory: string, options: LoadOptions): Promise<LoadedPlugin[]> {
  const root = resolve(directory);
  const loaded: LoadedPlugin[] = [];
  const problems: string[] = [];
  for (const name of await namesIn(root)) {
    try {
      const file = await moduleAt(root, name);
      if (file === null) continue;
      const plugin = await load(file, options);
      const twin = loaded.find((other) => other.plugin.id === plugin.id);
      if (twin) throw new StartupError(`${file}: ${twin.file} has the id "${plugin.id}" already`);
      loaded.push({ plugin, file });
    } catch (error) {
      problems.push(error instanceof StartupError ? error.message : `${join(root, name)}: ${told(error)}`);
    }
  }
  if (problems.length > 0) throw new StartupError(`PLUGINS_DIR: ${problems.join('\n')}`);
  return loaded;
}

async function namesIn(root: string): Promise<string[]> {
  try {
    const names = await readdir(root);
    return names.filter((name) => !name.startsWith('.') && name !== 'node_modules').toSorted();
  } catch (cause) {
    throw new StartupError(`PLUGINS_DIR: the directory ${root} cannot be read (${told(cause)})`, { cause });
  }
}

/** The module that `name` stands for; null for a file that is none, like a README. */
async function moduleAt(root: string, name: string): Promise<string | null> {
  const path = join(root, name);
  // Follows links: a directory mounted by Kubernetes is made of them.
  if (!(await stat(path)).isDirectory()) return MODULE.test(name) && !NO_MODULE.test(name) ? path : null;
  const files = await readdir(path);
  const main = files.includes('package.json') ? await mainOf(path) : null;
  const index = main ?? INDEXES.find((file) => files.includes(file));
  if (index === undefined) {
    throw new StartupError(
      `${path}: the folder has neither a package.json with "main" nor an index.js, .mjs or .ts`,
    );
  }
  return join(path, index);
}

async function mainOf(folder: string): Promise<string | null> {
  const file = join(folder, 'package.json');
  const described: unknown = JSON.parse(await readFile(file, 'utf8'));
  if (typeof described !== 'object' || described === null || !('main' in described)) return null;
  if (typeof described.main !== 'string') throw new StartupError(`${file}: "main" is not a text`);
  return described.main;
}

async function load(file: string, { log, importMs = 10_000 }: LoadOptions): Promise<Plugin> {
  // What a module starts before `setup` belongs to no node yet: it can only be logged.
  const uncaught = (error: unknown) =>
    log.error({ plugin: file, err: error }, 'a plugin failed outside of setup');
  const imported: { default?: unknown } = await inPlugin({ uncaught }, () =>
    deadline(import(pathToFileURL(file).href), importMs, 'loading it'),
  );
  const { default: exported } = imported;
  if (!isObject(exported))
    throw fault(file, 'it has no default export; export default { id, setup(context) { … } }');
  const { id, version, setup } = exported;
  if (typeof id !== 'string' || !ID.test(id)) {
    throw fault(file, `its id ${JSON.stringify(id)} is not 1 to 32 of a-z 0-9 - that begin with a letter`);
  }
  if (version !== undefined && typeof version !== 'string') throw fault(file, 'its version is not a text');
  if (typeof setup !== 'function') throw fault(file, 'it has no function setup(context)');
  // What the checks above have seen: TypeScript cannot follow them into the signature of a function.
  return exported as Plugin;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function fault(file: string, what: string): StartupError {
  return new StartupError(`${file}: ${what}`);
}

function told(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
