import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Directories of the system that stand in for those of the base image, read-only. */
const SYSTEM = [
  'usr/bin',
  'usr/lib',
  'usr/lib64',
  'usr/libexec',
  'usr/sbin',
  'usr/share',
  'etc/ssl',
  'etc/alternatives',
];
const LINKS = ['bin', 'sbin', 'lib', 'lib64'];
const FROM_ETC = ['passwd', 'group', 'hosts', 'nsswitch.conf', 'resolv.conf'];
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom'];
const NODE = 'usr/local/bin/node';
const NPM = 'usr/local/lib/node_modules/npm';

export type SandboxOptions = {
  /** A directory that {@link layBase} was called on. */
  readonly root: string;
  readonly command: readonly string[];
  readonly cwd: string;
  /** All that the process sees of an environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs as this user without any privilege on a root that cannot be written; as root on one that can, without. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Directories outside that are seen inside, and can be written: `[outside, inside]`. */
  readonly binds?: readonly (readonly [string, string])[];
};

/** Lays out what a `node:…-slim` image has: the places of the system, Node (the one that runs this) and npm. */
export function layBase(root: string): void {
  for (const place of ['app', 'dev', 'proc', 'tmp', 'root', 'etc', dirname(NODE), NPM, ...SYSTEM])
    mkdirSync(join(root, place), { recursive: true });
  for (const name of LINKS) {
    if (lstatSync(`/${name}`, { throwIfNoEntry: false })?.isSymbolicLink())
      symlinkSync(readlinkSync(`/${name}`), join(root, name));
    else throw new Error(`/${name} is no link into /usr: this needs a system with a merged /usr`);
  }
  for (const name of FROM_ETC.filter((each) => existsSync(`/etc/${each}`)))
    copyFileSync(`/etc/${name}`, join(root, 'etc', name));
  for (const place of [NODE, ...DEVICES.map((name) => `dev/${name}`)]) writeFileSync(join(root, place), '');
  symlinkSync(`../lib/node_modules/npm/bin/npm-cli.js`, join(root, 'usr/local/bin/npm'));
}

/**
 * The command that runs `command` in `root` as process 1 of a container would run: with its own mounts and processes,
 * /tmp in memory. The network is that of this machine. Needs Linux and root (`unshare`, `chroot`, `setpriv` of
 * util-linux and coreutils).
 */
export function inSandbox(options: SandboxOptions): { readonly command: string; readonly args: string[] } {
  if (process.getuid?.() !== 0) throw new Error('mounts need root: run this as root, as CI does');
  const { root, user, binds = [] } = options;
  const bind = (outside: string, inside: string) => `mount --bind '${outside}' '${join(root, inside)}'`;
  const readOnly = (inside: string) => `mount -o remount,bind,ro '${join(root, inside)}'`;
  const outside: (readonly [string, string])[] = [
    ...SYSTEM.filter((place) => existsSync(`/${place}`)).map((place) => [`/${place}`, place] as const),
    [realpathSync(process.execPath), NODE],
    [npmDirectory(), NPM],
  ];
  const script = [
    'set -e',
    bind(root, ''),
    ...outside.flatMap(([from, to]) => [bind(from, to), readOnly(to)]),
    ...DEVICES.map((name) => bind(`/dev/${name}`, `dev/${name}`)),
    ...binds.map(([from, to]) => bind(from, to)),
    `mount -t proc proc '${join(root, 'proc')}'`,
    `mount -t tmpfs tmpfs '${join(root, 'tmp')}'`,
    ...(user ? [readOnly('')] : []),
    'exec "$@"',
  ].join('\n');
  const less = user
    ? [
        'setpriv',
        `--reuid=${user.uid}`,
        `--regid=${user.gid}`,
        '--clear-groups',
        '--no-new-privs',
        '--bounding-set=-all',
        '--inh-caps=-all',
      ]
    : [];
  const env = Object.entries({ PATH: '/usr/local/bin:/usr/bin:/bin', ...options.env });
  const inside = ['env', '-i', `--chdir=${options.cwd}`, ...env.map(([name, value]) => `${name}=${value}`)];
  return {
    command: 'unshare',
    args: [
      ...['--mount', '--pid', '--fork', '--kill-child=SIGKILL', '/bin/sh', '-c', script, 'sh'],
      ...['chroot', root, ...less, ...inside, ...options.command],
    ],
  };
}

/** Runs a command to its end. Throws with what it said when it fails or takes more than `withinMs`. */
export async function runInSandbox(options: SandboxOptions, withinMs: number): Promise<string> {
  const { command, args } = inSandbox(options);
  const { stdout, stderr } = await run(command, args, { timeout: withinMs, maxBuffer: 16 * 2 ** 20 });
  return stdout + stderr;
}

function npmDirectory(): string {
  const places = (process.env['PATH'] ?? '').split(delimiter).map((place) => join(place, 'npm'));
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new Error('npm is not on the PATH');
  return dirname(dirname(realpathSync(found)));
}
