import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type * as Y from 'yjs';

/** One edit: delete `deleted` characters at `position`, then insert `inserted` there. */
export type Patch = readonly [position: number, deleted: number, inserted: string];

/** A session of one author: the patches, in order, turn `startContent` into `endContent`. */
export type LinearTrace = {
  readonly startContent: string;
  readonly endContent: string;
  readonly patches: readonly Patch[];
};

/** A session of several authors at once. */
export type ConcurrentTrace = {
  readonly endContent: string;
  /** The steps of each author, in the order in which that author made them. */
  readonly authors: readonly (readonly TraceStep[])[];
};

export type TraceStep = {
  readonly patches: readonly Patch[];
  /**
   * How many steps of each author were in the text when this one was made, the author's own included. The positions of
   * the patches count in exactly that text.
   */
  readonly seen: readonly number[];
};

/** The trace of two authors that lies beside this file (see fixtures/ATTRIBUTION.md). */
export const FRIENDS_FOREVER = new URL('./fixtures/friendsforever.json.gz', import.meta.url);

const unpack = promisify(gunzip);

/**
 * Reads a gzipped trace of one author in the format of josephg/editing-traces:
 * `{startContent, endContent, txns: [{patches: [[position, deleted, inserted]]}]}`.
 * Throws an Error that names the file when it is none.
 */
export async function loadLinearTrace(file: string | URL): Promise<LinearTrace> {
  const { startContent, endContent, txns } = await readTrace<LinearFile>(file);
  if (typeof startContent !== 'string' || txns.some((txn) => txn.parents !== undefined)) {
    throw new Error(`${file} is not the trace of one author; load it with loadConcurrentTrace`);
  }
  return { startContent, endContent, patches: txns.flatMap((txn) => txn.patches) };
}

/**
 * Reads a gzipped trace of several authors in the format of josephg/editing-traces:
 * `{kind: 'concurrent', endContent, numAgents, txns: [{parents: [index], agent, patches}]}`.
 * Throws an Error that names the file when it is none, or when an author's steps do not follow one another.
 */
export async function loadConcurrentTrace(file: string | URL = FRIENDS_FOREVER): Promise<ConcurrentTrace> {
  const { kind, endContent, numAgents, txns } = await readTrace<ConcurrentFile>(file);
  if (kind !== 'concurrent')
    throw new Error(`${file} is not a concurrent trace; load it with loadLinearTrace`);
  const authors: TraceStep[][] = Array.from({ length: numAgents }, () => []);
  const known: number[][] = [];
  for (const [index, { agent, parents, patches }] of txns.entries()) {
    const own = authors[agent];
    const seen = latest(parents, known, numAgents);
    if (own === undefined || seen[agent] !== own.length) {
      throw new Error(`${file}: transaction ${index} does not follow the last one of its author ${agent}`);
    }
    own.push({ patches, seen });
    known.push(seen.map((count, author) => (author === agent ? count + 1 : count)));
  }
  return { endContent, authors };
}

/** Applies patches in one transaction; each counts in the text that the ones before it left. */
export function applyPatches(text: Y.Text, patches: readonly Patch[]): void {
  text.doc?.transact(() => {
    for (const [position, deleted, inserted] of patches) {
      if (deleted > 0) text.delete(position, deleted);
      if (inserted !== '') text.insert(position, inserted);
    }
  });
}

type LinearFile = {
  startContent: unknown;
  endContent: string;
  txns: readonly { patches: Patch[]; parents?: unknown }[];
};

type ConcurrentFile = {
  kind: unknown;
  endContent: string;
  numAgents: number;
  txns: readonly { agent: number; parents: readonly number[]; patches: Patch[] }[];
};

/** What the transactions `parents` knew together. */
function latest(parents: readonly number[], known: readonly number[][], authors: number): number[] {
  return Array.from({ length: authors }, (_, author) =>
    Math.max(0, ...parents.map((parent) => known[parent]?.[author] ?? 0)),
  );
}

async function readTrace<File extends { endContent: string; txns: readonly { patches: Patch[] }[] }>(
  file: string | URL,
): Promise<File> {
  const trace = JSON.parse((await unpack(await readFile(file))).toString('utf8')) as Partial<File>;
  if (typeof trace.endContent !== 'string' || !Array.isArray(trace.txns)) {
    throw new Error(`${file} is not an editing trace: endContent or txns is missing`);
  }
  const whole = trace as File;
  refuseAstral(file, whole);
  return whole;
}

/**
 * The collection counts positions in Unicode code points, Yjs in UTF-16 units. Both are the same as long as no
 * character lies outside the Basic Multilingual Plane, which holds for the traces we use; others are refused.
 */
function refuseAstral(file: string | URL, trace: { txns: readonly { patches: Patch[] }[] }): void {
  const astral = trace.txns.some(({ patches }) => patches.some(([, , text]) => /[\ud800-\udfff]/.test(text)));
  if (astral) throw new Error(`${file} holds characters beyond U+FFFF, whose positions would be ambiguous`);
}
