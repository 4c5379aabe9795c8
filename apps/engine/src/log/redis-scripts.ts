import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

/** The Lua scripts; the number in a name is how many of the arguments are keys. */
const SCRIPTS = { append: 'append-3', open: 'open-3', head: 'head-2', trim: 'trim-2' } as const;
export type ScriptName = keyof typeof SCRIPTS;

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
 * Runs the scripts by their hash. They are sent to Redis ahead of use (`load`, on every connect) because a script
 * that is only sent after NOSCRIPT overtakes what was pipelined behind it.
 */
export class RedisScripts {
  readonly #redis: Redis & WithEvalshaBuffer;
  readonly #scripts: Record<ScriptName, Script>;

  constructor(redis: Redis) {
    this.#redis = redis as Redis & WithEvalshaBuffer;
    this.#scripts = Object.fromEntries(
      Object.entries(SCRIPTS).map(([name, file]) => {
        const source = readFileSync(new URL(`./lua/${file}.lua`, import.meta.url), 'utf8');
        const sha = createHash('sha1').update(source).digest('hex');
        return [name, { keys: Number(file.split('-')[1]), source, sha }];
      }),
    ) as Record<ScriptName, Script>;
  }

  async load(): Promise<void> {
    for (const { source } of Object.values(this.#scripts)) {
      await this.#redis.script('LOAD', source);
    }
  }

  async run(name: ScriptName, args: readonly (string | number | Buffer)[]): Promise<ScriptReply> {
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
