import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { buildContext } from './build-context.ts';
import { lastOf, readDockerfile, type Stage, type Step } from './dockerfile.ts';
import { layBase, runInSandbox } from './sandbox.ts';

const run = promisify(execFile);
const BUILD_MS = 5 * 60_000;

/** What a Dockerfile makes: the directory that holds its file tree, and its last stage. */
export type Image = { readonly root: string; readonly stage: Stage };

/**
 * Follows the instructions of the Dockerfile at `path`, stage by stage, in directories below `work`: COPY from what the
 * build is sent, RUN in a sandbox with the directory as its root. What the base image would bring is this machine's own.
 * Throws at an instruction that it does not know, a file that is not there, a command that fails.
 */
export async function assembleImage(top: string, path: string, work: string): Promise<Image> {
  const stages = readDockerfile(join(top, path));
  const context = buildContext(top);
  const npm = await npmSettings();
  const roots = new Map<string, Promise<string>>();
  for (const [index, stage] of stages.entries()) {
    const root = join(work, `${index}-${stage.name || 'image'}`);
    const parent = stages.find(({ name }) => name === stage.from);
    const built = build(stage, parent ?? null, root, { top, context, roots, npm });
    // Told by whoever waits for it.
    built.catch(() => {});
    roots.set(stage.name, built);
  }
  const stage = stages.at(-1);
  const root = await roots.get(stage?.name ?? '');
  if (!stage || root === undefined) throw new Error(`${path} has no stage`);
  return { root, stage };
}

type Sources = {
  readonly top: string;
  readonly context: readonly string[];
  /** Of stages that may still be built: those that do not need each other are built at the same time. */
  readonly roots: ReadonlyMap<string, Promise<string>>;
  readonly npm: { readonly cache: string; readonly env: Readonly<Record<string, string>> };
};

async function build(stage: Stage, parent: Stage | null, root: string, sources: Sources): Promise<string> {
  mkdirSync(root);
  if (parent) await run('cp', ['-a', `${await sources.roots.get(parent.name)}/.`, root]);
  else layBase(root);
  let cwd = parent ? (lastOf(parent, 'WORKDIR') ?? '/') : '/';
  for (const step of stage.steps) {
    if (step.keyword === 'WORKDIR') cwd = resolve(cwd, step.text);
    else if (step.keyword === 'COPY') await copy(step, root, cwd, sources);
    else if (step.keyword === 'RUN') await runStep(step, root, cwd, sources.npm);
    else if (!SAYS_ONLY.includes(step.keyword))
      throw new Error(`${step.keyword} is not understood here: teach it to infra/testing/assemble-image.ts`);
  }
  return root;
}

/** Instructions that leave the file tree as it is. */
const SAYS_ONLY = ['LABEL', 'ENV', 'USER', 'EXPOSE', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD'];

/** As the reference of COPY has it: the content of a directory, several files only into one. */
async function copy(step: Step, root: string, cwd: string, sources: Sources): Promise<void> {
  const destination = step.words.at(-1) ?? '';
  const target = join(root, resolve(cwd, destination));
  const isDirectory = destination.endsWith('/');
  const from = step.flags.get('from');
  for (const source of step.words.slice(0, -1)) {
    if (from !== undefined) {
      const stage = await sources.roots.get(from);
      const place = join(stage ?? '/no such stage', source);
      if (!existsSync(place)) throw new Error(`COPY --from=${from} ${source}: there is no such file`);
      mkdirSync(target, { recursive: true });
      // Links in place of copies: nothing changes a file that is there.
      await run('cp', ['-al', `${place}/.`, target]);
      continue;
    }
    const files = sources.context.filter((file) => file === source || file.startsWith(`${source}/`));
    if (files.length === 0) throw new Error(`COPY ${source}: nothing of that name is sent to the build`);
    for (const file of files) {
      const within = file === source ? (isDirectory ? basename(file) : '') : file.slice(source.length + 1);
      const place = join(target, within);
      mkdirSync(dirname(place), { recursive: true });
      cpSync(join(sources.top, file), place);
    }
  }
}

async function runStep(step: Step, root: string, cwd: string, npm: Sources['npm']): Promise<void> {
  const cache = /^type=cache,target=(\S+)$/.exec(step.flags.get('mount') ?? '')?.[1];
  if (cache !== undefined) mkdirSync(join(root, cache), { recursive: true });
  mkdirSync(npm.cache, { recursive: true });
  await runInSandbox(
    {
      root,
      cwd,
      command: ['/bin/sh', '-c', step.text],
      env: { HOME: '/root', ...npm.env },
      binds: cache === undefined ? [] : [[npm.cache, cache]],
    },
    BUILD_MS,
  );
}

/** npm inside gets its packages as npm outside does, and first from what is there already. */
async function npmSettings(): Promise<{ cache: string; env: Record<string, string> }> {
  const ask = async (name: string) => (await run('npm', ['config', 'get', name])).stdout.trim();
  const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'NODE_EXTRA_CA_CERTS'].flatMap((name) => {
    const value = process.env[name] ?? process.env[name.toLowerCase()];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    cache: await ask('cache'),
    env: {
      ...Object.fromEntries(proxies),
      npm_config_registry: await ask('registry'),
      npm_config_prefer_offline: 'true',
      npm_config_update_notifier: 'false',
    },
  };
}
