/** The commands that start the product on one machine, `npm start` and `npm run cluster`; and `npm run doctor`. */
import { parseArgs } from 'node:util';
import { exitWith, StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import { startCluster } from './cluster.ts';
import { runDoctor } from './doctor/doctor.ts';
import { startEmbedded } from './embedded.ts';

const USAGE = 'usage: npm start | npm run cluster -- [--nodes N] [--port P] | npm run doctor -- https://…';
const MAX_NODES = 32;

async function main(): Promise<void> {
  const [command = '', ...args] = process.argv.slice(2);
  if (command === 'start') {
    if (args.length > 0)
      throw new StartupError(`npm start takes no arguments, but got "${args.join(' ')}". ${USAGE}`);
    await startEmbedded(process.env);
  } else if (command === 'cluster') {
    await startCluster(process.env, clusterOptions(args));
  } else if (command === 'doctor') {
    process.exitCode = await runDoctor(args, process.env);
  } else {
    throw new StartupError(`there is no command "${command}". ${USAGE}`);
  }
}

function clusterOptions(args: string[]): { nodes: number; port: number } {
  try {
    const { values } = parseArgs({
      args,
      options: { nodes: { type: 'string', default: '3' }, port: { type: 'string', default: '8080' } },
    });
    return {
      nodes: integer('--nodes', values.nodes, 1, MAX_NODES),
      port: integer('--port', values.port, 1, 65_535 - MAX_NODES),
    };
  } catch (cause) {
    if (cause instanceof StartupError) throw cause;
    throw new StartupError(`${cause instanceof Error ? cause.message : String(cause)}. ${USAGE}`, { cause });
  }
}

function integer(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new StartupError(`${name} "${text}" is not a whole number from ${least} to ${most}. ${USAGE}`);
}

main().catch((error: unknown) => exitWith(error));
