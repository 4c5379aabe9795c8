import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

/** What Redis answers a script: strings arrive as Buffers, numbers as numbers, Lua's false as null. */
export type ScriptReply = Buffer | number | null | ScriptReply[];

/** ioredis has this command; its types leave it out. */
type WithEvalshaBuffer = {
  evalshaBuffer(
    sha: string,
    keys: number,
    ...args: readonly (string | number | Buffer)[]
  ): Promise<ScriptReply>;
};

type Script = { readonly keys: number; readonly source: string; readonly sha: string };

/**
 * Runs Lua scripts by their hash; the number at the end of a file's name is how many of the arguments are keys. They are sent to Redis ahead of use (`load`, on every connect) because a script
 * that is only sent after NOSCRIPT overtakes what was pipelined behind it.
 */
export class RedisScripts<Name extends string> {
  readonly #redis: Redis & WithEvalshaBuffer;
  readonly #scripts: Readonly<Record<Name, Script>>;

  /** `files` are the scripts by name: `{ append: new URL('./lua/append-3.lua', import.meta.url) }`. */
  constructor(redis: Redis, files: Readonly<Record<Name, URL>>) {
    this.#redis = redis as Redis & WithEvalshaBuffer;
    this.#scripts = Object.fromEntries(
      Object.entries<URL>(files).map(([name, file]) => [name, readScript(file)]),
    ) as Record<Name, Script>;
  }

  async load(): Promise<void> {
    for (const { source } of Object.values<Script>(this.#scripts)) {
      await this.#redis.script('LOAD', source);
    }
  }

  async run(name: Name, args: readonly (string | number | Buffer)[]): Promise<ScriptReply> {
    const { sha, keys } = this.#scripts[name];
    const call = () => this.#redis.evalshaBuffer(sha, keys, ...args);
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      await this.load();
      return await call();
    }
  }
}

function readScript(file: URL): Script {
  const source = readFileSync(file, 'utf8');
  const sha = createHash('sha1').update(source).digest('hex');
  return { keys: Number(/-(\d+)\.lua$/.exec(file.pathname)?.[1]), source, sha };
}
