import type { HeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import { DocumentTooLarge, readDocument } from '@kryton/engine/compaction/read-document.ts';
import { LogUnavailable, type UpdateLog } from '@kryton/engine/log/update-log.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { checkUpdate } from '@kryton/engine/protocol/update-guard.ts';
import { UpdateRefused } from '@kryton/engine/protocol/update-refused.ts';
import { type SnapshotStore, SnapshotsUnavailable } from '@kryton/engine/snapshots/snapshot-store.ts';
import { z } from 'zod';
import type { Documents } from '../access/documents.ts';
import { acceptedFormat } from './accepted-format.ts';
import type { ApiInstance, ApiNode } from './api.ts';
import { docIdOfPath } from './document-id.ts';
import { DOC_PARAMS } from './document-routes.ts';
import { ApiError, unavailable } from './errors.ts';

export type ContentRoutesParts = {
  readonly documents: Pick<Documents, 'demand'>;
  readonly log: Pick<UpdateLog, 'read'>;
  readonly snapshots: SnapshotStore;
  readonly heavy: HeavyWork;
};

const UPDATE = 'application/octet-stream';
const JSON_TEXT = 'application/json';
const PLAIN_TEXT = 'text/plain';
const FORMATS = [UPDATE, JSON_TEXT, PLAIN_TEXT] as const;

/** What an import may bring. */
const IMPORT_BYTES = 50 * 1024 * 1024;
/** What is served in one piece: a document that was imported whole, and edited since. */
const SERVED_BYTES = 2 * IMPORT_BYTES;
/** Larger updates are checked in a thread (ROOM5). */
const INLINE_CHECK_BYTES = 64 * 1024;
const USUAL_ROOT = 'content';
const MAX_ROOT_NAME = 256;

const tags = ['documents'];

/** What is in a document: read as a whole, and added to. */
export function contentRoutes(parts: ContentRoutesParts): (api: ApiInstance, node: ApiNode) => Promise<void> {
  const { documents, heavy } = parts;
  return async (api, { rooms }) => {
    api.get(
      '/api/docs/:docId/content',
      {
        schema: {
          summary: 'Read a document',
          description:
            'By Accept: `application/octet-stream` is one Yjs update (v1) with everything, `application/json` the root types by name, `text/plain` the text of one of them. It holds every change that was acknowledged before. 413 for a document that is too large for one piece.',
          tags,
          params: DOC_PARAMS,
          querystring: z.object({
            root: z
              .string()
              .max(MAX_ROOT_NAME)
              .default(USUAL_ROOT)
              .describe('For `text/plain`: the name of the root type'),
          }),
          produces: [...FORMATS],
        },
      },
      async ({ principal, params, query, headers }, reply) => {
        await documents.demand(principal, params.docId, 'viewer');
        const format = acceptedFormat(headers.accept, FORMATS);
        if (format === null) throw new ApiError('notAcceptable');
        const update = await readWhole(parts, params.docId);
        const charset = format === UPDATE ? '' : '; charset=utf-8';
        reply.header('content-type', `${format}${charset}`).header('vary', 'accept');
        return reply.send(Buffer.from(await rendered(heavy, update, format, query.root)));
      },
    );

    // Apart from the other routes, none of which takes a body of this kind.
    await api.register(async (imports) => {
      imports.removeAllContentTypeParsers();
      imports.addContentTypeParser(UPDATE, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
      imports.post(
        '/api/docs/:docId/updates',
        {
          bodyLimit: IMPORT_BYTES,
          // Before the body is read: up to 50 MB are not taken from somebody who may not write.
          onRequest: async (request) => {
            await documents.demand(request.principal, docIdOfPath(request), 'editor');
          },
          schema: {
            summary: 'Append an update',
            description:
              'For editors. The body is a Yjs update (v1) of at most 50 MB, as `application/octet-stream`. When it is answered the update is stored and on its way to everybody; it may be sent again after any error.',
            tags,
            params: DOC_PARAMS,
            consumes: [UPDATE],
            response: { 204: z.null() },
          },
        },
        async (request, reply) => {
          const docId = docIdOfPath(request);
          const update = await checked(heavy, request.body);
          const use = rooms.use(docId);
          try {
            const room = await use.room;
            // An import takes a while to arrive.
            await documents.demand(request.principal, docId, 'editor');
            if (update) await room.append(update);
          } catch (error) {
            throw storeError(error);
          } finally {
            use.release();
          }
          return reply.code(204).send(null);
        },
      );
    });
  };
}

async function readWhole({ log, snapshots, heavy }: ContentRoutesParts, docId: DocId): Promise<Uint8Array> {
  try {
    return await readDocument({ log, snapshots, folder: heavy }, docId, SERVED_BYTES);
  } catch (error) {
    if (error instanceof DocumentTooLarge) throw new ApiError('tooLarge', { message: error.message });
    throw error instanceof LogUnavailable || error instanceof SnapshotsUnavailable
      ? unavailable(error)
      : error;
  }
}

async function rendered(
  heavy: HeavyWork,
  update: Uint8Array,
  format: (typeof FORMATS)[number],
  root: string,
): Promise<Uint8Array> {
  switch (format) {
    case UPDATE:
      return update;
    case JSON_TEXT:
      return await heavy.jsonOf(update);
    case PLAIN_TEXT:
      return await heavy.textOf(update, root);
  }
}

/** An update that may enter a document; null for one that says nothing. Throws an `ApiError` for any other. */
async function checked(heavy: HeavyWork, body: unknown): Promise<Uint8Array | null> {
  // Fastify calls no parser for a request without a body.
  if (!Buffer.isBuffer(body) || body.length === 0)
    throw new ApiError('badRequest', { message: 'the body is empty: send a Yjs update (v1)' });
  try {
    if (body.length <= INLINE_CHECK_BYTES) return checkUpdate(body).isEmpty ? null : body;
    await heavy.check(body);
    return body;
  } catch (error) {
    if (!(error instanceof UpdateRefused)) throw error;
    const code = error.closeKind === 'tooLarge' ? 'tooLarge' : 'badRequest';
    throw new ApiError(code, { message: `the update was refused: ${error.message}` });
  }
}

function storeError(error: unknown): unknown {
  if (error instanceof LogUnavailable) return new ApiError('logUnreachable', { cause: error });
  return error instanceof SnapshotsUnavailable ? unavailable(error) : error;
}
