import { StartupError } from '../lifecycle/startup-error.ts';

/** What `npm run migrate` is asked to do. */
export type MigrateCommand =
  | { readonly kind: 'migrate' }
  | { readonly kind: 'check' }
  | { readonly kind: 'wait'; readonly withinMs: number };

const WAIT_SECONDS = 300;

const USAGE = [
  'usage: npm run migrate                       brings the schema up to date',
  '       npm run migrate -- --check            says whether it is, and exits 1 when it is not',
  `       npm run migrate -- --wait[=SECONDS]   waits until it is; exits 1 after SECONDS (${WAIT_SECONDS})`,
].join('\n');

/** Throws a {@link StartupError} with the usage for anything else. */
export function parseMigrateCommand(args: readonly string[]): MigrateCommand {
  const [first, ...rest] = args;
  if (first === undefined) return { kind: 'migrate' };
  if (rest.length === 0 && first === '--check') return { kind: 'check' };
  const seconds = rest.length === 0 ? /^--wait(?:=([1-9]\d{0,4}))?$/.exec(first) : null;
  if (seconds) return { kind: 'wait', withinMs: Number(seconds[1] ?? WAIT_SECONDS) * 1000 };
  throw new StartupError(`migrate does not know ${args.join(' ')}\n${USAGE}`);
}
