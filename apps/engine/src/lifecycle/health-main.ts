/**
 * `node apps/engine/src/lifecycle/health-main.ts live|ready|metrics`: exit code 0 when the process beside it answers so,
 * for the health checks of containers, whose image has no curl. `metrics` is for workers, which serve nothing else.
 */
import { loadConfig } from '../config/load-config.ts';
import { exitWith, StartupError } from './startup-error.ts';

/** Below what a container waits for the whole check. */
const ANSWER_MS = 4_000;

async function main(): Promise<void> {
  const { port, metricsPort } = loadConfig(process.env);
  const asked = process.argv[2] ?? '';
  const places: Readonly<Record<string, string>> = {
    live: `${port}/livez`,
    ready: `${port}/readyz`,
    metrics: `${metricsPort}/metrics`,
  };
  const place = places[asked];
  if (place === undefined) throw new StartupError(`"${asked}" is none of ${Object.keys(places).join(', ')}`);
  const answer = await fetch(`http://127.0.0.1:${place}`, { signal: AbortSignal.timeout(ANSWER_MS) }).catch(
    (cause: Error) => {
      throw new StartupError(`nothing answers on port ${place} (${cause.message})`, { cause });
    },
  );
  await answer.body?.cancel();
  if (!answer.ok) throw new StartupError(`port ${place} answers with ${answer.status}`);
}

main().catch((error: unknown) => exitWith(error));
