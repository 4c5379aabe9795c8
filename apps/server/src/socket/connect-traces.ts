import { parseTraceparent } from '@kryton/engine/tracing/traceparent.ts';
import type { SpanOptions, Tracing } from '@kryton/engine/tracing/tracing.ts';
import type { FastifyRequest } from 'fastify';
import { ApiError } from '../http/errors.ts';
import type { Room } from '../room/room.ts';
import type { DocumentAdmission } from './admission.ts';

/**
 * The upgrade began `agoMs` ago. What a proxy put in front of it is linked to and not continued: a browser's word does
 * not decide what is sampled here.
 */
function options({ headers }: FastifyRequest, agoMs: number): SpanOptions & { links: SpanOptions['links'] } {
  return { kind: 'server', agoMs, links: [parseTraceparent(headers['traceparent'])] };
}

/** Somebody has been let in, and has heard the first frame: `room` was open, or was loaded meanwhile. */
export function traceConnect(
  tracing: Tracing,
  request: FastifyRequest,
  agoMs: number,
  { docId, role }: DocumentAdmission,
  room: Pick<Room, 'loadedIn'>,
): void {
  const { links = [], ...rest } = options(request, agoMs);
  const span = tracing.start('connect', { ...rest, links: [...links, room.loadedIn] });
  span.end({ 'kryton.doc': docId, 'kryton.role': role, 'kryton.result': 'accepted' });
}

/** The document could not be opened. */
export function traceUnopened(
  tracing: Tracing,
  request: FastifyRequest,
  agoMs: number,
  { docId, role }: DocumentAdmission,
  error: unknown,
): void {
  const span = tracing.start('connect', options(request, agoMs));
  span.end({ 'kryton.doc': docId, 'kryton.role': role, 'kryton.result': 'failed' }, error);
}

/** Somebody was not let in; only what is our fault counts as an error. */
export function traceRefusal(tracing: Tracing, request: FastifyRequest, agoMs: number, error: unknown): void {
  const code = error instanceof ApiError ? error.code : 'internal';
  const isOurs = !(error instanceof ApiError) || error.statusCode >= 500;
  const span = tracing.start('connect', options(request, agoMs));
  span.end({ 'kryton.result': 'refused', 'kryton.code': code }, isOurs ? error : undefined);
}
