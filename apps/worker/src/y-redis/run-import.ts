import type { HeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import { deadline } from '@kryton/engine/lifecycle/deadline.ts';
import { StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { DocumentLink, type LinkEvents } from './document-link.ts';
import { DocumentNames } from './document-names.ts';
import { FoldRequests } from './fold-requests.ts';
import { foldedDocuments } from './folded-documents.ts';
import { Follower } from './follower.ts';
import type { ImportArguments } from './import-arguments.ts';
import { importDocuments } from './import-documents.ts';
import { ImportReport, type Print } from './import-report.ts';
import type { ImportedDocuments } from './imported-documents.ts';
import type { OurStores } from './our-stores.ts';
import { isPassing, patientStores } from './patient-stores.ts';
import { Retries } from './retries.ts';
import { wantedDocuments } from './wanted-documents.ts';
import type { YRedisLists } from './y-redis-lists.ts';

const AT_A_TIME = 4;
/** An import that nobody watches ends when a store stays away; one that follows waits for as long as it takes. */
const GIVE_UP_AFTER_MS = 60_000;
const FINISH_MS = 10_000;
const STATE_MS = 5_000;

export type ImportRunParts = {
  readonly lists: YRedisLists;
  readonly ours: OurStores;
  readonly heavy: HeavyWork;
  readonly timers: Timers;
  readonly print: Print;
  /** Told of each call to a store that is tried again. */
  readonly onRetry: (what: string, error: unknown) => void;
  /** Resolves when the operator wants it to end. */
  readonly leave: Promise<void>;
};

/**
 * Brings the documents over, and with `--follow` keeps both sides in step until `leave`. Resolves with the exit code:
 * 1 when an import left something out. Throws a {@link StartupError} when nobody has the address of the owner, and when
 * a store stayed away.
 */
export async function runImport(args: ImportArguments, parts: ImportRunParts): Promise<number> {
  const { lists, ours, heavy, timers, print, onRetry } = parts;
  const startedAt = timers.now();
  const report = new ImportReport(print);
  const folds = new FoldRequests(ours.jobs);
  const abort = new AbortController();
  const { signal } = abort;
  const giveUpAfterMs = args.follow ? Number.POSITIVE_INFINITY : GIVE_UP_AFTER_MS;
  const retries = new Retries({ timers, isPassing, giveUpAfterMs, onRetry, signal });
  const stores = patientStores({ lists, ...ours }, retries);
  const owner = await ownerOf(args, ours.documents);
  const events: LinkEvents = {
    claimed: (docId, claim) => report.claimed(docId, claim),
    read: (updates, bytes) => report.read(updates, bytes),
    refused: (name, element) => report.refused(name, element),
    pushed: () => report.pushed(),
    appended(docId, updates) {
      report.appended(updates);
      if (!args.dryRun) folds.ask(docId);
    },
  };
  const names = new DocumentNames(args);
  const link = (name: string, docId: DocId) =>
    new DocumentLink({ stores, heavy, events, dryRun: args.dryRun, owner }, name, docId);
  const wanted = () => wantedDocuments({ lists, names, report, ...args });

  if (args.follow) {
    const follower = new Follower({
      ...{ lists, log: ours.log, names, link, wanted, report, retries, timers, print, signal },
      folded: () => foldedDocuments(ours.db),
      prefixes: args.docs ?? [args.prefix],
    });
    await follow(follower, parts);
    abort.abort();
  } else {
    try {
      const documents = await retries.run('finding documents', () => Array.fromAsync(wanted()));
      await importDocuments({ link, report, concurrency: AT_A_TIME }, documents);
    } catch (error) {
      if (!isPassing(error)) throw error;
      const because = error instanceof Error ? error.message : String(error);
      throw new StartupError(
        `given up, a store stays away (${because}): run it again, it goes on from here`,
        {
          cause: error,
        },
      );
    }
  }
  await folds.finish();
  for (const line of report.ownership()) print(line);
  print(report.summary((timers.now() - startedAt) / 1_000));
  return report.isIncomplete && !args.follow ? 1 : 0;
}

/** The id of the user who is to own the documents. */
async function ownerOf({ owner }: ImportArguments, documents: ImportedDocuments): Promise<string | null> {
  if (owner === null) return null;
  const userId = await documents.userOf(owner);
  if (userId !== null) return userId;
  throw new StartupError(
    `--owner ${owner}: nobody has signed up with this address: do that first, or correct it`,
  );
}

async function follow(follower: Follower, { print, leave }: ImportRunParts): Promise<void> {
  const started = follower.start().then(() => print('in step; following until SIGINT or SIGTERM'));
  // What the start throws ends the command; being told to leave ends it too, also in the middle of the start.
  await Promise.race([started, leave]);
  await leave;
  started.catch(() => {});
  await follower.finish(FINISH_MS);
  await deadline(follower.printState(), STATE_MS, 'asking both sides').catch((error) =>
    print(`the state of both sides cannot be told: ${String(error)}`),
  );
}
